"""Trees that stand: each species as three levels of detail."""

import numpy as np

from seedscape.generation.rng import fractions
from seedscape.scene.branching import Branching, Stems, Surface, grow_branches, grow_trunk, join, tubes
from seedscape.scene.foliage import BARK_V_PER_M, Atlas
from seedscape.scene.numeric import cos_sin, smoothstep, unit
from seedscape.scene.plant_parts import (
    Grown,
    crown_of,
    dark_foot,
    darkened_inside,
    every_nth,
    fan,
    fewer_joints,
    folded_boughs,
    lit_from_above,
    rounded,
    sprigs,
    upright_cards,
)

COARSE_CARDS = 40  # about, on the coarse level of a broad tree


def grow_spruce(rng: np.random.Generator, atlas: Atlas) -> Grown:
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
        needles = folded_boughs(stems, atlas.cells["spruce"][0], width, slope, segments)
        lead = np.repeat((top - np.array([0.0, 0.085 * height, 0.0]))[None], 3, axis=0)
        c, s = cos_sin(np.arange(3) / 6.0)
        right = np.stack([c, np.zeros(3), s], axis=1) * (0.021 * height)
        tip = upright_cards(
            lead, np.tile([0.0, 0.115 * height, 0.0], (3, 1)), right, np.array([atlas.cells["spruce"][0]] * 3)
        )
        needles = join([needles, tip])
        x, y, z = needles.positions.T
        reach = np.sqrt(x * x + z * z)
        outline = np.maximum(0.25 * height * (1.0 - y / height), 0.25)
        normals = unit(np.stack([x / outline, np.full_like(x, 0.95), z / outline], axis=1))
        shade = (0.45 + 0.55 * smoothstep(0.1, 1.0, reach / outline)) * (0.8 + 0.2 * smoothstep(0.0, 0.4, y / height))
        return Surface(needles.positions, normals, needles.uvs, shade, needles.indices)

    near = join([dark_foot(tubes(trunk, 8, atlas.bark["bark"], BARK_V_PER_M), 0.55), dress(boughs, 0.29, 0.75, 2)])
    few = every_nth(boughs, 2)
    bark = atlas.bark["bark"]
    middle = join([dark_foot(tubes(fewer_joints(trunk, 4), 5, bark, BARK_V_PER_M), 0.55), dress(few, 0.42, 1.0, 1)])
    fewest = dress(every_nth(boughs, 4), 0.56, 1.3, 1)
    coarse = join([dark_foot(tubes(fewer_joints(trunk, 2), 3, bark, BARK_V_PER_M), 0.55), fewest])
    return near, middle, coarse, 0.015 * height


def _straight_foot(trunk: Stems) -> Stems:
    """Without the flare, which few joints would draw out to half of the height."""
    radii = trunk.radii.copy()
    radii[:, 0] = 1.15 * radii[:, 1]
    return Stems(trunk.points, radii, trunk.along)


