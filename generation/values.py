"""What the generation room hands on: plain frozen values, arrays and numbers only.

World frame (glTF's): metres, right-handed, +X east, +Y up, +Z south (so -Z is north and "forward").
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]


@dataclass(frozen=True)
class HeightField:
    """Ground heights on a square grid of posts.

    heights_m: (rows, cols) float32, metres; row 0 is the northern edge (smallest Z), column 0 the western (smallest X).
    spacing_m: distance between neighbouring posts.
    origin_m:  (x, z) of post [0, 0] in the world frame. Post [r, c] stands at x0 + c * spacing, z0 + r * spacing.
    """

    heights_m: Float32
    spacing_m: float
    origin_m: tuple[float, float]

    @property
    def extent_m(self) -> tuple[float, float, float, float]:
        """(x_min, z_min, x_max, z_max) of the outermost posts."""
        rows, cols = self.heights_m.shape
        x0, z0 = self.origin_m
        return x0, z0, x0 + (cols - 1) * self.spacing_m, z0 + (rows - 1) * self.spacing_m

    def sample(self, x: NDArray[np.floating], z: NDArray[np.floating]) -> NDArray[np.float64]:
        """Bilinear heights at world points (any shape); points outside take the nearest edge."""
        rows, cols = self.heights_m.shape
        c = np.clip((np.asarray(x, np.float64) - self.origin_m[0]) / self.spacing_m, 0.0, cols - 1.0)
        r = np.clip((np.asarray(z, np.float64) - self.origin_m[1]) / self.spacing_m, 0.0, rows - 1.0)
        c0 = np.minimum(c.astype(np.int64), cols - 2)
        r0 = np.minimum(r.astype(np.int64), rows - 2)
        fc, fr = c - c0, r - r0

        def post(row: NDArray[np.int64], col: NDArray[np.int64]) -> NDArray[np.float64]:
            return self.heights_m[row, col].astype(np.float64)  # a few posts of a large grid: cast what is read alone

        top = post(r0, c0) * (1.0 - fc) + post(r0, c0 + 1) * fc
        bottom = post(r0 + 1, c0) * (1.0 - fc) + post(r0 + 1, c0 + 1) * fc
        return np.asarray(top * (1.0 - fr) + bottom * fr)


@dataclass(frozen=True)
class Terrain:
    """One ground as nested height fields, coarse and wide first, fine and near last.

    Each finer level lies inside the coarser one and meets it: along its outer edge a finer level equals the bilinear
    surface of the coarser, so `height` is continuous. The spawn site is the world origin: height(0, 0) == 0.
    altitude_m: metres above the sea of the world's y = 0.
    landform:   class of the source landform ("alpine", "desert", ...).
    """

    levels: tuple[HeightField, ...]
    altitude_m: float
    landform: str

    def height(self, x: NDArray[np.floating], z: NDArray[np.floating]) -> NDArray[np.float64]:
        """Ground height at world points, from the finest level that covers each point."""
        x, z = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(z, np.float64))
        result = np.asarray(self.levels[0].sample(x, z))
        for level in self.levels[1:]:
            x0, z0, x1, z1 = level.extent_m
            inside = (x >= x0) & (x <= x1) & (z >= z0) & (z <= z1)
            result[inside] = level.sample(x[inside], z[inside])  # most points lie outside the finer levels
        return result


@dataclass(frozen=True)
class MaterialMaps:
    """One tileable PBR set (glTF metallic-roughness).

    name:       material class, e.g. "grass".
    base_color: (n, n, 3) uint8, sRGB.
    normal:     (n, n, 3) uint8, tangent space, OpenGL (+Y: green points to the top of the picture, i.e. to smaller row).
    orm:        (n, n, 3) uint8, linear: red occlusion, green roughness, blue metallic.
    height:     (n, n) uint16, 0 lowest; times `height_m` / 65535 metres.
    size_m:     edge length of the square in the world; all maps wrap around in both directions.
    """

    name: str
    base_color: UInt8
    normal: UInt8
    orm: UInt8
    height: NDArray[np.uint16]
    size_m: float
    height_m: float
    tileable: bool = True
