"""Normal and occlusion maps from height, on the torus (every map wraps around)."""

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.values import UInt8

OCCLUSION_STEPS = (1, 2, 4, 8, 16)  # texels


def smoothed(x: NDArray[np.float32], passes: int) -> NDArray[np.float32]:
    """(n, n) after `passes` binomial 3 x 3 blurs, on the torus."""
    for _ in range(passes):
        for axis in (0, 1):
            x = np.float32(0.5) * x + np.float32(0.25) * (np.roll(x, 1, axis) + np.roll(x, -1, axis))
    return x


def normal_from_height(height_m: NDArray[np.float32], texel_m: float) -> UInt8:
    """(n, n) metres -> (n, n, 3) tangent-space normals, OpenGL (+Y towards smaller rows), glTF 2.0 section 3.9.3.

    Slopes are Scharr's (1 : 3.33 : 1), which favour no direction.
    """
    near, own = 3.0 / 16.0, 10.0 / 16.0
    dx = (np.roll(height_m, -1, 1) - np.roll(height_m, 1, 1)) * np.float32(0.5 / texel_m)
    dy = (np.roll(height_m, -1, 0) - np.roll(height_m, 1, 0)) * np.float32(0.5 / texel_m)
    dx = own * dx + near * (np.roll(dx, 1, 0) + np.roll(dx, -1, 0))
    dy = own * dy + near * (np.roll(dy, 1, 1) + np.roll(dy, -1, 1))
    length = np.sqrt(dx * dx + dy * dy + 1.0)
    normal = np.stack([-dx / length, dy / length, 1.0 / length], axis=-1)
    return np.asarray(np.round(normal * 127.5 + 127.5), np.uint8)


def occlusion_from_height(height_m: NDArray[np.float32], texel_m: float) -> UInt8:
    """(n, n) metres -> (n, n) open sky, 255 all of it: mean over 8 directions of the horizon's cosine-weighted share.

    Horizon-based (Max 1988) with a few geometric steps; the share of the sky above elevation a is 1 - sin(a)^2.
    """
    total = np.zeros_like(height_m)
    for dr, dc in ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)):
        reach = texel_m * float(np.sqrt(dr * dr + dc * dc))
        steepest = np.zeros_like(height_m)
        for step in OCCLUSION_STEPS:
            rise = np.roll(height_m, (-dr * step, -dc * step), (0, 1)) - height_m
            np.maximum(steepest, rise * np.float32(1.0 / (reach * step)), out=steepest)
        total += 1.0 / (1.0 + steepest * steepest)  # 1 - sin^2 of the horizon's elevation
    return np.asarray(np.round(total * np.float32(255.0 / 8.0)), np.uint8)
