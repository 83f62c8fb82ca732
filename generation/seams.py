"""Least-error seams between overlapping pieces (Efros and Freeman 2001)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def cheapest_path(error: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """(rows,) column of the cheapest top-to-bottom path through (rows, columns) of errors, by dynamic programming."""
    cost = error.astype(np.float64)
    rows, columns = cost.shape
    above = np.full(columns + 2, np.inf)
    for r in range(1, rows):
        above[1:-1] = cost[r - 1]
        cost[r] += np.minimum(np.minimum(above[:-2], above[1:-1]), above[2:])
    path = np.empty(rows, np.int64)
    path[-1] = int(np.argmin(cost[-1]))
    for r in range(rows - 2, -1, -1):
        first = max(0, path[r + 1] - 1)
        path[r] = first + int(np.argmin(cost[r, first : min(columns, path[r + 1] + 2)]))
    return path
