"""Lattices of terrain cells synthesised from real ones: image quilting (Efros and Freeman 2001) on VAE latents.

A bank holds, for every training tile, the latents and the block-mean heights of its cells. Blocks are laid row by row; each is
the best of many random candidates by the mismatch of heights (up to a shift) and latents over the overlap, with a penalty that
holds the local relief near a drawn target (plain overlap error drifts to bland ground). Blocks meet along least-error seams,
softened over three cells: hard seams left bumps of one cell's size in steep land. The heights come from the blended slopes by a
screened Poisson solve (Perez et al. 2003), so no step remains.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.seams import cheapest_path

BLOCK = 14  # cells
OVERLAP = 5
CANDIDATES = 1500
SOFT = 3.0  # cells over which one block passes into the next
LATENT_WEIGHT = 0.15
RELIEF_WEIGHT = 0.25
REPEAT_COST = 2.0  # for showing a piece of real land again in the same world
SCREEN = 0.002  # how strongly the solve holds on to the blocks' own altitude
SWEEPS = 300


@dataclass(frozen=True)
class BankTile:
    """One training tile in cells. latents (h, w, Z) float32; low (h, w) float32 heights in posts; log_relief (h, w)."""

    latents: NDArray[np.float32]
    low: NDArray[np.float32]
    log_relief: NDArray[np.float32]
    landform: str
    spacing_m: float


@dataclass(frozen=True)
class Lattice:
    """A window of cells. latents (Z, rows, cols) float32; low (rows, cols) float64 in posts."""

    latents: NDArray[np.float32]
    low: NDArray[np.float64]


@dataclass(frozen=True)
class _Library:
    """All block positions of some tiles in flat arrays: `start` of each block's first cell, `stride` of its rows."""

    latents: NDArray[np.float32]
    low: NDArray[np.float32]
    start: NDArray[np.int64]
    stride: NDArray[np.int64]
    corner: NDArray[np.int64]  # (blocks, 3) tile, row, column
    relief: NDArray[np.float32]

    def cells(self, blocks: NDArray[np.int64], rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.int64]:
        """(blocks, k) flat cell numbers of k places inside each block."""
        return self.start[blocks][:, None] + rows[None, :] * self.stride[blocks][:, None] + cols[None, :]

    def repeats(self, blocks: NDArray[np.int64], used: list[int]) -> NDArray[np.int64]:
        """(blocks,) how many of the blocks used so far each shares most of its land with."""
        if not used:
            return np.zeros(len(blocks), np.int64)
        apart = np.abs(self.corner[blocks][:, None, :] - self.corner[used][None, :, :])
        return np.asarray(((apart[..., 0] == 0) & (apart[..., 1:] < BLOCK // 2).all(axis=2)).sum(axis=1), np.int64)


def quilt(tiles: list[BankTile], rows: int, cols: int, rng: np.random.Generator, keep_altitude: bool) -> Lattice:
    """A new (rows, cols) lattice from `tiles`. keep_altitude: blocks stay at their own height (coasts: the sea is flat)."""
    library = _library(tiles)
    total = len(library.start)
    step = BLOCK - OVERLAP
    down, across = -(-(rows - OVERLAP) // step), -(-(cols - OVERLAP) // step)
    shape = (down * step + OVERLAP, across * step + OVERLAP)
    latents = np.zeros((*shape, library.latents.shape[1]), np.float32)
    low = np.zeros(shape)
    slope_x, slope_y = np.zeros(shape), np.zeros(shape)  # to the east and to the south neighbour
    target = float(library.relief[int(rng.integers(total))])
    used: list[int] = []
    all_r, all_c = (grid.ravel() for grid in np.indices((BLOCK, BLOCK)))
    for i in range(down):
        for j in range(across):
            place = (slice(i * step, i * step + BLOCK), slice(j * step, j * step + BLOCK))
            known = np.zeros((BLOCK, BLOCK), bool)
            known[: OVERLAP if i else 0] = True
            known[:, : OVERLAP if j else 0] = True
            target = 0.6 * target + 0.4 * float(library.relief[int(rng.integers(total))])
            blocks = rng.integers(0, total, size=CANDIDATES)
            cost = RELIEF_WEIGHT * (library.relief[blocks] - target) ** 2 + REPEAT_COST * library.repeats(blocks, used)
            if known.any():
                cost = cost + _mismatch(library, blocks, low[place], latents[place], known, keep_altitude).mean(axis=1)
            best = blocks[[int(np.argmin(cost))]]
            used.append(int(best[0]))
            cells = library.cells(best, all_r, all_c).reshape(BLOCK, BLOCK)
            block = library.low[cells].astype(np.float64)
            weight = np.ones((BLOCK, BLOCK))
            if known.any():
                error = np.zeros((BLOCK, BLOCK))
                error[known] = _mismatch(library, best, low[place], latents[place], known, keep_altitude)[0]
                weight = _weight(error, left=j > 0, above=i > 0)
                if not keep_altitude:
                    block = block + float((low[place][known] - block[known]).mean())
            east = np.pad(
                np.diff(block, axis=1), ((0, 0), (0, 1)), mode="edge"
            )  # the rim has no neighbour: as the one before
            south = np.pad(np.diff(block, axis=0), ((0, 1), (0, 0)), mode="edge")
            soft = weight[:, :, None].astype(np.float32)
            # Latents are near zero-mean: dividing by the root of the squared weights keeps their variance in the blend.
            norm = np.sqrt(soft * soft + (1 - soft) ** 2)
            latents[place] = (soft * library.latents[cells] + (1 - soft) * latents[place]) / norm
            low[place] = weight * block + (1 - weight) * low[place]
            slope_x[place] = weight * east + (1 - weight) * slope_x[place]
            slope_y[place] = weight * south + (1 - weight) * slope_y[place]
    low = _solve(low, slope_x, slope_y)
    return Lattice(np.ascontiguousarray(latents[:rows, :cols].transpose(2, 0, 1)), low[:rows, :cols])


def _library(tiles: list[BankTile]) -> _Library:
    starts, strides, corners, reliefs, offset = [], [], [], [], 0
    for t, tile in enumerate(tiles):
        h, w = tile.low.shape
        if min(h, w) >= BLOCK:
            r, c = (grid.ravel() for grid in np.indices((h - BLOCK + 1, w - BLOCK + 1)))
            starts.append(offset + r * w + c)
            strides.append(np.full(len(r), w))
            corners.append(np.stack([np.full(len(r), t), r, c], axis=1))
            sums = np.pad(np.cumsum(np.cumsum(tile.log_relief.astype(np.float64), 0), 1), ((1, 0), (1, 0)))
            boxes = sums[BLOCK:, BLOCK:] - sums[:-BLOCK, BLOCK:] - sums[BLOCK:, :-BLOCK] + sums[:-BLOCK, :-BLOCK]
            reliefs.append(boxes.ravel() / BLOCK**2)
        offset += h * w
    return _Library(
        np.concatenate([tile.latents.reshape(-1, tile.latents.shape[2]) for tile in tiles]),
        np.concatenate([tile.low.ravel() for tile in tiles]),
        np.concatenate(starts), np.concatenate(strides), np.concatenate(corners), np.concatenate(reliefs).astype(np.float32),
    )  # fmt: skip


def _mismatch(
    library: _Library, blocks: NDArray[np.int64], low: NDArray[np.float64], latents: NDArray[np.float32],
    known: NDArray[np.bool_], keep_altitude: bool,
) -> NDArray[np.float64]:  # fmt: skip
    """(blocks, known cells) cost of laying each block over what is there; heights in units of the block's relief."""
    rows, cols = np.nonzero(known)
    cells = library.cells(blocks, rows, cols)
    difference = library.low[cells] - low[known][None, :]
    if not keep_altitude:
        difference = difference - difference.mean(axis=1, keepdims=True)
    scale = 8.0 * np.exp(library.relief[blocks])[:, None]
    apart = ((library.latents[cells] - latents[known][None]) ** 2).mean(axis=2)
    return np.asarray((difference / scale) ** 2 + LATENT_WEIGHT * apart, np.float64)


def _weight(error: NDArray[np.float64], left: bool, above: bool) -> NDArray[np.float64]:
    """(BLOCK, BLOCK) share of the new block: a soft step across the least-error paths of its overlaps."""
    weight = np.ones((BLOCK, BLOCK))
    if left:
        weight = _ramp(cheapest_path(error[:, :OVERLAP]))
    if above:
        weight = np.minimum(weight, _ramp(cheapest_path(error[:OVERLAP, :].T)).T)
    return weight


def _ramp(cut: NDArray[np.int64]) -> NDArray[np.float64]:
    """(BLOCK, BLOCK) from 0 to 1 along each row, half-way at its `cut`; the block's rim is never taken outright."""
    columns = np.arange(BLOCK)[None, :]
    ramp = np.clip((columns + 0.5 - cut[:, None]) / SOFT + 0.5, 0.0, 1.0)
    ramp = np.minimum(ramp, (columns + 0.5) / SOFT)
    return np.where(columns >= OVERLAP, 1.0, ramp)


def _solve(low: NDArray[np.float64], slope_x: NDArray[np.float64], slope_y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Heights whose differences match the slopes, held lightly to `low`: red-black over-relaxation, + - * / only."""
    rows, cols = low.shape
    divergence = np.zeros_like(low)
    divergence[:, :-1] += slope_x[:, :-1]
    divergence[:, 1:] -= slope_x[:, :-1]
    divergence[:-1] += slope_y[:-1]
    divergence[1:] -= slope_y[:-1]
    neighbours = np.full(low.shape, 4.0)
    neighbours[0] -= 1
    neighbours[-1] -= 1
    neighbours[:, 0] -= 1
    neighbours[:, -1] -= 1
    red = (np.add.outer(np.arange(rows), np.arange(cols)) % 2) == 0
    omega = 1.9
    x = low.copy()
    for _ in range(SWEEPS):
        for colour in (red, ~red):
            total = np.zeros_like(x)
            total[:, :-1] += x[:, 1:]
            total[:, 1:] += x[:, :-1]
            total[:-1] += x[1:]
            total[1:] += x[:-1]
            update = (total - divergence + SCREEN * low) / (neighbours + SCREEN)
            x = np.where(colour, x + omega * (update - x), x)
    return x
