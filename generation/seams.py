"""Least-error seams between overlapping pieces (Efros and Freeman 2001)."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


def cheapest_path(error: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """(rows,) column of the cheapest top-to-bottom path through (rows, columns) of errors, by dynamic programming."""
    # Plain numbers: rows are a few posts long, and NumPy would take longer to start each sum than to do it.
    cost = error.astype(np.float64).tolist()
    columns = len(cost[0])
    for above, here in pairwise(cost):
        for c in range(columns):
            here[c] += min(above[max(0, c - 1) : c + 2])
    column = cost[-1].index(min(cost[-1]))
    path = [column]
    for row in cost[-2::-1]:
        first = max(0, column - 1)
        near = row[first : column + 2]
        column = first + near.index(min(near))
        path.append(column)
    return np.array(path[::-1], np.int64)
