"""Site: the visited square as aligned grids of land properties, which ground, plants and paths are placed by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.values import Float32, HeightField, Terrain
from seedscape.scene.earthworks import River


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
    rivers: largest first. trail: 0 .. 1 how much the ground is a path; taken: above 0.5 nothing grows or lies (see `plan`).
    view_rad: heading of the first visitor where something was built for them. drainage: what `flood` found for these heights.
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
    rivers: tuple[River, ...] = ()
    trail: HeightField | None = None
    taken: HeightField | None = None
    view_rad: float | None = None
    drainage: tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]] | None = None

    def sample(self, grid: Float32, x: NDArray[np.floating], z: NDArray[np.floating]) -> NDArray[np.float64]:
        """Bilinear values of one of the grids at world points."""
        return HeightField(grid, self.spacing_m, self.origin_m).sample(x, z)

    def sample_nearest(self, grid: Float32, x: NDArray[np.floating], z: NDArray[np.floating]) -> NDArray[np.float64]:
        """Values of one of the grids at the posts nearest to world points."""
        rows, cols = (
            np.clip(np.rint((np.asarray(p, np.float64) - start) / self.spacing_m).astype(np.int64), 0, len(grid) - 1)
            for p, start in ((z, self.origin_m[1]), (x, self.origin_m[0]))
        )
        return np.asarray(grid[rows, cols], np.float64)

    def worn(self, x: NDArray[np.floating], z: NDArray[np.floating]) -> NDArray[np.float64]:
        """How much the ground at world points is a path, 0 .. 1."""
        shape = np.broadcast_shapes(np.shape(x), np.shape(z))
        return np.zeros(shape) if self.trail is None else self.trail.sample(x, z)

    def free(self, x: NDArray[np.floating], z: NDArray[np.floating]) -> NDArray[np.bool_]:
        """World points where things may grow and lie: off paths and floors."""
        shape = np.broadcast_shapes(np.shape(x), np.shape(z))
        return np.ones(shape, bool) if self.taken is None else np.asarray(self.taken.sample(x, z) <= 0.5)
