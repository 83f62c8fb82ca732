"""Survey of the visited square: slopes, hollows, where water runs and stands, how open the sky is.

Hollows are filled by priority-flood (Barnes, Lehman, Mulla 2014, "Priority-flood: an optimal depression-filling and
watershed-labeling algorithm"); every cell then drains to its steepest lower neighbour, or the way the flood came in
where the filled ground is flat (D8).
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.hydrology import NEIGHBOURS, accumulate, flood, receivers
from seedscape.generation.values import Terrain
from seedscape.scene.biomes import Biome
from seedscape.scene.earthworks import River, nearest
from seedscape.scene.joined import joined
from seedscape.scene.land import grid_heights
from seedscape.scene.numeric import cos_sin, smoothstep
from seedscape.scene.site import Lake, Site
from seedscape.scene.spec import SceneSpec

if TYPE_CHECKING:
    from seedscape.scene.plan import Plan

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

DRY_RADIUS_M = 14.0  # no standing water this near to the spawn point
DRY_FREEBOARD_M = 0.4  # and the water farther out stays this far below the driest ground in that circle
MAX_LAKES = 8
SEA_COVER_M = 0.35
SEA_FREEBOARD_M = 1.2
SEA_LEVELS_M = (-1.5, -2.2, -3.0, -4.0, -5.5, -7.5, -10.0, -14.0, -20.0, -28.0)
SEA_ENOUGH = 0.15  # share of the round view with sea in sight that makes a coast
SEA_STEPS = 8  # steps of a sight line over water that count as a full view
SEA_NEAREST_M = 16.0
SIGHT_M, SIGHT_STEPS, SIGHT_RAYS = 3500, 48, 48
EYE_M = 1.65


def survey(
    terrain: Terrain, spec: SceneSpec, biome: Biome, rivers: tuple[River, ...] = (), plan: "Plan | None" = None
) -> Site:
    """Land properties over the visited square of spec.size_m, on posts about 4 m apart (finer for small squares).

    rivers, plan: what has been dug into the terrain since it was surveyed first; no lake may rise into what is built.
    """
    steps = int(min(max(spec.size_m / 4.0, 128.0), 320.0)) // 2 * 2
    spacing = spec.size_m / steps
    line: Float = (np.arange(steps + 1, dtype=np.float64) - steps / 2) * spacing
    height = grid_heights(terrain, line, line)
    smooth = _blur(_blur(_blur(_blur(height))))
    d_row, d_col = _gradient(height, spacing)
    slope = np.sqrt(d_row * d_row + d_col * d_col)
    filled, parents, order = flood(height)
    area = accumulate(receivers(filled, parents, spacing), order) * spacing * spacing
    sea_m = _sea_level(terrain, biome)
    water = spec.water * biome.standing_water
    built = np.zeros(height.shape, bool)
    if plan is not None:
        built = plan.taken.sample(line[None, :], line[:, None]) > 0.0
    lakes = find_lakes(height, filled, spacing, line, water, sea_m, built)
    depth = np.zeros_like(height)
    for lake in lakes:
        depth[lake.mask] = lake.level_m - height[lake.mask]
    if sea_m is not None:
        depth = np.maximum(depth, sea_m - height)
    for river in rivers:
        depth = np.maximum(depth, _river_depth(river, line, spacing))
    curvature = _curvature(smooth, spacing)
    return Site(
        terrain=terrain,
        size_m=spec.size_m,
        spacing_m=spacing,
        origin_m=(float(line[0]), float(line[0])),
        height_m=height.astype(np.float32),
        slope=slope.astype(np.float32),
        curvature=curvature.astype(np.float32),
        moisture=_moisture(area, slope, curvature, depth, spacing, water).astype(np.float32),
        water_depth_m=np.maximum(depth, 0.0).astype(np.float32),
        openness=openness(height, spacing).astype(np.float32),
        lakes=lakes,
        sea_level_m=sea_m,
        rivers=rivers,
        trail=None if plan is None else plan.trail,
        taken=None if plan is None else plan.taken,
        view_rad=None if plan is None else plan.view_rad,
        drainage=(filled, parents, order),
    )


def _river_depth(river: River, line: Float, spacing: float) -> Float:
    """Depth at posts in or beside a river: posts are as far apart as it is wide, so those next to it count as wet too."""
    points = river.points[river.shown]
    if not len(points):
        return np.zeros((len(line), len(line)))
    half = np.maximum(river.width_m[river.shown] * 0.5 + 0.4, spacing * 0.72)
    distance, index = nearest(points[:, [0, 2]], line, line, half)
    depth = np.maximum(river.depth_m[river.shown], 0.35)
    return np.where(index >= 0, depth[np.maximum(index, 0)], 0.0) * (distance < np.inf)


def find_lakes(
    height: Float,
    filled: Float,
    spacing: float,
    line: Float,
    water: float,
    sea_m: float | None,
    built: Bool | None = None,
) -> tuple[Lake, ...]:
    """Hollows deep and wide enough to hold a lake, largest first; their surfaces are exactly flat.

    water 0 .. 1 sets both how small a hollow may be and how full it stands. A lake that would flood the spawn point is drained
    to below the ground there, and dropped when little is left of it; so is one that would reach posts of `built`.
    """
    if water <= 0.0:
        return ()
    flat_height, flat_filled = height.ravel(), filled.ravel()
    held = flat_filled > flat_height
    if not held.any():
        return ()
    labels = _basins(filled, filled > height)
    deepest = np.zeros(height.size)
    np.maximum.at(deepest, labels[held], (flat_filled - flat_height)[held])
    area = np.bincount(labels[held], minlength=height.size) * spacing * spacing
    least_depth, least_area = 1.6 - 1.2 * water, 900.0 - 700.0 * water
    share = 0.45 + 0.5 * water
    worth = np.flatnonzero((deepest > least_depth) & (area > least_area))
    worth = worth[np.lexsort((worth, -area[worth]))]
    near = line * line
    guarded = ((near[:, None] + near[None, :]) <= DRY_RADIUS_M * DRY_RADIUS_M).ravel()
    dry_m = float(flat_height[guarded].min()) - DRY_FREEBOARD_M
    lakes: list[Lake] = []
    for number in worth.tolist():
        cells = np.flatnonzero(held & (labels == number))
        bottom = float(flat_height[cells].min())
        surface = bottom + float(deepest[number]) * share
        if guarded[cells].any():
            surface = min(surface, dry_m)
        if built is not None and built.ravel()[cells].any():
            surface = min(surface, float(flat_height[cells][built.ravel()[cells]].min()) - DRY_FREEBOARD_M)
        if sea_m is not None and surface <= sea_m:
            continue
        wet = cells[flat_height[cells] < surface]
        if surface - bottom < 0.5 * least_depth or len(wet) * spacing * spacing < 0.5 * least_area:
            continue
        mask = np.zeros(height.size, bool)
        mask[wet] = True
        lakes.append(Lake(surface, mask.reshape(height.shape), len(wet) * spacing * spacing, surface - bottom))
        if len(lakes) == MAX_LAKES:
            break
    return tuple(lakes)


def _basins(filled: Float, held: Bool) -> Int:
    """Flat label of each post: posts of one hollow that fills to one level share theirs."""
    rows, cols = filled.shape
    index = np.arange(rows * cols).reshape(rows, cols)
    firsts, seconds = [], []
    for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = (slice(0, rows - dr), slice(max(0, -dc), cols - max(0, dc)))
        there = (slice(dr, rows), slice(max(0, dc), cols + min(0, dc)))
        same = held[here] & held[there] & (filled[here] == filled[there])
        firsts.append(index[here][same])
        seconds.append(index[there][same])
    return joined(rows * cols, np.concatenate(firsts), np.concatenate(seconds))


def _sea_level(terrain: Terrain, biome: Biome) -> float | None:
    """World height of the sea where the biome has one.

    Elevation data shows the sea as a plain at its level, so ours stands a little above that, and always below the spawn
    point's feet. Where that sea would not be in sight, it stands as much higher as shows most of it: a coast whose visitor
    sees no sea is none.
    """
    if not biome.sea:
        return None
    own = min(SEA_COVER_M - terrain.altitude_m, -SEA_FREEBOARD_M)
    in_sight = _view(terrain)
    if _sea_seen(in_sight, own) >= SEA_ENOUGH:
        return own
    shown = [(_sea_seen(in_sight, level), level) for level in SEA_LEVELS_M if level > own]
    best = max(shown, default=(0.0, own))
    return best[1] if best[0] > 0.0 or float(terrain.levels[0].heights_m.min()) < own else None


def _view(terrain: Terrain) -> tuple[Float, Float, Float]:
    """(rays, steps) ground heights along rays from the spawn point's eye, the steepest sight line before each, distances."""
    distances: Float = np.array([float(SIGHT_M) * (k / SIGHT_STEPS) ** 2 for k in range(1, SIGHT_STEPS + 1)])
    cosine, sine = cos_sin(np.arange(SIGHT_RAYS) / SIGHT_RAYS)
    ground = terrain.height(cosine[:, None] * distances, sine[:, None] * distances)
    return ground, np.maximum.accumulate((ground - EYE_M) / distances, axis=1), distances


