"""What grows and lies low: shrubs, ferns, fallen wood, cacti, each as three levels of detail."""

import numpy as np

from seedscape.generation.rng import fractions
from seedscape.scene.branching import Branching, Stems, Surface, grow_branches, grow_trunk, join, tubes
from seedscape.scene.foliage import BARK_V_PER_M, Atlas
from seedscape.scene.numeric import Float64, cos_sin, dot, smoothstep, unit
from seedscape.scene.plant_parts import (
    Grown,
    crown_of,
    dark_foot,
    every_nth,
    fan,
    fewer_joints,
    folded_boughs,
    lit_from_above,
    rounded,
    sprigs,
)


def grow_shrub(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """Knee to breast high, many stems from the ground."""
    height = 1.1 + 0.7 * float(fractions(rng, 1)[0])
    trunk = grow_trunk(rng, height * 0.3, 0.03, 3)
    how = Branching(10, 0.0, 0.9, (0.21, 0.05), ((0.0, 1.7), (1.0, 1.9)), joints=5, pull=0.07, radius=0.6, wander=0.12)
    stems = grow_branches(rng, trunk, how)
    wood = tubes(fewer_joints(stems, 4), 3, atlas.bark["bark"], BARK_V_PER_M)
    rects = atlas.cells.get("shrub")
    if rects is None:
        sticks, few_sticks = (
            tubes(fewer_joints(some, 2), 3, atlas.bark["bark"], BARK_V_PER_M) for some in (stems, every_nth(stems, 2))
        )
        return wood, sticks, few_sticks, 0.0
    centre, radii = crown_of(stems, 0.3)
    near = rounded(sprigs(rng, stems, rects, 8, height * 0.48, 0.05), centre, radii, 0.55)
    few = rounded(sprigs(rng, stems, rects, 3, height * 0.7, 0.12), centre, radii, 0.55)
    fewest = rounded(sprigs(rng, every_nth(stems, 2), rects, 3, height * 0.85, 0.12), centre, radii, 0.55)
    return join([dark_foot(wood, 0.7), near]), few, fewest, 0.0


def grow_fern(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """A crown of fronds from the ground, knee high."""
    count = 9
    turns = (np.arange(count) + 0.5 * fractions(rng, count)) / count
    rise = 0.13 + 0.06 * fractions(rng, count)
    fronds = fan(rng, np.zeros(3), turns, rise, 0.65 + 0.35 * fractions(rng, count), 0.16)
    rect = atlas.cells["fern"][0]
    return (
        lit_from_above(folded_boughs(fronds, rect, 0.24, 0.25, 2), 0.45, 0.7),
        lit_from_above(folded_boughs(every_nth(fronds, 2), rect, 0.34, 0.25, 1), 0.45, 0.7),
        lit_from_above(folded_boughs(every_nth(fronds, 3), rect, 0.50, 0.25, 1), 0.45, 0.7),
        0.0,
    )


def grow_dry_shrub(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """A wiry desert bush: more twigs than leaves."""
    height = 0.55 + 0.5 * float(fractions(rng, 1)[0])
    trunk = grow_trunk(rng, height * 0.25, 0.022, 3)
    how = Branching(12, 0.0, 0.9, (0.22, 0.09), ((0.0, 2.2), (1.0, 2.5)), joints=5, pull=0.05, radius=0.6, wander=0.16)
    stems = grow_branches(rng, trunk, how)
    wood = tubes(fewer_joints(stems, 4), 3, atlas.bark["bark"], BARK_V_PER_M)
    centre, radii = crown_of(stems, 0.2)
    rects = atlas.cells["dry_shrub"]
    near = rounded(sprigs(rng, stems, rects, 4, height * 0.55, 0.1), centre, radii, 0.6)
    few = rounded(sprigs(rng, stems, rects, 2, height * 0.8, 0.15), centre, radii, 0.6)
    fewest = rounded(sprigs(rng, stems, rects, 1, height * 1.35, 0.2), centre, radii, 0.6)
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
    middle = join([tubes(_ends(stem), 5, strip, BARK_V_PER_M), tubes(fewer_joints(stubs, 2), 3, strip, BARK_V_PER_M)])
    coarse = join(
        [
            tubes(_ends(stem, (0, 1, 7, 8)), 4, strip, BARK_V_PER_M),
            tubes(fewer_joints(stubs, 2), 3, strip, BARK_V_PER_M),
        ]
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


def grow_log(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """A fallen trunk."""
    length = 2.6 + 2.0 * float(fractions(rng, 1)[0])
    return _lying(rng, length, 0.16 + 0.10 * float(fractions(rng, 1)[0]), atlas.bark["bark"], 0.02)


def grow_driftwood(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """Bleached wood that the sea has left."""
    length = 1.4 + 1.6 * float(fractions(rng, 1)[0])
    return _lying(rng, length, 0.08 + 0.07 * float(fractions(rng, 1)[0]), atlas.bark["pale_bark"], 0.09)


def grow_stump(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """What a felled or broken tree leaves, with flaring roots."""
    radius = 0.20 + 0.12 * float(fractions(rng, 1)[0])
    tall = 0.35 + 0.35 * float(fractions(rng, 1)[0])
    f = np.array([-0.25, 0.0, 0.25, 0.7, 1.0, 1.0, 1.0])
    radii = radius * np.array([1.75, 1.45, 1.12, 1.0, 0.96, 0.5, 0.02])
    path = np.stack([np.zeros(7), f * tall + np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.01, 0.012]), np.zeros(7)], axis=1)
    stem = Stems(path[None], radii[None], np.zeros(1))
    near = _grounded(tubes(stem, 11, atlas.bark["bark"], BARK_V_PER_M, flutes=5))
    middle, coarse = (
        _grounded(tubes(fewer_joints(stem, 4), sides, atlas.bark["bark"], BARK_V_PER_M)) for sides in (6, 4)
    )
    return near, middle, coarse, radius


def grow_cactus(rng: np.random.Generator, atlas: Atlas) -> Grown:
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
    coarse = join([_foot(tubes(fewer_joints(part, 5), 5, strip, BARK_V_PER_M)) for part in few])
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
