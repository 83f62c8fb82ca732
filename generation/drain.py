"""Closed basins filled as sediment fills them: land joined from pieces of different valleys does not all drain.

Squares of a fixed lattice are filled each by itself, water leaving over its edge. So the rim of a square never changes, neighbours still
meet, and any window of an endless land gets the same. Basins that cross the rim of a square stay, cut off there.
"""

import numpy as np

from seedscape.generation.hydrology import Windows, fill, lowest_around

SLIGHT = 1e-6  # posts: the rise of filled ground from cell to cell
SHALLOW = 0.12  # posts: basins no deeper than this stay as they are, unless all are filled


def drain(heights: Windows, kept: float, lone: bool = True) -> Windows:
    """(n, rows, cols) squares of heights with basins filled but for SHALLOW and the share `kept`, 0 .. 1, of what is deeper; 0 fills them
    to the brim, shallow ones too, 1 leaves the land as it is. lone: hollows of a single post stay.

    What worlds draw for this, and why, is in character.py.
    """
    filled = fill(heights, SLIGHT)
    if kept <= 0.0:
        return filled
    depth = filled - heights
    left = filled - (np.minimum(depth, SHALLOW) + kept * np.maximum(depth - SHALLOW, 0.0))
    return left if lone else without_lone_pits(left)


def without_lone_pits(heights: Windows) -> Windows:
    """Posts that lie below all eight around them raised to just above the lowest of these, where that one is not left a pit itself."""
    around = lowest_around(heights)
    pits = heights < around
    pits[:, [0, -1]] = False
    pits[:, :, [0, -1]] = False
    raised = np.where(pits, around + SLIGHT, heights)
    left = (raised < lowest_around(raised)) & ~pits
    return np.where(pits & (lowest_around(np.where(left, -1.0, 0.0)) < 0.0), heights, raised)
