"""Site: the visited square as aligned grids of land properties, which ground, plants and paths are placed by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.values import Float32, HeightField, Terrain


@dataclass(frozen=True)
class Site:
    """Land properties on one square grid of posts over the visited square (row 0 north, column 0 west).

    All grids (rows, cols) float32. slope: rise over run (tan of the angle). curvature: 1/m, positive on ridges and tops.
    moisture: 0 dry .. 1 wet (flow accumulation and hollows). water_depth_m: 0 on dry ground. openness: 0 hidden .. 1 open sky
    (ambient occlusion of the land itself).
    """

    terrain: Terrain
    size_m: float
    spacing_m: float
    origin_m: tuple[float, float]
    height_m: Float32
    slope: Float32
    curvature: Float32
    moisture: Float32
    water_depth_m: Float32
    openness: Float32

    def sample(self, grid: Float32, x: NDArray[np.floating], z: NDArray[np.floating]) -> NDArray[np.float64]:
        """Bilinear values of one of the grids at world points."""
        return HeightField(grid, self.spacing_m, self.origin_m).sample(x, z)
