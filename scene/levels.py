"""Which level of detail each plant shows: chosen once, when the world is made, by how far wrong the visitor could see it.

glTF engines switch no levels by themselves (MSFT_lod is known to few of them and breaks some), so the levels stand in rings
around the spawn point. A level whose outline lies `error` metres beside the near one's is wrong by

    error / (distance * PIXEL_RAD)    pixels of the headset.

A Meta Quest 3 shows about 25 pixels per degree (2,064 x 2,208 for each eye), so that a pixel covers 7 mm at 10 m. All levels of all
plants share one tolerance in pixels, as low as the triangles allow: open country is drawn to some three pixels, a wood to twenty: where one
asks for more than the budget, all of its rings shrink alike. (Rings of fixed counts were tried before: nine near trees
and 31,000 triangles of middle ones put pictures at 36 m in a wood and wasted the budget of a meadow.)
"""

import math
from dataclasses import dataclass

import numpy as np

from seedscape.scene.numeric import Float64

PIXELS_PER_DEGREE = 25.0  # Meta Quest 3; Quest Pro and PICO 4 lie at 20 to 22
PIXEL_RAD = math.pi / 180.0 / PIXELS_PER_DEGREE
NEAR, MIDDLE, COARSE, PICTURE = range(4)
# Mean distance of the outlines of the levels from the near one's, as shares of a plant's larger measure (height or width): what
# the worst species has, as pictures of all of them from two sides say. The picture is of one side, whichever is seen.
TALL_ERRORS = (0.0, 0.032, 0.044, 0.065)
LOW_ERRORS = (0.0, 0.080, 0.095, 0.110)
ENLARGED = 2.0  # a picture's pixels may cover so many of the headset's each way, not more
FINEST_PX, STEP, STEPS = 1.0, 1.08, 64  # tolerances that are tried: 1 to 130 pixels


@dataclass(frozen=True)
class Levels:
    """level (n,): NEAR to PICTURE. tolerance_px: what no plant's outline is farther wrong than, but for those that have no
    coarser level or whose picture would be enlarged. triangles: what all of them cost."""

    level: np.ndarray
    tolerance_px: float
    triangles: int


def choose_levels(
    distance_m: Float64, errors_m: Float64, texel_m: Float64, triangles: np.ndarray, budget: int
) -> Levels:
    """The finest levels that the budget allows.

    distance_m (n,); errors_m, triangles (n, 4) of each plant's levels; texel_m (n,): size of its picture's pixels in the world, inf where there is
    no picture. Where even the coarsest levels cost more than the budget, they are taken all the same.
    """
    sight = np.maximum(distance_m, 1e-3) * PIXEL_RAD  # metres that a pixel covers
    wrong = errors_m / sight[:, None]
    wrong[:, PICTURE] = np.where(texel_m > ENLARGED * sight, np.inf, wrong[:, PICTURE])
    rows = np.arange(len(distance_m))
    for step in range(STEPS):
        tolerance = FINEST_PX * STEP**step
        level = PICTURE - np.argmax((wrong <= tolerance)[:, ::-1], axis=1)
        spent = int(triangles[rows, level].sum())
        if spent <= budget:
            break
    return Levels(level, tolerance, spent)


def ring_m(size_m: float, error: float, tolerance_px: float) -> float:
    """Distance in metres from which a plant of that size may show a level of that error (a share of its size)."""
    return size_m * error / (tolerance_px * PIXEL_RAD)
