"""Where water goes on a height field: depressions filled (Barnes et al. 2014, priority-flood), D8 flow (O'Callaghan and Mark 1984)."""

import heapq

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]
NEIGHBOURS = ((-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))


def flood(height: Float) -> tuple[Float, Int, Int]:
    """Filled heights (rows, cols); for each cell the flat index it was flooded from (-1 on the rim); cells in flood order."""
    rows, cols = height.shape
    h = height.ravel().tolist()
    filled = list(h)
    seen = bytearray(rows * cols)
    parents = [-1] * (rows * cols)
    order: list[int] = []
    index = np.arange(rows * cols).reshape(rows, cols)
    rim = np.unique(np.concatenate([index[0], index[-1], index[:, 0], index[:, -1]])).tolist()
    heap = [(h[i], i) for i in rim]
    for i in rim:
        seen[i] = 1
    heapq.heapify(heap)
    push, pop = heapq.heappush, heapq.heappop
    around = [dr * cols + dc for dr, dc in NEIGHBOURS]
    on_rim = bytearray(rows * cols)
    for i in rim:
        on_rim[i] = 1
    while heap:
        level, i = pop(heap)
        order.append(i)
        if on_rim[i]:
            row, col = divmod(i, cols)
            near = [
                (row + dr) * cols + col + dc for dr, dc in NEIGHBOURS if 0 <= row + dr < rows and 0 <= col + dc < cols
            ]
        else:
            near = [i + step for step in around]
        for k in near:
            if not seen[k]:
                seen[k] = 1
                parents[k] = i
                if h[k] < level:
                    filled[k] = level
                push(heap, (filled[k], k))
    return np.array(filled).reshape(rows, cols), np.array(parents), np.array(order)


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


def accumulate(receivers: Int, order: Int) -> Float:
    """How many cells drain through each cell, itself included; shaped as a square. Upstream cells come late in flood order."""
    count = [1] * len(receivers)
    to = receivers.tolist()
    for i in reversed(order.tolist()):
        if to[i] >= 0:
            count[to[i]] += count[i]
    side = round(len(receivers) ** 0.5)
    return np.array(count, np.float64).reshape(side, -1)
