"""The ground as triangles: error-bounded, fine around the visitor, coarser outwards, without a crack.

Right-triangulated irregular networks (Evans, Kirkpatrick, Townsend 1997; mapbox/martini shows the idea on a page), with two
changes. The root square (kilometres) and the finest edge (a metre) are too far apart for one dense grid, so vertices live on
nested windows, each twice as wide and half as dense as the one inside it. And where martini keeps an error a vertex, we keep
the ratio error / tolerance(distance), so one number decides everywhere: a vertex stands in the mesh when its ratio exceeds a
threshold. Ratios are raised to those of the finer vertices that depend on them, hence the standing vertices are closed under
"needs my parents", and the mesh they make is conforming at every threshold: no crack, no skirt, from the visitor's feet to the
horizon. A triangle budget is met exactly by choosing the threshold as an order statistic of the ratios.

At the same number of triangles a free triangulation comes nearer to the land: on ten real height fields greedy Delaunay
insertion (pydelatin) leaves 0.63 to 0.74 of our RMS error and 0.41 to 0.59 of the largest, quadric decimation 0.43 to 0.58 and
0.71 to 0.83, a regular grid 1.1 to 1.2 and 1.5 to 2.5 (benchmarks/triangulation.csv). We pay that for windows that nest,
thresholds that are closed, and a hundredth of the decimation's time.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.values import HeightField, Terrain
from seedscape.scene.land import grid_heights

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

MOST_DEPTH = 16
HALF_STEPS = 256  # a window reaches that many of its own steps to each side of the origin


@dataclass(frozen=True)
class Tolerance:
    """How far the mesh may leave the ground, and how long its edges may be, at a distance from the spawn.

    error = max(near_m, near_m + growth * (distance - near_distance_m)); edge = max(edge_m, edge_growth * distance). Of the distance what
    lies beyond far_m counts far_share times: nobody comes near to that, and the air hides it.
    """

    near_m: float = 0.02
    near_distance_m: float = 30.0
    growth: float = 0.001
    edge_m: float = 0.35
    edge_growth: float = 0.045
    far_m: float = 1000.0
    far_share: float = 3.0


@dataclass(frozen=True)
class Lattice:
    """Every possible vertex with its height and its ratio.

    Window j has steps of unit_m * 2**j and reaches half_steps[j] of them to each side. The root square is
    unit_m * 2**depth wide, centred on the world origin. heights, ratios: per window (2 * half + 1) squared.
    """

    unit_m: float
    depth: int
    half_steps: tuple[int, ...]
    heights: tuple[Float, ...]
    ratios: tuple[NDArray[np.float32], ...]

    @property
    def half_m(self) -> float:
        """Half the edge of the root square."""
        return self.unit_m * (1 << self.depth) / 2.0


@dataclass(frozen=True)
class GroundMesh:
    """The triangulated ground.

    x, z, y: (n,) float64 vertices in metres. triangles: (m, 3) int64, counter-clockwise seen from above.
    threshold: the ratio that was needed to stay inside the triangle budget; 1 means the tolerance itself.
    """

    lattice: Lattice
    threshold: float
    x: Float
    z: Float
    y: Float
    triangles: Int

    def height(self, x: NDArray[np.floating], z: NDArray[np.floating]) -> Float:
        """Height of the mesh itself (not of the terrain behind it) at world points (n,) inside the root square."""
        return _mesh_height(self, np.asarray(x, np.float64), np.asarray(z, np.float64))


def measure(terrain: Terrain, tolerance: Tolerance, importance: HeightField | None = None) -> Lattice:
    """Heights and ratios of every possible vertex over the square of `terrain` that is centred on the origin.

    importance: factors of the ratio on a grid of their own, e.g. 3 along a shore; 1 is taken outside that grid.
    """
    x0, z0, x1, z1 = terrain.levels[0].extent_m
    half = min(-x0, -z0, x1, z1)
    assert half > 0, "the origin lies inside the terrain"
    depth = 1
    while depth < MOST_DEPTH and 2.0 * half / (1 << depth) > terrain.levels[-1].spacing_m * 1.05:
        depth += 1
    unit = 2.0 * half / (1 << depth)
    halves, heights, ratios = [], [], []
    carried: NDArray[np.float32] | None = None
    for j in range(depth):
        n = min(HALF_STEPS, 1 << (depth - 1 - j))
        step = unit * (1 << j)
        line = np.arange(-n, n + 1, dtype=np.float64) * np.float64(step)
        height = grid_heights(terrain, line, line)
        ratio = _own_ratios(height, line, step, tolerance)
        if importance is not None:
            _raise_where_important(ratio, line, importance)
        if n < 1 << (depth - 1 - j):  # an edge inside the root square: finer vertices would have no partner beyond it
            ratio[[0, -1], 1::2] = 0.0
            ratio[1::2, [0, -1]] = 0.0
        if carried is not None:
            margin = n - (carried.shape[0] - 1) // 2
            inner = ratio[margin : 2 * n + 1 - margin, margin : 2 * n + 1 - margin]
            np.maximum(inner, carried, out=inner)
        carried = _raise_parents(ratio)
        halves.append(n)
        heights.append(height)
        ratios.append(ratio)
    return Lattice(unit, depth, tuple(halves), tuple(heights), tuple(ratios))


def _own_ratios(h: Float, line: Float, step: float, tolerance: Tolerance) -> NDArray[np.float32]:
    """Ratio of each vertex that is born at this step: its height against the middle of the edge it splits."""
    cells = np.arange((h.shape[0] - 1) // 2)
    even = (cells[:, None] + cells[None, :]) % 2 == 0
    middle = np.zeros_like(h)
    main = (h[:-2:2, :-2:2] + h[2::2, 2::2]) * 0.5
    anti = (h[:-2:2, 2::2] + h[2::2, :-2:2]) * 0.5
    middle[1::2, 1::2] = np.where(even, main, anti)
    middle[0::2, 1::2] = (h[0::2, :-2:2] + h[0::2, 2::2]) * 0.5
    middle[1::2, 0::2] = (h[:-2:2, 0::2] + h[2::2, 0::2]) * 0.5
    distance = np.sqrt(line[:, None] * line[:, None] + line[None, :] * line[None, :])
    distance += (tolerance.far_share - 1.0) * np.maximum(distance - tolerance.far_m, 0.0)
    allowed = tolerance.near_m + tolerance.growth * np.maximum(distance - tolerance.near_distance_m, 0.0)
    ratio = np.abs(h - middle) / allowed
    edge = np.maximum(tolerance.edge_m, tolerance.edge_growth * distance)
    length = np.full_like(h, 2.0 * step)
    length[1::2, 1::2] *= 1.4142135623730951
    ratio = np.maximum(ratio, length / edge)
    ratio[0::2, 0::2] = 0.0  # born at a coarser step
    return ratio.astype(np.float32)


def _raise_where_important(ratio: NDArray[np.float32], line: Float, importance: HeightField) -> None:
    """Multiply, in place, the ratios inside the grid of `importance` by its nearest values."""
    x0, z0, x1, z1 = importance.extent_m
    c = slice(int(np.searchsorted(line, x0)), int(np.searchsorted(line, x1, "right")))
    r = slice(int(np.searchsorted(line, z0)), int(np.searchsorted(line, z1, "right")))
    cols = np.rint((line[c] - x0) / importance.spacing_m).astype(np.int64)
    rows = np.rint((line[r] - z0) / importance.spacing_m).astype(np.int64)
    ratio[r, c] *= importance.heights_m[rows[:, None], cols[None, :]]


def _raise_parents(ratio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Raise cell centres to their edge midpoints, in place; return what the centres ask of the next coarser midpoints."""
    centre = ratio[1::2, 1::2]
    for child in (ratio[:-2:2, 1::2], ratio[2::2, 1::2], ratio[1::2, :-2:2], ratio[1::2, 2::2]):
        np.maximum(centre, child, out=centre)
    n = centre.shape[0]
    cells = np.arange(n)
    even = (cells[:, None] + cells[None, :]) % 2 == 0
    carried = np.zeros((n + 1, n + 1), np.float32)
    on_even, on_odd = np.where(even, centre, np.float32(0)), np.where(even, np.float32(0), centre)
    for corner, asked in (
        (carried[:-1, 1:], on_even),
        (carried[1:, :-1], on_even),
        (carried[:-1, :-1], on_odd),
        (carried[1:, 1:], on_odd),
    ):
        np.maximum(corner, asked, out=corner)
    return carried


