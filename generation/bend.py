"""Bent land: heights looked up at places moved by smooth noise, so that no piece of real land is shown as it is.

Land is stretched by a seventh at half of all places, by more than a third at one in twenty, which leaves ridges joined and valleys
draining (the map is one to one), and makes new shapes of them. Heights between posts come from interpolating cubic B-splines (Unser et
al. 1993), which keep most of the finest octave.
"""

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.guide import noise_window

# (posts between nodes, farthest move in posts): the widest takes the lattice's lines, 152 posts apart, off the straight
WAVES = ((200, 40.0), (72, 18.0), (36, 5.0))
FILTER = 9  # posts on either side that the prefilter looks at; what lies beyond counts less than 1e-5
REACH = (
    63 + 2 + FILTER
)  # posts beyond a window that may be looked at: the farthest move, the spline's support, the prefilter
TAPS = 4
POLE = -0.2679491924311227  # sqrt(3) - 2


def bend(
    heights: NDArray[np.float64], row: int, col: int, seed: int, strength: float = 1.0
) -> NDArray[np.float64]:  # fmt: skip
    """(rows - 2 REACH, cols - 2 REACH) bent heights of a window whose first result post is (row, col) of an endless grid.

    strength: 0 .. 1, factor of all moves.
    """
    rows, cols = (n - 2 * REACH for n in heights.shape)
    moves = [np.zeros((rows, cols)), np.zeros((rows, cols))]
    for axis, move in enumerate(moves):
        for spacing, farthest in WAVES:
            move += strength * farthest * noise_window(row, col, rows, cols, spacing, seed, "bend", axis, spacing)
    coefficients = _prefilter(_prefilter(heights).T).T
    edge = REACH - FILTER
    r = moves[0] + (np.arange(rows) + edge)[:, None]
    c = moves[1] + (np.arange(cols) + edge)[None, :]
    r0, c0 = np.floor(r).astype(np.int64), np.floor(c).astype(np.int64)
    down, across = _cubic(r - r0), _cubic(c - c0)
    flat, width = np.ascontiguousarray(coefficients).ravel(), coefficients.shape[1]
    first = (r0 - 1) * width + c0 - 1
    total = np.zeros((rows, cols))
    for i in range(TAPS):
        line = np.zeros((rows, cols))
        for j in range(TAPS):
            line += across[j] * flat[i * width + j :].take(first)
        total += down[i] * line
    return total


def _prefilter(heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(rows - 2 FILTER, cols) spline coefficients along the columns: those whose spline passes through the heights."""
    rows = heights.shape[0] - 2 * FILTER
    gain = 6.0 * POLE / (POLE * POLE - 1.0)
    total = gain * heights[FILTER : FILTER + rows]
    for k in range(1, FILTER + 1):
        gain *= POLE
        total += gain * (heights[FILTER - k : FILTER - k + rows] + heights[FILTER + k : FILTER + k + rows])
    return total


def _cubic(t: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Cubic B-spline weights of the four posts at -1 .. 2 for a place t in 0 .. 1."""
    s, t2 = 1.0 - t, t * t
    t3 = t2 * t
    return [s * s * s / 6.0, (4.0 - 6.0 * t2 + 3.0 * t3) / 6.0, (1.0 + 3.0 * (t + t2 - t3)) / 6.0, t3 / 6.0]
