"""Where a visitor may stand, what stops a body, and where a visit starts."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from seedscape.scene.joined import joined
from seedscape.scene.numeric import cos_sin, smoothstep
from seedscape.scene.site import Site
from seedscape.scene.triangulate import GroundMesh
from seedscape.scene.values import Mesh, SpawnPoint

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

MAX_SLOPE = 0.7002  # tan 35 degrees
WADE_M = 0.3
EDGE_MARGIN_M = 4.0
EYE_M = 1.65
BODY_M = 0.25  # kept free beside walls; with the ground's triangles that leaves half a metre
HEADINGS = 24
SPREAD_M = (120.0, 190.0, 150.0, 230.0)  # distances of the further spawn points


@dataclass(frozen=True)
class Blockers:
    """Things nobody can stand in. Discs on the ground: x, z, radius_m (n,) float64; walls: rectangles (m, 5) of x, z, half
    sizes before the turn, and turn."""

    x: Float
    z: Float
    radius_m: Float
    rectangles: Float = field(default_factory=lambda: np.zeros((0, 5)))


def walkable_mesh(site: Site, mesh: GroundMesh, blockers: Blockers | None = None) -> Mesh:
    """The part of the ground around the spawn point that can be walked on without a break, as one connected mesh.

    Its triangles are those that are drawn, so feet are exactly on what the eye sees (a lighter mesh of its own was tried: a
    metre off in rough country at 400 m, for half a megabyte less). Left out: slopes above 35 degrees, water deeper than 0.3 m,
    the rim of the visited square, triangles around a blocker's centre, and whatever the spawn point is cut off from.
    """
    triangles = mesh.triangles
    x, y, z = mesh.x, mesh.y, mesh.z
    limit = site.size_m / 2.0 - EDGE_MARGIN_M
    near = (np.maximum(np.abs(x), np.abs(z)) <= limit)[triangles].all(axis=1)
    triangles = triangles[near]
    dry = site.sample(site.water_depth_m, x, z) <= WADE_M
    good = dry[triangles].all(axis=1) & (_slopes(x, y, z, triangles) <= MAX_SLOPE)
    if blockers is not None and len(blockers.x) + len(blockers.rectangles):
        good &= ~_blocked(x, z, triangles, blockers)
    triangles = triangles[good]
    triangles = triangles[_connected(x, z, triangles)]
    return _plain_mesh(x, y, z, triangles, "walkable")


def collision_mesh(site: Site, mesh: GroundMesh) -> Mesh:
    """The visited ground itself, every slope of it, a little beyond the edge."""
    inside = (np.maximum(np.abs(mesh.x), np.abs(mesh.z)) <= site.size_m / 2.0 + 30.0)[mesh.triangles].any(axis=1)
    return _plain_mesh(mesh.x, mesh.y, mesh.z, mesh.triangles[inside], "collision")


def spawn_points(
    site: Site, walkable: Mesh, seed_turn: float, starts: tuple[SpawnPoint, ...] = ()
) -> tuple[SpawnPoint, ...]:
    """spawn_0 at the origin with the best view ahead, then those of the structures, then up to four on walkable ground around.

    seed_turn: 0 .. 1, turns the ring of further points. starts: what structures ask for; names are given here.
    """
    origin_y = float(site.terrain.height(np.zeros(1), np.zeros(1))[0])
    points = [SpawnPoint("spawn_0", (0.0, origin_y, 0.0), first_heading(site))]
    points += [replace(start, name=f"spawn_{k}") for k, start in enumerate(starts, 1)]
    if len(walkable.indices) == 0:
        return tuple(points)
    corners = walkable.positions.astype(np.float64)[walkable.indices]
    centres = corners.mean(axis=1)
    dry = site.sample(site.water_depth_m, centres[:, 0], centres[:, 2]) <= 0.0
    centres = centres[dry & site.free(centres[:, 0], centres[:, 2])]
    if len(centres) == 0:
        return tuple(points)
    room = site.size_m / 1000.0
    for number, distance in enumerate(SPREAD_M):
        cosine, sine = cos_sin(seed_turn + number / len(SPREAD_M))
        wanted_x, wanted_z = float(cosine) * distance * room, float(sine) * distance * room
        away = (centres[:, 0] - wanted_x) * (centres[:, 0] - wanted_x) + (centres[:, 2] - wanted_z) * (
            centres[:, 2] - wanted_z
        )
        nearest = int(np.argmin(away))
        x, z = float(centres[nearest, 0]), float(centres[nearest, 2])
        if any((x - p.position[0]) ** 2 + (z - p.position[2]) ** 2 < (30.0 * room) ** 2 for p in points):
            continue
        points.append(SpawnPoint(f"spawn_{len(points)}", (x, float(centres[nearest, 1]), z), best_heading(site, x, z)))
    return tuple(points)


def first_heading(site: Site) -> float:
    """Yaw of the first visitor: towards what was built for them, else the finest view."""
    return best_heading(site, 0.0, 0.0) if site.view_rad is None else site.view_rad


def best_heading(site: Site, x: float, z: float) -> float:
    """Yaw in radians (0 looks along -Z, counter-clockwise from above) of the finest view from a point.

    Along each of 24 headings the eye sees what rises above everything nearer. Good: far ground in sight, high ground on
    the skyline, water; bad: a slope right in the face.
    """
    distances = np.array(
        [
            4.0,
            7.0,
            12.0,
            20.0,
            32.0,
            50.0,
            75.0,
            110.0,
            160.0,
            230.0,
            330.0,
            470.0,
            700.0,
            1000.0,
            1500.0,
            2200.0,
            3000.0,
        ]
    )
    turns = np.arange(HEADINGS) / HEADINGS
    cosine, sine = cos_sin(turns)
    px = x - sine[:, None] * distances  # yaw 0 looks to -Z, a quarter turn to -X
    pz = z - cosine[:, None] * distances
    x0, z0, x1, z1 = site.terrain.levels[0].extent_m
    inside = (px >= x0) & (px <= x1) & (pz >= z0) & (pz <= z1)
    eye = float(site.terrain.height(np.array([x]), np.array([z]))[0]) + EYE_M
    angle = np.where(inside, (site.terrain.height(px, pz) - eye) / distances, -1.0)
    skyline = np.maximum.accumulate(angle, axis=1)
    before = np.concatenate([np.full((HEADINGS, 1), -1.0), skyline[:, :-1]], axis=1)
    seen = angle >= before
    half = site.size_m / 2.0
    surveyed = (np.abs(px) <= half) & (np.abs(pz) <= half)
    wet = surveyed & (site.sample(site.water_depth_m, px, pz) > 0.05)
    far = smoothstep(20.0, 1500.0, distances)
    score = (seen * (0.25 + far)).sum(axis=1)
    score += 2.5 * (seen & wet).sum(axis=1)
    score += 6.0 * np.clip(skyline[:, -1] - skyline[:, 7], 0.0, 0.35)  # hills behind the foreground
    score -= 10.0 * np.clip(skyline[:, 5] - 0.08, 0.0, 1.0)  # a wall within 50 m
    # A view is as wide as a headset shows: mean over five neighbouring headings.
    score = sum(
        np.roll(score, shift) * weight for shift, weight in ((-2, 0.5), (-1, 0.8), (0, 1.0), (1, 0.8), (2, 0.5))
    )
    return float(turns[int(np.argmax(score))]) * 6.283185307179586


def _slopes(x: Float, y: Float, z: Float, triangles: Int) -> Float:
    """Rise over run of each triangle."""
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    ux, uy, uz = x[b] - x[a], y[b] - y[a], z[b] - z[a]
    vx, vy, vz = x[c] - x[a], y[c] - y[a], z[c] - z[a]
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    return np.asarray(np.sqrt(nx * nx + nz * nz) / np.maximum(np.abs(ny), 1e-12))


def _blocked(x: Float, z: Float, triangles: Int, blockers: Blockers) -> Bool:
    """Triangles whose middle lies in a blocker, found by a grid of buckets as wide as the widest disc."""
    cx, cz = x[triangles].mean(axis=1), z[triangles].mean(axis=1)
    hit = np.zeros(len(triangles), bool)
    order = np.argsort(cx, kind="stable")
    sorted_x = cx[order]
    for bx, bz, radius in zip(blockers.x.tolist(), blockers.z.tolist(), blockers.radius_m.tolist(), strict=True):
        first, last = np.searchsorted(sorted_x, (bx - radius, bx + radius))
        near = order[first:last]
        dx, dz = cx[near] - bx, cz[near] - bz
        hit[near[dx * dx + dz * dz < radius * radius]] = True
    for bx, bz, half_x, half_z, turn in blockers.rectangles.tolist():
        radius = half_x + half_z + 2.0 * BODY_M
        first, last = np.searchsorted(sorted_x, (bx - radius, bx + radius))
        near = order[first:last]
        c, s = (float(v) for v in cos_sin(turn))
        for k in range(3):  # no corner of a triangle may reach into a wall
            dx, dz = x[triangles[near, k]] - bx, z[triangles[near, k]] - bz
            inside = (np.abs(dx * c - dz * s) < half_x + BODY_M) & (np.abs(dx * s + dz * c) < half_z + BODY_M)
            hit[near[inside]] = True
    return hit


def _connected(x: Float, z: Float, triangles: Int) -> Bool:
    """Triangles joined by edges to the one under (or nearest to) the origin."""
    if not len(triangles):
        return np.zeros(0, bool)
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    owner = np.tile(np.arange(len(triangles)), 3)
    code = edges[:, 0] * len(x) + edges[:, 1]
    order = np.argsort(code, kind="stable")
    same = code[order][1:] == code[order][:-1]
    a, b = owner[order][:-1][same], owner[order][1:][same]
    label = joined(len(triangles), a, b)
    cx, cz = x[triangles].mean(axis=1), z[triangles].mean(axis=1)
    return np.asarray(label == label[int(np.argmin(cx * cx + cz * cz))])


def _plain_mesh(x: Float, y: Float, z: Float, triangles: Int, material: str) -> Mesh:
    """Positions and indices alone; nothing here is drawn."""
    used, local = np.unique(triangles, return_inverse=True)
    positions = np.stack([x[used], y[used], z[used]], axis=-1).astype(np.float32)
    return Mesh(positions.reshape(-1, 3), local.reshape(-1, 3).astype(np.uint32), material)
