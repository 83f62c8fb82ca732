"""Likeness: which environments of a folder are most like one of them.

The features of each environment are standardised over the folder (each feature then counts as much as any other) and scaled to
length 1, so that the cosine of two is one dot product. They are kept as one matrix file beside the catalogue.
"""

import os
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import RequestError

LIKENESS = "likeness.npy"
MAX_FEATURES = 4096
FARTHEST = 5.0  # standard deviations; one odd feature must not drown the rest

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Neighbour:
    """An environment and its cosine likeness, -1..1."""

    name: str
    seed: int
    likeness: float


def unit_vectors(features: list[list[float]]) -> Float32:
    """(entries, features) float32, each row standardised over the folder and of length 1.

    Entries whose number of features is not the usual one (another version made them) get zeros: like nothing.
    """
    lengths = Counter(len(row) for row in features if 0 < len(row) <= MAX_FEATURES)
    width = max(lengths, key=lambda length: (lengths[length], length), default=0)
    fits = np.array([len(row) == width and width > 0 for row in features], bool)
    rows = np.zeros((len(features), width), np.float64)
    if fits.any():
        given = np.array([row for row, fit in zip(features, fits, strict=True) if fit], np.float64)
        spread = given.std(0)
        rows[fits] = np.clip((given - given.mean(0)) / np.where(spread > 1e-9, spread, np.inf), -FARTHEST, FARTHEST)
    lengths_of_rows = np.sqrt((rows * rows).sum(1, keepdims=True))
    return (rows / np.where(lengths_of_rows > 0, lengths_of_rows, 1.0)).astype(np.float32)


def encode_likeness(names: list[str], seeds: list[int], vectors: Float32) -> bytes:
    """The file: two NumPy arrays one after the other, of (name, seed) and of the vectors, which are mapped, not read."""
    table = np.zeros(len(names), [("name", f"S{max(map(len, names), default=1)}"), ("seed", "<i8")])
    table["name"], table["seed"] = names, seeds
    file = BytesIO()
    for array in (table, np.ascontiguousarray(vectors, "<f4")):
        np.save(file, array, allow_pickle=False)
    return file.getvalue()


class Likeness:
    """The matrix of a folder, open."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """RequestError: there is none, or it is damaged."""
        path = Path(folder, LIKENESS)
        try:
            with path.open("rb") as file:
                table: Any = np.lib.format.read_array(file, allow_pickle=False)
                np.lib.format.read_magic(file)
                shape, _, kind = np.lib.format.read_array_header_1_0(file)
                if (
                    table.dtype.names != ("name", "seed")
                    or kind != np.float32
                    or shape[:1] != table.shape
                    or len(shape) != 2
                ):
                    raise ValueError("other arrays")
                size = file.tell() + 4 * shape[0] * shape[1]
                if size != path.stat().st_size:
                    raise ValueError(f"{path.stat().st_size} bytes in place of {size}")
                empty = 0 in shape  # nothing to map
                self.vectors: Float32 = (
                    np.zeros(shape, np.float32) if empty else np.memmap(file, kind, "r", file.tell(), shape)
                )
        except (OSError, ValueError, EOFError, SyntaxError) as error:
            said = getattr(error, "strerror", None) or error
            raise RequestError(
                f"expected the likeness of a batch in {str(path)!r}, got none that can be read ({said}); seedscape catalog makes it"
            ) from None
        self.names, self.seeds = table["name"], table["seed"]

    def find(self, wanted: str) -> int:
        """The row of a seed (the first by name where there are several) or of a name. RequestError: there is none."""
        rows = np.flatnonzero(self.names == wanted.encode())
        if not len(rows) and wanted.isdecimal() and len(wanted) < 19:
            rows = np.flatnonzero(self.seeds == int(wanted))
        if not len(rows):
            raise RequestError(
                f"expected a seed or a name of the batch's {len(self.names)} environments, got {wanted[:80]!r}"
            )
        return int(rows[0])

    def nearest(self, row: int, count: int) -> list[Neighbour]:
        """The `count` environments most like one, itself left out; equally like ones by name."""
        scores = np.asarray(self.vectors @ self.vectors[row])
        scores[row] = -np.inf
        count = min(count, len(scores) - 1)
        if count < 1:
            return []
        least = np.partition(scores, -count)[-count]
        rows = np.flatnonzero(scores >= least)
        order = rows[np.lexsort((self.names[rows], -scores[rows]))][:count]
        return [
            Neighbour(self.names[k].decode("ascii", "replace"), int(self.seeds[k]), round(float(scores[k]), 4))
            for k in order
        ]
