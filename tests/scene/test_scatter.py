"""What stands on a site: budgets, footing, collision, and the same bytes twice."""

import hashlib

import numpy as np
import pytest

from seedscape.generation.values import MaterialMaps
from seedscape.scene import scatter
from seedscape.scene.biomes import make_biome, materials_needed
from seedscape.scene.scatter import Placement, place
from seedscape.scene.site import Site
from seedscape.scene.site_survey import survey
from seedscape.scene.spec import SceneSpec
from tests.scene.solids import assert_sound
from tests.scene.worlds import make_materials, make_terrain

FOREST = make_biome("temperate_forest")
SPEC = SceneSpec(seed=7, biome="temperate_forest")
DRAW_CALLS, TRIANGLES, TEXTURE_BYTES, GEOMETRY_BYTES = 38, 170_000, 25e6, 7.5e6


@pytest.fixture(scope="module")
def materials() -> dict[str, MaterialMaps]:
    return make_materials(materials_needed(FOREST))


@pytest.fixture(scope="module")
def site() -> Site:
    return survey(make_terrain(1), SPEC, FOREST)


@pytest.fixture(scope="module")
def placed(site: Site, materials: dict[str, MaterialMaps]) -> Placement:
    return place(site, FOREST, SPEC, materials)


def digest(placed: Placement) -> str:
    total = hashlib.sha256(repr((placed.nodes, placed.figures)).encode())
    for name, parts in placed.models.items():
        for mesh in parts:
            for values in (mesh.positions, mesh.indices, mesh.normals, mesh.uvs, mesh.colors):
                total.update(name.encode() + np.ascontiguousarray(values).tobytes())
    for texture in placed.textures.values():
        total.update(texture.pixels.tobytes())
    return total.hexdigest()


def test_everything_stands_on_the_ground_that_is_drawn(site: Site, materials: dict[str, MaterialMaps]) -> None:
    def drawn(x: np.ndarray, z: np.ndarray) -> np.ndarray:
        return site.terrain.height(x, z) - 3.0 - 0.01 * x

    x, y, z, _ = place(site, FOREST, SPEC, materials, drawn).feet.T
    above = y - drawn(x, z)
    assert len(x) > 500
    assert above.max() <= 0.0 and above.min() > -0.6


@pytest.mark.parametrize("biome", ["temperate_forest", "alpine", "coast"])
def test_dense_country_stays_in_its_budget(biome: str) -> None:
    spec, kind = SceneSpec(seed=3, biome=biome, vegetation=2.0, rocks=2.0), make_biome(biome)
    placed = place(survey(make_terrain(1), spec, kind), kind, spec, make_materials(materials_needed(kind)))
    drawn = [mesh for node in placed.nodes for mesh in placed.models[str(node.model)]]
    assert len(drawn) <= DRAW_CALLS
    assert sum(len(mesh.indices) for mesh in drawn) <= TRIANGLES
    stored = [mesh for parts in placed.models.values() for mesh in parts]
    # As written: positions, normals, uvs as float32, colours as four bytes, indices of two bytes.
    assert max(len(mesh.positions) for mesh in stored) < 65_535
    assert sum(len(m.positions) * 36 + len(m.indices) * 6 for m in stored) <= GEOMETRY_BYTES
    pixels = sum(t.pixels.shape[0] * t.pixels.shape[1] for t in placed.textures.values())
    assert pixels * 4 * 4 / 3 <= TEXTURE_BYTES


def test_everything_is_sound_and_named_once(placed: Placement) -> None:
    for parts in placed.models.values():
        for mesh in parts:
            assert_sound(mesh)
            assert placed.materials[mesh.material].base_color in placed.textures
    names = [node.name for node in placed.nodes]
    assert len(set(names)) == len(names)
    assert {str(node.model) for node in placed.nodes} == set(placed.models)


