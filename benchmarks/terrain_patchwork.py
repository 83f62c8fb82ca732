"""Patchwork: how much texture changes across the lattice on which blocks of real land are joined, between its lines, and in real land.

    python benchmarks/terrain_patchwork.py DATA [WORLDS]

Windows of 512 posts at 90 m, ours before they are bent, so that the lattice lies straight. Texture: logarithms of the mean square slope and of
the mean square Laplacian over 1, 2 and 4 posts, of squares of 8 posts. Change: the squared difference of the means of 56 x 64 posts on both
sides of a line, its mean over the window. Land without patchwork changes as much at the lattice's lines as elsewhere.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seedscape.generation import bend
from seedscape.generation.evaluate.windows import draw_windows, tiles_at
from seedscape.generation.library import CELL
from seedscape.generation.quilt import STEP
from seedscape.generation.rng import stream
from seedscape.generation.terrain import open_terrain_model, sample_heights
from seedscape.generation.train.elevation import read_tiles

SIZE, SPACING_M, SEED, REAL = 512, 90.0, 401, 30
SIDE, ALONG = 7, 8  # squares to either side of a line, and along it
LEAST = 1e-4  # posts squared: below it land is level
AT_LINES = range(5)  # squares from a lattice line on: the overlap

Float64 = NDArray[np.float64]


def texture(heights: Float64) -> Float64:
    """(4, n, n) of heights (8 n, 8 n) in posts."""
    dy, dx = np.gradient(heights)
    energies = [dx * dx + dy * dy]
    for reach in (1, 2, 4):
        p = np.pad(heights, reach, mode="edge")
        inner = slice(reach, -reach)
        around = p[2 * reach :, inner] + p[: -2 * reach, inner] + p[inner, 2 * reach :] + p[inner, : -2 * reach]
        energies.append((around - 4.0 * heights) ** 2)
    n = len(heights) // CELL
    return np.stack([np.log(e.reshape(n, CELL, n, CELL).mean(axis=(1, 3)) + LEAST) for e in energies])


def change(heights: Float64) -> Float64:
    """(lines,) of a window in posts, mean of both directions; line k lies before square SIDE + k."""
    total = 0.0
    here = texture(heights)
    for field in (here, here.transpose(0, 2, 1)):
        n = field.shape[1] // ALONG
        strips = field[:, : n * ALONG].reshape(4, n, ALONG, -1).mean(axis=2)
        sums = np.pad(np.cumsum(strips, axis=2), ((0, 0), (0, 0), (1, 0)))
        middle = sums[:, :, SIDE:-SIDE]
        apart = (sums[:, :, 2 * SIDE :] - 2.0 * middle + sums[:, :, : -2 * SIDE]) / SIDE
        total = total + (apart * apart).mean(axis=(0, 1)) / 2.0
    return np.asarray(total)


def unbent(heights: Float64, row: int, col: int, seed: int, strength: float = 1.0) -> Float64:
    """In place of bend.bend: the same window as it was."""
    return heights[bend.REACH : -bend.REACH, bend.REACH : -bend.REACH]


def main(data: Path, worlds: int) -> None:
    """Print the three figures, and ours by place in the lattice."""
    tiles = tiles_at(read_tiles(data, say=lambda line: None), SPACING_M, SIZE)
    real = draw_windows(tiles, REAL, SIZE, stream(5, "patchwork")).heights
    other = [float(change(window / SPACING_M).mean()) for window in real]
    bend.bend = unbent
    model = open_terrain_model()
    ours = [
        change(sample_heights(SEED, k, SIZE, SPACING_M, model=model).heights_m.astype(np.float64) / SPACING_M)
        for k in range(worlds)
    ]
    places = (np.arange(len(ours[0])) + SIDE) % STEP
    by_place = np.array([[window[places == place].mean() for place in range(STEP)] for window in ours])
    lines = by_place[:, AT_LINES].mean(axis=1)
    print(f"real, {REAL} windows: mean {np.mean(other):.3f}, largest {max(other):.2f}")
    print(
        f"ours, {worlds} worlds: mean {by_place.mean():.3f}; at lattice lines {lines.mean():.3f}, largest {lines.max():.2f}"
    )
    print("by place from a line on, over the mean: " + " ".join(f"{v:.2f}" for v in by_place.mean(0) / by_place.mean()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 60)
