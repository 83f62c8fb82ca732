"""Randomness: one Philox stream per named part of a seed.

Philox is counter-based and gives the same integers on every machine (Salmon et al. 2011, "Parallel random numbers: as
easy as 1, 2, 3"). A part is named by a path of words and integers, so adding a part never shifts another one's stream.
Content draws integers (`integers`, `permutation`); what must be fractional is derived by + - * / from them.
"""

import hashlib
from functools import lru_cache

import numpy as np


def stream(seed: int, *path: str | int) -> np.random.Generator:
    """The generator of one part, e.g. stream(42, "terrain", "quilt", 3)."""
    text = "/".join(str(part) for part in (seed, *path))
    key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
    return np.random.Generator(np.random.Philox(key=key))


def lattice_words(rows: np.ndarray, cols: np.ndarray, seed: int, *path: str | int) -> np.ndarray:
    """uint64 words of the places (rows, cols) of an endless lattice, int64 arrays that broadcast; the same for every window."""
    return keyed_words(rows, cols, lattice_key(seed, *path))


def keyed_words(rows: np.ndarray, cols: np.ndarray, key: np.ndarray | np.uint64) -> np.ndarray:
    """The same for the key of a path, or for an array of keys that broadcasts: a lattice each.

    Two rounds of SplitMix64 (Steele et al. 2014, "Fast splittable pseudorandom number generators") on a key of the path.
    """
    row_part = _mixed(rows.astype(np.int64).view(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + key)
    return _mixed(row_part + cols.astype(np.int64).view(np.uint64) * np.uint64(0xD1B54A32D192ED03))


@lru_cache(maxsize=256)
def lattice_key(seed: int, *path: str | int) -> np.uint64:
    """What sets the lattice of a path apart from all others."""
    return np.uint64(int(stream(seed, *path).integers(0, 1 << 63)))


def _mixed(word: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser, uint64 arithmetic that wraps around."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(word ^ (word >> np.uint64(31)))


def fractions(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """(shape) float64 in [0, 1), exact multiples of 2**-32 drawn as integers."""
    return rng.integers(0, 1 << 32, size=shape, dtype=np.uint64).astype(np.float64) * (1.0 / (1 << 32))
