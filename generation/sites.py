"""Where in an endless land to stand: on gentle ground with relief in reach and heights on the skyline, on coasts in sight of the sea."""

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.guide import Guide

HEADINGS = tuple((r, c) for r in range(-2, 3) for c in range(-2, 3) if {abs(r), abs(c)} in ({0, 1}, {1}, {1, 2}))
EYE_M = 1.7
SEA_M = 0.3  # ground below this is sea: the decoder leaves a ripple on it
ENOUGH_SEA = 0.25  # of the headings; more is no better
SEA_WEIGHT = 1.5
MOST_SEA = 0.5  # of the visited square
FARTHEST = 3  # squares to each side that are looked at
LOOKS = 3  # along each side of a square
NEARNESS = 0.015  # a square farther away counts as so much of the rank
TRIES = 5

Float64 = NDArray[np.float64]


def choose_site(
    heights: Float64, spacing_m: float, size_m: float, relief_m: float | None, sea: bool = False
) -> tuple[tuple[int, int], float]:
    """((row, col), sea in view) of the best place to stand: gentle ground a little above its surroundings' lows, relief in reach, heights
    on the skyline; with `sea`, that in sight as well.

    Looks at posts whose visited square and a rim around it lie inside the field. The sea in view is a share of the headings, 0 without `sea`.
    """
    half = max(2, round(size_m / 2 / spacing_m))
    rim = half + 12
    rows, cols = heights.shape
    if min(rows, cols) <= 2 * rim + 8:
        rim = min(rows, cols) // 2 - 4
    dy, dx = np.gradient(heights, spacing_m)
    steep = np.sqrt(dx * dx + dy * dy)
    summits = _highest_around(heights)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(steep, 1, mode="edge"), (3, 3)).max(axis=(2, 3))
    r, c = (grid.ravel() for grid in np.mgrid[rim : rows - rim : 2, rim : cols - rim : 2])
    views = sea_in_view(heights, r, c, spacing_m, half) if sea else np.zeros(len(r))
    best, best_view, best_score = (rows // 2, cols // 2), 0.0, -np.inf
    for row, col, view in zip(r.tolist(), c.tolist(), views.tolist(), strict=True):
        window = heights[row - half : row + half + 1 : 2, col - half : col + half + 1 : 2]
        low, high = float(window.min()), float(window.max())
        relief = high - low
        if relief < 1.0:
            continue
        wanted = min(relief / relief_m, relief_m / relief) if relief_m is not None else min(1.0, relief / 150.0)
        level = (heights[row, col] - low) / relief
        backdrop = min(1.0, float(summits[row // 4, col // 4] - heights[row, col]) / (2.0 * relief))
        score = wanted + backdrop - 4.0 * around[row, col] - abs(level - 0.3)
        if sea:
            drowned = float((window < SEA_M).mean()) - MOST_SEA
            score += SEA_WEIGHT * min(1.0, view / ENOUGH_SEA) - 2.0 * max(0.0, drowned)
        if heights[row, col] > 1.0 and score > best_score:
            best, best_view, best_score = (row, col), view, score
    return best, best_view


def sea_in_view(
    heights: Float64, rows: NDArray[np.int64], cols: NDArray[np.int64], spacing_m: float, reach: int
) -> Float64:  # fmt: skip
    """(n,) share of the 16 headings along which someone at (rows, cols) sees the sea within `reach` posts."""
    eye = heights[rows, cols] + EYE_M
    seen = np.zeros((len(HEADINGS), len(rows)), bool)
    for k, (down, across) in enumerate(HEADINGS):
        step = float(np.sqrt(down * down + across * across))
        skyline = np.full(len(rows), -np.inf)
        for n in range(1, int(reach / step) + 1):
            r, c = rows + n * down, cols + n * across
            inside = (r >= 0) & (r < heights.shape[0]) & (c >= 0) & (c < heights.shape[1])
            ground = heights[np.where(inside, r, 0), np.where(inside, c, 0)]
            angle = (ground - eye) / (n * step * spacing_m)
            seen[k] |= inside & (ground < SEA_M) & (angle >= skyline)
            skyline = np.maximum(skyline, np.where(inside, angle, np.inf))
    return np.asarray(seen.mean(axis=0))


def shore_squares(guide: Guide, shore: float, cells: int) -> list[tuple[int, int]]:
    """(row, col) of a few squares of the lattice of `cells` a side where the guide wants land about as low as a shore, likeliest first.

    shore: the rank that it has among the land of its kind.
    """
    line = range(-FARTHEST, FARTHEST + 1)
    within = [(k + 0.5) * cells / LOOKS for k in range(LOOKS)]
    costs = []
    for i in line:
        for j in line:
            ranks = [guide.at(i * cells + down, j * cells + across).rank for down in within for across in within]
            away = float(np.sqrt(i * i + j * j))
            costs.append((sum(abs(rank - shore) for rank in ranks) / len(ranks) + NEARNESS * away, away, i, j))
    return [(i, j) for _, _, i, j in sorted(costs)[:TRIES]]


def _highest_around(heights: Float64) -> Float64:
    """(rows / 4, cols / 4) highest ground within about 64 posts: what may stand on the skyline."""
    rows, cols = (n // 4 for n in heights.shape)
    blocks = heights[: 4 * rows, : 4 * cols].reshape(rows, 4, cols, 4).max(axis=(1, 3))
    wide = np.pad(blocks, 16, mode="edge")
    across = np.lib.stride_tricks.sliding_window_view(wide, 33, axis=1).max(axis=2)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(across, 33, axis=0).max(axis=2))
