import json
from dataclasses import replace

import numpy as np
import pytest

from seedscape.assets.errors import MissingPartError, RequestError
from seedscape.scene import check
from seedscape.scene.biomes import make_biome, materials_needed
from seedscape.scene.build import build_scene
from seedscape.scene.spec import SceneSpec
from seedscape.scene.values import Node, Scene, SpawnPoint
from tests.scene.worlds import make_materials, make_terrain


def scene_of(biome: str, seed: int, size_m: float = 500.0, altitude_m: float = 420.0) -> Scene:
    spec = SceneSpec(seed=seed, biome=biome, size_m=size_m, water=0.8)
    terrain = replace(make_terrain(seed), altitude_m=altitude_m)
    return build_scene(spec, terrain, make_materials(materials_needed(make_biome(biome)), 64))


@pytest.fixture(scope="module")
def alpine() -> Scene:
    return scene_of("alpine", 1, 1000.0)


@pytest.fixture(scope="module")
def coast() -> Scene:
    return scene_of("coast", 2, altitude_m=6.0)


def can_shoot_rays() -> bool:
    try:
        check._open3d()
    except MissingPartError:
        return False
    return True


needs_open3d = pytest.mark.skipif(
    not can_shoot_rays(), reason="Open3D is not installed: pip install open3d libusb-package"
)


def test_a_scene_is_whole(alpine: Scene) -> None:
    for parts in alpine.models.values():
        for part in parts:
            material = alpine.materials[part.material]
            for texture in (material.base_color, material.normal, material.orm):
                assert texture is None or texture in alpine.textures
    names = [node.name for node in alpine.nodes]
    assert len(set(names)) == len(names)
    assert {node.model for node in alpine.nodes if node.model} == set(alpine.models)
    assert names.index("water") > max(k for k, name in enumerate(names) if name.startswith("ground_"))
    grounds = {part.material for name, parts in alpine.models.items() if name.startswith("ground_") for part in parts}
    assert len({name.removesuffix("_over") for name in grounds if name.startswith("ground_")}) >= 4
    json.dumps(alpine.extras, allow_nan=False)
    json.dumps(alpine.spec, allow_nan=False)


def test_a_scene_keeps_its_budgets(alpine: Scene) -> None:
    calls = sum(len(alpine.models[node.model]) for node in alpine.nodes if node.model)
    triangles = sum(len(part.indices) for node in alpine.nodes if node.model for part in alpine.models[node.model])
    bytes_on_gpu = sum(t.pixels.shape[0] * t.pixels.shape[1] * 4 * 4 // 3 for t in alpine.textures.values())
    assert calls <= 80 and triangles <= 300_000 and bytes_on_gpu < 128e6
    assert alpine.extras["land_draw_calls"] <= 36 and alpine.extras["land_triangles"] <= 150_000


@needs_open3d
@pytest.mark.parametrize("name", ["alpine", "coast"])
def test_rays_find_nothing_wrong(name: str, request: pytest.FixtureRequest) -> None:
    assert check.check_scene(request.getfixturevalue(name)) == []


@needs_open3d
def test_rays_find_what_is_wrong(alpine: Scene) -> None:
    """Each fault is made on purpose; the check names it."""

    def codes(scene: Scene) -> set[str]:
        return {issue.code for issue in check.check_scene(scene)}

    lake = alpine.models["water"][0]
    x, y, z = (float(v) for v in lake.positions[lake.indices[len(lake.indices) // 2]].mean(axis=0))
    prop = next(node for node in alpine.nodes if node.name.startswith("tree_"))

    def moved(node: Node, dx: float, dy: float, dz: float) -> Scene:
        place = (node.translation[0] + dx, node.translation[1] + dy, node.translation[2] + dz)
        return replace(alpine, nodes=tuple(replace(n, translation=place) if n is node else n for n in alpine.nodes))

    assert codes(moved(prop, 0.0, 0.6, 0.0)) == {"PROP_FLOATS"}
    assert codes(moved(prop, 0.0, -3.0, 0.0)) == {"PROP_SUNK"}
    assert "PROP_IN_WATER" in codes(moved(prop, x - prop.translation[0], 0.0, z - prop.translation[2]))
    assert codes(replace(alpine, spawn_points=(SpawnPoint("spawn_0", (0.0, 0.4, 0.0), 0.0),))) == {"SPAWN_OFF_GROUND"}
    assert "SPAWN_IN_WATER" in codes(replace(alpine, spawn_points=(SpawnPoint("spawn_0", (x, y - 0.5, z), 0.0),)))
    lifted = replace(alpine.walkable, positions=alpine.walkable.positions + np.array([0.0, 0.2, 0.0], np.float32))
    assert "WALK_OFF_GROUND" in codes(replace(alpine, walkable=lifted))
    near = alpine.models["ground_near"]
    torn = replace(near[0], indices=np.delete(near[0].indices, 1000, axis=0))
    assert {"GROUND_CRACK"} <= codes(replace(alpine, models={**alpine.models, "ground_near": (torn, *near[1:])}))
    shifted = replace(near[1], positions=near[1].positions + np.array([0.0, 0.001, 0.0], np.float32))
    assert codes(replace(alpine, models={**alpine.models, "ground_near": (near[0], shifted)})) == {"OVERLAY_OFF_BASE"}


def test_the_same_spec_gives_the_same_bytes(coast: Scene) -> None:
    again = scene_of("coast", 2, altitude_m=6.0)
    assert list(again.models) == list(coast.models) and again.nodes == coast.nodes
    for name, parts in coast.models.items():
        for first, second in zip(parts, again.models[name], strict=True):
            for field in ("positions", "indices", "normals", "uvs", "colors"):
                a, b = getattr(first, field), getattr(second, field)
                assert (a is None and b is None) or a.tobytes() == b.tobytes(), (name, field)
    for name, texture in coast.textures.items():
        assert texture.pixels.tobytes() == again.textures[name].pixels.tobytes(), name
    assert again.spawn_points == coast.spawn_points and again.extras == coast.extras


def test_the_hour_moves_no_rock() -> None:
    """Same seed, another hour and other air: every mesh but the sky's stays as it is, and only light and far colours change."""
    spec = SceneSpec(seed=3, biome="meadow", purpose="education", size_m=300.0)
    terrain, materials = make_terrain(3), make_materials(materials_needed(make_biome("meadow")), 64)
    noon = build_scene(spec, terrain, materials)
    dusk = build_scene(replace(spec, time_of_day_h=20.0, weather="hazy"), terrain, materials)
    assert list(noon.models) == list(dusk.models)
    for name in noon.models:
        for first, second in zip(noon.models[name], dusk.models[name], strict=True):
            assert first.positions.tobytes() == second.positions.tobytes(), name
            assert first.indices.tobytes() == second.indices.tobytes(), name
    still = [node for node in noon.nodes if node.name != "sun"]
    assert still == [node for node in dusk.nodes if node.name != "sun"]
    assert noon.spawn_points == dusk.spawn_points
    assert noon.walkable.positions.tobytes() == dusk.walkable.positions.tobytes()
    changed = {
        key for key in noon.textures if noon.textures[key].pixels.tobytes() != dusk.textures[key].pixels.tobytes()
    }
    assert changed == {"sky", "horizon_color"}


def test_a_missing_material_is_named() -> None:
    with pytest.raises(RequestError, match="expected snow, got bark, forest_floor, grass, gravel, rock"):
        spec = SceneSpec(seed=1, biome="alpine")
        build_scene(spec, make_terrain(), make_materials(("grass", "forest_floor", "gravel", "rock", "bark")))
