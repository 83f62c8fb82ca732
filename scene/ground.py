"""The visited ground: one opaque base layer and blended overlays of the same triangles, in chunks.

glTF has no splat maps, so the layers are drawn over each other: every overlay repeats the triangles it touches, with the very
same corner positions, and vertex alpha says how much of it shows. Equal positions through the same transform give equal
depths, and "less or equal" lets the overlay pass: nothing flickers. The layers of a chunk are parts of one model at one place,
in drawing order; three.js sorts see-through parts by the distance of their node and then by the order they came in, so it keeps
ours. Alphas are such that another order hardly shows (see `cover.over_alphas`).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.values import HeightField, MaterialMaps, Terrain
from seedscape.scene.biomes import Biome, Layer, ground_layers
from seedscape.scene.cover import (
    LandPoints,
    ground_shade,
    layer_tint,
    layer_weights,
    over_alphas,
    relative_altitude,
    shore_heights,
)
from seedscape.scene.horizon import HORIZON_BLEND, HORIZON_MATERIAL, horizon_uvs
from seedscape.scene.land import normals
from seedscape.scene.numeric import smoothstep
from seedscape.scene.site import Site
from seedscape.scene.spec import SceneSpec
from seedscape.scene.triangulate import GroundMesh
from seedscape.scene.values import Mesh

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

NEAR_BLOCK_M = 90.0  # half the edge of the middle chunk; the rest is four quarters, and four more for the horizon
# From here to there the picture of the far land takes over from the tiled layers: a tile is then a few pixels of the eye's,
# and the picture's texels are finer than the vertices that carry the layers' borders.
FADE_FROM, FADE_TO_M, RIM_M = 0.5, 260.0, 8.0
CLIFF_MATERIALS = ("rock", "mossy_rock")  # projected from the side where they are steep
ALPHA_STEP = 1.0 / 255.0
NORMAL_LEAST_M = 0.5  # reach of a normal underfoot, about the finest post spacing
HOLLOW_M, HOLLOW_REACH_M = 0.8, 70.0  # how far to look for the banks of a hollow, and for hollows
HOLLOW_DEEP, HOLLOW_DIM = 0.22, 0.45  # rise over run of the banks that dims most, and how much that is
LEAN = 0.35  # a projection counts where the normal leans at least that far to its axis


@dataclass(frozen=True)
class GroundVertices:
    """What every vertex of the ground carries. positions, normals (n, 3) float64; weights (layers, n); tints per layer (n, 3)."""

    positions: Float
    normals: Float
    alphas: Float
    tints: tuple[Float, ...]
    fade: Float


def ground_models(
    site: Site,
    mesh: GroundMesh,
    biome: Biome,
    spec: SceneSpec,
    materials: dict[str, MaterialMaps],
) -> dict[str, tuple[Mesh, ...]]:
    """Models of the land by name: ground_near, ground_ne/se/sw/nw, horizon_ne/... ; parts in drawing order."""
    layers = ground_layers(biome, spec.season)
    triangles = mesh.triangles
    centre_x, centre_z = mesh.x[triangles].mean(axis=1), mesh.z[triangles].mean(axis=1)
    reach = np.maximum(np.abs(centre_x), np.abs(centre_z))
    fade = _fade(mesh, site.size_m)
    layered = (fade[triangles] < 1.0).any(axis=1)
    vertices = _vertices(site, mesh, biome, spec, fade, np.unique(triangles[layered]))
    quarter = (centre_x < 0).astype(np.int64) * 2 + (centre_z < 0)
    # The horizon is a disc: what lies wholly beyond it would be hidden by the sky.
    within = (
        np.minimum.reduce([mesh.x[triangles[:, k]] ** 2 + mesh.z[triangles[:, k]] ** 2 for k in range(3)])
        <= mesh.lattice.half_m**2
    )
    models: dict[str, tuple[Mesh, ...]] = {}
    near = layered & (reach < NEAR_BLOCK_M)
    models["ground_near"] = _chunk(vertices, triangles[near], layers, materials, mesh.lattice.half_m)
    for number, name in enumerate(("se", "ne", "sw", "nw")):
        here = quarter == number
        models[f"ground_{name}"] = _chunk(
            vertices, triangles[here & layered & ~near], layers, materials, mesh.lattice.half_m
        )
    for number, name in enumerate(("se", "ne", "sw", "nw")):
        far = triangles[(quarter == number) & ~layered & within]
        models[f"horizon_{name}"] = (_far_part(vertices, far, HORIZON_MATERIAL, mesh.lattice.half_m, None),)
    return {name: parts for name, parts in models.items() if parts and len(parts[0].indices)}


def shaded(models: dict[str, tuple[Mesh, ...]], contact: HeightField) -> dict[str, tuple[Mesh, ...]]:
    """The same with the layers' colours dimmed under what stands on them. contact: multipliers, see `contact.contact_shade`."""

    def dimmed(part: Mesh) -> Mesh:
        if part.colors is None or part.material in (HORIZON_MATERIAL, HORIZON_BLEND):
            return part
        colors = part.colors.copy()
        colors[:, :3] *= contact.sample(part.positions[:, 0], part.positions[:, 2])[:, None]
        return replace(part, colors=colors)

    return {name: tuple(dimmed(part) for part in parts) for name, parts in models.items()}


