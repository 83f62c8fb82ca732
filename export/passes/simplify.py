"""Fewer triangles by half-edge collapses under quadric errors (Garland and Heckbert 1997), many at a time.

Vertices are only left out, never moved or made, so attributes stay what they were. All parts of a model are simplified
together: a vertex goes from every layer of the ground or from none. Vertices on a part's border, and those with several
normals or texture coordinates, stay; so chunks still meet, and overlays still end where they did. Each round takes the
cheapest collapse around every vertex, where no two touch the same triangle; sums run in index order, so the result is
the same everywhere. Foliage made of separate cards is all border and comes back as it is: see passes.thin.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seedscape.export.passes.weld import keep_vertices
from seedscape.scene.values import Mesh, Scene

MAX_ROUNDS = 60
MIN_COSINE = 0.3  # a triangle may turn by at most this much in one collapse
TRIES = 3  # neighbours looked at for each point and round
COLOR_M = 0.5  # a change of colour from 0 to 1 counts as much as moving the surface by this
MAX_PARTS = 62  # bits of a mask


def simplify(scene: Scene, share: float) -> Scene:
    """Every model with at least `share` of its triangles; less is left out where nothing more can go."""
    return replace(scene, models={name: simplify_model(parts, share) for name, parts in scene.models.items()})


def simplify_model(parts: Sequence[Mesh], share: float) -> tuple[Mesh, ...]:
    """The parts of one model with about `share` of their triangles, never fewer."""
    if share >= 1.0 or len(parts) > MAX_PARTS:
        return tuple(parts)
    points, wedges = _weld([mesh.positions for mesh in parts])
    triangles = np.concatenate([wedge[mesh.indices] for wedge, mesh in zip(wedges, parts, strict=True)])
    member, fixed, vague = _constraints(len(points), parts, wedges)
    quadrics = _quadrics(points, triangles)
    colors = _mean_colors(len(points), parts, wedges)
    goal = int(share * len(triangles))
    kept_by = np.arange(len(points))
    for _ in range(MAX_ROUNDS):
        if len(triangles) <= goal:
            break
        gone, into = _choose(points, triangles, quadrics, colors, member, fixed, vague)
        gone, into = gone[: (len(triangles) - goal + 1) // 2], into[: (len(triangles) - goal + 1) // 2]
        if not len(gone):
            break
        step = np.arange(len(points))
        step[gone] = into
        np.add.at(quadrics, into, quadrics[gone])
        kept_by = step[kept_by]
        triangles = step[triangles]
        a, b, c = triangles.T
        triangles = triangles[(a != b) & (b != c) & (c != a)]
    return tuple(_apply(mesh, wedge, kept_by) for mesh, wedge in zip(parts, wedges, strict=True))


def _weld(positions: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """(points (k, 3) float64, for each part the point of each vertex)."""
    unique, group = np.unique(np.concatenate(positions), axis=0, return_inverse=True)
    ends = np.cumsum([len(values) for values in positions])
    return unique.astype(np.float64), np.split(group.reshape(-1), ends[:-1])


def _constraints(
    count: int, parts: Sequence[Mesh], wedges: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(mask of the parts a point is in, True where it must stay, True where several vertices of a part stand there)."""
    member = np.zeros(count, np.int64)
    fixed, vague = np.zeros(count, bool), np.zeros(count, bool)
    for bit, (mesh, wedge) in enumerate(zip(parts, wedges, strict=True)):
        member[wedge] |= 1 << bit
        vague |= np.bincount(wedge, minlength=count) > 1
        corners = wedge[mesh.indices]
        edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
        pairs = np.sort(edges, axis=1)
        keys, uses = np.unique(pairs[:, 0] * count + pairs[:, 1], return_counts=True)
        border = keys[uses != 2]
        fixed[border // count] = fixed[border % count] = True
    return member, fixed | vague, vague


def _quadrics(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(k, 11): sums of area x plane quadric of the triangles at each point, and of their areas last."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    doubled = np.sqrt((normal * normal).sum(axis=1))
    n = normal / np.maximum(doubled, 1e-30)[:, None]
    d = -(n * a).sum(axis=1)
    x, y, z = n.T
    rows = np.stack([x * x, x * y, x * z, x * d, y * y, y * z, y * d, z * z, z * d, d * d, np.ones_like(d)], axis=1)
    rows *= (doubled / 2.0)[:, None]
    corners = triangles.reshape(-1)
    return np.stack([np.bincount(corners, np.repeat(row, 3), len(points)) for row in rows.T], axis=1)


def _error(q: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Weighted sum of squared distances of points (m, 3) to the planes of quadrics (m, 11)."""
    x, y, z = p.T
    return np.asarray(
        q[:, 0] * x * x + q[:, 4] * y * y + q[:, 7] * z * z + q[:, 9]
        + 2.0 * (q[:, 1] * x * y + q[:, 2] * x * z + q[:, 5] * y * z + q[:, 3] * x + q[:, 6] * y + q[:, 8] * z)
    )  # fmt: skip


def _choose(
    points: np.ndarray, triangles: np.ndarray, quadrics: np.ndarray, colors: np.ndarray,
    member: np.ndarray, fixed: np.ndarray, vague: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Points to leave out and the neighbours that take their place, cheapest first; no two touch the same triangle."""
    count = len(points)
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    keys = np.unique(np.concatenate([edges[:, 0] * count + edges[:, 1], edges[:, 1] * count + edges[:, 0]]))
    u, v = keys // count, keys % count
    open_ = ~fixed[u] & ~vague[v] & ((member[u] & ~member[v]) == 0)
    u, v, all_u, all_v = u[open_], v[open_], u, v
    if not len(u):
        return u, v
    change = ((colors[u] - colors[v]) ** 2).sum(axis=1) * COLOR_M**2
    cost = _error(quadrics[u], points[v]) + quadrics[u, 10] * change
    order = np.lexsort((v, cost, u))
    u, v, cost = u[order], v[order], cost[order]
    target = np.full(count, -1)
    price = np.full(count, np.inf)
    for _ in range(TRIES):  # a point whose best neighbour will not do takes the next best
        first = np.unique(u, return_index=True)[1]
        tried = np.full(count, -1)
        tried[u[first]] = v[first]
        # a pair with more than two common neighbours would fold the surface onto itself
        has = tried[all_u] >= 0
        at = all_v[has] * count + tried[all_u[has]]
        place = np.minimum(np.searchsorted(keys, at), len(keys) - 1)
        common = np.bincount(all_u[has], keys[place] == at, count)
        good = (tried >= 0) & (common == 2) & ~_turns_over(points, triangles, tried)
        target[good] = tried[good]
        fits = good[u[first]]
        price[u[first][fits]] = cost[first][fits]
        rest = ~good[u]
        rest[first] = False
        u, v, cost = u[rest], v[rest], cost[rest]
        if not len(u):
            break

    rank = np.empty(count, np.int64)
    rank[np.argsort(price, kind="stable")] = np.arange(count)
    lowest = rank[triangles].min(axis=1)
    wins = np.ones(count, bool)
    for k in range(3):
        wins[triangles[rank[triangles[:, k]] > lowest, k]] = False
    chosen = np.flatnonzero(wins & np.isfinite(price))
    chosen = chosen[np.argsort(rank[chosen])]
    return chosen, target[chosen]


def _turns_over(points: np.ndarray, triangles: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(k,) True where moving a point onto its target would turn one of its triangles away or make it a sliver."""
    bad = np.zeros(len(points), bool)
    before = np.cross(
        points[triangles[:, 1]] - points[triangles[:, 0]], points[triangles[:, 2]] - points[triangles[:, 0]]
    )
    for k in range(3):
        moved = target[triangles[:, k]]
        others = triangles[:, [(k + 1) % 3, (k + 2) % 3]]
        stays = (moved >= 0) & (others[:, 0] != moved) & (others[:, 1] != moved)
        p, q, r = points[moved[stays]], points[others[stays, 0]], points[others[stays, 1]]
        after, old = np.cross(q - p, r - p), before[stays]
        dot = (after * old).sum(axis=1)
        limit = MIN_COSINE * np.sqrt((after * after).sum(axis=1) * (old * old).sum(axis=1))
        bad[triangles[stays, k][dot <= limit]] = True
    return bad


def _mean_colors(count: int, parts: Sequence[Mesh], wedges: list[np.ndarray]) -> np.ndarray:
    """(k, 4) mean colour of the vertices at each point; white where a part has none."""
    total, uses = np.zeros((count, 4)), np.zeros(count)
    for mesh, wedge in zip(parts, wedges, strict=True):
        colors = np.ones((len(wedge), 4)) if mesh.colors is None else mesh.colors.astype(np.float64)
        total += np.stack([np.bincount(wedge, column, count) for column in colors.T], axis=1)
        uses += np.bincount(wedge, minlength=count)
    return total / np.maximum(uses, 1.0)[:, None]


def _apply(mesh: Mesh, wedge: np.ndarray, kept_by: np.ndarray) -> Mesh:
    """The mesh with its vertices replaced by those that stand for them."""
    vertex = np.full(len(kept_by), -1)
    vertex[wedge] = np.arange(len(wedge))
    moved = kept_by[wedge] != wedge
    stands_for = np.where(moved, vertex[kept_by[wedge]], np.arange(len(wedge)))
    return keep_vertices(mesh, stands_for[mesh.indices])
