"""What terrain is quilted from: the cells of a bank of real land in its eight turns, and every block of them that may be shown, in flat
arrays to search.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.turns import Turner, turned

BLOCK = 24  # cells
OVERLAP = 5
PATCH = 8  # cells a side of what texture is measured on
CELL = 8  # posts
LEAST_TILE = BLOCK * CELL  # posts a side of the smallest tile that can be joined to others
ALIKE = 8  # one in how many blocks counts as of the same altitude: the sea has no rough places, so a rough one was never sea
SEA_POSTS = 0.02  # block means below this are the sea, where they are flat
DRY_SHARE = 0.03  # of a block may be sea where the sea is not wanted
LEVEL = 1e-6  # variance of slopes, posts a cell: below it land is level and has no strike
LEAST_VARIANCE = 1e-3  # of latents: below it land is level, and the logarithm says nothing more

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BankTile:
    """One training tile in cells. latents (h, w, Z) float32; low (h, w) float32 heights in posts; log_relief (h, w).

    file: what it was cut from; tiles of one file show the same land. turner: makes its latents when it is turned; None: shown upright alone.
    """

    latents: Float32
    low: Float32
    log_relief: Float32
    landform: str
    spacing_m: float
    file: str = ""
    turner: Turner | None = None

    def turns(self) -> "list[BankTile]":
        """It, and if it can be turned the land in its other seven turns."""
        if self.turner is None:
            return [self]
        others = [
            replace(
                self, latents=latents, turner=None,
                low=np.ascontiguousarray(turned(self.low, turn)),
                log_relief=np.ascontiguousarray(turned(self.log_relief, turn)),
            )
            for turn, latents in enumerate(self.turner.latents(self.latents), 1)
        ]  # fmt: skip
        return [self, *others]


@dataclass(frozen=True)
class Library:
    """All block positions of some tiles in flat arrays: `start` of each block's first cell, `stride` from one row of cells to the next.

    A block's mean height `level` and the `variance` of its heights, its `rank` among the blocks of its tile (0 lowest, 1 highest), its mean slopes `tilt`
    (n, 2) eastwards and southwards in posts a cell, and its mean log relief.
    """

    latents: Float32  # (cells, Z)
    low: Float32
    log_relief: Float32
    start: NDArray[np.int64]
    stride: int
    corner: NDArray[np.int64]  # (n, 3) tile, row, column of the least cell it shows of the tile as it lies in the bank
    relief: Float32
    level: Float32
    rank: Float32
    tilt: Float32
    variance: Float32
    textures: Float32  # (cells, 1 + Z) of the PATCH x PATCH cells from each cell on

    @cached_property
    def swell(self) -> float:
        """Root mean square deviation of heights within a block, posts."""
        return float(np.sqrt(self.variance.astype(np.float64).mean())) + 1e-6

    @cached_property
    def steepness(self) -> float:
        """Root mean square of the blocks' mean slopes along an axis, posts a cell."""
        return float(np.sqrt((self.tilt.astype(np.float64) ** 2).mean())) + 1e-6

    @cached_property
    def ground(self) -> NDArray[np.complex64]:
        """(cells,) heights as real and log relief as imaginary parts: both are found in one look-up."""
        return np.stack([self.low, self.log_relief], axis=1).view(np.complex64)[:, 0]

    @cached_property
    def strike(self) -> Float32:
        """(n, 2) how much more each block's slopes vary eastwards than southwards, and along one diagonal than along the other, over how much
        they vary: a vector of length 0 .. 1 that turns twice as fast as the land, of the structure tensor (Bigun and Granlund 1987) of
        the heights less their mean slope.
        """
        low = self.low.reshape(-1, self.stride).astype(np.float64)
        rise, fall = low[1:, 1:] - low[:-1, :-1], low[:-1, 1:] - low[1:, :-1]  # along the diagonals between four cells
        dx, dy = (rise + fall) / 2.0, (rise - fall) / 2.0
        row, col = np.divmod(self.start, self.stride)
        x, y, xx, yy, xy = (_box_means(f, BLOCK - 1)[row, col] for f in (dx, dy, dx * dx, dy * dy, dx * dy))
        xx, yy, xy = np.maximum(xx - x * x, 0.0), np.maximum(yy - y * y, 0.0), xy - x * y
        energy = np.maximum(xx + yy, LEVEL)
        # As log_relief: only ranks candidates.
        return np.round(np.stack([(xx - yy) / energy, 2.0 * xy / energy], axis=1), 4).astype(np.float32)

    @cached_property
    def by_relief(self) -> Float32:
        """The blocks' log relief in rising order."""
        return np.sort(self.relief)

    @cached_property
    def by_level(self) -> NDArray[np.int64]:
        """The blocks in rising order of their mean heights."""
        return np.argsort(self.level, kind="stable")

    def level_at(self, rank: float) -> float:
        """The mean height, posts, below which the share `rank` of all blocks lies."""
        return float(self.level[self.by_level[int(rank * (len(self.by_level) - 1))]])

    def rank_of(self, level: float) -> float:
        """The share of all blocks whose mean height, posts, lies below this."""
        return float((self.level < level).mean())

    def relief_at(self, roughness: float, rank: float | None = None) -> float:
        """The log relief below which the share `roughness` of all blocks lies; rank: of those at about this height."""
        sorted_relief = self.by_relief
        if rank is not None:
            count = len(self.by_level)
            many = max(1, count // ALIKE)
            first = min(max(int(rank * (count - 1)) - many // 2, 0), count - many)
            sorted_relief = np.sort(self.relief[self.by_level[first : first + many]])
        return float(sorted_relief[int(roughness * (len(sorted_relief) - 1))])

    def cells(self, blocks: NDArray[np.int64], rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.int64]:
        """(blocks, k) flat cell numbers of k places inside each block."""
        return self.start[blocks][:, None] + (rows * self.stride + cols)[None, :]

    def insides(self, blocks: NDArray[np.int64], side: int, kinds: slice = slice(None)) -> Float32:
        """(blocks, BLOCK // PATCH, 1 + Z) textures along a side, of the cells that lie next to its overlap, inwards."""
        return np.take(self.textures[:, kinds], self.start[blocks][:, None] + self._inside_places[side], axis=0)

    @cached_property
    def _inside_places(self) -> tuple[NDArray[np.int64], ...]:
        """What is to be added to the number of a block's first cell; sides 0 left, 1 above, 2 right, 3 below."""
        along = np.arange(0, BLOCK, PATCH)
        near, far = OVERLAP, BLOCK - OVERLAP - PATCH
        across = along * self.stride
        return across + near, along + near * self.stride, across + far, along + far * self.stride


@lru_cache(maxsize=6)  # of eight turns of a landform's land some 50 to 100 MB each
def build_library(tiles: tuple[BankTile, ...], sea: bool = True) -> Library:
    """Index the blocks of all tiles that are large enough, in all turns; without `sea`, only those where hardly any lies under water."""
    parts: dict[str, list[NDArray[np.generic]]] = {
        name: [] for name in ("start", "corner", "relief", "level", "rank", "tilt", "variance", "water")
    }
    shown = [(t, turn, view) for t, tile in enumerate(tiles) for turn, view in enumerate(tile.turns())]
    offset, stride = 0, max(view.low.shape[1] for _, _, view in shown)
    for t, turn, tile in shown:
        h, w = tile.low.shape
        if min(h, w) >= BLOCK:
            r, c = (grid.ravel() for grid in np.indices((h - BLOCK + 1, w - BLOCK + 1)))
            level = _block_means(tile.low)
            dy, dx = (np.asarray(slope) for slope in np.gradient(tile.low.astype(np.float64)))
            parts["start"].append(offset + r * stride + c)
            parts["corner"].append(_corners(t, turn, tiles[t].low.shape))
            parts["relief"].append(_block_means(tile.log_relief))
            parts["level"].append(level)
            parts["rank"].append((np.argsort(np.argsort(level, kind="stable"), kind="stable") + 0.5) / len(level))
            parts["tilt"].append(np.stack([_block_means(dx), _block_means(dy)], axis=1))
            centred = tile.low.astype(np.float64) - float(tile.low.mean())
            parts["variance"].append(np.maximum(_block_means(centred * centred) - _block_means(centred) ** 2, 0.0))
            water = (np.abs(tile.low) < SEA_POSTS) & (np.maximum(np.abs(dx), np.abs(dy)) < 1e-3)
            parts["water"].append(_block_means(water.astype(np.float64)))
        offset += h * stride
    dry = np.concatenate(parts.pop("water")) < DRY_SHARE
    kinds = {"start": np.int64, "corner": np.int64}
    joined: dict[str, Any] = {
        name: np.concatenate(values, dtype=kinds.get(name, np.float32), casting="same_kind")
        for name, values in parts.items()
    }
    if not sea and dry.any() and not dry.all():
        joined = {name: values[dry] for name, values in joined.items()}
    views = [view for _, _, view in shown]
    return Library(
        _rows([tile.latents for tile in views], stride),
        _rows([tile.low for tile in views], stride),
        _rows([tile.log_relief for tile in views], stride),
        stride=stride, **joined, textures=_textures(views, stride),
    )  # fmt: skip


def _corners(tile: int, turn: int, shape: tuple[int, int]) -> NDArray[np.int64]:
    """(positions, 3) of the blocks of a turned tile, in the order of their own rows and columns; shape: upright."""
    places = turned(np.arange(shape[0] * shape[1]).reshape(shape), turn)
    ends = places[: 1 - BLOCK, : 1 - BLOCK].ravel(), places[BLOCK - 1 :, BLOCK - 1 :].ravel()
    row, col = (np.minimum(*pair) for pair in zip(*(np.divmod(end, shape[1]) for end in ends), strict=True))
    return np.stack([np.full(len(row), tile), row, col], axis=1)


def _textures(tiles: list[BankTile], stride: int) -> Float32:
    """(cells, 1 + Z) mean log relief and log deviations of the latents within the patch from each cell on; 0 where it does not fit."""
    return _rows([_patch_textures(tile) for tile in tiles], stride)


def _patch_textures(tile: BankTile) -> Float32:
    """(h, w, 1 + Z) the same of one tile."""
    h, w, depth = tile.latents.shape
    result = np.zeros((h, w, 1 + depth), np.float32)
    inner = result[: h - PATCH + 1, : w - PATCH + 1]
    inner[..., 0] = _box_means(tile.log_relief, PATCH)
    latents = np.ascontiguousarray(np.moveaxis(tile.latents, 2, 0), np.float64)
    variance = _patch_means(latents * latents) - _patch_means(latents) ** 2
    inner[..., 1:] = np.moveaxis(0.5 * np.log(np.maximum(variance, LEAST_VARIANCE)), 0, 2)
    # As log_relief: only ranks candidates, and rounding keeps it the same on every machine.
    return np.round(result, 4).astype(np.float32)


def _rows(fields: list[Float32], stride: int) -> Float32:
    """The cells (h, w, ...) of all tiles one row after the other, each filled up to `stride`: one sum finds any cell of any block."""
    total = sum(len(field) for field in fields)
    rows = np.zeros((total, stride, *fields[0].shape[2:]), np.float32)
    start = 0
    for field in fields:
        rows[start : start + len(field), : field.shape[1]] = field
        start += len(field)
    return rows.reshape(-1, *fields[0].shape[2:])


def _patch_means(field: Float64) -> Float64:
    """(..., h - PATCH + 1, w - PATCH + 1) mean of the PATCH x PATCH box from each cell on, by sums of 2, 4 and 8 lines."""
    for reach in (1, 2, 4):
        field = field[..., :-reach, :] + field[..., reach:, :]
    for reach in (1, 2, 4):
        field = field[..., :-reach] + field[..., reach:]
    field /= PATCH**2
    return field


def _block_means(field: NDArray[np.floating[Any]]) -> Float64:
    """(positions,) mean of every BLOCK x BLOCK box."""
    return _box_means(field, BLOCK).ravel()


def _box_means(field: NDArray[np.floating[Any]], side: int) -> Float64:
    """(..., h - side + 1, w - side + 1) mean of the side x side box from each cell on."""
    sums = np.zeros((*field.shape[:-2], field.shape[-2] + 1, field.shape[-1] + 1))
    np.cumsum(np.cumsum(field, -2, np.float64), -1, out=sums[..., 1:, 1:])
    boxes = sums[..., side:, side:] - sums[..., :-side, side:] - sums[..., side:, :-side] + sums[..., :-side, :-side]
    boxes /= side**2
    return np.asarray(boxes)
