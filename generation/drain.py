"""Closed basins filled as sediment fills them: land joined from pieces of different valleys does not all drain.

Squares of a fixed lattice are filled each by itself, water leaving over its edge. So the rim of a square never changes, neighbours still
meet, and any window of an endless land gets the same. Basins that cross the rim of a square stay, cut off there.
"""

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.hydrology import fill

SLIGHT = 1e-6  # posts: the rise of filled ground from cell to cell
SHALLOW = 0.06  # posts: basins no deeper than this vanish first


def drain(heights: NDArray[np.float64], kept: float) -> NDArray[np.float64]:
    """(n, rows, cols) squares of heights with basins filled but for the share `kept` of their depth, 0 .. 1; 1 leaves the land as it is.

    Basins filled to the brim are flats that real land does not have; a tenth of their depth gives back the slopes and no more
    pits than real land has.
    """
    filled = fill(heights, SLIGHT)
    return np.asarray(filled - kept * np.maximum(filled - heights - SHALLOW * (1.0 - kept), 0.0))
