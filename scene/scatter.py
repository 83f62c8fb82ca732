"""Plants, rocks and grass of a site as models, nodes and collision, within a budget of draw calls and triangles.

A renderer pays for each node: so the nearest trees and rocks are nodes that share models, what stands farther out is merged
into one mesh for each quarter of the compass whatever its level of detail (see `levels`), and what is farthest are pictures (see
`billboard`), merged by eighths.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from seedscape.generation.rng import stream
from seedscape.generation.values import MaterialMaps
from seedscape.scene import billboard, grass, levels, trees
from seedscape.scene.biomes import Biome
from seedscape.scene.foliage import Atlas, paint_atlas
from seedscape.scene.ground import merge
from seedscape.scene.habitat import (
    LOW,
    LYING,
    Stand,
    gather,
    outer_stand,
    plant_stand,
    rock_stand,
    stone_stand,
    undergrowth,
)
from seedscape.scene.numeric import Float64, cos_sin, unit
from seedscape.scene.rocks import SHAPES, RockModel, carve_rock
from seedscape.scene.site import Site
from seedscape.scene.slivers import without_slivers
from seedscape.scene.spec import SceneSpec
from seedscape.scene.textures import texture_set, tiled_material
from seedscape.scene.values import Material, Mesh, Node, Texture
from seedscape.scene.walkable import Blockers

NEAR_TREES, NEAR_ROCKS = 9, 4  # nodes of their own
PLANT_TRIANGLES = 104_000  # of all levels and pictures, where the rest of the scene leaves so many
LEAST_PLANT_TRIANGLES = 40_000
MOST_PLANTS, THIN_FROM_M, LOW_REACH_M = 3600, 60.0, 180.0
MIDDLE_ROCKS, FAR_ROCKS = 100, 180
FULL_ROCK_PX, CLOSE_ROCK_PX = (
    20.0,
    70.0,
)  # radius in the headset's pixels above which a batched rock shows its middle, its near level
CLOSE_ROCKS = 10  # at most
ROCK_TRIANGLES = 21_000  # more than all of them take
VARIANTS = 2
COLLISION_REACH_M = 160.0
TRUNK_HULL_M = 2.2
ROCK_MATERIAL = "rocks"
CROWN_SHADE = 0.40  # what a single crown takes from the sky over its foot
STEP_OVER_M = 0.22  # radius of stones nobody has to walk round

Ground = Callable[[Float64, Float64], Float64]


@dataclass(frozen=True)
class Placement:
    """What stands on a site. nodes are in drawing order, all opaque or masked.

    blockers: discs nobody can walk into. collision: (positions (n, 3) float32, indices (m, 3) uint32) of simple hulls.
    feet: (n, 4) float64 x, y, z where each thing meets the ground, and its distance from the spawn point.
    shadows: (n, 4) float64 x, z, radius, strength 0..1 of the dark ground under crowns and rocks, for the ground's tint.
    """

    models: dict[str, tuple[Mesh, ...]]
    materials: dict[str, Material]
    textures: dict[str, Texture]
    nodes: tuple[Node, ...]
    blockers: Blockers
    collision: tuple[np.ndarray, np.ndarray]
    shadows: Float64
    feet: Float64
    figures: dict[str, Any] = field(default_factory=dict)


def plant_atlas(biome: Biome, spec: SceneSpec, materials: dict[str, MaterialMaps]) -> Atlas:
    """The picture of a biome's plants, which depends on no place. materials: with "bark" for trees."""
    names = tuple(species.name for species in biome.species)
    snow = 0.28 if spec.season == "winter" and biome.winter_snow else 0.0
    return paint_atlas(stream(spec.seed, "scene", "foliage"), names, spec.season, materials.get("bark"), snow)


