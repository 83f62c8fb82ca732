"""Running water: where the land itself gathers enough of it.

Water is routed twice with the same hydrology (priority-flood, D8): over the whole land at its coarsest posts, which says what
enters the visited square from beyond, and over the survey of the square, which says which way it takes there. A river follows the
drained cells from where they carry enough down to a lake, the sea or the rim. Its surface never rises downstream: where the way
leads through a rise, the bed is cut through it.
"""

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.hydrology import accumulate, flood, receivers
from seedscape.generation.values import HeightField
from seedscape.scene.biomes import Biome
from seedscape.scene.earthworks import River
from seedscape.scene.numeric import smoothstep
from seedscape.scene.site import Site
from seedscape.scene.spec import SceneSpec

Float = NDArray[np.float64]
Int = NDArray[np.int64]

MAX_RIVERS = 3
SOURCE_M2 = 90_000.0  # land that feeds a brook, at a wetness of one half
LEAST_M = 90.0  # shorter ones are left out
WIDEST_M, NARROWEST_M = 7.0, 1.6
BELOW_M = 0.25  # the surface under the ground beside it
DEEPEST_CUT_M = 5.0
SPAWN_FREE_M, PASSES_M = 20.0, 28.0  # no river nearer to the spawn point; one that would be goes round it
CATCHMENT_M = 3800.0
STEP_M = 1.0
RIM_M = 3.0


def find_rivers(site: Site, spec: SceneSpec, biome: Biome) -> tuple[River, ...]:
    """Rivers and brooks of the visited square, the largest first; none where the country is dry or `water` is 0.

    spec.water sets how much land a brook needs: twice as much at 0.25 as at 0.5.
    """
    wetness = spec.water * biome.standing_water
    if wetness <= 0.02:
        return ()
    height = site.height_m.astype(np.float64)
    filled, parents, order = flood(height) if site.drainage is None else site.drainage
    to = receivers(filled, parents, site.spacing_m)
    area = accumulate(to, order, _inflow(site, height)).ravel()
    enough = SOURCE_M2 * 0.5 / wetness
    taken = np.zeros(len(to), bool)
    rivers: list[River] = []
    for mouth in _mouths(area, to, enough):
        cells = _upstream(mouth, area, to, enough, height.shape[1])
        cells = cells[~taken[cells]] if len(cells) else cells
        river = _run(site, cells, area)
        if river is None:
            continue
        taken[cells] = True
        rivers.append(river)
        if len(rivers) == MAX_RIVERS:
            break
    return tuple(rivers)


