"""The skeleton of a tree: stems that bear stems, and the tubes that show them.

Stems of one order are grown together as arrays (s stems of k points). The rules are those of Weber and Penn 1995,
"Creation and rendering of realistic trees": children are set along the parent by the golden angle, leave it at a down
angle, take their length from the parent's and from the shape of the crown, and bend a little at each joint. Angles are
given as turns; bending towards the light or the ground is a pull added at each joint instead of their curve angles.
"""

from dataclasses import dataclass

import numpy as np

from seedscape.generation.rng import fractions
from seedscape.scene.numeric import Float64, cos_sin, dot, unit

GOLDEN_TURN = 0.381966011250105  # (3 - sqrt 5) / 2 of a turn: neighbours never stand above each other


@dataclass(frozen=True)
class Stems:
    """Stems of one order. points (s, k, 3) metres from root to tip; radii (s, k); along (s,): where on the parent, 0..1."""

    points: Float64
    radii: Float64
    along: Float64

    @property
    def lengths(self) -> Float64:
        """(s,) metres from root to tip, joint by joint."""
        step = self.points[:, 1:] - self.points[:, :-1]
        return np.asarray(np.sqrt(dot(step, step)).sum(axis=1))


@dataclass(frozen=True)
class Branching:
    """How stems of one order stand on those of the order before.

    count:  children of each parent.            joints: points along each child.
    start, end: fraction of the parent that bears them.
    turns_down: angle to the parent's direction at start and at end, in turns (0.25 stands out squarely).
    length: knots (fraction along the bearing part, length as a share of the parent's length).
    radius: root radius as a share of the parent's radius at that place; tip: tip radius as a share of the root's.
    pull:   added to the direction at each joint: > 0 up to the light, < 0 down.   wander: sideways jitter of each joint.
    whorl:  children that leave at one height (conifers); 1 sets them one by one.
    """

    count: int
    start: float
    end: float
    turns_down: tuple[float, float]
    length: tuple[tuple[float, float], ...]
    joints: int = 5
    radius: float = 0.5
    tip: float = 0.25
    pull: float = 0.0
    wander: float = 0.08
    whorl: int = 1


def grow_trunk(
    rng: np.random.Generator, height_m: float, radius_m: float, joints: int, lean: float = 0.04, tip: float = 0.12
) -> Stems:
    """The trunk (1 stem) from the origin upwards, with a flared foot and a slight wander that returns to upright."""
    f = np.linspace(0.0, 1.0, joints)
    sway = (fractions(rng, joints, 2) - 0.5) * (2.0 * lean * height_m / joints)
    offset = np.cumsum(sway, axis=0)
    offset = offset - offset[0]
    points = np.stack([offset[:, 0], f * height_m, offset[:, 1]], axis=1)
    flare = 1.0 + 0.45 * np.maximum(0.0, 1.0 - f * height_m / (4.0 * radius_m)) ** 2
    radii = radius_m * (1.0 - (1.0 - tip) * f) * flare
    return Stems(points[None], radii[None], np.zeros(1))


