"""Which things hang together: connected parts of a graph."""

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]


def joined(count: int, a: Int, b: Int) -> Int:
    """(count,) label of each of `count` things, the lowest number of its part; a[i] and b[i] are joined.

    Labels sink along the joins and then along themselves, so a chain of n takes about log2(n) rounds.
    """
    label = np.arange(count)
    while True:
        lowest = label.copy()
        np.minimum.at(lowest, a, label[b])
        np.minimum.at(lowest, b, label[a])
        np.minimum.at(lowest, label, lowest.copy())  # a whole part learns what one of its members found
        lowest = lowest[lowest]
        if np.array_equal(lowest, label):
            return label
        label = lowest