def _fade(mesh: GroundMesh, size_m: float) -> Float:
    """How much of each vertex the picture of the far land shows, 0 .. 1."""
    end = min(FADE_TO_M, size_m / 2.0 - RIM_M)
    return smoothstep(FADE_FROM * end, end, np.sqrt(mesh.x * mesh.x + mesh.z * mesh.z))


def _vertices(site: Site, mesh: GroundMesh, biome: Biome, spec: SceneSpec, fade: Float, used: Int) -> GroundVertices:
    """Normals for all vertices; covers and tints for those the layers use."""
    layers = ground_layers(biome, spec.season)
    count = len(mesh.x)
    distance = np.sqrt(mesh.x * mesh.x + mesh.z * mesh.z)
    # A normal speaks for the triangle's size, not for a single post: it reaches as far as edges are allowed to be long.
    normal = normals(site.terrain, mesh.x, mesh.z, np.maximum(NORMAL_LEAST_M, 0.02 * distance))
    close = used[distance[used] < HOLLOW_REACH_M]
    at = land_points(site, mesh.x[used], mesh.z[used], mesh.y[used], normal[used])
    weights = layer_weights(layers, at, spec.seed, path=biome.path)
    alphas = np.zeros((len(layers), count))
    alphas[:, used] = np.where((over := over_alphas(weights)) < ALPHA_STEP, 0.0, over)
    shade = np.ones((count, 3))
    shade[used] = ground_shade(at, spec.seed, strata=biome.strata)
    shade[close] *= hollow_shade(site.terrain, mesh.x[close], mesh.z[close], mesh.y[close])[:, None]
    tints = tuple(shade * np.array(layer_tint(biome, layer, spec.season)) for layer in layers)
    positions = np.stack([mesh.x, mesh.y, mesh.z], axis=-1)
    return GroundVertices(positions, normal, alphas, tints, fade)


def hollow_shade(terrain: Terrain, x: Float, z: Float, y: Float) -> Float:
    """Multipliers (n,) of the light at points: less in gullies and between lumps a metre wide, where the sky is narrow."""
    around = np.zeros(len(x))
    for dx, dz in ((HOLLOW_M, 0.0), (-HOLLOW_M, 0.0), (0.0, HOLLOW_M), (0.0, -HOLLOW_M)):
        around += terrain.height(x + dx, z + dz)
    return 1.0 - HOLLOW_DIM * smoothstep(-0.02, HOLLOW_DEEP, (around / 4.0 - y) / HOLLOW_M)


def land_points(site: Site, x: Float, z: Float, y: Float, normal: Float) -> LandPoints:
    """Land properties at points (n,) inside the visited square, for the rules of the layers."""
    up = np.maximum(normal[:, 1], 0.05)
    return LandPoints(
        x=x,
        z=z,
        altitude=relative_altitude(site, y),
        slope=np.sqrt(np.maximum(1.0 - up * up, 0.0)) / up,
        moisture=site.sample(site.moisture, x, z),
        curvature=site.sample(site.curvature, x, z),
        shore_m=site.sample(shore_heights(site), x, z),
        openness=site.sample(site.openness, x, z),
        worn=site.worn(x, z),
        height_m=y,
    )


def _chunk(
    vertices: GroundVertices,
    triangles: Int,
    layers: tuple[Layer, ...],
    materials: dict[str, MaterialMaps],
    half_m: float,
) -> tuple[Mesh, ...]:
    """The parts of one chunk: base, overlays where they show, and the horizon's picture where it takes over."""
    if not len(triangles):
        return ()
    parts = []
    for number, layer in enumerate(layers):
        size = materials[layer.material].size_m
        name = f"ground_{layer.material}" if number == 0 else f"ground_{layer.material}_over"
        if number == 0:
            parts.append(_part(vertices, triangles, name, size, vertices.tints[0], None, 1))
            continue
        alpha = vertices.alphas[number]
        shown = triangles[(alpha[triangles] > 0.0).any(axis=1)]
        if not len(shown):
            continue
        if layer.material in CLIFF_MATERIALS:
            parts.append(_cliff_part(vertices, shown, name, size, vertices.tints[number], alpha))
        else:
            parts.append(_part(vertices, shown, name, size, vertices.tints[number], alpha, 1))
    fading = triangles[(vertices.fade[triangles] > 0.0).any(axis=1)]
    if len(fading):
        parts.append(_far_part(vertices, fading, HORIZON_BLEND, half_m, vertices.fade))
    return tuple(parts)


