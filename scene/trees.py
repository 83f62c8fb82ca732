"""Trees as shared meshes: one material for bark and foliage, three levels of detail each (and a picture: see `billboard`).

Foliage cards carry normals bent outwards from the crown, so that light falls softly over the whole tree. glTF flips the
normal of a double-sided back face, which would turn bent normals into the crown and blacken half of the cards; so the
material is single-sided and each card is indexed twice, once each way round, on the same four vertices.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from seedscape.generation.rng import fractions
from seedscape.scene.branching import Branching, Stems, Surface, grow_branches, grow_trunk, join, tubes
from seedscape.scene.foliage import BARK_V_PER_M, Atlas, Rect
from seedscape.scene.numeric import Float64, cos_sin, dot, smoothstep, unit
from seedscape.scene.values import Material, Mesh

MATERIAL = "trees"
TEXTURE = "trees"
COARSE_CARDS = 40  # about, on the coarse level of a broad tree


@dataclass(frozen=True)
class TreeModel:
    """One tree, foot at the origin. near: 1,200 - 2,500 triangles; middle: 300 - 600; coarse: 80 - 200; low plants less.

    All levels are equally tall and wide, so that none jumps in size where the next takes its place (see `levels`).
    height_m, crown_radius_m: the outer measure of all. trunk_radius_m: at breast height, 0 where a visitor can push through.
    """

    species: str
    near: Mesh
    middle: Mesh
    coarse: Mesh
    height_m: float
    crown_radius_m: float
    trunk_radius_m: float


def tree_material() -> Material:
    """What all trees of a scene share."""
    return Material(base_color=TEXTURE, roughness=1.0, specular=0.0, alpha_mode="MASK", alpha_cutoff=0.4)


def grow_tree(species: str, rng: np.random.Generator, atlas: Atlas) -> TreeModel:
    """One tree of a species (a name of `SPECIES`); without cells in the atlas for it, it stands bare."""
    near, middle, coarse, trunk_radius_m = _GROW[species](rng, atlas)
    height_m, radius_m = _measure(near)
    middle, coarse = (_fit(level, height_m, radius_m) for level in (middle, coarse))
    return TreeModel(species, _mesh(near), _mesh(middle), _mesh(coarse), height_m, radius_m, trunk_radius_m)


def _measure(surface: Surface) -> tuple[float, float]:
    """Height and radius in metres."""
    x, y, z = surface.positions.T
    return float(y.max()), float(np.sqrt(x * x + z * z).max())


def _fit(level: Surface, height_m: float, radius_m: float) -> Surface:
    """The level stretched by a few percent to the measure of the near one; what is under the ground stays."""
    tall, wide = _measure(level)
    points = level.positions * np.array([radius_m / wide, 1.0, radius_m / wide])
    points[:, 1] = np.where(points[:, 1] > 0.0, points[:, 1] * (height_m / tall), points[:, 1])
    return Surface(points, level.normals, level.uvs, level.shade, level.indices)


def _mesh(surface: Surface) -> Mesh:
    shade = np.clip(surface.shade, 0.0, 1.0)
    colors = np.stack([shade, shade, shade, np.ones_like(shade)], axis=1)
    return Mesh(
        positions=surface.positions.astype(np.float32),
        indices=surface.indices.astype(np.uint32),
        material=MATERIAL,
        normals=unit(surface.normals).astype(np.float32),
        uvs=surface.uvs.astype(np.float32),
        colors=colors.astype(np.float32),
    )


# ---- cards ------------------------------------------------------------------------------------------------------------


def _both_sides(quads: np.ndarray) -> np.ndarray:
    """Triangles (2 n, 3) plus the same ones turned round."""
    return np.concatenate([quads, quads[:, ::-1]])


def _cards(roots: Float64, up: Float64, right: Float64, rects: Float64) -> Surface:
    """Upright pictures: lower edge centred on the root, `up` to the upper edge, `right` half a width; normals unset."""
    corners = np.stack([roots - right, roots + right, roots + right + up, roots - right + up], axis=1)
    u0, v0, u1, v1 = (rects[:, i] for i in range(4))
    uvs = np.stack([np.stack(c, axis=1) for c in ((u0, v1), (u1, v1), (u1, v0), (u0, v0))], axis=1)
    n = len(roots)
    quads = (np.arange(n)[:, None, None] * 4 + np.array([[0, 1, 2], [0, 2, 3]])).reshape(-1, 3)
    return Surface(corners.reshape(-1, 3), np.zeros((n * 4, 3)), uvs.reshape(-1, 2), np.ones(n * 4), _both_sides(quads))


def _boughs(stems: Stems, rect: Rect, width: float, slope: float, segments: int) -> Surface:
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


def _sprigs(
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
    return _cards(roots - heading * size * 0.12, heading * size, right * size * 0.5, rect)


def _round(surface: Surface, centre: Float64, radii: Float64, dark: float = 0.5) -> Surface:
    """Bend the normals of foliage out from an ellipsoid and darken what lies inside and below."""
    from_centre = (surface.positions - centre) / radii
    depth = np.sqrt(dot(from_centre, from_centre))
    normals = unit(unit(from_centre / radii) * 0.6 + np.array([0.0, 0.75, 0.0]))
    low = smoothstep(-1.1, 0.5, from_centre[:, 1])
    shade = (dark + (1.0 - dark) * smoothstep(0.15, 1.05, depth)) * (0.8 + 0.2 * low)
    return Surface(surface.positions, normals, surface.uvs, shade, surface.indices)


def _crown(stems: Stems, extra_m: float) -> tuple[Float64, Float64]:
    """Centre and half axes of the ellipsoid around stem tips."""
    tips = stems.points[:, -1]
    low, high = tips.min(axis=0), tips.max(axis=0)
    return (low + high) * 0.5, (high - low) * 0.5 + extra_m


def _darken_inside(wood: Surface, centre: Float64, radii: Float64) -> Surface:
    """Shade wood where leaves stand around it."""
    from_centre = (wood.positions - centre) / radii
    inside = 1.0 - smoothstep(0.5, 1.1, np.sqrt(dot(from_centre, from_centre)))
    return Surface(wood.positions, wood.normals, wood.uvs, wood.shade * (1.0 - 0.45 * inside), wood.indices)


# ---- species ----------------------------------------------------------------------------------------------------------

Grown = tuple[Surface, Surface, Surface, float]  # near, middle, coarse, radius of the trunk


def _some(stems: Stems, every: int) -> Stems:
    return Stems(stems.points[::every], stems.radii[::every], stems.along[::every])


def _thin(stems: Stems, joints: int) -> Stems:
    """The same stems with fewer joints."""
    pick = np.linspace(0, stems.points.shape[1] - 1, joints).round().astype(np.int64)
    return Stems(stems.points[:, pick], stems.radii[:, pick], stems.along)


def _spruce(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """A narrow cone of drooping boughs in whorls, down to the ground."""
    height = 12.0 + 4.0 * float(fractions(rng, 1)[0])
    trunk = grow_trunk(rng, height, 0.015 * height, 9, lean=0.015)
    how = Branching(
        count=108, start=0.06, end=0.965, turns_down=(0.30, 0.15), whorl=3, joints=5, pull=0.05, wander=0.07,
        length=((0.0, 0.235), (0.12, 0.25), (0.5, 0.155), (0.85, 0.07), (1.0, 0.03)), radius=0.3,
    )  # fmt: skip
    boughs = grow_branches(rng, trunk, how)
    top = trunk.points[0, -1]

    def dress(stems: Stems, width: float, slope: float, segments: int) -> Surface:
        needles = _boughs(stems, atlas.cells["spruce"][0], width, slope, segments)
        lead = np.repeat((top - np.array([0.0, 0.085 * height, 0.0]))[None], 3, axis=0)
        c, s = cos_sin(np.arange(3) / 6.0)
        right = np.stack([c, np.zeros(3), s], axis=1) * (0.021 * height)
        tip = _cards(lead, np.tile([0.0, 0.115 * height, 0.0], (3, 1)), right, np.array([atlas.cells["spruce"][0]] * 3))
        needles = join([needles, tip])
        x, y, z = needles.positions.T
        reach = np.sqrt(x * x + z * z)
        outline = np.maximum(0.25 * height * (1.0 - y / height), 0.25)
        normals = unit(np.stack([x / outline, np.full_like(x, 0.95), z / outline], axis=1))
        shade = (0.45 + 0.55 * smoothstep(0.1, 1.0, reach / outline)) * (0.8 + 0.2 * smoothstep(0.0, 0.4, y / height))
        return Surface(needles.positions, normals, needles.uvs, shade, needles.indices)

    near = join([_dark_foot(tubes(trunk, 8, atlas.bark["bark"], BARK_V_PER_M), 0.55), dress(boughs, 0.29, 0.75, 2)])
    few = _some(boughs, 2)
    bark = atlas.bark["bark"]
    middle = join([_dark_foot(tubes(_thin(trunk, 4), 5, bark, BARK_V_PER_M), 0.55), dress(few, 0.42, 1.0, 1)])
    fewest = dress(_some(boughs, 4), 0.56, 1.3, 1)
    coarse = join([_dark_foot(tubes(_thin(trunk, 2), 3, bark, BARK_V_PER_M), 0.55), fewest])
    return near, middle, coarse, 0.015 * height


def _straight_foot(trunk: Stems) -> Stems:
    """Without the flare, which few joints would draw out to half of the height."""
    radii = trunk.radii.copy()
    radii[:, 0] = 1.15 * radii[:, 1]
    return Stems(trunk.points, radii, trunk.along)


def _dark_foot(wood: Surface, shade: float) -> Surface:
    return Surface(wood.positions, wood.normals, wood.uvs, wood.shade * shade, wood.indices)


def _leafy(
    rng: np.random.Generator, atlas: Atlas, species: str, bark: str, height: float, radius: float,
    first: Branching, second: Branching, cards: tuple[int, int, float, float], droop: float = 0.0, lean: float = 0.05,
) -> Grown:  # fmt: skip
    """A trunk, branches, twigs and cards on them. cards: on each twig near, on each twig in the middle, size, start."""
    trunk = grow_trunk(rng, height, radius, 8, lean=lean, tip=0.25)
    limbs = grow_branches(rng, trunk, first)
    twigs = grow_branches(rng, limbs, second)
    centre, radii = _crown(twigs, cards[2] * 0.6)
    strip = atlas.bark[bark]
    wood = join(
        [
            tubes(trunk, 8, strip, BARK_V_PER_M),
            tubes(_thin(limbs, 4), 5, strip, BARK_V_PER_M),
            tubes(_thin(twigs, 2 if species in atlas.cells else 3), 3, strip, BARK_V_PER_M),
        ]
    )
    few_wood = join([tubes(_thin(trunk, 4), 5, strip, BARK_V_PER_M), tubes(_thin(limbs, 3), 3, strip, BARK_V_PER_M)])
    least_wood = tubes(_straight_foot(_thin(trunk, 3)), 4, strip, BARK_V_PER_M)
    rects = atlas.cells.get(species)
    if rects is None:
        fine = Branching(3, 0.3, 1.0, (0.11, 0.08), ((0.0, 0.6), (1.0, 0.4)), joints=2, pull=0.05, radius=0.6)
        bare = tubes(grow_branches(rng, twigs, fine), 3, strip, BARK_V_PER_M)
        sticks = tubes(_thin(_some(twigs, 2), 2), 3, strip, BARK_V_PER_M)
        return (
            join([wood, bare]),
            join([few_wood, tubes(_thin(twigs, 2), 3, strip, BARK_V_PER_M)]),
            join([least_wood, tubes(_thin(limbs, 2), 3, strip, BARK_V_PER_M), sticks]),
            radius,
        )
    near = _sprigs(rng, twigs, rects, cards[0], cards[2], cards[3], droop)
    ends = _sprigs(rng, limbs, rects, 3, cards[2], 0.6, droop)
    few = _sprigs(rng, twigs, rects, cards[1], cards[2] * 1.45, cards[3], droop)
    fewest = _some(twigs, max(1, round(len(twigs.radii) / COARSE_CARDS)))
    # Fewer cards are larger ones. By areas the power would be 0.5, but many of the near ones hide each other.
    larger = (len(twigs.radii) * cards[0] + len(limbs.radii) * 3) / len(fewest.radii)
    largest = _sprigs(rng, fewest, rects, 1, cards[2] * larger**0.4, cards[3], droop)
    return (
        join([_darken_inside(wood, centre, radii), _round(join([near, ends]), centre, radii)]),
        join([_darken_inside(few_wood, centre, radii), _round(few, centre, radii)]),
        join([_darken_inside(least_wood, centre, radii), _round(largest, centre, radii)]),
        radius,
    )


def _broadleaf(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """A round crown on a short trunk, oak or beech in the open."""
    height = 8.5 + 2.5 * float(fractions(rng, 1)[0])
    first = Branching(
        10,
        0.28,
        0.98,
        (0.19, 0.06),
        ((0.0, 0.46), (0.4, 0.50), (1.0, 0.30)),
        joints=6,
        pull=0.07,
        radius=0.55,
        wander=0.14,
    )
    second = Branching(
        5, 0.25, 1.0, (0.17, 0.09), ((0.0, 0.45), (1.0, 0.30)), joints=4, pull=0.05, radius=0.5, wander=0.14
    )
    return _leafy(rng, atlas, "broadleaf", "bark", height, 0.024 * height, first, second, (5, 2, 1.5, 0.15))


def _birch(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """Slender and pale, with fine hanging twigs."""
    height = 9.5 + 3.0 * float(fractions(rng, 1)[0])
    first = Branching(
        14,
        0.3,
        0.97,
        (0.13, 0.07),
        ((0.0, 0.30), (0.3, 0.34), (1.0, 0.14)),
        joints=6,
        pull=-0.03,
        radius=0.42,
        wander=0.1,
    )
    second = Branching(4, 0.3, 1.0, (0.14, 0.10), ((0.0, 0.42), (1.0, 0.34)), joints=4, pull=-0.16, radius=0.45)
    return _leafy(
        rng, atlas, "birch", "pale_bark", height, 0.0125 * height, first, second, (5, 2, 1.05, 0.15), 0.4, 0.03
    )


def _pine(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """A Scots pine: a bare trunk and a loose, flat-topped crown of tufts."""
    height = 11.0 + 4.0 * float(fractions(rng, 1)[0])
    first = Branching(
        16,
        0.48,
        0.98,
        (0.25, 0.13),
        ((0.0, 0.20), (0.3, 0.25), (1.0, 0.12)),
        joints=6,
        pull=0.10,
        radius=0.4,
        wander=0.14,
    )
    second = Branching(5, 0.35, 1.0, (0.15, 0.10), ((0.0, 0.42), (1.0, 0.30)), joints=4, pull=0.10, radius=0.5)
    return _leafy(rng, atlas, "pine", "bark", height, 0.016 * height, first, second, (4, 1, 1.0, 0.4), -0.25, 0.05)


def _dead_tree(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """A bare snag, some limbs broken short."""
    height = 6.0 + 4.0 * float(fractions(rng, 1)[0])
    first = Branching(
        9, 0.3, 0.97, (0.2, 0.1), ((0.0, 0.42), (0.5, 0.3), (1.0, 0.2)), joints=6, pull=0.04, radius=0.5, wander=0.22
    )
    second = Branching(
        4, 0.35, 1.0, (0.16, 0.1), ((0.0, 0.45), (1.0, 0.3)), joints=4, pull=0.03, radius=0.5, wander=0.2
    )
    return _leafy(rng, atlas, "dead_tree", "bark", height, 0.026 * height, first, second, (0, 0, 0.5, 0.5), lean=0.1)


def _shrub(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """Knee to breast high, many stems from the ground."""
    height = 1.1 + 0.7 * float(fractions(rng, 1)[0])
    trunk = grow_trunk(rng, height * 0.3, 0.03, 3)
    how = Branching(10, 0.0, 0.9, (0.21, 0.05), ((0.0, 1.7), (1.0, 1.9)), joints=5, pull=0.07, radius=0.6, wander=0.12)
    stems = grow_branches(rng, trunk, how)
    wood = tubes(_thin(stems, 4), 3, atlas.bark["bark"], BARK_V_PER_M)
    rects = atlas.cells.get("shrub")
    if rects is None:
        sticks, few_sticks = (
            tubes(_thin(some, 2), 3, atlas.bark["bark"], BARK_V_PER_M) for some in (stems, _some(stems, 2))
        )
        return wood, sticks, few_sticks, 0.0
    centre, radii = _crown(stems, 0.3)
    near = _round(_sprigs(rng, stems, rects, 8, height * 0.48, 0.05), centre, radii, 0.55)
    few = _round(_sprigs(rng, stems, rects, 3, height * 0.7, 0.12), centre, radii, 0.55)
    fewest = _round(_sprigs(rng, _some(stems, 2), rects, 3, height * 0.85, 0.12), centre, radii, 0.55)
    return join([_dark_foot(wood, 0.7), near]), few, fewest, 0.0


def _rays(
    rng: np.random.Generator, root: Float64, turns: Float64, rise: Float64, length: Float64, fall: float
) -> Stems:
    """Stems from one root: headings in turns, rise (turns above level) at the root, bending down by `fall` turns to the tip."""
    n, joints = len(turns), 5
    f = np.arange(joints) / (joints - 1)
    pitch = rise[:, None] - fall * f[None] * (0.8 + 0.4 * fractions(rng, n, 1))
    (cp, sp), (ca, sa) = cos_sin(pitch), cos_sin(turns)
    steps = np.stack([cp * ca[:, None], sp, cp * sa[:, None]], axis=-1)[:, :-1] * (length / (joints - 1))[:, None, None]
    points = root + np.concatenate([np.zeros((n, 1, 3)), np.cumsum(steps, axis=1)], axis=1)
    return Stems(points, np.broadcast_to(0.012 * (1.0 - 0.9 * f), (n, joints)).copy(), np.zeros(n))


def _lit(surface: Surface, dark: float, reach: float) -> Surface:
    """Foliage that fans out from an axis: normals mostly up, darker near the axis."""
    away = np.sqrt(surface.positions[:, 0] ** 2 + surface.positions[:, 2] ** 2) / reach
    out = surface.positions * np.array([0.5 / reach, 0.0, 0.5 / reach]) + np.array([0.0, 0.9, 0.0])
    shade = dark + (1.0 - dark) * smoothstep(0.05, 0.75, away)
    return Surface(surface.positions, unit(out), surface.uvs, shade, surface.indices)


def _palm(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """A slender leaning trunk and a head of arching fronds."""
    height = 6.0 + 4.0 * float(fractions(rng, 1)[0])
    lean = (0.10 + 0.22 * float(fractions(rng, 1)[0])) * height
    f = np.linspace(0.0, 1.0, 9)
    path = np.stack([lean * f * f * (1.6 - 0.6 * f), height * f, 0.06 * height * f * (1.0 - f)], axis=1)
    radius = 0.016 * height + 0.05
    radii = radius * (1.0 - 0.42 * f + 0.7 * np.maximum(0.0, 0.12 - f) / 0.12)
    trunk = Stems(path[None], radii[None], np.zeros(1))
    count = 20
    turns = (np.arange(count) + 0.6 * fractions(rng, count)) * 0.381966011250105
    rise = 0.20 - 0.26 * (np.arange(count) / count) + 0.04 * fractions(rng, count)
    fronds = _rays(rng, path[-1], turns, rise, (0.34 + 0.06 * fractions(rng, count)) * 7.0, 0.22)
    strip = atlas.bark["bark"]

    def dress(stems: Stems, width: float, segments: int) -> Surface:
        leaves = _boughs(stems, atlas.cells["palm"][0], width, 0.55, segments)
        moved = Surface(leaves.positions - path[-1], leaves.normals, leaves.uvs, leaves.shade, leaves.indices)
        lit = _lit(moved, 0.5, 1.8)
        return Surface(lit.positions + path[-1], lit.normals, lit.uvs, lit.shade, lit.indices)

    near = join([tubes(trunk, 8, strip, BARK_V_PER_M), dress(fronds, 0.17, 4)])
    middle = join([tubes(_thin(trunk, 5), 5, strip, BARK_V_PER_M), dress(_some(fronds, 2), 0.24, 2)])
    coarse = join([tubes(_thin(trunk, 3), 4, strip, BARK_V_PER_M), dress(_some(fronds, 3), 0.34, 2)])
    return near, middle, coarse, radius


def _fern(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """A crown of fronds from the ground, knee high."""
    count = 9
    turns = (np.arange(count) + 0.5 * fractions(rng, count)) / count
    rise = 0.13 + 0.06 * fractions(rng, count)
    fronds = _rays(rng, np.zeros(3), turns, rise, 0.65 + 0.35 * fractions(rng, count), 0.16)
    rect = atlas.cells["fern"][0]
    return (
        _lit(_boughs(fronds, rect, 0.24, 0.25, 2), 0.45, 0.7),
        _lit(_boughs(_some(fronds, 2), rect, 0.34, 0.25, 1), 0.45, 0.7),
        _lit(_boughs(_some(fronds, 3), rect, 0.50, 0.25, 1), 0.45, 0.7),
        0.0,
    )


def _dry_shrub(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """A wiry desert bush: more twigs than leaves."""
    height = 0.55 + 0.5 * float(fractions(rng, 1)[0])
    trunk = grow_trunk(rng, height * 0.25, 0.022, 3)
    how = Branching(12, 0.0, 0.9, (0.22, 0.09), ((0.0, 2.2), (1.0, 2.5)), joints=5, pull=0.05, radius=0.6, wander=0.16)
    stems = grow_branches(rng, trunk, how)
    wood = tubes(_thin(stems, 4), 3, atlas.bark["bark"], BARK_V_PER_M)
    centre, radii = _crown(stems, 0.2)
    rects = atlas.cells["dry_shrub"]
    near = _round(_sprigs(rng, stems, rects, 4, height * 0.55, 0.1), centre, radii, 0.6)
    few = _round(_sprigs(rng, stems, rects, 2, height * 0.8, 0.15), centre, radii, 0.6)
    fewest = _round(_sprigs(rng, stems, rects, 1, height * 1.35, 0.2), centre, radii, 0.6)
    return join([wood, near]), few, fewest, 0.0


def _lying(rng: np.random.Generator, length: float, radius: float, strip: tuple[float, float], bend: float) -> Grown:
    """A trunk on the ground, along X, with a few broken stubs; a third of it has sunk in."""
    f = np.linspace(0.0, 1.0, 7)
    sway = bend * length * (f * (1.0 - f) * 4.0)
    path = np.stack([(f - 0.5) * length, np.full(7, 0.55 * radius), sway], axis=1)
    radii = radius * (1.0 - 0.35 * f)
    closed = (
        np.concatenate([path[:1], path, path[-1:]])
        + np.array([0.02, 0.0, 0.0]) * np.array([-1.0] + [0.0] * 7 + [1.0])[:, None]
    )
    stem = Stems(closed[None], np.concatenate([[0.01], radii, [0.01]])[None], np.zeros(1))
    stubs = grow_branches(
        rng, Stems(path[None], radii[None], np.zeros(1)),
        Branching(5, 0.15, 0.95, (0.2, 0.12), ((0.0, 0.20), (1.0, 0.14)), joints=3, pull=0.10, radius=0.34, wander=0.2),
    )  # fmt: skip
    near = join([tubes(stem, 9, strip, BARK_V_PER_M), tubes(stubs, 4, strip, BARK_V_PER_M)])
    middle = join([tubes(_ends(stem), 5, strip, BARK_V_PER_M), tubes(_thin(stubs, 2), 3, strip, BARK_V_PER_M)])
    coarse = join(
        [tubes(_ends(stem, (0, 1, 7, 8)), 4, strip, BARK_V_PER_M), tubes(_thin(stubs, 2), 3, strip, BARK_V_PER_M)]
    )
    return _grounded(near), _grounded(middle), _grounded(coarse), 0.0


def _ends(stem: Stems, pick: tuple[int, ...] = (0, 1, 4, 7, 8)) -> Stems:
    """A lying trunk with its ends and perhaps its middle alone."""
    return Stems(stem.points[:, list(pick)], stem.radii[:, list(pick)], stem.along)


def _grounded(wood: Surface) -> Surface:
    """Dark where wood meets the ground; normals lean up a little, as the light that the ground throws back asks."""
    shade = 0.6 + 0.4 * smoothstep(0.0, 0.2, wood.positions[:, 1])
    return Surface(
        wood.positions, unit(wood.normals + np.array([0.0, 0.45, 0.0])), wood.uvs, wood.shade * shade, wood.indices
    )


def _log(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """A fallen trunk."""
    length = 2.6 + 2.0 * float(fractions(rng, 1)[0])
    return _lying(rng, length, 0.16 + 0.10 * float(fractions(rng, 1)[0]), atlas.bark["bark"], 0.02)


def _driftwood(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """Bleached wood that the sea has left."""
    length = 1.4 + 1.6 * float(fractions(rng, 1)[0])
    return _lying(rng, length, 0.08 + 0.07 * float(fractions(rng, 1)[0]), atlas.bark["pale_bark"], 0.09)


def _stump(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """What a felled or broken tree leaves, with flaring roots."""
    radius = 0.20 + 0.12 * float(fractions(rng, 1)[0])
    tall = 0.35 + 0.35 * float(fractions(rng, 1)[0])
    f = np.array([-0.25, 0.0, 0.25, 0.7, 1.0, 1.0, 1.0])
    radii = radius * np.array([1.75, 1.45, 1.12, 1.0, 0.96, 0.5, 0.02])
    path = np.stack([np.zeros(7), f * tall + np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.01, 0.012]), np.zeros(7)], axis=1)
    stem = Stems(path[None], radii[None], np.zeros(1))
    near = _grounded(tubes(stem, 11, atlas.bark["bark"], BARK_V_PER_M, flutes=5))
    middle, coarse = (_grounded(tubes(_thin(stem, 4), sides, atlas.bark["bark"], BARK_V_PER_M)) for sides in (6, 4))
    return near, middle, coarse, radius


def _cactus(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """A saguaro: a fluted column and a few arms that turn upwards."""
    height = 3.0 + 2.5 * float(fractions(rng, 1)[0])
    radius = 0.055 * height + 0.04
    arms = int(rng.integers(1, 4))
    column = _capsule(np.array([[0.0, -0.05, 0.0], [0.0, height * 0.5, 0.0], [0.0, height, 0.0]]), radius, 7)
    parts, few = [column], [column]
    for arm in range(arms):
        c, s = (float(v) for v in cos_sin(arm * 0.41 + float(fractions(rng, 1)[0]) * 0.2))
        y = height * (0.32 + 0.22 * float(fractions(rng, 1)[0]))
        out, rise = radius * 2.6, height * (0.2 + 0.25 * float(fractions(rng, 1)[0]))
        out_x, out_z = out * c, out * s
        bend = [(0.0, 0.0), (0.62, -0.02), (0.9, 0.10), (1.0, 0.32)]
        path = [[out_x * f, y + out * g, out_z * f] for f, g in bend] + [[out_x, y + out * 0.32 + rise, out_z]]
        parts.append(_capsule(np.array(path), radius * 0.62, 9))
        few.append(_capsule(np.array(path), radius * 0.62, 8))
    strip = atlas.bark["pale_bark"]
    near = join([_foot(tubes(part, 30, strip, BARK_V_PER_M, flutes=10)) for part in parts])
    middle = join([_foot(tubes(part, 8, strip, BARK_V_PER_M)) for part in few])
    coarse = join([_foot(tubes(_thin(part, 5), 5, strip, BARK_V_PER_M)) for part in few])
    return near, middle, coarse, radius


def _foot(surface: Surface) -> Surface:
    shade = 0.55 + 0.45 * smoothstep(-0.05, 0.6, surface.positions[:, 1])
    return Surface(surface.positions, surface.normals, surface.uvs, shade, surface.indices)


def _capsule(path: Float64, radius: float, joints: int) -> Stems:
    """A stem along a path with a rounded end."""
    step = path[1:] - path[:-1]
    length = np.concatenate([[0.0], np.cumsum(np.sqrt(dot(step, step)))])
    total = float(length[-1])
    body = np.linspace(0.0, total - radius, joints - 4)
    cap = total - radius + radius * np.array([0.5, 0.78, 0.94, 1.0])
    at = np.concatenate([body, cap])
    points = np.stack([np.interp(at, length, path[:, i]) for i in range(3)], axis=1)
    over = np.maximum(0.0, (at - (total - radius)) / radius)
    radii = radius * np.maximum(np.sqrt(np.maximum(0.0, 1.0 - over * over)), 0.02)
    return Stems(points[None], radii[None], np.zeros(1))


_GROW: dict[str, Callable[[np.random.Generator, Atlas], Grown]] = {
    "spruce": _spruce,
    "pine": _pine,
    "broadleaf": _broadleaf,
    "birch": _birch,
    "dead_tree": _dead_tree,
    "shrub": _shrub,
    "cactus": _cactus,
    "palm": _palm,
    "fern": _fern,
    "dry_shrub": _dry_shrub,
    "log": _log,
    "driftwood": _driftwood,
    "stump": _stump,
}
SPECIES = tuple(_GROW)
