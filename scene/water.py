"""Lakes and the sea: exactly flat, running a little way under the shore, clearer where they are shallow."""

import math

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.rng import stream
from seedscape.generation.values import Terrain
from seedscape.scene.earthworks import River
from seedscape.scene.numeric import cos_sin, smoothstep
from seedscape.scene.site import Site
from seedscape.scene.values import Material, Mesh, Texture

Float = NDArray[np.float64]

MATERIAL = "water"
RIPPLES = "water_normal"
RIPPLE_EDGE = 256  # pixels
RIPPLE_SIZE_M = 6.0
WAVES = 28
SHALLOW_ALPHA, DEEP_ALPHA = 0.52, 0.94
CLEAR_DEPTH_M = 2.2  # where the bottom is lost from sight
DEEP_COLOR = (0.020, 0.062, 0.070)  # linear; a lake seen from above without the sky's reflection
SHALLOW_COLOR = (0.070, 0.130, 0.105)
SEA_CELLS = 96
BANK_OVERLAP_M = 0.35
# Water that thins out to nothing where it meets the ground, as far as the eye tells; farther out its edge stays where it is.
EDGE_DEPTHS_M, FAR_EDGE_DEPTHS_M = (0.0, 0.08), (-0.25, 0.03)
EDGE_FROM_M, EDGE_TO_M = 50.0, 90.0
LAKE_PARTS, SEA_PARTS = 4, 8  # that the edge of a square is cut into along a shore near by: a metre or so each
SHORE_DEPTHS_M = (-0.35, 0.5)
MOST_CUT = 200  # squares


def water_model(site: Site, half_m: float) -> tuple[Mesh, ...]:
    """All water as one part (one draw call); empty where there is none. half_m: how far the land reaches."""
    parts = [_sheet(site, lake.mask, lake.level_m) for lake in site.lakes]
    if site.sea_level_m is not None:
        parts.append(_sea(site.terrain, site.sea_level_m, half_m))
    parts += [_ribbon(river) for river in site.rivers]
    parts = [part for part in parts if len(part[1])]
    if not parts:
        return ()
    starts = np.cumsum([0] + [len(points) for points, _, _ in parts[:-1]])
    points = np.concatenate([p for p, _, _ in parts])
    depth = np.concatenate([d for _, _, d in parts])
    indices = np.concatenate([t + start for (_, t, _), start in zip(parts, starts, strict=True)])
    deep = smoothstep(0.0, CLEAR_DEPTH_M, depth)
    colors = np.empty((len(points), 4))
    for channel in range(3):
        colors[:, channel] = SHALLOW_COLOR[channel] + (DEEP_COLOR[channel] - SHALLOW_COLOR[channel]) * deep
    distance = np.sqrt(points[:, 0] * points[:, 0] + points[:, 2] * points[:, 2])
    far = smoothstep(EDGE_FROM_M, EDGE_TO_M, distance)
    edge = smoothstep(*EDGE_DEPTHS_M, depth) * (1.0 - far) + smoothstep(*FAR_EDGE_DEPTHS_M, depth) * far
    colors[:, 3] = (SHALLOW_ALPHA + (DEEP_ALPHA - SHALLOW_ALPHA) * deep) * edge
    # What is clear to the last vertex lies under the shore, and would cast shadows all the same.
    seen = (colors[:, 3] > 0.0)[indices].any(axis=1)
    indices, kept = indices[seen], np.zeros(len(points), bool)
    kept[indices] = True
    points, colors, indices = points[kept], colors[kept], (np.cumsum(kept) - 1)[indices]
    if not len(indices):
        return ()
    normals = np.zeros_like(points)
    normals[:, 1] = 1.0
    uvs = points[:, [0, 2]] / RIPPLE_SIZE_M
    return (
        Mesh(
            positions=points.astype(np.float32),
            indices=indices.astype(np.uint32),
            material=MATERIAL,
            normals=normals.astype(np.float32),
            uvs=uvs.astype(np.float32),
            colors=colors.astype(np.float32),
        ),
    )


def water_material() -> Material:
    """Smooth enough to mirror the sky; its colour comes from the vertices, by depth."""
    return Material(normal=RIPPLES, normal_scale=0.55, roughness=0.07, alpha_mode="BLEND")