def test_near_trees_share_models_and_stand_on_the_ground(site: Site, placed: Placement) -> None:
    trees = [node for node in placed.nodes if node.name.startswith("tree_")]
    assert 0 < len(trees) <= scatter.NEAR_TREES
    assert len({node.model for node in trees}) < len(trees)
    for node in trees:
        x, y, z = node.translation
        ground = float(site.terrain.height(np.array(x), np.array(z)))
        assert ground - 0.6 < y < ground  # sunk a little, never floating


def test_each_plant_has_a_level_and_a_smaller_budget_coarser_ones(
    site: Site, materials: dict[str, MaterialMaps], placed: Placement
) -> None:
    levels, plants = placed.figures["plant_levels"], placed.figures["plants"]
    assert list(levels) == ["near", "middle", "coarse", "picture"] and min(levels.values()) > 0
    assert sum(levels.values()) == sum(plants.values()) <= scatter.MOST_PLANTS
    less = place(site, FOREST, SPEC, materials, triangles=120_000)
    assert less.figures["plants"] == plants  # fewer triangles, no fewer plants
    assert less.figures["plant_tolerance_px"] > placed.figures["plant_tolerance_px"]
    spent = [
        sum(len(mesh.indices) for node in some.nodes for mesh in some.models[str(node.model)])
        for some in (placed, less)
    ]
    assert spent[1] <= 120_000 < spent[0]


def test_far_feet_are_in_the_ground(site: Site, placed: Placement) -> None:
    for name, (mesh, *_) in placed.models.items():
        if name.startswith("trees_far"):
            feet = mesh.positions.reshape(-1, 2, 4, 3)[:, :, :2].mean(axis=(1, 2)).astype(np.float64)
            gap = feet[:, 1] - site.terrain.height(feet[:, 0], feet[:, 2])
            assert gap.max() < 0.0 and gap.min() > -4.0


def test_blockers_and_hulls_stand_where_the_trunks_are(placed: Placement) -> None:
    positions, indices = placed.collision
    assert positions.dtype == np.float32 and indices.dtype == np.uint32
    assert int(indices.max()) == len(positions) - 1
    blockers = placed.blockers
    assert (np.sqrt(blockers.x**2 + blockers.z**2) - blockers.radius_m).min() > 2.0
    trees = [node for node in placed.nodes if node.name.startswith("tree_")]
    for node in trees:
        away = np.hypot(blockers.x - node.translation[0], blockers.z - node.translation[2])
        assert away.min() == 0.0
        around = np.hypot(positions[:, 0] - node.translation[0], positions[:, 2] - node.translation[2]) < 0.6
        assert around.sum() >= 12


def test_the_hour_changes_nothing_that_stands(
    site: Site, materials: dict[str, MaterialMaps], placed: Placement
) -> None:
    evening = SceneSpec(seed=7, biome="temperate_forest", time_of_day_h=19.5, weather="overcast")
    assert digest(place(site, FOREST, evening, materials)) == digest(placed)


@pytest.mark.parametrize("biome", ["desert", "volcanic"])
def test_sparse_country_works_without_bark_or_grass(biome: str) -> None:
    spec = SceneSpec(seed=1, biome=biome, size_m=300.0)
    kind = make_biome(biome)
    maps = make_materials(materials_needed(kind))
    placed = place(survey(make_terrain(4), spec, kind), kind, spec, maps)
    assert placed.figures["rocks"] > 0
    for parts in placed.models.values():
        for mesh in parts:
            assert placed.materials[mesh.material].base_color in placed.textures


def test_nothing_grows_where_nothing_is_asked_for(site: Site, materials: dict[str, MaterialMaps]) -> None:
    bare = place(site, FOREST, SceneSpec(seed=7, biome="temperate_forest", vegetation=0.0, rocks=0.0), materials)
    assert bare.nodes == () and bare.models == {} and len(bare.collision[1]) == 0 and len(bare.blockers.x) == 0
