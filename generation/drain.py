"""Closed basins filled as sediment fills them: land joined from pieces of different valleys does not all drain.

Squares of a fixed lattice are filled each by itself, water leaving over its edge. So the rim of a square never changes, neighbours still
meet, and any window of an endless land gets the same. Basins that cross the rim of a square stay, cut off there.
"""

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.hydrology import fill

SLIGHT = 1e-6  # posts: the rise of filled ground from cell to cell


def drain(heights: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """(rows, cols) heights with basins filled to `share` of their depth, 0 .. 1."""
    return np.asarray(heights + share * (fill(heights[None], SLIGHT)[0] - heights))
