"""Far trees as pictures: each model is drawn once from the side into one atlas, and stands as two crossing planes.

One plane faces the spawn point, where nearly every visit is spent; from any other place one of the two is seen at 45 degrees
or better. Planes are indexed both ways round on the same corners: 8 triangles and 8 vertices a tree.
(Three single-sided planes at 120 degrees cost 6, but from some sides a tree was half as wide.)
"""

from dataclasses import dataclass

import numpy as np

from seedscape.generation.values import Float32, UInt8
from seedscape.scene.numeric import Float64, unit
from seedscape.scene.values import Material, Mesh, Texture

MATERIAL = "far_trees"
TEXTURE = "far_trees"
CELL = 256
LOW_CELL = 64  # of what is knee or breast high: pictures of that are never seen near enough for more
COLUMNS = 4
TRIANGLES = 8  # of one tree
TRUNK, TRUNK_UP_TO = 11, 0.6  # pixels of a cell; share of the height up to which it is a trunk
_SUPERSAMPLE = 2


@dataclass(frozen=True)
class Billboard:
    """One picture. rect: (u0, v0, u1, v1) in the atlas; half_width_m, height_m: what the rectangle covers in the world."""

    rect: tuple[float, float, float, float]
    half_width_m: float
    height_m: float


def billboard_material() -> Material:
    """Roughness as of the near trees; a lower cutoff, because mip maps thin the coverage of distant cards."""
    return Material(base_color=TEXTURE, roughness=1.0, specular=0.0, alpha_mode="MASK", alpha_cutoff=0.33)


