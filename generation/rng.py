"""Randomness: one Philox stream per named part of a seed.

Philox is counter-based and gives the same integers on every machine (Salmon et al. 2011, "Parallel random numbers: as
easy as 1, 2, 3"). A part is named by a path of words and integers, so adding a part never shifts another one's stream.
Content draws integers (`integers`, `permutation`); what must be fractional is derived by + - * / from them.
"""

import hashlib

import numpy as np


def stream(seed: int, *path: str | int) -> np.random.Generator:
    """The generator of one part, e.g. stream(42, "terrain", "quilt", 3)."""
    text = "/".join(str(part) for part in (seed, *path))
    key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
    return np.random.Generator(np.random.Philox(key=key))


def fractions(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """(shape) float64 in [0, 1), exact multiples of 2**-32 drawn as integers."""
    return rng.integers(0, 1 << 32, size=shape, dtype=np.uint64).astype(np.float64) * (1.0 / (1 << 32))
