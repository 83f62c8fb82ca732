"""A whole environment from its terrain and materials: the one place where the parts of the scene room meet."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from seedscape.assets.errors import RequestError
from seedscape.assets.threads import Beside
from seedscape.generation.rng import fractions, stream
from seedscape.generation.values import HeightField, MaterialMaps, Terrain
from seedscape.scene.biomes import Biome, ground_layers, make_biome, materials_needed
from seedscape.scene.contact import contact_shade
from seedscape.scene.cover import shore_heights
from seedscape.scene.earthworks import dig
from seedscape.scene.ground import ground_models, shaded
from seedscape.scene.horizon import HORIZON_TEXTURE, horizon_materials, paint_horizon
from seedscape.scene.palette import grade_materials
from seedscape.scene.plan import lay_out
from seedscape.scene.relief import sculpt
from seedscape.scene.rivers import find_rivers
from seedscape.scene.scatter import Placement, place, plant_atlas
from seedscape.scene.settle import settle
from seedscape.scene.site import Site
from seedscape.scene.site_survey import survey
from seedscape.scene.sky import TEXTURE as SKY
from seedscape.scene.sky import build_sky
from seedscape.scene.spec import SceneSpec, spec_to_dict
from seedscape.scene.textures import texture_set, tiled_material
from seedscape.scene.triangulate import GroundMesh, Lattice, Tolerance, measure, surface_errors, triangulate
from seedscape.scene.values import Material, Mesh, Node, Scene, Texture
from seedscape.scene.walkable import collision_mesh, spawn_points, walkable_mesh
from seedscape.scene.water import MATERIAL as WATER
from seedscape.scene.water import RIPPLES, ripples, water_material, water_model

Models = dict[str, tuple[Mesh, ...]]

GROUND_TRIANGLES = 66_000  # base layer and horizon; overlays of the same triangles come on top
CLIFF_TRIANGLES = 76_000  # the same, where benches and walls want more
DRAWN_GROUND_TRIANGLES = 150_000  # all layers and the water together
SCENE_TRIANGLES = 292_000  # but for the sky; 300,000 is what a headset is promised
DOME_REACH = 1.01  # the land is a disc as wide as the square it is made on; the sky stands just behind its rim
SHORE_BAND_M = 1.2  # metres above or below the water
FINER = 3.0  # factor of the mesh's accuracy at shores, paths and structures
ERROR_RINGS_M = (30.0, 60.0, 120.0, 240.0, 500.0, 1000.0, 2000.0, 6000.0)


def build_scene(
    spec: SceneSpec,
    terrain: Terrain,
    materials: dict[str, MaterialMaps] | Callable[[], dict[str, MaterialMaps]],
    progress: Callable[[str], None] | None = None,
    beside: Beside | None = None,
) -> Scene:
    """The environment of a resolved spec.

    terrain: with the spawn site at the world origin. materials: at least `materials_needed(make_biome(spec.biome), spec.season)`,
    or what waits for them: the land is laid out before they are needed. progress: called with the name of each stage as it
    starts. beside: does the pictures meanwhile (None: all is done here). RequestError when a material is missing.
    """
    tell = progress or (lambda stage: None)
    biome = make_biome(spec.biome)
    beside = beside or Beside(threads=1)
    x0, z0, x1, z1 = terrain.levels[0].extent_m
    half_m = min(-x0, -z0, x1, z1)
    sky_made = beside.start(build_sky, spec, biome, radius_m=half_m * DOME_REACH)
    tell("survey")
    terrain = sculpt(terrain, spec.seed, biome)
    site = survey(terrain, spec, biome)
    rivers = find_rivers(site, spec, biome)
    if rivers:
        terrain = dig(terrain, rivers, (), ())
        site = survey(terrain, spec, biome, rivers)
    tell("structures")
    plan = lay_out(site, spec)
    terrain = dig(terrain, (), plan.pads, plan.trails)
    site = survey(terrain, spec, biome, rivers, plan)
    lattice = measure(terrain, Tolerance(), _importance(site))
    tell("materials")
    materials = _graded(materials() if callable(materials) else materials, biome, spec)
    atlas = beside.start(plant_atlas, biome, spec, materials)
    painted = beside.start(paint_horizon, site, biome, spec, materials, half_m)
    tell("ground")
    settled = settle(plan, materials)
    water = water_model(site, half_m)
    spare = DRAWN_GROUND_TRIANGLES - sum(len(part.indices) for part in water)
    mesh, models = _ground(site, lattice, biome, spec, materials, spare)
    tell("plants and rocks")
    drawn = [*(part for parts in models.values() for part in parts), *water]
    drawn += [part for node in settled.nodes if node.model for part in settled.models[node.model]]
    left = SCENE_TRIANGLES - sum(len(part.indices) for part in drawn)
    placed = place(site, biome, spec, materials, mesh.height, atlas, left)
    models = shaded(models, contact_shade(placed.shadows, spec.size_m))
    land = dict(models)
    nodes = [Node(name, model=name) for name in models]
    models |= settled.models | placed.models
    nodes += [*settled.nodes, *placed.nodes]
    kinds, textures = _ground_materials(biome, spec, materials)
    kinds |= settled.materials | placed.materials
    textures |= settled.textures | placed.textures
    tell("horizon")
    textures[HORIZON_TEXTURE] = painted()
    if water:
        tell("water")
        models["water"] = land["water"] = water
        kinds[WATER] = water_material()
        textures[RIPPLES] = ripples(spec.seed)
        nodes.append(Node("water", model="water"))  # after the ground: see-through parts are drawn in this order
    tell("sky")
    sky = sky_made()
    models["sky"] = (sky.dome,)
    kinds[sky.dome.material] = sky.material
    textures[SKY] = sky.texture
    nodes += [Node("sky", model="sky"), Node("sun", light="sun", rotation=sky.rotation)]

    tell("paths")
    walkable = walkable_mesh(site, mesh, replace(placed.blockers, rectangles=settled.rectangles))
    turn = float(fractions(stream(spec.seed, "scene", "spawn"), 1)[0])
    half = spec.size_m / 2.0
    used = {part.material for parts in models.values() for part in parts}
    return Scene(
        name=f"{biome.name} {spec.seed}",
        models=models,
        materials={name: kind for name, kind in kinds.items() if name in used},
        textures=textures,
        lights={"sun": sky.light},
        nodes=tuple(nodes),
        spawn_points=spawn_points(site, walkable, turn, settled.starts),
        walkable=walkable,
        collision=_with_hulls(collision_mesh(site, mesh), placed.collision, settled.collision),
        bounds=((-half, float(site.height_m.min()) - 1.0, -half), (half, float(site.height_m.max()) + 40.0, half)),
        spec=spec_to_dict(spec),
        extras=_figures(site, mesh, land, placed)
        | settled.figures
        | {"sun_elevation_deg": round(sky.sun_elevation_deg, 2)},
    )


def _graded(materials: dict[str, MaterialMaps], biome: Biome, spec: SceneSpec) -> dict[str, MaterialMaps]:
    """The materials in the biome's colours, none of those that it needs missing."""
    missing = [name for name in materials_needed(biome, spec.season) if name not in materials]
    if missing:
        got = ", ".join(sorted(materials)) or "none"
        raise RequestError(f"materials of biome {biome.name}: expected {', '.join(missing)}, got {got}")
    return grade_materials(materials, biome)