def triangulate(terrain: Terrain, lattice: Lattice, max_triangles: int, floor: float = 1.0) -> GroundMesh:
    """The mesh of all vertices whose ratio exceeds the smallest threshold >= floor that keeps within max_triangles."""
    threshold = _threshold(lattice, max_triangles, floor)
    corners = _leaves(lattice, threshold)  # (m, 3, 2) lattice coordinates
    size = (1 << lattice.depth) + 1
    codes = corners[..., 1] * size + corners[..., 0]
    unique, inverse = np.unique(codes, return_inverse=True)
    half = 1 << (lattice.depth - 1)
    x = (unique % size - half) * lattice.unit_m
    z = (unique // size - half) * lattice.unit_m
    y = terrain.height(x, z)
    return GroundMesh(lattice, threshold, x, z, y, inverse.reshape(-1, 3).astype(np.int64))


def _threshold(lattice: Lattice, max_triangles: int, floor: float) -> float:
    """Each standing vertex splits the two triangles beside its edge (one, on the rim): two triangles more at most."""
    values = np.concatenate([ratio[ratio > floor] for ratio in lattice.ratios])
    spare = max((max_triangles - 2) // 2, 0)
    if len(values) <= spare:
        return floor
    return float(np.partition(values, len(values) - spare - 1)[len(values) - spare - 1])


def _leaves(lattice: Lattice, threshold: float) -> Int:
    """Bisect from the two root triangles down, all triangles of a level at once; return the leaves (m, 3, 2) as (x, z)."""
    n = 1 << lattice.depth
    # apex, left, right; the root's long edge joins the north-western and south-eastern corners
    triangles = np.array([[[n, 0], [0, 0], [n, n]], [[0, n], [n, n], [0, 0]]], np.int64)
    leaves = []
    for j in range(lattice.depth - 1, -1, -1):
        standing = lattice.ratios[j] > threshold
        for _ in range(2):  # first the cell centres of this step, then its edge midpoints
            middle = (triangles[:, 1] + triangles[:, 2]) >> 1
            split = _look_up(lattice, standing, j, middle)
            leaves.append(triangles[~split])
            parents, m = triangles[split], middle[split][:, None]
            apex, left, right = parents[:, :1], parents[:, 1:2], parents[:, 2:]
            triangles = np.concatenate(
                [np.concatenate([m, apex, left], axis=1), np.concatenate([m, right, apex], axis=1)]
            )
    leaves.append(triangles)
    return np.concatenate(leaves)


def _look_up(lattice: Lattice, standing: Bool, j: int, points: Int) -> Bool:
    """Whether the lattice points (m, 2) stand in window j; outside the window nothing that fine does."""
    n = lattice.half_steps[j]
    local = ((points - (1 << (lattice.depth - 1))) >> j) + n
    inside = ((local >= 0) & (local <= 2 * n)).all(axis=1)
    local = np.clip(local, 0, 2 * n)
    return np.asarray(inside & standing[local[:, 1], local[:, 0]])


def _mesh_height(mesh: GroundMesh, x: Float, z: Float) -> Float:
    """Walk each point down the bisection to its leaf, carrying the heights of the three corners."""
    lattice = mesh.lattice
    half = 1 << (lattice.depth - 1)
    point = np.stack([x, z], axis=-1) / lattice.unit_m + half
    n = 1 << lattice.depth
    upper = point[:, 0] >= point[:, 1]  # north-eastern root triangle
    root = np.array([[[n, 0], [0, 0], [n, n]], [[0, n], [n, n], [0, 0]]], np.int64)
    corners = root[np.where(upper, 0, 1)]
    going = np.ones(len(x), bool)
    for j in range(lattice.depth - 1, -1, -1):
        standing = lattice.ratios[j] > mesh.threshold
        for _ in range(2):
            apex, left, right = corners[:, 0], corners[:, 1], corners[:, 2]
            middle = (left + right) >> 1
            going = going & _look_up(lattice, standing, j, middle)
            # which side of the line apex - middle: compare distances along the long edge
            along = ((point - middle) * (right - left)).sum(axis=1)
            right_side = along > 0
            child = np.where(
                right_side[:, None, None],
                np.stack([middle, right, apex], axis=1),
                np.stack([middle, apex, left], axis=1),
            )
            corners = np.where(going[:, None, None], child, corners)
    size = n + 1
    order = np.argsort(codes := _codes(mesh, size))
    heights = mesh.y[order][np.searchsorted(codes[order], corners[..., 1] * size + corners[..., 0])]
    a, b, c = (corners[:, k].astype(np.float64) for k in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    wb = ((point[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (point[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])) / area
    wc = ((b[:, 0] - a[:, 0]) * (point[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (point[:, 0] - a[:, 0])) / area
    return np.asarray(heights[:, 0] * (1.0 - wb - wc) + heights[:, 1] * wb + heights[:, 2] * wc)


def _codes(mesh: GroundMesh, size: int) -> Int:
    half = 1 << (mesh.lattice.depth - 1)
    column = np.rint(mesh.x / mesh.lattice.unit_m).astype(np.int64) + half
    row = np.rint(mesh.z / mesh.lattice.unit_m).astype(np.int64) + half
    return np.asarray(row * size + column)


def surface_errors(mesh: GroundMesh, rings_m: tuple[float, ...]) -> list[dict[str, float]]:
    """How far the mesh leaves the ground, at every lattice post: max and 99th percentile per ring of distance.

    The mesh is linear along the edge a missing vertex would have split, so its height there is the mean of the edge's ends;
    from coarse to fine that gives the mesh's own height at every post without looking for triangles.
    """
    lattice = mesh.lattice
    coarse: Float | None = None
    samples: list[tuple[Float, Float]] = []
    for j in range(lattice.depth - 1, -1, -1):
        h, n = lattice.heights[j], lattice.half_steps[j]
        surface = np.empty_like(h)
        if coarse is None:
            surface[0::2, 0::2] = h[0::2, 0::2]  # the corners of the root square always stand
        else:
            margin = lattice.half_steps[j + 1] - n // 2
            surface[0::2, 0::2] = coarse[margin : margin + n + 1, margin : margin + n + 1]
        standing = lattice.ratios[j] > mesh.threshold
        cells = np.arange(n)
        even = (cells[:, None] + cells[None, :]) % 2 == 0
        s = surface
        main, anti = (s[:-2:2, :-2:2] + s[2::2, 2::2]) * 0.5, (s[:-2:2, 2::2] + s[2::2, :-2:2]) * 0.5
        s[1::2, 1::2] = np.where(standing[1::2, 1::2], h[1::2, 1::2], np.where(even, main, anti))
        s[0::2, 1::2] = np.where(standing[0::2, 1::2], h[0::2, 1::2], (s[0::2, :-2:2] + s[0::2, 2::2]) * 0.5)
        s[1::2, 0::2] = np.where(standing[1::2, 0::2], h[1::2, 0::2], (s[:-2:2, 0::2] + s[2::2, 0::2]) * 0.5)
        line = np.arange(-n, n + 1) * (lattice.unit_m * (1 << j))
        distance = np.sqrt(line[:, None] * line[:, None] + line[None, :] * line[None, :])
        born = np.ones(h.shape, bool)
        born[0::2, 0::2] = False
        samples.append((distance[born], np.abs(s - h)[born]))
        coarse = surface
    distance = np.concatenate([d for d, _ in samples])
    error = np.concatenate([e for _, e in samples])
    report = []
    inner = 0.0
    for outer in rings_m:
        ring = np.sort(error[(distance >= inner) & (distance < outer)])
        if len(ring):
            p99 = ring[min(int(len(ring) * 0.99), len(ring) - 1)]
            report.append(
                {"from_m": inner, "to_m": outer, "max_m": round(float(ring[-1]), 4), "p99_m": round(float(p99), 4)}
            )
        inner = outer
    return report