def _part(
    vertices: GroundVertices,
    triangles: Int,
    material: str,
    size_m: float,
    tint: Float,
    alpha: Float | None,
    axis: int,
    sign: float = 1.0,
) -> Mesh:
    """One layer, its texture projected along an axis (0: x, 1: straight down, 2: z); sign turns side views the right way."""
    used, local = np.unique(triangles, return_inverse=True)
    p = vertices.positions[used]
    if axis == 1:
        u, v = p[:, 0], p[:, 2]
    elif axis == 0:
        u, v = -sign * p[:, 2], -p[:, 1]
    else:
        u, v = sign * p[:, 0], -p[:, 1]
    uvs = np.stack([u, v], axis=-1) / size_m
    # Whole tiles are taken off so that float32 keeps fractions of a millimetre.
    uvs -= np.floor((uvs.min(axis=0) + uvs.max(axis=0)) * 0.5)
    colors = np.ones((len(used), 4))
    colors[:, :3] = tint[used]
    if alpha is not None:
        colors[:, 3] = alpha[used]
    return Mesh(
        positions=p.astype(np.float32),
        indices=local.reshape(-1, 3).astype(np.uint32),
        material=material,
        normals=vertices.normals[used].astype(np.float32),
        uvs=uvs.astype(np.float32),
        colors=colors.astype(np.float32),
    )


def _cliff_part(
    vertices: GroundVertices, triangles: Int, material: str, size_m: float, tint: Float, alpha: Float
) -> Mesh:
    """A layer seen from above and from four sides: each view repeats the triangles that lean its way, all in one draw call.

    Seen from above alone, texture stretches on steep ground. The views' shares of a vertex follow its normal and add up to one;
    they are drawn one after the other with alphas that mix them so (as in `cover.over_alphas`).
    """
    n = vertices.normals
    views = ((1, 1.0, n[:, 1]), (0, 1.0, n[:, 0]), (0, -1.0, -n[:, 0]), (2, 1.0, n[:, 2]), (2, -1.0, -n[:, 2]))
    shares = np.stack([np.maximum(lean - LEAN, 0.0) * np.maximum(lean - LEAN, 0.0) for _, _, lean in views])
    shares[shares < 0.02 * shares.max(axis=0)] = 0.0
    total = shares[0] + shares[1] + shares[2] + shares[3] + shares[4]
    view_alphas = _one_after_the_other(shares / np.maximum(total, 1e-9) * alpha)
    parts = []
    for number, (axis, sign, _) in enumerate(views):
        mine = np.where(view_alphas[number] < ALPHA_STEP, 0.0, view_alphas[number])
        shown = triangles[(mine[triangles] > 0.0).any(axis=1)]
        if len(shown):
            parts.append(_part(vertices, shown, material, size_m, tint, mine, axis, sign))
    return merge(parts)


def _one_after_the_other(weights: Float) -> Float:
    """Alphas such that, drawn in order over the ground, view i ends with weights[i] of the picture.

    From the last view back: the last shows its weight, the one before its weight out of what the later ones leave.
    """
    alphas = np.zeros_like(weights)
    left = np.ones(weights.shape[1:])
    for number in range(len(weights) - 1, -1, -1):
        alphas[number] = np.clip(weights[number] / np.maximum(left, 1e-9), 0.0, 1.0)
        left = np.maximum(left - weights[number], 0.0)
    return alphas


def _far_part(vertices: GroundVertices, triangles: Int, material: str, half_m: float, alpha: Float | None) -> Mesh:
    """Ground drawn with the one picture of the horizon."""
    used, local = np.unique(triangles, return_inverse=True)
    p = vertices.positions[used]
    colors = None
    if alpha is not None:
        colors = np.ones((len(used), 4), np.float32)
        colors[:, 3] = alpha[used]
    return Mesh(
        positions=p.astype(np.float32),
        indices=local.reshape(-1, 3).astype(np.uint32),
        material=material,
        normals=vertices.normals[used].astype(np.float32),
        uvs=horizon_uvs(p[:, 0], p[:, 2], half_m).astype(np.float32),
        colors=colors,
    )


def merge(parts: list[Mesh]) -> Mesh:
    """Parts of one material as one mesh, triangles in the order of the parts."""
    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0] + [len(part.positions) for part in parts[:-1]])

    def joined(name: str) -> NDArray[np.float32]:
        return np.concatenate([getattr(part, name) for part in parts])

    return Mesh(
        positions=joined("positions"),
        indices=np.concatenate([part.indices + np.uint32(start) for part, start in zip(parts, starts, strict=True)]),
        material=parts[0].material,
        normals=joined("normals"),
        uvs=joined("uvs"),
        colors=joined("colors"),
    )