def ripples(seed: int) -> Texture:
    """A tileable normal map of small waves: a sum of sines with whole numbers of periods, slopes taken exactly.

    Directions are spread around one wind, heights fall with frequency (steepness about constant), phases are the seed's.
    """
    rng = stream(seed, "water", "ripples")
    turns = np.arange(RIPPLE_EDGE) / RIPPLE_EDGE
    slope_x, slope_z = np.zeros((RIPPLE_EDGE, RIPPLE_EDGE)), np.zeros((RIPPLE_EDGE, RIPPLE_EDGE))
    for _ in range(WAVES):
        kx, kz = int(rng.integers(-9, 17)), int(rng.integers(-9, 17))
        phase = int(rng.integers(0, 256)) / 256.0
        if kx == 0 and kz == 0:
            continue
        k = math.sqrt(kx * kx + kz * kz)
        cosine, _ = cos_sin(kx * turns[None, :] + kz * turns[:, None] + phase)
        steep = 0.055 / math.sqrt(1.0 + 0.12 * k)
        slope_x += cosine * (steep * kx / k)
        slope_z += cosine * (steep * kz / k)
    length = np.sqrt(slope_x * slope_x + slope_z * slope_z + 1.0)
    # Rows run to +Z while green points to smaller rows, so the slope along Z keeps its sign.
    normal = np.stack([-slope_x / length, slope_z / length, 1.0 / length], axis=-1)
    return Texture(np.rint(normal * 127.0 + 128.0).astype(np.uint8), "normal")


def _sheet(site: Site, mask: NDArray[np.bool_], level_m: float) -> tuple[Float, NDArray[np.int64], Float]:
    """Squares of the survey grid over a lake and one ring beyond, where the ground hides it; (points, triangles, depths)."""
    height = site.height_m.astype(np.float64)
    wide = _grow(_grow(mask))
    dry_outside = mask | (height > level_m)
    shown = _any_corner(_grow(mask)) & _every_corner(dry_outside) & _every_corner(wide)
    across, down = (
        start + np.arange(n) * site.spacing_m for start, n in zip(site.origin_m, height.T.shape, strict=True)
    )
    x, z, triangles = squares(across, down, shown, level_m - height, LAKE_PARTS)
    depth = level_m - site.terrain.height(x, z)
    return np.stack([x, np.full(len(x), level_m), z], axis=-1), triangles, depth