def _sea_seen(view: tuple[Float, Float, Float], level: float) -> float:
    """Share of the sight lines on which a sea at that level lies in sight, each counted by how much of it is."""
    ground, steepest, distances = view
    angle = (level - EYE_M) / distances
    before = np.concatenate([np.full((len(ground), 1), -np.inf), steepest[:, :-1]], axis=1)
    wet = (ground < level) & (angle >= before) & (distances > SEA_NEAREST_M)
    return float(np.minimum(wet.sum(axis=1) / SEA_STEPS, 1.0).mean())


def openness(height: Float, spacing: float) -> Float:
    """Share of the sky that the land leaves open, 0 .. 1: mean cos^2 of the horizon in eight directions, up to 64 posts away."""
    rows, cols = height.shape
    total = np.zeros_like(height)
    for dr, dc in NEIGHBOURS:
        step = spacing * (1.4142135623730951 if dr and dc else 1.0)
        horizon = np.zeros_like(height)
        for reach in (1, 2, 4, 8, 16, 32, 64):
            if reach >= min(rows, cols):
                break
            r, c = dr * reach, dc * reach
            here = (slice(max(0, -r), rows - max(0, r)), slice(max(0, -c), cols - max(0, c)))
            there = (slice(max(0, r), rows + min(0, r)), slice(max(0, c), cols + min(0, c)))
            horizon[here] = np.maximum(horizon[here], (height[there] - height[here]) / (step * reach))
        total += 1.0 / (1.0 + horizon * horizon)
    return total / len(NEIGHBOURS)


