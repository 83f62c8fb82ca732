"""Where water goes on many windows at once: the measures of `evaluate` need it for hundreds of them.

generation/hydrology.py follows one window with a heap; here all windows advance together, one line or one cell of each at a time,
which is some thirty times faster and gives the same filled heights (tested). Depressions are filled with a slight slope (Planchon and
Darboux 2002), so that every cell of the filled ground has a lower neighbour and needs no order of flooding.
"""

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.hydrology import NEIGHBOURS, fill

Windows = NDArray[np.float64]  # (n, rows, cols) metres
Int = NDArray[np.int64]


def receivers(filled: Windows) -> Int:
    """(n, cells) flat index of the neighbour each cell drains to, by steepest slope (D8); a cell that drains off the window: itself."""
    n, rows, cols = filled.shape
    index = np.arange(rows * cols).reshape(rows, cols)
    best = np.zeros(filled.shape)
    receiver = np.broadcast_to(index, filled.shape).copy()
    for dr, dc in NEIGHBOURS:
        here = np.s_[:, max(0, -dr) : rows - max(0, dr), max(0, -dc) : cols - max(0, dc)]
        there = np.s_[:, max(0, dr) : rows + min(0, dr), max(0, dc) : cols + min(0, dc)]
        drop = (filled[here] - filled[there]) * (0.7071067811865476 if dr and dc else 1.0)
        steeper = drop > best[here]
        best[here] = np.where(steeper, drop, best[here])
        receiver[here] = np.where(steeper, np.broadcast_to(index[there[1:]], drop.shape), receiver[here])
    # As in hydrology.py: what reaches the rim leaves the window there.
    for edge in (np.s_[:, 0], np.s_[:, -1], np.s_[:, :, 0], np.s_[:, :, -1]):
        receiver[edge] = np.broadcast_to(index, filled.shape)[edge]
    return receiver.reshape(n, -1)


def accumulate(filled: Windows, receiver: Int) -> Windows:
    """(n, rows, cols) how many cells drain through each, itself included."""
    n = len(filled)
    down = np.argsort(-filled.reshape(n, -1), axis=1, kind="stable")
    area = np.ones(receiver.shape)
    each = np.arange(n)
    for cell in np.ascontiguousarray(down.T):
        to = receiver[each, cell]
        area[each, to] += np.where(to == cell, 0.0, area[each, cell])
    return area.reshape(filled.shape)


def incise(windows: Windows, steps: int, strength: float) -> Windows:
    """(n, rows, cols) heights after `steps` of stream-power incision, depressions kept as lakes.

    Whipple and Tucker 1999 with m = 1/2, n = 1, solved implicitly from the outlets up (Braun and Willett 2013): each cell moves
    towards its receiver by F / (1 + F), F = strength * sqrt(area in cells).
    """
    heights = windows.copy()
    n = len(heights)
    each = np.arange(n)
    for _ in range(steps):
        filled = fill(heights)
        receiver = receivers(filled)
        cut = strength * np.sqrt(accumulate(filled, receiver).reshape(n, -1))
        flat = heights.reshape(n, -1)
        up = np.argsort(filled.reshape(n, -1), axis=1, kind="stable")
        for cell in np.ascontiguousarray(up.T):
            here, factor = flat[each, cell], cut[each, cell]
            flat[each, cell] = np.minimum(here, (here + factor * flat[each, receiver[each, cell]]) / (1.0 + factor))
    return heights