def paint_billboards(
    meshes: list[Mesh], texture: Texture, cutoff: float, low: int = 0
) -> tuple[Texture, list[Billboard]]:
    """Draw models that share `texture` into one atlas of 4 columns; rows are added to a power of two.

    low: so many of the last models are low plants, which take small cells.
    """
    tall, each = len(meshes) - low, (CELL // LOW_CELL) ** 2
    rows = 1
    while rows * COLUMNS < tall + -(-low // each):
        rows *= 2
    w, h = COLUMNS * CELL, rows * CELL
    atlas: UInt8 = np.zeros((h, w, 4), np.uint8)
    boards = []
    for i, mesh in enumerate(meshes):
        edge, cell, inside = (CELL, i, 0) if i < tall else (LOW_CELL, tall + (i - tall) // each, (i - tall) % each)
        x = cell % COLUMNS * CELL + inside % (CELL // LOW_CELL) * LOW_CELL
        y = cell // COLUMNS * CELL + inside // (CELL // LOW_CELL) * LOW_CELL
        half, height = measure(mesh)
        drawn = picture(mesh, texture, cutoff, half, height, edge, edge)
        atlas[y : y + edge, x : x + edge] = stouter(drawn) if i < tall else drawn
        u0, v0, u1, v1 = x + 0.5, y + 0.5, x + edge - 0.5, y + edge - 0.5
        boards.append(Billboard((u0 / w, v0 / h, u1 / w, v1 / h), half, height))
    return Texture(atlas, "color", "clamp"), boards


def measure(mesh: Mesh) -> tuple[float, float]:
    """Half width and height in metres of what a picture of the mesh covers."""
    return float(np.abs(mesh.positions[:, 0]).max()) * 1.02, float(mesh.positions[:, 1].max()) * 1.01


def picture(
    mesh: Mesh, texture: Texture, cutoff: float, half_width_m: float, height_m: float, width: int, height: int
) -> UInt8:
    """(height, width, 4) uint8: the mesh seen from +Z, orthographic, its albedo with vertex shade and a little sky light.

    Every triangle is covered with barycentric samples closer than a pixel; the nearest opaque sample of a pixel stays
    (a z-buffer by `np.maximum.at`). Pixels that nothing covers take the mean colour, so filtering bleeds no dark rim.
    """
    w, h = width * _SUPERSAMPLE, height * _SUPERSAMPLE
    p = mesh.positions.astype(np.float64)
    assert mesh.uvs is not None and mesh.normals is not None and mesh.colors is not None
    screen = np.stack([(p[:, 0] / half_width_m + 1.0) * 0.5 * w, (1.0 - p[:, 1] / height_m) * h, p[:, 2]], axis=1)
    light = 0.92 + 0.20 * mesh.normals[:, 1].astype(np.float64)
    shade = mesh.colors[:, 0].astype(np.float64) * light
    # x, y, z, u, v, shade; float32 is a tenth of a texel at worst, and twice as quick.
    values = np.concatenate([screen, mesh.uvs.astype(np.float64), shade[:, None]], axis=1).astype(np.float32)

    corners = values[mesh.indices]  # (m, 3, 6)
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    # Cards are indexed once each way round: only those that face the viewer are drawn (screen y points down).
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    seen = area < 0.0
    corners = corners[seen]
    # Sample along the two shorter edges: long thin triangles (tubes) then cost their area, not their length squared.
    edges = corners[:, (2, 0, 1), :2] - corners[:, (1, 2, 0), :2]
    apex = np.argmax(edges[..., 0] ** 2 + edges[..., 1] ** 2, axis=1)
    rows = np.arange(len(corners))
    a, b, c = corners[rows, apex], corners[rows, (apex + 1) % 3], corners[rows, (apex + 2) % 3]
    ab, ac = _steps(a, b), _steps(a, c)

    depth = np.full(w * h, -np.inf, np.float32)
    colour = np.zeros((w * h, 3))
    for key in np.unique(ab * 4096 + ac):
        m, n = int(key) // 4096, int(key) % 4096
        some = (ab == m) & (ac == n)
        i, j = np.nonzero(np.arange(m)[:, None] * (n - 1) + np.arange(n)[None] * (m - 1) <= (m - 1) * (n - 1))
        s, t = ((k / (e - 1)).astype(np.float32)[None, :, None] for k, e in ((i, m), (j, n)))
        origin, along, across = a[some][:, None], (b - a)[some][:, None], (c - a)[some][:, None]
        _splat((origin + along * s + across * t).reshape(-1, 6), texture.pixels, cutoff, w, h, depth, colour)

    covered = (depth > -np.inf).reshape(h, w)
    count_in = _pool(covered.astype(np.int64))
    total = _pool(colour.reshape(h, w, 3))
    mean = total.sum(axis=(0, 1)) / max(1, int(count_in.sum()))
    rgb = np.where(count_in[..., None] > 0, total / np.maximum(count_in, 1)[..., None], mean)
    alpha = np.minimum(255.0, count_in * (255.0 / _SUPERSAMPLE**2))
    return np.concatenate([_encode(rgb), np.floor(alpha + 0.5)[..., None].astype(np.uint8)], axis=2)


def stouter(drawn: UInt8) -> UInt8:
    """The picture (h, w, 4) with trunks of at least TRUNK pixels: thinner ones vanish from mip maps, and crowns hang in the air."""
    drawn, low = drawn.copy(), int(drawn.shape[0] * (1.0 - TRUNK_UP_TO))
    for _ in range(TRUNK):
        lower = drawn[low:]
        solid = lower[..., 3] >= 128
        count = solid.sum(axis=1)
        thin = np.nonzero((count > 0) & (count < TRUNK))[0]
        if not len(thin):
            break
        for way in (1, -1):  # one pixel to each side
            beside = np.roll(lower[thin], way, axis=1)
            wider = np.roll(solid[thin], way, axis=1) & ~solid[thin]
            lower[thin] = np.where(wider[..., None], beside, lower[thin])
    return drawn


def _pool(dots: np.ndarray) -> np.ndarray:
    """Sums of blocks of _SUPERSAMPLE by _SUPERSAMPLE (by slices: reductions of short axes are slow)."""
    steps = range(_SUPERSAMPLE)
    return np.asarray(sum(dots[i::_SUPERSAMPLE, j::_SUPERSAMPLE] for i in steps for j in steps))


_STEPS = np.array([2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724])


def _steps(a: Float64, b: Float64) -> np.ndarray:
    """Samples along edges a-b, a little closer than a pixel, from a short list so that few groups are drawn."""
    edge = b[:, :2] - a[:, :2]
    length = np.sqrt(edge[:, 0] ** 2 + edge[:, 1] ** 2)
    return _STEPS[np.minimum(np.searchsorted(_STEPS, length * 1.1 + 1.0), len(_STEPS) - 1)]


# sRGB transfer as tables: exact on every machine, and faster than a power for each pixel.
_DECODE = np.array([v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (i / 255 for i in range(256))])
_EDGES = (_DECODE[1:] + _DECODE[:-1]) * 0.5


def _encode(linear: Float64) -> UInt8:
    """Linear light to the nearest sRGB byte."""
    return np.searchsorted(_EDGES, linear).astype(np.uint8)


def _splat(dots: Float32, pixels: UInt8, cutoff: float, w: int, h: int, depth: Float32, colour: Float64) -> None:
    """Put samples (x, y, z, u, v, shade) into the buffers where they are opaque and nearest."""
    rows, cols = pixels.shape[:2]
    u, v = dots[:, 3], dots[:, 4]
    col = np.minimum(((u - np.floor(u)) * cols).astype(np.int32), cols - 1)
    row = np.minimum(((v - np.floor(v)) * rows).astype(np.int32), rows - 1)
    x, y = dots[:, 0].astype(np.int32), dots[:, 1].astype(np.int32)
    texel = row * cols + col
    keep = np.nonzero(
        (pixels.reshape(-1, 4)[:, 3][texel] >= cutoff * 255.0)
        & (dots[:, 0] >= 0.0)
        & (dots[:, 1] >= 0.0)
        & (x < w)
        & (y < h)
    )[0]
    at, z = (y[keep] * w + x[keep]), dots[keep, 2]
    np.maximum.at(depth, at, z)
    front = np.nonzero(depth[at] == z)[0]
    kept = keep[front]
    colour[at[front]] = _DECODE[pixels.reshape(-1, 4)[texel[kept], :3]] * dots[kept, 5, None]


def billboards(boards: list[Billboard], which: np.ndarray, feet: Float64, scale: Float64, tint: Float64) -> Mesh:
    """One mesh of many far trees. which (n,) indices of boards; feet (n, 3) metres; scale (n,); tint (n, 3) linear.

    Normals fan out sideways and upwards as on a round crown, so that sun and shade sides show without any geometry; those of
    the plane that faces the spawn point lean towards it as well, so that trees against the sun are darker than others.
    """
    n = len(which)
    half = np.array([b.half_width_m for b in boards])[which] * scale
    tall = np.array([b.height_m for b in boards])[which] * scale
    rect = np.array([b.rect for b in boards])[which]
    to_spawn = unit(feet * np.array([-1.0, 0.0, -1.0]) + np.array([0.0, 0.0, 1e-6]))
    x, y, z = to_spawn[:, 0], np.zeros(n), to_spawn[:, 2]
    right = np.stack([np.stack([z, y, -x], axis=1), np.stack([x, y, z], axis=1)], axis=1)  # (n, 2 planes, 3)
    lean = np.stack([to_spawn * 0.6, np.zeros((n, 3))], axis=1)
    up = np.array([0.0, 1.0, 0.0])
    corners, normals, uvs = [], [], []
    for side, rise in ((-1.0, 0.0), (1.0, 0.0), (1.0, 1.0), (-1.0, 1.0)):
        across = right * side
        corners.append(feet[:, None] + across * half[:, None, None] + up * (tall[:, None, None] * rise))
        normals.append(unit(lean + across * 0.35 + up * (0.6 + 0.4 * rise)))
        uv = np.stack([rect[:, 0] if side < 0 else rect[:, 2], rect[:, 3] if rise == 0.0 else rect[:, 1]], axis=1)
        uvs.append(np.repeat(uv[:, None], 2, axis=1))
    colors = np.ones((n, 8, 4))
    colors[..., :3] = tint[:, None]
    quads = np.arange(n * 2)[:, None, None] * 4 + np.array([[0, 1, 2], [0, 2, 3], [2, 1, 0], [3, 2, 0]])
    return Mesh(
        positions=np.stack(corners, axis=2).reshape(-1, 3).astype(np.float32),
        indices=quads.reshape(-1, 3).astype(np.uint32),
        material=MATERIAL,
        normals=np.stack(normals, axis=2).reshape(-1, 3).astype(np.float32),
        uvs=np.stack(uvs, axis=2).reshape(-1, 2).astype(np.float32),
        colors=colors.reshape(-1, 4).astype(np.float32),
    )
