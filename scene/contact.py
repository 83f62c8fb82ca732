"""The soft dark ground under crowns and beside boulders, as a grid over the visited square."""

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.values import HeightField

CELL_M = 1.25
DARKEST = 0.48  # open woods let in half of the sky; darker, their ground could not be read in the evening


def contact_shade(shadows: NDArray[np.float64], size_m: float) -> HeightField:
    """A grid of multipliers (1 in the open) from discs (n, 4): x, z, radius in metres, strength 0 .. 1 at the centre.

    Each disc fades as (1 - d^2 / r^2)^2; where discs overlap they multiply, down to DARKEST.
    """
    cells = int(size_m / CELL_M) // 2 * 2
    spacing = size_m / cells
    line = (np.arange(cells + 1) - cells / 2) * spacing
    grid = np.ones((cells + 1, cells + 1))
    for x, z, radius, strength in shadows.tolist():
        reach = max(radius, spacing * 1.5)
        c0, c1 = np.searchsorted(line, (x - reach, x + reach))
        r0, r1 = np.searchsorted(line, (z - reach, z + reach))
        dx, dz = line[c0:c1] - x, line[r0:r1] - z
        near = np.maximum(1.0 - (dz * dz)[:, None] / (reach * reach) - (dx * dx)[None, :] / (reach * reach), 0.0)
        grid[r0:r1, c0:c1] *= 1.0 - strength * near * near
    return HeightField(np.maximum(grid, DARKEST).astype(np.float32), spacing, (float(line[0]), float(line[0])))