def place(
    site: Site,
    biome: Biome,
    spec: SceneSpec,
    materials: dict[str, MaterialMaps],
    ground: Ground | None = None,
    atlas: Callable[[], Atlas] | None = None,
    triangles: int = 2 * PLANT_TRIANGLES,
) -> Placement:
    """Everything that stands, in so many triangles. materials: the grounds' (for the grass colour), the biome's rock and, for trees, "bark".

    ground: heights (n,) of the drawn ground at x, z (n,), which far off differs from the land by metres; None: the land's. atlas: gives the `plant_atlas` where that has been begun elsewhere.
    """
    ground = ground or site.terrain.height
    models: dict[str, tuple[Mesh, ...]] = {}
    nodes: list[Node] = []
    textures: dict[str, Texture] = {}
    kinds: dict[str, Material] = {}
    hulls: list[tuple[np.ndarray, np.ndarray]] = []

    stand = gather(plant_stand(site, biome, spec), undergrowth(site, biome, spec), outer_stand(site, biome, spec))
    grown: dict[str, list[trees.TreeModel]] = {}
    if len(stand.x):
        grown = _grow(biome, spec, atlas() if atlas else plant_atlas(biome, spec, materials), textures)
    drawn, figures = stand, {}
    turfs = grass.grow_grass(site, biome, spec, materials)
    if len(stand.x):
        spare = triangles - ROCK_TRIANGLES - sum(len(mesh.indices) for mesh in turfs)
        budget = min(max(spare, LEAST_PLANT_TRIANGLES), PLANT_TRIANGLES)
        drawn, chosen = _plant(site, biome, spec, stand, ground, grown, models, nodes, textures, budget)
        counts = np.bincount(chosen.level, minlength=4).tolist()
        figures = {
            "plant_levels": dict(zip(("near", "middle", "coarse", "picture"), counts, strict=True)),
            "plant_tolerance_px": round(chosen.tolerance_px, 1),
        }
        kinds[trees.MATERIAL] = trees.tree_material()
    if billboard.TEXTURE in textures:
        kinds[billboard.MATERIAL] = billboard.billboard_material()
    trunk = np.array([max((m.trunk_radius_m for m in grown.get(s.name, [])), default=0.0) for s in biome.species])
    crown = np.array([max((m.crown_radius_m for m in grown.get(s.name, [])), default=0.0) for s in biome.species])
    solid = drawn.some(trunk[drawn.kind] > 0.0)
    close = solid.distance < COLLISION_REACH_M
    hulls.append(_prisms(ground, solid.some(close), (trunk[solid.kind] * solid.size)[close]))

    rocks = gather(rock_stand(site, biome, spec), stone_stand(site, biome, spec))
    rocks = _lay_rocks(site, biome, spec, materials, rocks, ground, models, nodes, textures, kinds, hulls)

    for number, mesh in enumerate(turfs):
        models[f"grass_{number}"] = (mesh,)
        nodes.append(Node(f"grass_{number}", model=f"grass_{number}"))
    if turfs:
        kinds[grass.MATERIAL] = grass.grass_material()
        textures[grass.TEXTURE] = grass.paint_grass(stream(spec.seed, "scene", "grass picture"), biome.name)

    return Placement(
        models=models,
        materials=kinds,
        textures=textures,
        nodes=tuple(nodes),
        blockers=Blockers(
            np.concatenate([solid.x, rocks.x]),
            np.concatenate([solid.z, rocks.z]),
            np.concatenate(
                [trunk[solid.kind] * solid.size + 0.15, np.where(rocks.size > STEP_OVER_M, rocks.size * 0.85, 0.0)]
            ),
        ),
        collision=_merge_hulls(hulls),
        shadows=np.concatenate(
            [
                np.stack(
                    [drawn.x, drawn.z, crown[drawn.kind] * drawn.size, np.full(len(drawn.x), CROWN_SHADE)], axis=1
                ),
                np.stack([rocks.x, rocks.z, rocks.size * 1.5, np.full(len(rocks.x), 0.6)], axis=1),
            ]
        ),
        feet=np.concatenate(
            [
                np.stack([drawn.x, _footing(site, drawn, ground), drawn.z, drawn.distance], axis=1),
                np.stack([rocks.x, _bedding(site, rocks, ground), rocks.z, rocks.distance], axis=1),
            ]
        ),
        figures={
            "plants": {s.name: int((drawn.kind == i).sum()) for i, s in enumerate(biome.species)} if grown else {},
            "rocks": len(rocks.x),
            "grass_tufts": sum(len(mesh.positions) // 4 for mesh in turfs),
        }
        | figures,
    )


# ---- plants -----------------------------------------------------------------------------------------------------------


def _grow(
    biome: Biome, spec: SceneSpec, atlas: Atlas, textures: dict[str, Texture]
) -> dict[str, list[trees.TreeModel]]:
    """The models of each species, and their texture."""
    textures[trees.TEXTURE] = atlas.texture
    return {
        name: [trees.grow_tree(name, stream(spec.seed, "scene", name, i), atlas) for i in range(VARIANTS)]
        for name in (species.name for species in biome.species)
    }


def _plant(
    site: Site, biome: Biome, spec: SceneSpec, stand: Stand, ground: Ground, grown: dict[str, list[trees.TreeModel]],
    models: dict[str, tuple[Mesh, ...]], nodes: list[Node], textures: dict[str, Texture], budget: int,
) -> tuple[Stand, levels.Levels]:  # fmt: skip
    """Nodes and batches of all plants within a budget of triangles; returns those that are drawn at all, and their levels."""
    flat = [model for species in biome.species for model in grown[species.name]]
    which = stand.kind * VARIANTS + stand.pick % VARIANTS
    low = np.array([species.name in LOW for species in biome.species])[stand.kind]
    kept = _thin_out(stand, np.nonzero(~low | (stand.distance < LOW_REACH_M))[0])
    stand, which, low = stand.some(kept), which[kept], low[kept]
    y = _footing(site, stand, ground)
    chosen = _levels(stand, flat, which, budget)
    level = chosen.level

    near = np.nonzero(~low & (level == levels.NEAR))[0][:NEAR_TREES]
    for number, i in enumerate(near):
        name = f"{biome.species[int(stand.kind[i])].name}_{int(which[i]) % VARIANTS}"
        models[name] = (flat[int(which[i])].near,)
        nodes.append(_node(f"tree_{number}", name, stand, y, int(i)))

    rest = np.ones(len(level), bool)
    rest[near] = False
    batches: list[list[Mesh]] = [[] for _ in range(4)]
    quarter = _quarter(stand)
    for index, model in enumerate(flat):
        for number, mesh in enumerate((model.near, model.middle, model.coarse)):
            mine = np.nonzero(rest & (level == number) & (which == index))[0]
            for q in range(4):
                some = mine[quarter[mine] == q]
                if len(some):
                    batches[q].append(_repeat(mesh, stand.some(some), y[some], _tints(stand.some(some))))
    for q, parts in enumerate(batches):
        if parts:
            models[f"trees_middle_{q}"] = (merge(parts),)
            nodes.append(Node(f"trees_middle_{q}", model=f"trees_middle_{q}"))
    _picture(stand, flat, which, level == levels.PICTURE, y, models, nodes, textures)
    return stand, chosen


def _thin_out(stand: Stand, shown: np.ndarray) -> np.ndarray:
    """Those of `shown` that are drawn: where there are too many, a hash thins what is far off evenly with distance."""
    far = shown[stand.distance[shown] > THIN_FROM_M]
    spare = max(MOST_PLANTS - (len(shown) - len(far)), 0)
    if len(far) <= spare:
        return shown
    chance = (stand.pick[far].astype(np.float64) + 0.5) / 65536.0
    order = np.argsort(chance * stand.distance[far], kind="stable")
    return np.sort(np.concatenate([shown[stand.distance[shown] <= THIN_FROM_M], far[order[:spare]]]))


def _levels(stand: Stand, flat: list[trees.TreeModel], which: np.ndarray, budget: int) -> levels.Levels:
    """The level of each plant of a stand."""
    errors = np.array([levels.LOW_ERRORS if model.species in LOW else levels.TALL_ERRORS for model in flat])
    size = np.array([max(model.height_m, 2.0 * model.crown_radius_m) for model in flat])
    pixels = np.array([billboard.LOW_CELL if model.species in LOW else billboard.CELL for model in flat])
    texel = np.where([model.species in LYING for model in flat], np.inf, size / pixels)
    costs = [[len(mesh.indices) for mesh in (m.near, m.middle, m.coarse)] + [billboard.TRIANGLES] for m in flat]
    return levels.choose_levels(
        stand.distance,
        errors[which] * (size[which] * stand.size)[:, None],
        texel[which] * stand.size,
        np.array(costs)[which],
        budget,
    )


def _picture(
    stand: Stand, flat: list[trees.TreeModel], which: np.ndarray, shown: np.ndarray, y: Float64,
    models: dict[str, tuple[Mesh, ...]], nodes: list[Node], textures: dict[str, Texture],
) -> None:  # fmt: skip
    """The plants that stand as pictures, by eighths of the compass. Low ones of a species share one picture."""
    far = np.nonzero(shown)[0]
    if not len(far):
        return
    of = np.array([w - w % VARIANTS if model.species in LOW else w for w, model in enumerate(flat)])
    drawn = sorted({int(of[w]) for w in which[far]}, key=lambda w: (flat[w].species in LOW, w))
    texture, painted = billboard.paint_billboards(
        [flat[w].middle if flat[w].species in LOW else flat[w].near for w in drawn],  # enough for a small cell
        textures[trees.TEXTURE],
        trees.tree_material().alpha_cutoff,
        low=sum(flat[w].species in LOW for w in drawn),
    )
    textures[billboard.TEXTURE] = texture
    used = sorted({int(w) for w in which[far]})
    boards = []
    for w in used:
        half, height = billboard.measure(flat[w].near)
        boards.append(replace(painted[drawn.index(int(of[w]))], half_width_m=half, height_m=height))
    slot = np.searchsorted(used, which[far])
    feet = np.stack([stand.x[far], y[far], stand.z[far]], axis=1)
    eighth = _quarter(stand)[far] * 2 + (np.abs(stand.x[far]) > np.abs(stand.z[far]))
    tint = _tints(stand.some(far))
    for e in range(8):
        mine = np.nonzero(eighth == e)[0]
        if len(mine):
            mesh = billboard.billboards(boards, slot[mine], feet[mine], stand.size[far[mine]], tint[mine])
            models[f"trees_far_{e}"] = (mesh,)
            nodes.append(Node(f"trees_far_{e}", model=f"trees_far_{e}"))


def _footing(site: Site, stand: Stand, ground: Ground) -> Float64:
    """Heights of feet: on the ground, sunk where it is steep."""
    slope = np.minimum(site.sample(site.slope, stand.x, stand.z), 1.0)
    return ground(stand.x, stand.z) - (0.04 + 0.22 * slope * stand.size)


def _bedding(site: Site, rocks: Stand, ground: Ground) -> Float64:
    """Heights of rocks' ground lines, sunk where it is steep."""
    slope = np.minimum(site.sample(site.slope, rocks.x, rocks.z), 1.0)
    return ground(rocks.x, rocks.z) - rocks.size * (0.05 + 0.35 * slope)


def _quarter(stand: Stand) -> np.ndarray:
    return (stand.x < 0).astype(np.int64) * 2 + (stand.z < 0)


def _tints(stand: Stand) -> Float64:
    """(n, 3) linear multipliers: each plant a little lighter or darker, warmer or cooler than the next."""
    a, b = (stand.pick % 251) / 250.0, (stand.pick // 256) / 255.0
    light = 0.66 + 0.26 * a
    return np.stack([light * (0.92 + 0.08 * b), light, light * (1.0 - 0.14 * b)], axis=1)


def _node(name: str, model: str, stand: Stand, y: Float64, i: int) -> Node:
    """A node at one member of a stand, turned and scaled."""
    c, s = (float(v) for v in cos_sin(stand.turn[i] * 0.5))
    size = float(stand.size[i])
    return Node(
        name,
        model,
        translation=(float(stand.x[i]), float(y[i]), float(stand.z[i])),
        rotation=(0.0, s, 0.0, c),
        scale=(size,) * 3,
    )


def _repeat(mesh: Mesh, stand: Stand, y: Float64, tints: Float64) -> Mesh:
    """One mesh of all members of a stand, without the triangles that are too small to be told apart so far out."""
    assert mesh.normals is not None and mesh.uvs is not None and mesh.colors is not None
    n, k = len(stand.x), len(mesh.positions)
    c, s = (v[:, None] for v in cos_sin(stand.turn))

    def turned(v: np.ndarray) -> Float64:
        x, up, z = v.astype(np.float64).T
        return np.stack([x * c + z * s, np.broadcast_to(up, (n, k)), z * c - x * s], axis=-1)

    positions = turned(mesh.positions) * stand.size[:, None, None] + np.stack([stand.x, y, stand.z], axis=1)[:, None]
    colors = np.tile(mesh.colors.astype(np.float64), (n, 1, 1))
    colors[..., :3] *= tints[:, None]
    indices = mesh.indices[None].astype(np.int64) + (np.arange(n) * k)[:, None, None]
    repeated = Mesh(
        positions=positions.reshape(-1, 3).astype(np.float32),
        indices=indices.reshape(-1, 3).astype(np.uint32),
        material=mesh.material,
        normals=unit(turned(mesh.normals)).reshape(-1, 3).astype(np.float32),
        uvs=np.tile(mesh.uvs, (n, 1)),
        colors=colors.reshape(-1, 4).astype(np.float32),
    )
    return without_slivers(repeated)


# ---- rocks ------------------------------------------------------------------------------------------------------------


def _lay_rocks(
    site: Site, biome: Biome, spec: SceneSpec, materials: dict[str, MaterialMaps], rocks: Stand, ground: Ground,
    models: dict[str, tuple[Mesh, ...]], nodes: list[Node], textures: dict[str, Texture], kinds: dict[str, Material],
    hulls: list[tuple[np.ndarray, np.ndarray]],
) -> Stand:  # fmt: skip
    """Nodes of the rocks that look largest from the spawn point, batches of the next; returns those that are drawn."""
    seen = np.argsort(-rocks.size / np.maximum(rocks.distance, 6.0), kind="stable")[
        : NEAR_ROCKS + MIDDLE_ROCKS + FAR_ROCKS
    ]
    rocks = rocks.some(seen)
    if not len(rocks.x):
        return rocks
    stone = materials[biome.rock_material]
    mossy = biome.rock_material == "mossy_rock"
    shapes: list[RockModel] = [
        carve_rock(stream(spec.seed, "scene", "rock", i), ROCK_MATERIAL, stone.size_m, mossy) for i in range(SHAPES)
    ]
    textures |= texture_set(stone)
    kinds[ROCK_MATERIAL] = tiled_material(stone.name, blend=False)
    which = rocks.pick % SHAPES
    y = _bedding(site, rocks, ground)
    for i in range(min(NEAR_ROCKS, len(rocks.x))):
        name = f"rock_{int(which[i])}"
        models[name] = (shapes[int(which[i])].near,)
        nodes.append(_node(f"boulder_{i}", name, rocks, y, i))
    side = (rocks.x < 0).astype(np.int64)
    radius_px = rocks.size / (np.maximum(rocks.distance, 6.0) * levels.PIXEL_RAD)
    level = (radius_px < FULL_ROCK_PX).astype(np.int64) + 1  # 0 near, 1 middle, 2 far
    level[: NEAR_ROCKS + CLOSE_ROCKS][radius_px[: NEAR_ROCKS + CLOSE_ROCKS] > CLOSE_ROCK_PX] = 0
    level[NEAR_ROCKS + MIDDLE_ROCKS :] = 2
    for half in range(2):
        parts = []
        for shape in range(SHAPES):
            mine = np.nonzero((which == shape) & (side == half))[0]
            mine = mine[mine >= NEAR_ROCKS]
            for number, mesh in enumerate((shapes[shape].near, shapes[shape].middle, shapes[shape].far)):
                some = mine[level[mine] == number]
                if len(some):
                    parts.append(_repeat(mesh, rocks.some(some), y[some], _tints(rocks.some(some))))
        if parts:
            models[f"rocks_middle_{half}"] = (merge(parts),)
            nodes.append(Node(f"rocks_middle_{half}", model=f"rocks_middle_{half}"))
    for i in range(len(rocks.x)):
        if rocks.size[i] > 0.45:
            one = rocks.some(np.array([i]))
            hull = _repeat(shapes[int(which[i])].middle, one, y[i : i + 1], np.ones((1, 3)))
            hulls.append((hull.positions, hull.indices))
    return rocks


# ---- collision --------------------------------------------------------------------------------------------------------


def _prisms(ground: Ground, stand: Stand, radius: Float64) -> tuple[np.ndarray, np.ndarray]:
    """Open six-sided prisms around trunks, from just under the ground to head height."""
    n = len(stand.x)
    c, s = cos_sin(np.arange(6) / 6.0)
    y = ground(stand.x, stand.z) if n else np.zeros(0)
    x, z = stand.x[:, None] + radius[:, None] * c, stand.z[:, None] - radius[:, None] * s
    low = np.stack([x, np.repeat(y[:, None] - 0.3, 6, axis=1), z], axis=-1)
    high = low + np.array([0.0, TRUNK_HULL_M + 0.3, 0.0])
    k = np.arange(6)
    after = (k + 1) % 6
    ring = np.concatenate([np.stack([k, after, after + 6], axis=1), np.stack([k, after + 6, k + 6], axis=1)])
    indices = np.arange(n)[:, None, None] * 12 + ring
    return np.concatenate([low, high], axis=1).reshape(-1, 3).astype(np.float32), indices.reshape(-1, 3).astype(
        np.uint32
    )


def _merge_hulls(hulls: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.cumsum([0] + [len(positions) for positions, _ in hulls[:-1]])
    return (
        np.concatenate([positions for positions, _ in hulls]),
        np.concatenate([indices + np.uint32(o) for (_, indices), o in zip(hulls, offsets, strict=True)]),
    )