def grow_branches(rng: np.random.Generator, parents: Stems, how: Branching) -> Stems:
    """The next order of stems on all parents: (s * count) stems."""
    s, k = parents.radii.shape
    n = how.count
    place = (np.arange(n) // how.whorl + 0.5) * how.whorl / n
    jitter = (fractions(rng, s, n) - 0.5) * (0.9 * how.whorl / n if how.whorl == 1 else 0.12 / n)
    share = np.clip(place[None] + jitter, 0.0, 1.0)  # (s, n) of the bearing part
    along = how.start + (how.end - how.start) * share

    at = np.clip(along * (k - 1), 0.0, k - 1.000001)
    i = at.astype(np.int64)
    f = (at - i)[..., None]
    rows = np.arange(s)[:, None]
    low, high = parents.points[rows, i], parents.points[rows, i + 1]
    root = low + (high - low) * f
    parent_direction = unit(high - low)
    parent_radius = parents.radii[rows, i] * (1.0 - f[..., 0]) + parents.radii[rows, i + 1] * f[..., 0]

    ring = np.arange(n) // how.whorl * GOLDEN_TURN + np.arange(n) % how.whorl / how.whorl
    azimuth = ring[None] + fractions(rng, s, 1) + (fractions(rng, s, n) - 0.5) * 0.16 / how.whorl
    side, other = _frame(parent_direction)
    c, sn = cos_sin(azimuth)
    outward = side * c[..., None] + other * sn[..., None]
    down = how.turns_down[0] + (how.turns_down[1] - how.turns_down[0]) * share + (fractions(rng, s, n) - 0.5) * 0.03
    c, sn = cos_sin(down)
    direction = parent_direction * c[..., None] + outward * sn[..., None]

    knots_x, knots_y = zip(*how.length, strict=True)
    length = parents.lengths[:, None] * np.interp(share, knots_x, knots_y) * (0.85 + 0.3 * fractions(rng, s, n))

    m = s * n
    direction = direction.reshape(m, 3)
    step = (length / (how.joints - 1)).reshape(m, 1)
    points = [root.reshape(m, 3)]
    wander = (fractions(rng, m, how.joints, 3) - 0.5) * 2.0 * how.wander
    for joint in range(1, how.joints):
        points.append(points[-1] + direction * step)
        direction = unit(direction + np.array([0.0, how.pull, 0.0]) + wander[:, joint])
    taper = 1.0 - (1.0 - how.tip) * np.linspace(0.0, 1.0, how.joints)
    radius = np.minimum(parent_radius * how.radius, length * 0.06).reshape(m, 1)
    return Stems(np.stack(points, axis=1), radius * taper[None], share.reshape(m))


def _frame(direction: Float64) -> tuple[Float64, Float64]:
    """Two unit vectors square to each direction and to each other."""
    upright = np.abs(direction[..., 1:2]) > 0.9  # the helper axis must never lie along the direction
    helper = np.where(upright, np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    side = unit(np.cross(helper, direction))
    return side, np.cross(direction, side)


@dataclass(frozen=True)
class Surface:
    """Triangles being built. positions, normals (n, 3); uvs (n, 2); shade (n,) 0 dark .. 1 open; indices (m, 3)."""

    positions: Float64
    normals: Float64
    uvs: Float64
    shade: Float64
    indices: np.ndarray


def join(parts: list[Surface]) -> Surface:
    """One surface of all parts, in order."""
    offsets = np.cumsum([0] + [len(part.positions) for part in parts[:-1]])
    return Surface(
        np.concatenate([part.positions for part in parts]),
        np.concatenate([part.normals for part in parts]),
        np.concatenate([part.uvs for part in parts]),
        np.concatenate([part.shade for part in parts]),
        np.concatenate([part.indices + offset for part, offset in zip(parts, offsets, strict=True)]),
    )


def tubes(stems: Stems, sides: int, strip: tuple[float, float], v_per_m: float, flutes: int = 0) -> Surface:
    """Tapered tubes around stems; U goes once around within `strip`, V runs along (the bark repeats in V).

    flutes > 0 gives the cross-section that many rounded ribs (cactus). Frames are carried from joint to joint by
    projection (a discrete parallel transport), so that tubes do not twist.
    """
    s, k = stems.radii.shape
    tangent = np.empty_like(stems.points)
    tangent[:, 1:-1] = stems.points[:, 2:] - stems.points[:, :-2]
    tangent[:, 0] = stems.points[:, 1] - stems.points[:, 0]
    tangent[:, -1] = stems.points[:, -1] - stems.points[:, -2]
    tangent = unit(tangent)
    side, _ = _frame(tangent[:, 0])
    sides_at = [side]
    for joint in range(1, k):
        t = tangent[:, joint]
        side = unit(side - t * dot(side, t)[:, None])
        sides_at.append(side)
    across = np.stack(sides_at, axis=1)
    around = np.cross(tangent, across)

    turn = np.arange(sides + 1) / sides
    c, sn = cos_sin(turn)
    bulge = np.ones(sides + 1)
    if flutes:
        bulge = 1.0 + 0.1 * cos_sin(turn * flutes)[0]
    normals = across[:, :, None] * c[:, None] + around[:, :, None] * sn[:, None]  # (s, k, sides + 1, 3)
    positions = stems.points[:, :, None] + normals * (stems.radii[:, :, None] * bulge)[..., None]
    if flutes:  # lean the normals down the flanks of the ribs
        lean = (0.1 * flutes * cos_sin(turn * flutes)[1])[:, None]
        along_ring = around[:, :, None] * c[:, None] - across[:, :, None] * sn[:, None]
        normals = unit(normals + along_ring * lean)
    step = stems.points[:, 1:] - stems.points[:, :-1]
    v = np.concatenate([np.zeros((s, 1)), np.cumsum(np.sqrt(dot(step, step)), axis=1)], axis=1) * v_per_m
    u = strip[0] + (strip[1] - strip[0]) * turn
    uvs = np.stack(np.broadcast_arrays(u[None, None], v[:, :, None]), axis=-1)

    a = (np.arange(k - 1)[:, None] * (sides + 1) + np.arange(sides)[None]).reshape(-1)
    quad = np.stack([a, a + 1, a + sides + 1, a + 1, a + sides + 2, a + sides + 1], axis=1).reshape(-1, 3)
    indices = (np.arange(s)[:, None, None] * (k * (sides + 1)) + quad[None]).reshape(-1, 3)
    return Surface(
        positions.reshape(-1, 3),
        np.asarray(normals).reshape(-1, 3),
        uvs.reshape(-1, 2),
        np.ones(s * k * (sides + 1)),
        indices,
    )
