"""Boulders: convex bodies cut by planes, roughened by ridged noise, with a flat foot and occlusion in their colours.

Planes make the flat faces and edges by which the eye tells rock from a potato. Each face keeps its own normal inside and
takes the mean of its neighbours' along the border, which shades like a worn edge; UVs lie in the plane of the face at the
material's true scale, so nothing stretches and stone of any size shows the same grain.
(A displaced geodesic sphere was tried first: with as many triangles its edges were zigzags and its faces mush.)
"""

from dataclasses import dataclass, replace

import numpy as np

from seedscape.generation.rng import fractions
from seedscape.scene.numeric import Float64, cos_sin, dot, noise_table, smoothstep, solid_noise, unit
from seedscape.scene.slivers import without_slivers
from seedscape.scene.values import Mesh

SHAPES = 5
PLANES = 17
_BURIED = 0.42  # share of the foot's depth that goes under the ground
_GRID_M = 1e-4  # corners that agree this far are one corner


@dataclass(frozen=True)
class RockModel:
    """One rock of about unit radius; y = 0 is the ground line, the part below is to be buried.

    near: 400 - 700 triangles, middle: about 80, far: about 30, for stones and what is small in the distance. hull_radius_m, height_m: for collision, before scaling.
    """

    near: Mesh
    middle: Mesh
    far: Mesh
    hull_radius_m: float
    height_m: float


def carve_rock(rng: np.random.Generator, material: str, texture_size_m: float, mossy: bool) -> RockModel:
    """One shape. texture_size_m: edge of the material's square in the world, for the UVs. mossy: green upper sides."""
    y = 1.0 - 2.0 * (np.arange(PLANES) + 0.5) / PLANES
    c, s = cos_sin(np.arange(PLANES) * 0.381966011250105 + fractions(rng, 1)[0])
    ring = np.sqrt(1.0 - y * y)
    planes = unit(np.stack([ring * c, y, ring * s], axis=1) + (fractions(rng, PLANES, 3) - 0.5) * 0.75)
    reach = 0.66 + 0.30 * fractions(rng, PLANES)
    planes[-1], reach[-1] = (0.0, -1.0, 0.0), 0.45  # a foot to stand on
    stretch = np.array([1.05, 0.66, 0.82]) * (0.88 + 0.3 * fractions(rng, 3))
    normals = planes / stretch  # n . p <= d stays true of stretched points with n / stretch
    size = np.sqrt(dot(normals, normals))
    normals, reach = normals / size[:, None], reach / size
    faces = _cut(normals, reach)
    table = noise_table(rng)
    drop = float(reach[-1]) * (1.0 - _BURIED)

    near = _build(faces, normals, table, drop, material, texture_size_m, mossy, fine=True)
    middle = _build(faces, normals, table, drop, material, texture_size_m, mossy, fine=False)
    # A coarser body of every other plane, and the foot; its walls lie a little farther out.
    some = np.append(np.arange(0, PLANES - 1, 2), PLANES - 1)
    few = _cut(normals[some], reach[some] * 0.92)
    far = _lit_up(_build(few, normals[some], table, drop, material, texture_size_m, mossy, fine=False))
    reach_xz = np.sqrt(near.positions[:, 0] ** 2 + near.positions[:, 2] ** 2)
    return RockModel(near, middle, far, float(reach_xz.max()) * 0.9, float(near.positions[:, 1].max()))


def _lit_up(mesh: Mesh) -> Mesh:
    """Normals leaned upwards: small stones lie in the light that the ground around throws back."""
    assert mesh.normals is not None
    leaned = unit(mesh.normals.astype(np.float64) + np.array([0.0, 0.6, 0.0]))
    return replace(mesh, normals=leaned.astype(np.float32))


def _cut(normals: Float64, reach: Float64) -> list[tuple[int, Float64]]:
    """(plane, corners (k, 3) counter-clockwise from outside) of the faces of the body n . p <= d."""
    faces = []
    for i, (n, d) in enumerate(zip(normals, reach, strict=True)):
        u, v = _basis(n)
        face = n * d + 10.0 * np.stack([-u - v, u - v, u + v, v - u])
        for j, (m, e) in enumerate(zip(normals, reach, strict=True)):
            if j != i and len(face):
                face = _clip(face, m, float(e))
        if len(face) >= 3:
            rounded = np.round(face / _GRID_M) * _GRID_M
            step = rounded - np.roll(rounded, 1, axis=0)
            rounded = rounded[dot(step, step) > 0.0]
            if len(rounded) >= 3:
                faces.append((i, rounded))
    return faces


