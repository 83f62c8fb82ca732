"""Ground that is dug and filled: level pads under structures, paths that follow the slope, beds of rivers.

All of it is written into the levels of the terrain itself, so that the drawn ground, the ground that is walked on and the ground
that things stand on stay one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.values import HeightField, Terrain
from seedscape.scene.numeric import cos_sin, smoothstep

Float = NDArray[np.float64]
Int = NDArray[np.int64]

RIM_POSTS = 6  # a finer level grows out of the coarser one's changes over that many posts
PAD_MARGIN_M, PAD_BANK = 0.8, 2.2  # level ground around a floor; metres of bank a metre of cut or fill
BANK_LEAST_M, BANK_MOST_M = 3.0, 16.0
FLOOR_BANK_M = 1.5
SHOULDER_M = 1.8
BED_BANK = 0.55  # rise over run of a river's banks


@dataclass(frozen=True)
class Pad:
    """A level rectangle. x, z: its middle; half_x, half_z before it is turned (in turns); level_m: world height."""

    x: float
    z: float
    half_x: float
    half_z: float
    turn: float
    level_m: float

    def outside(self, x: Float, z: Float) -> Float:
        """Metres from the rectangle to points, 0 inside."""
        c, s = (float(v) for v in cos_sin(self.turn))
        dx, dz = x - self.x, z - self.z
        a = np.maximum(np.abs(dx * c - dz * s) - self.half_x, 0.0)
        b = np.maximum(np.abs(dx * s + dz * c) - self.half_z, 0.0)
        return np.asarray(np.sqrt(a * a + b * b))


@dataclass(frozen=True)
class Trail:
    """A path. points: (n, 3) x, y, z about half a metre apart, y its finished height; half_width_m: of its level surface."""

    points: Float
    half_width_m: float


@dataclass(frozen=True)
class River:
    """Running water, from its source down. points: (n, 3) about a metre apart, y the water's surface, never rising;
    width_m, depth_m: (n,). shown: (n,) bool, false where a lake or the sea takes its place."""

    points: Float
    width_m: Float
    depth_m: Float
    shown: NDArray[np.bool_]


def dig(terrain: Terrain, rivers: tuple[River, ...], pads: tuple[Pad, ...], trails: tuple[Trail, ...]) -> Terrain:
    """The terrain with beds carved, then pads levelled and paths laid. Heights far from all of them keep their bits."""
    if not (rivers or pads or trails):
        return terrain

    def shaped(height: Float, xs: Float, zs: Float) -> Float:
        for river in rivers:
            height = _carve(height, xs, zs, river)
        for pad in pads:
            height = _level(height, xs, zs, pad)
        for trail in trails:  # after the banks of the pads that they climb
            height = _lay(height, xs, zs, trail)
        for pad in pads:  # a path that brushes a floor gives way to it
            height = _level(height, xs, zs, pad, FLOOR_BANK_M)
        return height

    return reshape(terrain, shaped)


def reshape(terrain: Terrain, shape: Callable[[Float, Float, Float], Float]) -> Terrain:
    """A terrain whose heights are `shape(heights (rows, cols), xs (cols,), zs (rows,))`, its levels still meeting at their rims."""
    levels: list[HeightField] = []
    before: HeightField | None = None  # change of the coarser level
    for level in terrain.levels:
        rows, cols = level.heights_m.shape
        xs: Float = level.origin_m[0] + np.arange(cols, dtype=np.float64) * level.spacing_m
        zs: Float = level.origin_m[1] + np.arange(rows, dtype=np.float64) * level.spacing_m
        old = level.heights_m.astype(np.float64)
        change = shape(old, xs, zs) - old
        if before is not None:
            coarse = _on_grid(before, xs, zs)
            rim = np.minimum(np.arange(rows), np.arange(rows)[::-1])[:, None]
            rim = np.minimum(rim, np.minimum(np.arange(cols), np.arange(cols)[::-1])[None, :])
            inside = smoothstep(0.0, float(RIM_POSTS), rim)
            change = coarse + (change - coarse) * inside
        levels.append(replace(level, heights_m=(old + change).astype(np.float32)))
        before = HeightField(change.astype(np.float32), level.spacing_m, level.origin_m)
    return replace(terrain, levels=tuple(levels))


def nearest(points: Float, xs: Float, zs: Float, reach: Float) -> tuple[Float, Int]:
    """(len(zs), len(xs)) distance to the nearest of points (n, 2) and its index, where one lies within its reach (n,);
    infinity and -1 elsewhere."""
    distance = np.full((len(zs), len(xs)), np.inf)
    index = np.full(distance.shape, -1, np.int64)
    c0, c1 = np.searchsorted(xs, points[:, 0] - reach), np.searchsorted(xs, points[:, 0] + reach, "right")
    r0, r1 = np.searchsorted(zs, points[:, 1] - reach), np.searchsorted(zs, points[:, 1] + reach, "right")
    for k in np.flatnonzero((c1 > c0) & (r1 > r0)).tolist():
        rows, cols = slice(int(r0[k]), int(r1[k])), slice(int(c0[k]), int(c1[k]))
        dx, dz = xs[cols] - points[k, 0], zs[rows] - points[k, 1]
        away = np.sqrt((dx * dx)[None, :] + (dz * dz)[:, None])
        closer = away < np.minimum(distance[rows, cols], reach[k])
        distance[rows, cols][closer] = away[closer]
        index[rows, cols][closer] = k
    return distance, index


def _carve(height: Float, xs: Float, zs: Float, river: River) -> Float:
    """Ground lowered to a bed with flat middle and sloping banks; nothing is raised."""
    reach = river.width_m * 0.5 + 14.0
    distance, index = nearest(river.points[:, [0, 2]], xs, zs, reach)
    near = index >= 0
    k = index[near]
    half = river.width_m[k] * 0.5
    away = distance[near]
    bed = river.points[k, 1] - river.depth_m[k] * smoothstep(1.0, 0.45, away / half)
    bed = bed + np.maximum(away - half, 0.0) * BED_BANK
    result = height.copy()
    result[near] = np.minimum(height[near], bed)
    return result


def _lay(height: Float, xs: Float, zs: Float, trail: Trail) -> Float:
    """Ground brought to the path's height, with shoulders."""
    reach = np.full(len(trail.points), trail.half_width_m + SHOULDER_M)
    distance, index = nearest(trail.points[:, [0, 2]], xs, zs, reach)
    near = index >= 0
    share = smoothstep(trail.half_width_m + SHOULDER_M, trail.half_width_m, distance[near])
    result = height.copy()
    result[near] += (trail.points[index[near], 1] - height[near]) * share
    return result