def _moisture(area: Float, slope: Float, curvature: Float, depth: Float, spacing: float, water: float) -> Float:
    """0 dry .. 1 wet from the topographic wetness index ln(area / slope) (Beven and Kirkby 1979), hollows and nearby water."""
    index = _log2(area / spacing / (slope + 0.03))
    wet = smoothstep(4.5, 15.0, index) + smoothstep(0.0, 0.02, -curvature) * 0.25
    near = (depth > 0.0).astype(np.float64)
    for _ in range(6):
        near = np.maximum(_blur(near), near * 0.9)
    wet = _blur(_blur(wet)) * (0.75 + 0.5 * water) + near * 0.8
    return np.clip(wet, 0.0, 1.0)


def _log2(values: Float) -> Float:
    """Piecewise linear log2 from the exponent bits: exact arithmetic, the same on every machine."""
    mantissa, exponent = np.frexp(values)
    return np.asarray(exponent + 2.0 * mantissa - 2.0)


def _gradient(height: Float, spacing: float) -> tuple[Float, Float]:
    """d/dz and d/dx by central differences, one-sided on the rim."""
    d_row, d_col = np.empty_like(height), np.empty_like(height)
    d_row[1:-1] = (height[2:] - height[:-2]) / (2.0 * spacing)
    d_row[0], d_row[-1] = (height[1] - height[0]) / spacing, (height[-1] - height[-2]) / spacing
    d_col[:, 1:-1] = (height[:, 2:] - height[:, :-2]) / (2.0 * spacing)
    d_col[:, 0] = (height[:, 1] - height[:, 0]) / spacing
    d_col[:, -1] = (height[:, -1] - height[:, -2]) / spacing
    return d_row, d_col


def _curvature(height: Float, spacing: float) -> Float:
    """Minus the Laplacian, 1/m: positive on ridges and tops."""
    padded = np.pad(height, 1, mode="edge")
    around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    return np.asarray((4.0 * height - around) / (spacing * spacing))


def _blur(grid: Float) -> Float:
    """Binomial 3 x 3."""
    padded = np.pad(grid, 1, mode="edge")
    rows = padded[:-2] * 0.25 + padded[1:-1] * 0.5 + padded[2:] * 0.25
    return np.asarray(rows[:, :-2] * 0.25 + rows[:, 1:-1] * 0.5 + rows[:, 2:] * 0.25)
