"""Repeats: how alike the two most alike places of a window are, in ours and in real land.

    python benchmarks/terrain_repeats.py DATA [40]

A square of PATCH posts is laid on all others of its window that do not overlap it (normalised cross-correlation of ridges and valleys: what is left
between two Gaussian blurs; plains, which are all alike, are left out). Real land has pairs that are alike, too; a piece shown twice has more.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.fft import irfft2, rfft2
from numpy.typing import NDArray

from seedscape.generation.evaluate.windows import draw_windows, tiles_at
from seedscape.generation.rng import stream
from seedscape.generation.terrain import sample_heights
from seedscape.generation.train.elevation import read_tiles

SIZE, SPACING_M, REAL, SEED = 512, 90.0, 30, 401
PATCH, STEP = 64, 32  # posts
FINE, COARSE = 1.5, 20.0  # deviations of the blurs, posts
LEAST = 0.1  # of the median variance of the window's squares: flatter ones are left out

Float64 = NDArray[np.float64]


def blurred(field: Float64, deviation: float) -> Float64:
    """(n, n) after a Gaussian blur, edges mirrored."""
    reach = int(4 * deviation)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        rim = [(reach, reach) if k == axis else (0, 0) for k in (0, 1)]
        padded = np.pad(field, rim, mode="reflect")
        field = np.apply_along_axis(np.convolve, axis, padded, kernel, "valid")
    return field


def most_alike(heights: Float64) -> float:
    """The largest correlation of two squares of (n, n) heights; 0: nothing but plains."""
    shape = blurred(heights, FINE) - blurred(heights, COARSE)
    room, places = (2 * len(shape),) * 2, len(shape) - PATCH + 1
    box = np.zeros(room)
    box[:PATCH, :PATCH] = 1.0
    over, spectrum = np.conj(rfft2(box)), rfft2(shape, room)
    mean = irfft2(spectrum * over)[:places, :places] / PATCH**2
    energy = irfft2(rfft2(shape * shape, room) * over)[:places, :places] - PATCH**2 * mean * mean
    flat = energy < LEAST * np.median(energy)
    best = 0.0
    for row in range(0, places, STEP):
        for col in range(0, places, STEP):
            if flat[row, col]:
                continue
            square = shape[row : row + PATCH, col : col + PATCH] - mean[row, col]
            alike = irfft2(spectrum * np.conj(rfft2(square, room)))[:places, :places]
            alike = np.where(flat, 0.0, alike / np.sqrt(np.where(flat, 1.0, energy) * energy[row, col]))
            alike[max(row - PATCH, 0) : row + PATCH, max(col - PATCH, 0) : col + PATCH] = 0.0
            best = max(best, float(alike.max()))
    return best


def main(data: Path, worlds: int) -> None:
    """Print quantiles over the windows of both."""
    real = draw_windows(tiles_at(read_tiles(data), SPACING_M, SIZE), REAL, SIZE, stream(5, "patchwork")).heights
    ours = (sample_heights(SEED, k, SIZE, SPACING_M).heights_m for k in range(worlds))
    for name, windows in (("real", real), ("ours", ours)):
        found = [most_alike(np.asarray(window, np.float64)) for window in windows]
        low, middle, high, most = np.quantile(found, (0.1, 0.5, 0.9, 1.0))
        print(
            f"{name}, {len(found)} windows: one in ten below {low:.3f}, median {middle:.3f}, one in ten above {high:.3f}, most {most:.3f}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 40)
