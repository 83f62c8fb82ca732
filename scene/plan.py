"""Where a purpose finds room: structures on ground that suits them, and the paths that join them.

Paths are least-cost ways over the survey's posts (Hart, Nilsson, Raphael 1968, A*): a step costs its length times 1 plus the
square of its grade, so a path climbs a slope aslant as feet do, and an earlier path is cheaper than new ground, so paths join.
"""

import heapq
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.rng import stream
from seedscape.generation.values import HeightField
from seedscape.scene.earthworks import Pad, Trail, nearest
from seedscape.scene.noise import land_noise
from seedscape.scene.numeric import cos_sin, smoothstep
from seedscape.scene.parts import Placed
from seedscape.scene.site import Site
from seedscape.scene.spec import SceneSpec
from seedscape.scene.structures import MAIN, PLACES, Structure
from seedscape.scene.walkable import best_heading

Float = NDArray[np.float64]

HEADINGS = 32
SPAWN_PAD_M = 1.6  # half the level ground under the first visitor's feet
PATH_HALF_M = 0.9
GRADE_COST, WORN_SHARE = 30.0, 0.35
CROWD_COST, CROWD_M = 60.0, 2.5  # beside a floor
SMOOTH_M = 9.0  # a path's height is a mean over so much of its length
EDGE_M = 14.0  # from the rim of the visited square
DRY_M = 4.0  # between a floor and water
RASTER_M = 1.0  # of the fields below
STANDOFF_M = 13.0  # from the spawn point to the first structure


@dataclass(frozen=True)
class Standing:
    """A structure and its place in the world."""

    structure: Structure
    placed: Placed

    @property
    def pad(self) -> Pad:
        """Its level ground."""
        return Pad(
            self.placed.x,
            self.placed.z,
            self.structure.half_x,
            self.structure.half_z,
            self.placed.turn,
            self.placed.y,
        )


@dataclass(frozen=True)
class Plan:
    """What is built. trail: 0 .. 1 how much the ground is a path; taken: 0 .. 1, above one half nothing grows or lies.

    Both fields end at their edge with 0. view_rad: heading from the spawn point to the main structure, None without one.
    """

    standing: tuple[Standing, ...]
    trails: tuple[Trail, ...]
    trail: HeightField
    taken: HeightField
    view_rad: float | None = None

    @property
    def pads(self) -> tuple[Pad, ...]:
        """Level ground, that under the first visitor's feet last."""
        return (*(s.pad for s in self.standing), Pad(0.0, 0.0, SPAWN_PAD_M, SPAWN_PAD_M, 0.0, 0.0))


def lay_out(site: Site, spec: SceneSpec) -> Plan:
    """Structures of the purpose and paths to them. `site`: the survey of the ground before anything is built.

    A place that finds no suitable ground is left out.
    """
    rng = stream(spec.seed, "scene", "plan", spec.purpose)
    standing: list[Standing] = []
    main = MAIN[spec.purpose]
    if main is not None:
        structure = main(stream(spec.seed, "scene", "structure", spec.purpose), min(1.0, spec.size_m / 320.0))
        standing += _find_ground(site, structure, standing, main=True)
    for number, place in enumerate(PLACES[: 3 if main is None else 2]):
        structure = place(stream(spec.seed, "scene", "structure", number), 1.0)
        standing += _find_ground(site, structure, standing, main=False, turn=float(rng.integers(1 << 16)) / (1 << 16))
    trails = _join(site, standing)
    trail, taken = _fields(site, spec.seed, standing, trails)
    view = None
    if main is not None and standing:
        turn_0 = standing[0].placed.turn
        view = (turn_0 - math.floor(turn_0)) * 2.0 * math.pi
    return Plan(tuple(standing), trails, trail, taken, view)


