"""Where water goes on a height field: depressions filled (Barnes et al. 2014, priority-flood), D8 flow (O'Callaghan and Mark 1984)."""

import heapq

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Windows = NDArray[np.float64]  # (n, rows, cols)
SLIGHT_M = 1e-6  # rise of filled ground from cell to cell
NEIGHBOURS = ((-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))


def flood(height: Float) -> tuple[Float, Int, Int]:
    """Filled heights (rows, cols); for each cell the flat index it was flooded from (-1 on the rim); cells in flood order."""
    rows, cols = height.shape
    wide = (
        cols + 2
    )  # a frame of cells that count as seen already saves every cell the question whether it is on the rim
    framed = np.pad(height, 1)
    filled = framed.ravel().tolist()
    seen = bytearray(np.pad(np.zeros((rows, cols), np.uint8), 1, constant_values=1).tobytes())
    parents = [-1] * len(filled)
    order: list[int] = []
    index = np.arange((rows + 2) * wide).reshape(rows + 2, wide)[1:-1, 1:-1]
    rim = np.unique(np.concatenate([index[0], index[-1], index[:, 0], index[:, -1]])).tolist()
    heap = [(filled[i], i) for i in rim]
    for i in rim:
        seen[i] = 1
    heapq.heapify(heap)
    push, pop = heapq.heappush, heapq.heappop
    around = tuple(dr * wide + dc for dr, dc in NEIGHBOURS)
    while heap:
        level, i = pop(heap)
        order.append(i)
        for step in around:
            k = i + step
            if not seen[k]:
                seen[k] = 1
                parents[k] = i
                if filled[k] < level:  # noqa: PLR1730 - a call here would cost a tenth of the whole
                    filled[k] = level
                push(heap, (filled[k], k))
    flat = np.full(len(filled), -1)
    flat[index.ravel()] = np.arange(rows * cols)
    inner = np.array(parents)[index.ravel()]
    return (
        np.array(filled).reshape(rows + 2, wide)[1:-1, 1:-1].copy(),
        np.where(inner < 0, -1, flat[inner]),
        flat[np.array(order)],
    )


def receivers(filled: Float, parents: Int, spacing: float) -> Int:
    """Flat index each cell drains to (-1 off the map): the steepest way down the filled ground."""
    rows, cols = filled.shape
    index = np.arange(rows * cols).reshape(rows, cols)
    best = np.zeros((rows, cols))
    receiver = parents.reshape(rows, cols).copy()
    for dr, dc in NEIGHBOURS:
        here = (slice(max(0, -dr), rows - max(0, dr)), slice(max(0, -dc), cols - max(0, dc)))
        there = (slice(max(0, dr), rows + min(0, dr)), slice(max(0, dc), cols + min(0, dc)))
        drop = (filled[here] - filled[there]) / (spacing * (1.4142135623730951 if dr and dc else 1.0))
        steeper = drop > best[here]
        best[here] = np.where(steeper, drop, best[here])
        receiver[here] = np.where(steeper, index[there], receiver[here])
    receiver.ravel()[parents == -1] = -1
    return receiver.ravel()


def accumulate(
    receivers: Int, order: Int, start: Float | None = None, shape: tuple[int, int] | None = None
) -> Float:  # fmt: skip
    """How many cells drain through each cell, itself included. Upstream cells come late in flood order.

    shape: of the result; None: a square. start: what each cell brings instead of one, e.g. with the water that enters from beyond the map.
    """
    count = [1.0] * len(receivers) if start is None else start.ravel().tolist()
    to = receivers.tolist()
    for i in reversed(order.tolist()):
        if to[i] >= 0:
            count[to[i]] += count[i]
    return np.array(count, np.float64).reshape(shape or (round(len(receivers) ** 0.5), -1))


def fill(windows: Windows, slight: float = SLIGHT_M) -> Windows:
    """(n, rows, cols) heights with depressions filled to their rim, rising by `slight` a cell away from the outlet (Planchon and
    Darboux 2002): so every cell of the filled ground has a lower neighbour.

    Water leaves over the edge of the window. The lines of the grid are swept in the four directions until nothing changes,
    beginning with the answer for a grid of half as many lines, whose cells stand at their highest: never too low, and near.
    """
    ground = np.ascontiguousarray(windows.transpose(1, 2, 0))  # lines of all windows lie together
    rows, cols, count = ground.shape
    level = np.full_like(ground, np.inf)
    if min(rows, cols) >= 32 and rows % 2 == 0 and cols % 2 == 0:
        highest = ground.reshape(rows // 2, 2, cols // 2, 2, count).max(axis=(1, 3))
        coarse = fill(highest.transpose(2, 0, 1), 2.0 * slight).transpose(1, 2, 0) + 2.0 * slight
        level[...] = np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)
    for edge in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        level[edge] = ground[edge]
    while True:
        before = level.copy()
        for flip in (np.s_[:], np.s_[::-1]):
            for turned in (False, True):
                _sweep(_view(level, turned, flip), _view(ground, turned, flip), slight)
        if np.array_equal(before, level):
            return np.ascontiguousarray(level.transpose(2, 0, 1))


def lowest_around(windows: Windows) -> Windows:
    """(n, rows, cols) the lowest of the up to eight neighbours of each post; posts below it are pits."""
    wide = np.pad(windows, ((0, 0), (1, 1), (1, 1)), constant_values=np.inf)
    rows, cols = windows.shape[1:]
    lowest = np.full_like(windows, np.inf)
    for dr, dc in NEIGHBOURS:
        np.minimum(lowest, wide[:, 1 + dr : 1 + dr + rows, 1 + dc : 1 + dc + cols], out=lowest)
    return lowest


def _view(grid: Windows, turned: bool, flip: slice) -> Windows:
    return (grid.transpose(1, 0, 2) if turned else grid)[flip]


def _sweep(level: Windows, ground: Windows, slight: float) -> None:
    """Lower each line of `level` to what can flow to the line before it; in place."""
    for k in range(1, len(level) - 1):
        line = level[k - 1]
        lowest = np.minimum(np.minimum(line[:-2], line[1:-1]), line[2:]) + slight
        np.maximum(lowest, ground[k, 1:-1], out=lowest)
        np.minimum(level[k, 1:-1], lowest, out=level[k, 1:-1])