def _importance(site: Site) -> HeightField:
    """Where the ground's mesh should be finer: where a flat lake cuts it, along paths, at the feet of structures."""
    near = shore_heights(site) < SHORE_BAND_M
    line = site.origin_m[0] + np.arange(len(near)) * site.spacing_m
    reach = site.spacing_m * 0.6  # a path is narrower than the posts are apart
    for dx, dz in ((0.0, 0.0), (reach, 0.0), (-reach, 0.0), (0.0, reach), (0.0, -reach)):
        near = near | ~site.free(line[None, :] + dx, line[:, None] + dz)
    factor = np.where(near, FINER, 1.0).astype(np.float32)
    return HeightField(factor, site.spacing_m, site.origin_m)


def _ground(
    site: Site,
    lattice: Lattice,
    biome: Biome,
    spec: SceneSpec,
    materials: dict[str, MaterialMaps],
    max_drawn: int,
) -> tuple[GroundMesh, Models]:
    """The drawn ground within its budget: where overlays cover much, the base mesh is made coarser to pay for them."""
    budget = GROUND_TRIANGLES if biome.strata is None else CLIFF_TRIANGLES
    while True:
        mesh = triangulate(site.terrain, lattice, budget)
        models = ground_models(site, mesh, biome, spec, materials)
        drawn = sum(len(part.indices) for parts in models.values() for part in parts)
        if drawn <= max_drawn:
            return mesh, models
        budget = int(budget * min(max_drawn / drawn, 0.98) * 0.97)


def _ground_materials(
    biome: Biome, spec: SceneSpec, materials: dict[str, MaterialMaps]
) -> tuple[dict[str, Material], dict[str, Texture]]:
    """Materials and textures of the ground layers and of the horizon (whose picture is painted later)."""
    kinds = horizon_materials()
    textures: dict[str, Texture] = {}
    for number, layer in enumerate(ground_layers(biome, spec.season)):
        textures |= texture_set(materials[layer.material])
        name = f"ground_{layer.material}" if number == 0 else f"ground_{layer.material}_over"
        kinds[name] = tiled_material(layer.material, blend=number > 0)
    return kinds, textures


def _with_hulls(ground: Mesh, *hulls: tuple[np.ndarray, np.ndarray]) -> Mesh:
    """The collision ground and the simple hulls of what stands on it, as one mesh."""
    positions, indices = ground.positions, ground.indices
    for more, triangles in hulls:
        indices = np.concatenate([indices, triangles + np.uint32(len(positions))])
        positions = np.concatenate([positions, more])
    return Mesh(positions=positions, indices=indices, material=ground.material)


def _figures(site: Site, mesh: GroundMesh, land: Models, placed: Placement) -> dict[str, Any]:
    """What the scene says about itself; JSON values only."""
    return {
        "terrain_error_m": surface_errors(mesh, ERROR_RINGS_M),
        "terrain_threshold": round(mesh.threshold, 3),
        "landform": site.terrain.landform,
        "altitude_m": round(site.terrain.altitude_m, 1),
        "relief_m": round(float(site.height_m.max() - site.height_m.min()), 1),
        "land_triangles": sum(len(part.indices) for parts in land.values() for part in parts),
        "land_draw_calls": sum(len(parts) for parts in land.values()),
        "lakes": [
            {"area_m2": round(lake.area_m2), "depth_m": round(lake.depth_m, 2), "level_m": round(lake.level_m, 2)}
            for lake in site.lakes
        ],
        "rivers": [
            {
                "length_m": round(float(river.shown.sum())),
                "fall_m": round(float(river.points[0, 1] - river.points[-1, 1]), 2),
            }
            for river in site.rivers
        ],
        "sea_level_m": None if site.sea_level_m is None else round(site.sea_level_m, 2),
        **placed.figures,
    }