def squares(
    across: Float, down: Float, shown: NDArray[np.bool_], depth: Float, parts: int
) -> tuple[Float, Float, NDArray[np.int64]]:
    """Triangles of the squares `shown` (rows - 1, cols - 1) between the lines x = across (cols,), z = down (rows,).

    Those along a shore near the visitor, by `depth` (rows, cols), are cut into parts x parts; those beside them are fans that
    meet every point of the cut edge. Returns x (n,), z (n,), triangles (m, 3), counter-clockwise from above.
    """
    near = np.sqrt(across[None, :] * across[None, :] + down[:, None] * down[:, None])
    corners = [np.s_[:-1, :-1], np.s_[1:, :-1], np.s_[1:, 1:], np.s_[:-1, 1:]]
    low = np.minimum.reduce([depth[corner] for corner in corners])
    high = np.maximum.reduce([depth[corner] for corner in corners])
    distance = np.minimum.reduce([near[corner] for corner in corners])
    cut = shown & (low < SHORE_DEPTHS_M[1]) & (high > SHORE_DEPTHS_M[0]) & (distance < EDGE_TO_M)
    if cut.sum() > MOST_CUT:
        cut &= distance <= np.partition(distance[cut], MOST_CUT - 1)[MOST_CUT - 1]
    stride = parts * (len(across) - 1) + 1  # of a lattice that has the points of all cut squares
    aside = np.pad(cut, 1)
    beside = shown & ~cut & (aside[:-2, 1:-1] | aside[2:, 1:-1] | aside[1:-1, :-2] | aside[1:-1, 2:])

    def node(row: NDArray[np.int64], col: NDArray[np.int64]) -> NDArray[np.int64]:
        return row * stride + col

    def halves(rows: NDArray[np.int64], cols: NDArray[np.int64], edge: int) -> NDArray[np.int64]:
        a, b, c, d = node(rows, cols), node(rows + edge, cols), node(rows + edge, cols + edge), node(rows, cols + edge)
        return np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])

    rows, cols = np.nonzero(shown & ~cut & ~beside)
    found = [halves(rows * parts, cols * parts, parts)]
    rows, cols = np.nonzero(cut)
    k = np.arange(parts)
    fine_rows = (rows[:, None, None] * parts + k[:, None] + 0 * k).ravel()
    found.append(halves(fine_rows, (cols[:, None, None] * parts + 0 * k[:, None] + k).ravel(), 1))
    for row, col in np.argwhere(beside):
        # round the square from its north-western corner, down the western edge first
        ring = []
        for (dr, dc), (r, c), (sr, sc) in (
            ((0, -1), (0, 0), (1, 0)), ((1, 0), (parts, 0), (0, 1)), ((0, 1), (parts, parts), (-1, 0)), ((-1, 0), (0, parts), (0, -1)),
        ):  # fmt: skip
            steps = range(parts) if aside[row + 1 + dr, col + 1 + dc] else range(1)
            ring += [(row * parts + r + sr * i) * stride + col * parts + c + sc * i for i in steps]
        middle = (row * parts + parts // 2) * stride + col * parts + parts // 2
        found.append(np.array([(middle, p, q) for p, q in zip(ring, ring[1:] + ring[:1], strict=True)], np.int64))
    used, triangles = np.unique(np.concatenate(found), return_inverse=True)

    def along(line: Float, place: NDArray[np.int64]) -> Float:
        first = np.minimum(place // parts, len(line) - 2)
        return np.asarray(line[first] + (line[first + 1] - line[first]) * ((place - first * parts) / parts))

    return along(across, used % stride), along(down, used // stride), triangles.reshape(-1, 3).astype(np.int64)


def _ribbon(river: River) -> tuple[Float, NDArray[np.int64], Float]:
    """A river's surface: five points across, its edges a little under the banks; (points, triangles, depths)."""
    keep = river.shown.copy()
    keep[:-1] |= river.shown[1:]  # one step into the lake or the sea it meets
    keep[1:] |= river.shown[:-1]
    p = river.points
    ahead = np.empty((len(p), 2))
    ahead[1:-1] = p[2:, [0, 2]] - p[:-2, [0, 2]]
    ahead[0], ahead[-1] = p[1, [0, 2]] - p[0, [0, 2]], p[-1, [0, 2]] - p[-2, [0, 2]]
    length = np.maximum(np.sqrt(ahead[:, 0] * ahead[:, 0] + ahead[:, 1] * ahead[:, 1]), 1e-9)
    right = np.stack([-ahead[:, 1] / length, ahead[:, 0] / length], axis=1)
    across = np.array([-0.5, -0.3, 0.0, 0.3, 0.5])
    offset = across[None, :] * (river.width_m + 2.0 * BANK_OVERLAP_M)[:, None]
    points = np.empty((len(p), 5, 3))
    points[..., 0] = p[:, None, 0] + right[:, None, 0] * offset
    points[..., 1] = p[:, None, 1]
    points[..., 2] = p[:, None, 2] + right[:, None, 1] * offset
    depth = river.depth_m[:, None] * np.array([0.0, 0.5, 1.0, 0.5, 0.0])
    a = (np.arange(len(p) - 1)[:, None] * 5 + np.arange(4)).reshape(-1)
    both = np.repeat(keep[:-1] & keep[1:], 4)
    a = a[both]
    triangles = np.concatenate([np.stack([a, a + 1, a + 6], axis=1), np.stack([a, a + 6, a + 5], axis=1)])
    flat = points.reshape(-1, 3)
    if len(triangles):
        k = triangles[0]
        u, v = flat[k[1]] - flat[k[0]], flat[k[2]] - flat[k[0]]
        if u[2] * v[0] - u[0] * v[2] < 0.0:
            triangles = triangles[:, ::-1]
    return flat, triangles, depth.reshape(-1)


def _sea(terrain: Terrain, level_m: float, half_m: float) -> tuple[Float, NDArray[np.int64], Float]:
    """The sea to the horizon, on lines that are close together near the visitor; squares wholly inland are left out."""
    t = np.arange(-SEA_CELLS // 2, SEA_CELLS // 2 + 1) / (SEA_CELLS / 2.0)
    line = t * (0.10 + 0.90 * t * t) * half_m
    x, z = np.meshgrid(line, line)
    depth = level_m - terrain.height(x, z)
    x, z, triangles = squares(line, line, _any_corner(_grow(depth > -0.5)), depth, SEA_PARTS)
    depth = level_m - terrain.height(x, z)
    # Elevation data has no sea floor: where no land lies near, the water counts as deep.
    for reach in (35.0, 110.0):
        nearest = np.full(len(x), -np.inf)
        for east, south in ((1, 0), (-1, 0), (0, 1), (0, -1), (0.7, 0.7), (-0.7, 0.7), (0.7, -0.7), (-0.7, -0.7)):
            nearest = np.maximum(nearest, terrain.height(x + reach * east, z + reach * south))
        depth = depth + np.where((nearest < level_m) & (depth > 0.0), 1.1, 0.0)
    return np.stack([x, np.full(len(x), level_m), z], axis=-1), triangles, depth


def _grow(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask and its eight neighbours."""
    padded = np.pad(mask, 1)
    rows = padded[:-2] | padded[1:-1] | padded[2:]
    return np.asarray(rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:])


def _any_corner(posts: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(posts[:-1, :-1] | posts[1:, :-1] | posts[:-1, 1:] | posts[1:, 1:])


def _every_corner(posts: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(posts[:-1, :-1] & posts[1:, :-1] & posts[:-1, 1:] & posts[1:, 1:])
