"""Site: the visited square as aligned grids of land properties, which ground, plants and paths are placed by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.values import Float32, HeightField, Terrain


@dataclass(frozen=True)
class Lake:
    """Standing water. level_m: world height of its flat surface; mask: (rows, cols) bool, posts under water; depth at its deepest."""

    level_m: float
    mask: NDArray[np.bool_]
    area_m2: float
    depth_m: float


@dataclass(frozen=True)
class Site:
    """Land properties on one square grid of posts over the visited square (row 0 north, column 0 west).

    All grids (rows, cols) float32. slope: rise over run (tan of the angle). curvature: 1/m, positive on ridges and tops.
    moisture: 0 dry .. 1 wet (flow accumulation and hollows). water_depth_m: 0 on dry ground. openness: 0 hidden .. 1 open sky
    (ambient occlusion of the land itself). lakes: largest first. sea_level_m: world height of the sea, None without one.
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
    lakes: tuple[Lake, ...] = ()
    sea_level_m: float | None = None

    def sample(self, grid: Float32, x: NDArray[np.floating], z: NDArray[np.floating]) -> NDArray[np.float64]:
        """Bilinear values of one of the grids at world points."""
        return HeightField(grid, self.spacing_m, self.origin_m).sample(x, z)
