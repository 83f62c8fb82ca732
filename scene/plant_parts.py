"""Parts of plants: leaf and bough cards on stems, their normals and shade, and fewer of them for coarser levels."""

import numpy as np

from seedscape.generation.rng import fractions
from seedscape.scene.branching import Stems, Surface
from seedscape.scene.foliage import Rect
from seedscape.scene.numeric import Float64, cos_sin, dot, smoothstep, unit

Grown = tuple[Surface, Surface, Surface, float]
"""A plant's near, middle and coarse level, and the radius of its trunk (0: a visitor pushes through)."""


def _both_sides(quads: np.ndarray) -> np.ndarray:
    """Triangles (2 n, 3) plus the same ones turned round."""
    return np.concatenate([quads, quads[:, ::-1]])


def upright_cards(roots: Float64, up: Float64, right: Float64, rects: Float64) -> Surface:
    """Upright pictures: lower edge centred on the root, `up` to the upper edge, `right` half a width; normals unset."""
    corners = np.stack([roots - right, roots + right, roots + right + up, roots - right + up], axis=1)
    u0, v0, u1, v1 = (rects[:, i] for i in range(4))
    uvs = np.stack([np.stack(c, axis=1) for c in ((u0, v1), (u1, v1), (u1, v0), (u0, v0))], axis=1)
    n = len(roots)
    quads = (np.arange(n)[:, None, None] * 4 + np.array([[0, 1, 2], [0, 2, 3]])).reshape(-1, 3)
    return Surface(corners.reshape(-1, 3), np.zeros((n * 4, 3)), uvs.reshape(-1, 2), np.ones(n * 4), _both_sides(quads))


def folded_boughs(stems: Stems, rect: Rect, width: float, slope: float, segments: int) -> Surface:
    """A fir bough along each stem, folded like a roof about its spine so that it has a body from every side.

    width: half width as a share of the length; slope: fall of the sides; segments: pieces along the stem.
    """
    pick = np.linspace(0, stems.points.shape[1] - 1, segments + 1).round().astype(np.int64)
    spine = stems.points[:, pick]
    s, k, _ = spine.shape
    ahead = spine[:, -1] - spine[:, 0]
    side = unit(np.cross(ahead, np.array([0.0, 1.0, 0.0])))[:, None]
    half = (stems.lengths * width)[:, None, None]
    fall = np.array([0.0, -slope, 0.0])
    rows = np.stack([spine - side * half + fall * half, spine, spine + side * half + fall * half], axis=2)
    u0, v0, u1, v1 = rect
    v = v1 + (v0 - v1) * np.linspace(0.0, 1.0, k)
    u = np.array([u0, 0.5 * (u0 + u1), u1])
    uvs = np.stack(np.broadcast_arrays(u[None, None], v[None, :, None], np.zeros((s, k, 3)))[:2], axis=-1)
    a = (np.arange(k - 1)[:, None] * 3 + np.arange(2)[None]).reshape(-1)
    quad = np.stack([a, a + 1, a + 4, a, a + 4, a + 3], axis=1).reshape(-1, 3)
    quads = (np.arange(s)[:, None, None] * (3 * k) + quad[None]).reshape(-1, 3)
    count = s * k * 3
    return Surface(rows.reshape(-1, 3), np.zeros((count, 3)), uvs.reshape(-1, 2), np.ones(count), _both_sides(quads))


def sprigs(
    rng: np.random.Generator, stems: Stems, rects: tuple[Rect, ...], per_stem: int, size_m: float,
    start: float = 0.35, droop: float = 0.0,
) -> Surface:  # fmt: skip
    """Cards along the outer part of stems, growing out of the wood in its direction, rolled at random."""
    s, k = stems.radii.shape
    along = start + (1.0 - start) * (np.arange(per_stem) + fractions(rng, s, per_stem)) / per_stem
    at = np.clip(along * (k - 1), 0.0, k - 1.000001)
    i = at.astype(np.int64)
    rows = np.arange(s)[:, None]
    low, high = stems.points[rows, i], stems.points[rows, i + 1]
    n = s * per_stem
    roots = (low + (high - low) * (at - i)[..., None]).reshape(n, 3)
    jitter = (fractions(rng, n, 3) - 0.5) * 1.5
    heading = unit(unit(high - low).reshape(n, 3) + jitter + np.array([0.0, 0.15 - droop, 0.0]))
    roll = unit((fractions(rng, n, 3) - 0.5) + 1e-6)
    right = unit(np.cross(heading, roll))
    size = size_m * (0.75 + 0.5 * fractions(rng, n, 1))
    rect = np.array(rects)[rng.integers(len(rects), size=n)]
    return upright_cards(roots - heading * size * 0.12, heading * size, right * size * 0.5, rect)