def _inflow(site: Site, height: Float) -> Float:
    """(rows, cols) square metres that drain into each post of the survey from itself and, on the rim, from beyond."""
    land = _catchment(site.terrain.levels[0])
    coarse = land.heights_m.astype(np.float64)
    filled, parents, order = flood(coarse)
    to = receivers(filled, parents, land.spacing_m)
    area = accumulate(to, order).ravel() * land.spacing_m * land.spacing_m
    rows, cols = coarse.shape
    x = land.origin_m[0] + (np.arange(rows * cols) % cols) * land.spacing_m
    z = land.origin_m[1] + (np.arange(rows * cols) // cols) * land.spacing_m
    half = site.size_m / 2.0
    inside = np.maximum(np.abs(x), np.abs(z)) <= half
    enters = np.flatnonzero(~inside & (to >= 0) & inside[np.maximum(to, 0)])
    result = np.full(height.shape, site.spacing_m * site.spacing_m)
    n = height.shape[0] - 1
    reach = max(2, int(2.0 * land.spacing_m / site.spacing_m))
    for k in enters.tolist():
        c = min(max(round((float(x[k]) + half) / site.spacing_m), 0), n)
        r = min(max(round((float(z[k]) + half) / site.spacing_m), 0), n)
        # the finer ground's own valley near where the coarse water crosses the rim
        r0, c0 = max(r - reach, 0), max(c - reach, 0)
        window = height[r0 : r + reach + 1, c0 : c + reach + 1]
        i, j = divmod(int(np.argmin(window)), window.shape[1])
        result[r0 + i, c0 + j] += area[k]
    return result


def _catchment(land: HeightField) -> HeightField:
    """The part of the coarse land within CATCHMENT_M of the visitor to each side: water from farther off is not counted."""
    col, row = (max(0, round((-CATCHMENT_M - start) / land.spacing_m)) for start in land.origin_m)
    last = [round((CATCHMENT_M - start) / land.spacing_m) + 1 for start in land.origin_m]
    origin = (land.origin_m[0] + col * land.spacing_m, land.origin_m[1] + row * land.spacing_m)
    return HeightField(land.heights_m[row : last[1], col : last[0]], land.spacing_m, origin)


def _mouths(area: Float, to: Int, enough: float) -> list[int]:
    """Cells where gathered water leaves the map, the largest first."""
    ends = np.flatnonzero((area >= enough) & (to < 0))
    return [int(k) for k in ends[np.lexsort((ends, -area[ends]))]][: 4 * MAX_RIVERS]


def _upstream(mouth: int, area: Float, to: Int, enough: float, cols: int) -> Int:
    """Cells of the main stem from its source down to the mouth: at each fork the one that brings more water."""
    feeders: dict[int, list[int]] = {}
    for k in np.flatnonzero(area >= enough).tolist():
        feeders.setdefault(int(to[k]), []).append(k)
    stem = [mouth]
    while stem[-1] in feeders:
        stem.append(max(feeders[stem[-1]], key=lambda k: (float(area[k]), -k)))
    return np.array(stem[::-1], np.int64)


def _run(site: Site, cells: Int, area: Float) -> River | None:
    """The river along cells, rounded; None where too short, too near the spawn point or cut too deep to be believed."""
    cols = site.height_m.shape[1]
    if len(cells) * site.spacing_m < LEAST_M:
        return None
    points = np.stack(
        [site.origin_m[0] + (cells % cols) * site.spacing_m, site.origin_m[1] + (cells // cols) * site.spacing_m],
        axis=1,
    )
    half = site.size_m / 2.0 - RIM_M
    points = np.clip(points, -half, half)
    fed = area[cells]
    points = _around_the_spawn(points)
    for _ in range(4):  # the grid's corners become bends
        points[1:-1] = 0.25 * points[:-2] + 0.5 * points[1:-1] + 0.25 * points[2:]
    step = np.sqrt(((points[1:] - points[:-1]) ** 2).sum(axis=1))
    along = np.concatenate([[0.0], np.cumsum(step)])
    at = np.linspace(0.0, along[-1], max(2, int(along[-1] / STEP_M) + 1))
    x, z = np.interp(at, along, points[:, 0]), np.interp(at, along, points[:, 1])
    if float((x * x + z * z).min()) < SPAWN_FREE_M * SPAWN_FREE_M:
        return None
    width = np.clip(0.42 * np.sqrt(np.sqrt(np.interp(at, along, fed)) / 10.0), NARROWEST_M, WIDEST_M)
    width = width * smoothstep(-30.0, 40.0, at)  # it begins as a trickle
    ground = site.terrain.height(x, z)
    side = np.maximum(width, 2.0) * 0.7
    for dx, dz in ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)):
        ground = np.minimum(ground, site.terrain.height(x + dx * side, z + dz * side))
    level = ground - BELOW_M
    held = np.zeros(len(x), bool)
    for lake in site.lakes:
        wet = site.sample(lake.mask.astype(np.float32), x, z) > 0.5
        level = np.where(wet, lake.level_m, level)
        held |= wet
    if site.sea_level_m is not None:
        wet = ground < site.sea_level_m
        level = np.where(wet, site.sea_level_m, level)
        held |= wet
    for lake in site.lakes:  # it comes down to a lake, not below it
        enters = np.flatnonzero(site.sample(lake.mask.astype(np.float32), x, z) > 0.5)
        if len(enters):
            level[: enters[0]] = np.maximum(level[: enters[0]], lake.level_m)
    surface = np.minimum.accumulate(level)
    if float((ground - surface)[~held].max(initial=0.0)) > DEEPEST_CUT_M:
        return None
    for lake in site.lakes:  # water that has passed below a lake's level would drain it
        inside = site.sample(lake.mask.astype(np.float32), x, z) > 0.5
        if bool((surface[inside] < lake.level_m - 1e-6).any()):
            return None
    if (~held).sum() * STEP_M < LEAST_M:
        return None
    depth = np.clip(0.16 * width, 0.22, 1.1)
    return River(np.stack([x, surface, z], axis=1), width, depth, ~held)


def _around_the_spawn(points: Float) -> Float:
    """The way (n, 2) with what leads past the spawn point too near pushed out to PASSES_M, all to one side."""
    away = np.sqrt(points[:, 0] ** 2 + points[:, 1] ** 2)
    close = away < PASSES_M
    if not close.any() or close[0] or close[-1]:
        return points
    first, last = np.flatnonzero(close)[[0, -1]]
    side = points[close].mean(axis=0)
    if float((side * side).sum()) < 1.0:
        ahead = points[last + 1] - points[first - 1]
        side = np.array([-ahead[1], ahead[0]])
    side = side / np.sqrt(side[0] * side[0] + side[1] * side[1])
    result = points.copy()
    for k in np.flatnonzero(close).tolist():
        along = points[k] - side * (points[k] * side).sum()
        out = np.sqrt(max(PASSES_M * PASSES_M - float((along * along).sum()), 1.0))
        result[k] = along + side * out
    return result