def _find_ground(
    site: Site, structure: Structure, others: list[Standing], main: bool, turn: float = 0.0
) -> list[Standing]:
    """The best place for a structure as a list of one, or an empty list."""
    room = min(1.0, site.size_m / 600.0)
    half = max(structure.half_x, structure.half_z)
    away = [half + STANDOFF_M + extra for extra in (0.0, 10.0, 24.0, 40.0)] if main else [
        d * room for d in (45.0, 65.0, 90.0, 120.0, 150.0)
    ]  # fmt: skip
    view = best_heading(site, 0.0, 0.0) / (2.0 * math.pi)
    grid = np.linspace(-1.0, 1.0, 7)
    u, v = (a.ravel() for a in np.meshgrid(grid * (structure.half_x + 3.0), grid * (structure.half_z + 3.0)))
    places: list[tuple[float, Placed]] = []  # distance and place
    for k in range(HEADINGS):
        heading = k / HEADINGS + turn
        c, s = (float(value) for value in cos_sin(heading))
        for distance in away:
            x, z = -s * distance, -c * distance
            placed = Placed(x, 0.0, z, heading)
            if max(abs(x), abs(z)) + 1.5 * half > site.size_m / 2.0 - EDGE_M:
                continue
            if any(
                (x - o.placed.x) ** 2 + (z - o.placed.z) ** 2
                < (half + max(o.structure.half_x, o.structure.half_z) + 16.0) ** 2
                for o in others
            ):
                continue
            places.append((distance, placed))
    if not places:
        return []
    grid_points = np.stack([u, np.zeros_like(u), v], axis=1)
    points = np.stack(
        [placed.points(grid_points) for _, placed in places]
    )  # all at once: look-ups by the dozen cost most
    wet = _wet(site, points, DRY_M)
    ground = np.sort(site.terrain.height(points[..., 0], points[..., 2]), axis=1)
    best: tuple[float, float, float, float, float] | None = None  # score, x, level, z, heading
    for (distance, placed), heights, is_wet in zip(places, ground, wet, strict=True):
        if is_wet:
            continue
        heading, level = placed.turn, float(heights[len(heights) // 2])
        climb = abs(level) / max(distance, 1.0)
        turned = abs(heading - view - round(heading - view))
        score = float(heights[-1] - heights[0]) / (half * 0.2) + 6.0 * max(0.0, climb - 0.25)
        score += (1.2 * turned + 0.01 * distance) if main else -0.03 * level
        if best is None or score < best[0]:
            best = score, placed.x, level, placed.z, heading
    if best is None:
        return []
    _, x, level, z, heading = best
    return [Standing(structure, Placed(x, level, z, _faced(site, structure, x, z, heading)))]


def _faced(site: Site, structure: Structure, x: float, z: float, heading: float) -> float:
    """The turn of a structure: towards who comes from the spawn point; an outlook looks at its own view."""
    return best_heading(site, x, z) / (2.0 * math.pi) if structure.name == "outlook" else heading


def _wet(site: Site, points: Float, margin: float) -> NDArray[np.bool_]:
    """Which of the sets of points (n, k, 3) have water at a point or `margin` beside it."""
    dx = np.array([0.0, margin, -margin, 0.0, 0.0])[:, None, None]
    dz = np.array([0.0, 0.0, 0.0, margin, -margin])[:, None, None]
    depth = site.sample(site.water_depth_m, points[..., 0] + dx, points[..., 2] + dz)
    return np.asarray((depth > 0.0).any(axis=(0, 2)))


# ---- paths ------------------------------------------------------------------------------------------------------------


def _join(site: Site, standing: list[Standing]) -> tuple[Trail, ...]:
    """A path from the spawn point to each structure's entrance."""
    reach = max([60.0, *(abs(v) for s in standing for v in (s.placed.x, s.placed.z))]) + 40.0
    n = min(int(reach / site.spacing_m), site.height_m.shape[0] // 2 - 2)
    middle = site.height_m.shape[0] // 2
    window = slice(middle - n, middle + n + 1)
    height = site.height_m[window, window].astype(np.float64)
    line = np.arange(-n, n + 1) * site.spacing_m
    cost = np.ones_like(height)
    cost[site.water_depth_m[window, window] > 0.0] = np.inf
    for other in standing:
        cost[other.pad.outside(line[None, :], line[:, None]) < CROWD_M] = CROWD_COST
    trails: list[Trail] = []
    for one in standing:
        door = one.placed.point(0.0, 0.0, one.structure.half_z)
        before = one.placed.point(0.0, 0.0, one.structure.half_z + 3.0)
        ends = [round(v / site.spacing_m) + n for v in (0.0, 0.0, before[0], before[2])]
        if min(ends) < 0 or max(ends) > 2 * n:
            continue
        found = _cheapest_way(height, cost, site.spacing_m, (ends[1], ends[0]), (ends[3], ends[2]))
        if found is None:
            continue
        x, z = line[[c for _, c in found]], line[[r for r, _ in found]]
        cost[[r for r, _ in found], [c for _, c in found]] *= WORN_SHARE
        points = np.stack([x, z], axis=1)[1:-1]
        points = np.concatenate([[[0.0, 0.0]], points, [[before[0], before[2]], [door[0], door[2]]]])
        trails.append(_paved(site, points, door[1]))
    return tuple(trails)


def _cheapest_way(
    height: Float, cost: Float, step_m: float, start: tuple[int, int], goal: tuple[int, int]
) -> list[tuple[int, int]] | None:
    """Cells (row, col) of the cheapest way from start to goal, both included; None where there is none."""
    rim = 2  # cells nobody may enter, so that no step needs to be asked whether it leaves the grid
    rows, cols = height.shape
    wide = cols + 2 * rim
    h, price = (np.pad(x, rim, constant_values=np.inf).ravel().tolist() for x in (height, cost))
    begin, end = ((row + rim) * wide + col + rim for row, col in (start, goal))
    down, across = np.arange(-rim, rows + rim)[:, None] - goal[0], np.arange(-rim, cols + rim)[None, :] - goal[1]
    ahead = (WORN_SHARE * (np.sqrt((down**2 + across**2).astype(np.float64)) * step_m)).ravel().tolist()
    around = [
        (dr * wide + dc, step_m * math.sqrt(dr * dr + dc * dc))
        for dr, dc in ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1), (-2, -1), (-2, 1), (2, -1), (2, 1), (-1, -2), (-1, 2), (1, -2), (1, 2))
    ]  # fmt: skip
    spent = [math.inf] * len(h)
    spent[begin] = 0.0
    came: dict[int, int] = {}
    heap = [(0.0, begin)]
    done = bytearray(len(h))
    while heap:
        _, at = heapq.heappop(heap)
        if at == end:
            way = [at]
            while at in came:
                at = came[at]
                way.append(at)
            return [(cell // wide - rim, cell % wide - rim) for cell in reversed(way)]
        if done[at]:
            continue
        done[at] = 1
        here, level = spent[at], h[at]
        for step, length in around:
            to = at + step
            if done[to] or price[to] == math.inf:
                continue
            grade = (h[to] - level) / length
            total = here + length * price[to] * (1.0 + GRADE_COST * grade * grade)
            if total < spent[to]:
                spent[to] = total
                came[to] = at
                heapq.heappush(heap, (total + ahead[to], to))
    return None


def _paved(site: Site, points: Float, end_y: float) -> Trail:
    """A path through points (n, 2), rounded (Chaikin 1974), half a metre a step, its heights smoothed; it ends on end_y."""
    for _ in range(3):
        a, b = points[:-1], points[1:]
        cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
        points = np.concatenate([points[:1], cut, points[-1:]])
    step = np.sqrt(((points[1:] - points[:-1]) ** 2).sum(axis=1))
    along = np.concatenate([[0.0], np.cumsum(step)])
    at = np.linspace(0.0, along[-1], max(2, int(along[-1] / 0.5) + 1))
    x, z = np.interp(at, along, points[:, 0]), np.interp(at, along, points[:, 1])
    ground = site.terrain.height(x, z)
    width = max(1, int(SMOOTH_M / 0.5 / 2))
    total = np.concatenate([[0.0], np.cumsum(np.pad(ground, width, mode="edge"))])
    y = (total[2 * width + 1 :] - total[: -2 * width - 1]) / (2 * width + 1)
    ramp = max(SMOOTH_M, abs(end_y - float(y[-1])) * 6.0)
    y = y + (0.0 - y[0]) * np.clip(1.0 - at / SMOOTH_M, 0.0, 1.0)
    y = y + (end_y - y[-1]) * np.clip(1.0 - (at[-1] - at) / ramp, 0.0, 1.0)
    return Trail(np.stack([x, y, z], axis=1), PATH_HALF_M)


def _fields(
    site: Site, seed: int, standing: list[Standing], trails: tuple[Trail, ...]
) -> tuple[HeightField, HeightField]:
    """The fields of a plan: worn ground with an uneven edge, and where nothing may grow or lie."""
    ends = [abs(float(v)) for t in trails for v in (t.points[:, [0, 2]].min(), t.points[:, [0, 2]].max())]
    ends += [max(abs(s.placed.x), abs(s.placed.z)) + s.structure.half_x + s.structure.half_z for s in standing]
    half = min(math.ceil(max([20.0, *ends]) + 6.0), int(site.size_m / 2.0))
    line: Float = np.arange(-half, half + 1, dtype=np.float64) * RASTER_M
    worn = np.zeros((len(line), len(line)))
    taken = np.zeros_like(worn)
    edge = (land_noise(seed, "path edge", line[None, :], line[:, None], 3.0, 3) - 0.5) * 1.1
    for trail in trails:
        distance, _ = nearest(trail.points[:, [0, 2]], line, line, np.full(len(trail.points), 4.0))
        distance = np.where(np.isfinite(distance), distance, 99.0)
        worn = np.maximum(worn, smoothstep(trail.half_width_m + 0.75, trail.half_width_m - 0.25, distance + edge))
        taken = np.maximum(taken, distance < trail.half_width_m + 0.4)
    for one in standing:
        away = one.pad.outside(line[None, :], line[:, None])
        worn = np.maximum(worn, smoothstep(1.6, 0.2, away + edge))
        taken = np.maximum(taken, away < 1.6)
    for field in (worn, taken):
        field[[0, -1], :] = 0.0
        field[:, [0, -1]] = 0.0
    origin = (float(line[0]), float(line[0]))
    return (
        HeightField(worn.astype(np.float32), RASTER_M, origin),
        HeightField(taken.astype(np.float32), RASTER_M, origin),
    )
