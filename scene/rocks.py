"""Boulders: a geodesic sphere cut by planes and roughened by ridged noise, with a flat foot and occlusion in its colours.

Planes make the flat faces and edges by which the eye tells rock from a potato; noise breaks them up. UVs are projected
along the main axis of each triangle at the material's true scale, so stone of any size shows the same grain.
"""

from dataclasses import dataclass

import numpy as np

from seedscape.generation.rng import fractions
from seedscape.scene.numeric import Float64, dot, noise_table, smoothstep, solid_noise, unit
from seedscape.scene.values import Mesh

NEAR_DETAIL, FAR_DETAIL = 5, 2  # 20 n^2 triangles: 500 and 80
SHAPES = 5


@dataclass(frozen=True)
class RockModel:
    """One rock of about unit radius; y = 0 is the ground line, the part below is to be buried.

    near: 500 triangles, middle: 80. hull_radius_m, height_m: for collision, before scaling.
    """

    near: Mesh
    middle: Mesh
    hull_radius_m: float
    height_m: float


def carve_rock(rng: np.random.Generator, material: str, texture_size_m: float, mossy: bool) -> RockModel:
    """One shape. texture_size_m: edge of the material's square in the world, for the UVs. mossy: green upper sides."""
    planes = unit(fractions(rng, 15, 3) * 2.0 - 1.0)
    planes[0] = (0.0, -1.0, 0.0)  # a foot to stand on
    reach = 0.62 + 0.30 * fractions(rng, 15)
    reach[0] = 0.42
    stretch = np.array([1.0, 0.62, 0.82]) * (0.9 + 0.3 * fractions(rng, 3))
    table = noise_table(rng)

    def shape(directions: Float64) -> Float64:
        facing = dot(directions[:, None, :], planes[None])
        radius = np.min(np.where(facing > 0.05, reach / np.maximum(facing, 0.05), 10.0), axis=1)
        radius = np.minimum(radius, 1.05)  # round off corners that two planes would leave sharp
        ridge = 1.0 - 2.0 * np.abs(solid_noise(table, directions * 1.9 + 5.3))
        fine = 1.0 - 2.0 * np.abs(solid_noise(table, directions * 4.7 + 9.1))
        return directions * (radius * (1.0 + 0.07 * ridge + 0.035 * fine))[:, None] * stretch

    near = _finish(*_geodesic(NEAR_DETAIL), shape, material, texture_size_m, mossy)
    middle = _finish(*_geodesic(FAR_DETAIL), shape, material, texture_size_m, mossy)
    reach_xz = np.sqrt(near.positions[:, 0] ** 2 + near.positions[:, 2] ** 2)
    return RockModel(near, middle, float(reach_xz.max()) * 0.9, float(near.positions[:, 1].max()))


def _finish(
    directions: Float64, triangles: np.ndarray, shape, material: str, texture_size_m: float, mossy: bool
) -> Mesh:
    positions = shape(directions)
    positions = positions - np.array([0.0, positions[:, 1].min() * 0.72, 0.0])  # 28 % of the lower half is buried
    face = np.cross(
        positions[triangles[:, 1]] - positions[triangles[:, 0]], positions[triangles[:, 2]] - positions[triangles[:, 0]]
    )
    normals = np.zeros_like(positions)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], face)
    normals = unit(normals)

    # Box projection: a corner belongs to the axis of its triangle, so vertices on a seam are split.
    axis = np.argmax(np.abs(face) * np.array([1.0, 1.05, 1.0]), axis=1)
    keys = (triangles * 3 + axis[:, None]).reshape(-1)
    used, corner_index = np.unique(keys, return_inverse=True)
    vertex, plane = used // 3, used % 3
    p, n = positions[vertex], normals[vertex]
    u = np.where(plane == 0, -p[:, 2], p[:, 0])
    v = np.where(plane == 1, p[:, 2], -p[:, 1])
    sign = np.where(plane == 0, np.where(n[:, 0] < 0, -1.0, 1.0), np.where(plane == 2, np.where(n[:, 2] < 0, -1.0, 1.0), 1.0))
    uvs = np.stack([u * sign, v], axis=1) / texture_size_m

    top = float(positions[:, 1].max())
    shade = 0.42 + 0.58 * smoothstep(-0.12, 0.45 * top, p[:, 1]) * (0.75 + 0.25 * smoothstep(-0.6, 0.4, n[:, 1]))
    colors = np.ones((len(used), 4))
    colors[:, :3] = shade[:, None]
    if mossy:
        moss = (smoothstep(0.35, 0.85, n[:, 1]) * smoothstep(0.0, 0.5 * top, p[:, 1]))[:, None]
        colors[:, :3] *= 1.0 - moss * np.array([0.38, 0.12, 0.62])
    return Mesh(
        positions=p.astype(np.float32),
        indices=corner_index.reshape(-1, 3).astype(np.uint32),
        material=material,
        normals=n.astype(np.float32),
        uvs=uvs.astype(np.float32),
        colors=colors.astype(np.float32),
    )


def _geodesic(detail: int) -> tuple[Float64, np.ndarray]:
    """Unit directions and triangles (20 detail^2, counter-clockwise from outside) of an icosahedron cut `detail` times."""
    g = 1.6180339887498949
    corners = unit(
        np.array(
            [
                [-1, g, 0], [1, g, 0], [-1, -g, 0], [1, -g, 0], [0, -1, g], [0, 1, g],
                [0, -1, -g], [0, 1, -g], [g, 0, -1], [g, 0, 1], [-g, 0, -1], [-g, 0, 1],
            ]
        )
    )  # fmt: skip
    faces = np.array(
        [
            [0, 11, 5], [0, 5, 1], [0, 1, 7], [0, 7, 10], [0, 10, 11], [1, 5, 9], [5, 11, 4], [11, 10, 2], [10, 7, 6], [7, 1, 8],
            [3, 9, 4], [3, 4, 2], [3, 2, 6], [3, 6, 8], [3, 8, 9], [4, 9, 5], [2, 4, 11], [6, 2, 10], [8, 6, 7], [9, 8, 1],
        ]
    )  # fmt: skip
    points, triangles, offset = [], [], 0
    index = {}
    for a, b, c in corners[faces]:
        for i in range(detail + 1):
            for j in range(detail + 1 - i):
                index[i, j] = offset + len(index) if (i, j) not in index else index[i, j]
                points.append((a * (detail - i - j) + b * i + c * j) / detail)
        for i in range(detail):
            for j in range(detail - i):
                triangles.append((index[i, j], index[i + 1, j], index[i, j + 1]))
                if i + j < detail - 1:
                    triangles.append((index[i + 1, j], index[i + 1, j + 1], index[i, j + 1]))
        offset += len(index)
        index = {}
    # Points on shared edges of the twenty faces are one vertex; rounding only groups them.
    _, first, same = np.unique(np.round(np.array(points), 6), axis=0, return_index=True, return_inverse=True)
    return unit(np.array(points)[first]), same.reshape(-1)[np.array(triangles)]