def _level(height: Float, xs: Float, zs: Float, pad: Pad, bank_m: float | None = None) -> Float:
    """Ground brought to the pad's level, with banks of bank_m, or as wide as the cut or fill asks."""
    reach = np.sqrt(pad.half_x * pad.half_x + pad.half_z * pad.half_z) + PAD_MARGIN_M + BANK_MOST_M
    cols = slice(int(np.searchsorted(xs, pad.x - reach)), int(np.searchsorted(xs, pad.x + reach)))
    rows = slice(int(np.searchsorted(zs, pad.z - reach)), int(np.searchsorted(zs, pad.z + reach)))
    window = height[rows, cols]
    if not window.size:
        return height
    away = np.maximum(pad.outside(xs[cols][None, :], zs[rows][:, None]) - PAD_MARGIN_M, 0.0)
    bank = np.clip(np.abs(window - pad.level_m) * PAD_BANK, BANK_LEAST_M, BANK_MOST_M) if bank_m is None else bank_m
    t = np.clip(1.0 - away / bank, 0.0, 1.0)
    result = height.copy()
    result[rows, cols] += (pad.level_m - window) * (t * t * (3.0 - 2.0 * t))
    return result


def _on_grid(field: HeightField, xs: Float, zs: Float) -> Float:
    return field.sample(xs[None, :], zs[:, None])