def rounded(surface: Surface, centre: Float64, radii: Float64, dark: float = 0.5) -> Surface:
    """Bend the normals of foliage out from an ellipsoid and darken what lies inside and below."""
    from_centre = (surface.positions - centre) / radii
    depth = np.sqrt(dot(from_centre, from_centre))
    normals = unit(unit(from_centre / radii) * 0.6 + np.array([0.0, 0.75, 0.0]))
    low = smoothstep(-1.1, 0.5, from_centre[:, 1])
    shade = (dark + (1.0 - dark) * smoothstep(0.15, 1.05, depth)) * (0.8 + 0.2 * low)
    return Surface(surface.positions, normals, surface.uvs, shade, surface.indices)


def crown_of(stems: Stems, extra_m: float) -> tuple[Float64, Float64]:
    """Centre and half axes of the ellipsoid around stem tips."""
    tips = stems.points[:, -1]
    low, high = tips.min(axis=0), tips.max(axis=0)
    return (low + high) * 0.5, (high - low) * 0.5 + extra_m


def darkened_inside(wood: Surface, centre: Float64, radii: Float64) -> Surface:
    """Shade wood where leaves stand around it."""
    from_centre = (wood.positions - centre) / radii
    inside = 1.0 - smoothstep(0.5, 1.1, np.sqrt(dot(from_centre, from_centre)))
    return Surface(wood.positions, wood.normals, wood.uvs, wood.shade * (1.0 - 0.45 * inside), wood.indices)


def every_nth(stems: Stems, every: int) -> Stems:
    return Stems(stems.points[::every], stems.radii[::every], stems.along[::every])


def fewer_joints(stems: Stems, joints: int) -> Stems:
    """The same stems with fewer joints."""
    pick = np.linspace(0, stems.points.shape[1] - 1, joints).round().astype(np.int64)
    return Stems(stems.points[:, pick], stems.radii[:, pick], stems.along)


def dark_foot(wood: Surface, shade: float) -> Surface:
    return Surface(wood.positions, wood.normals, wood.uvs, wood.shade * shade, wood.indices)


def fan(rng: np.random.Generator, root: Float64, turns: Float64, rise: Float64, length: Float64, fall: float) -> Stems:
    """Stems from one root: headings in turns, rise (turns above level) at the root, bending down by `fall` turns to the tip."""
    n, joints = len(turns), 5
    f = np.arange(joints) / (joints - 1)
    pitch = rise[:, None] - fall * f[None] * (0.8 + 0.4 * fractions(rng, n, 1))
    (cp, sp), (ca, sa) = cos_sin(pitch), cos_sin(turns)
    steps = np.stack([cp * ca[:, None], sp, cp * sa[:, None]], axis=-1)[:, :-1] * (length / (joints - 1))[:, None, None]
    points = root + np.concatenate([np.zeros((n, 1, 3)), np.cumsum(steps, axis=1)], axis=1)
    return Stems(points, np.broadcast_to(0.012 * (1.0 - 0.9 * f), (n, joints)).copy(), np.zeros(n))


def lit_from_above(surface: Surface, dark: float, reach: float) -> Surface:
    """Foliage that fans out from an axis: normals mostly up, darker near the axis."""
    away = np.sqrt(surface.positions[:, 0] ** 2 + surface.positions[:, 2] ** 2) / reach
    out = surface.positions * np.array([0.5 / reach, 0.0, 0.5 / reach]) + np.array([0.0, 0.9, 0.0])
    shade = dark + (1.0 - dark) * smoothstep(0.05, 0.75, away)
    return Surface(surface.positions, unit(out), surface.uvs, shade, surface.indices)