def _clip(face: Float64, normal: Float64, reach: float) -> Float64:
    """The part of a convex polygon with n . p <= d (Sutherland and Hodgman 1974)."""
    side = dot(face, np.broadcast_to(normal, face.shape)) - reach
    corners = []
    for k in range(len(face)):
        a, b, p, q = float(side[k - 1]), float(side[k]), face[k - 1], face[k]
        if (a <= 0.0) != (b <= 0.0):
            corners.append(p + (q - p) * (a / (a - b)))
        if b <= 0.0:
            corners.append(q)
    return np.array(corners).reshape(-1, 3)


def _basis(normal: Float64) -> tuple[Float64, Float64]:
    """u, v in a plane with u x v = normal; v points as nearly up as it can, so that layered stone stands upright."""
    up = np.array([0.0, 1.0, 0.0]) if abs(float(normal[1])) < 0.9 else np.array([0.0, 0.0, -1.0])
    u = unit(np.cross(up, normal))
    return u, np.cross(normal, u)


def _build(
    faces: list[tuple[int, Float64]], normals: Float64, table: Float64, drop: float, material: str,
    texture_size_m: float, mossy: bool, fine: bool,
) -> Mesh:  # fmt: skip
    """Faces as rings of triangles (fine: border, inner ring, centre; else border and centre)."""
    corner_normals: dict[bytes, Float64] = {}
    outlines = []
    for plane, corners in faces:
        if fine:  # a joint on each edge, for the noise to bend; sorted ends, so that both faces get the same point
            joints = [_between(corners[k], corners[(k + 1) % len(corners)]) for k in range(len(corners))]
            corners = np.stack([point for pair in zip(corners, joints, strict=True) for point in pair])
        outlines.append((plane, corners))
        for corner in corners:
            key = np.round(corner / _GRID_M).astype(np.int64).tobytes()
            corner_normals[key] = corner_normals.get(key, np.zeros(3)) + normals[plane]

    points, shading, uvs, triangles, count = [], [], [], [], 0
    for plane, border in outlines:
        k = len(border)
        centre = border.mean(axis=0)
        rings = [border, centre + (border - centre) * 0.80, centre[None]] if fine else [border, centre[None]]
        at_border = np.stack(
            [corner_normals[np.round(corner / _GRID_M).astype(np.int64).tobytes()] for corner in border]
        )
        flat = np.concatenate(rings)
        shaded = np.tile(normals[plane], (len(flat), 1))
        shaded[:k] = unit(at_border)
        u, v = _basis(normals[plane])
        uvs.append(
            np.stack([dot(flat, np.broadcast_to(u, flat.shape)), -dot(flat, np.broadcast_to(v, flat.shape))], axis=1)
        )
        points.append(flat)
        shading.append(shaded)
        a, b = np.arange(k), (np.arange(k) + 1) % k
        if fine:
            triangles += [np.stack([a, b, b + k], 1) + count, np.stack([a, b + k, a + k], 1) + count]
            triangles.append(np.stack([a + k, b + k, np.full(k, 2 * k)], 1) + count)
        else:
            triangles.append(np.stack([a, b, np.full(k, k)], 1) + count)
        count += len(flat)

    p, n = np.concatenate(points), np.concatenate(shading)
    ridge = 1.0 - 2.0 * np.abs(solid_noise(table, p * 2.1 + 5.3))
    rough = 1.0 - 2.0 * np.abs(solid_noise(table, p * 5.3 + 9.1))
    p = p * (1.0 + 0.055 * ridge + 0.03 * rough)[:, None] + np.array([0.0, drop, 0.0])
    top = float(p[:, 1].max())
    shade = 0.42 + 0.58 * smoothstep(-0.1, 0.4 * top, p[:, 1]) * (0.8 + 0.2 * smoothstep(-0.6, 0.4, n[:, 1]))
    colors = np.ones((len(p), 4))
    colors[:, :3] = shade[:, None]
    if mossy:
        moss = (smoothstep(0.35, 0.85, n[:, 1]) * smoothstep(0.0, 0.5 * top, p[:, 1]))[:, None]
        colors[:, :3] *= 1.0 - moss * np.array([0.34, 0.14, 0.55])
    built = Mesh(
        positions=p.astype(np.float32),
        indices=np.concatenate(triangles).astype(np.uint32),
        material=material,
        normals=unit(n).astype(np.float32),
        uvs=(np.concatenate(uvs) / texture_size_m).astype(np.float32),
        colors=colors.astype(np.float32),
    )
    return without_slivers(built)  # faces narrower than the grid of corners


def _between(a: Float64, b: Float64) -> Float64:
    """A point a little off the middle of an edge, the same whichever way the edge runs."""
    low, high = (a, b) if tuple(a) < tuple(b) else (b, a)
    return np.round((low * 0.56 + high * 0.44) / _GRID_M) * _GRID_M