def _leafy(
    rng: np.random.Generator, atlas: Atlas, species: str, bark: str, height: float, radius: float,
    first: Branching, second: Branching, cards: tuple[int, int, float, float], droop: float = 0.0, lean: float = 0.05,
) -> Grown:  # fmt: skip
    """A trunk, branches, twigs and cards on them. cards: on each twig near, on each twig in the middle, size, start."""
    trunk = grow_trunk(rng, height, radius, 8, lean=lean, tip=0.25)
    limbs = grow_branches(rng, trunk, first)
    twigs = grow_branches(rng, limbs, second)
    centre, radii = crown_of(twigs, cards[2] * 0.6)
    strip = atlas.bark[bark]
    wood = join(
        [
            tubes(trunk, 8, strip, BARK_V_PER_M),
            tubes(fewer_joints(limbs, 4), 5, strip, BARK_V_PER_M),
            tubes(fewer_joints(twigs, 2 if species in atlas.cells else 3), 3, strip, BARK_V_PER_M),
        ]
    )
    few_wood = join(
        [tubes(fewer_joints(trunk, 4), 5, strip, BARK_V_PER_M), tubes(fewer_joints(limbs, 3), 3, strip, BARK_V_PER_M)]
    )
    least_wood = tubes(_straight_foot(fewer_joints(trunk, 3)), 4, strip, BARK_V_PER_M)
    rects = atlas.cells.get(species)
    if rects is None:
        fine = Branching(3, 0.3, 1.0, (0.11, 0.08), ((0.0, 0.6), (1.0, 0.4)), joints=2, pull=0.05, radius=0.6)
        bare = tubes(grow_branches(rng, twigs, fine), 3, strip, BARK_V_PER_M)
        sticks = tubes(fewer_joints(every_nth(twigs, 2), 2), 3, strip, BARK_V_PER_M)
        return (
            join([wood, bare]),
            join([few_wood, tubes(fewer_joints(twigs, 2), 3, strip, BARK_V_PER_M)]),
            join([least_wood, tubes(fewer_joints(limbs, 2), 3, strip, BARK_V_PER_M), sticks]),
            radius,
        )
    near = sprigs(rng, twigs, rects, cards[0], cards[2], cards[3], droop)
    ends = sprigs(rng, limbs, rects, 3, cards[2], 0.6, droop)
    few = sprigs(rng, twigs, rects, cards[1], cards[2] * 1.45, cards[3], droop)
    fewest = every_nth(twigs, max(1, round(len(twigs.radii) / COARSE_CARDS)))
    # Fewer cards are larger ones. By areas the power would be 0.5, but many of the near ones hide each other.
    larger = (len(twigs.radii) * cards[0] + len(limbs.radii) * 3) / len(fewest.radii)
    largest = sprigs(rng, fewest, rects, 1, cards[2] * larger**0.4, cards[3], droop)
    return (
        join([darkened_inside(wood, centre, radii), rounded(join([near, ends]), centre, radii)]),
        join([darkened_inside(few_wood, centre, radii), rounded(few, centre, radii)]),
        join([darkened_inside(least_wood, centre, radii), rounded(largest, centre, radii)]),
        radius,
    )


def grow_broadleaf(rng: np.random.Generator, atlas: Atlas) -> Grown:
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


def grow_birch(rng: np.random.Generator, atlas: Atlas) -> Grown:
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


def grow_pine(rng: np.random.Generator, atlas: Atlas) -> Grown:
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


def grow_dead_tree(rng: np.random.Generator, atlas: Atlas) -> Grown:
    """A bare snag, some limbs broken short."""
    height = 6.0 + 4.0 * float(fractions(rng, 1)[0])
    first = Branching(
        9, 0.3, 0.97, (0.2, 0.1), ((0.0, 0.42), (0.5, 0.3), (1.0, 0.2)), joints=6, pull=0.04, radius=0.5, wander=0.22
    )
    second = Branching(
        4, 0.35, 1.0, (0.16, 0.1), ((0.0, 0.45), (1.0, 0.3)), joints=4, pull=0.03, radius=0.5, wander=0.2
    )
    return _leafy(rng, atlas, "dead_tree", "bark", height, 0.026 * height, first, second, (0, 0, 0.5, 0.5), lean=0.1)


def grow_palm(rng: np.random.Generator, atlas: Atlas) -> Grown:
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
    fronds = fan(rng, path[-1], turns, rise, (0.34 + 0.06 * fractions(rng, count)) * 7.0, 0.22)
    strip = atlas.bark["bark"]

    def dress(stems: Stems, width: float, segments: int) -> Surface:
        leaves = folded_boughs(stems, atlas.cells["palm"][0], width, 0.55, segments)
        moved = Surface(leaves.positions - path[-1], leaves.normals, leaves.uvs, leaves.shade, leaves.indices)
        lit = lit_from_above(moved, 0.5, 1.8)
        return Surface(lit.positions + path[-1], lit.normals, lit.uvs, lit.shade, lit.indices)

    near = join([tubes(trunk, 8, strip, BARK_V_PER_M), dress(fronds, 0.17, 4)])
    middle = join([tubes(fewer_joints(trunk, 5), 5, strip, BARK_V_PER_M), dress(every_nth(fronds, 2), 0.24, 2)])
    coarse = join([tubes(fewer_joints(trunk, 3), 4, strip, BARK_V_PER_M), dress(every_nth(fronds, 3), 0.34, 2)])
    return near, middle, coarse, radius
