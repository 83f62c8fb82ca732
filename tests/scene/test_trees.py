"""Trees of every species, with and without leaves."""

import numpy as np
import pytest

from seedscape.generation.rng import stream
from seedscape.scene.foliage import Atlas, paint_atlas
from seedscape.scene.trees import MATERIAL, SPECIES, TreeModel, grow_tree, tree_material
from tests.scene.solids import assert_sound, face_normals
from tests.scene.worlds import make_materials

ALL = ("spruce", "pine", "broadleaf", "birch", "shrub", "palm", "fern", "dry_shrub")
BARK = make_materials(("bark",))["bark"]


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return paint_atlas(stream(1, "foliage"), ALL, "summer", BARK, 0.0)


@pytest.fixture(scope="module")
def models(atlas: Atlas) -> dict[str, TreeModel]:
    return {name: grow_tree(name, stream(1, name), atlas) for name in SPECIES}


@pytest.mark.parametrize("name", SPECIES)
def test_both_levels_are_sound(models: dict[str, TreeModel], name: str) -> None:
    for mesh in (models[name].near, models[name].middle):
        assert_sound(mesh)
        assert mesh.material == MATERIAL
        assert mesh.colors is not None and (mesh.colors[:, 3] == 1.0).all()


@pytest.mark.parametrize("name", SPECIES)
def test_triangles_stay_in_their_budget(models: dict[str, TreeModel], name: str) -> None:
    near, middle = len(models[name].near.indices), len(models[name].middle.indices)
    assert near <= 2600 and middle <= 700
    assert middle * 2.5 < near


@pytest.mark.parametrize("name", SPECIES)
def test_foot_is_at_the_origin_and_measures_are_true(models: dict[str, TreeModel], name: str) -> None:
    model = models[name]
    positions = model.near.positions
    assert positions[:, 1].max() == pytest.approx(model.height_m)
    assert np.sqrt(positions[:, 0] ** 2 + positions[:, 2] ** 2).max() == pytest.approx(model.crown_radius_m, rel=1e-5)
    assert np.abs(positions[positions[:, 1] < 0.05][:, [0, 2]]).min() < 0.6
    # The middle level has the same outline, or it would jump when one takes the other's place.
    assert model.middle.positions[:, 1].max() == pytest.approx(model.height_m, rel=0.2)


@pytest.mark.parametrize("name", ["spruce", "broadleaf", "birch", "pine"])
def test_leaves_face_both_ways_with_normals_from_the_crown(models: dict[str, TreeModel], name: str) -> None:
    """Each card shows to both sides (front faces cancel out), while its normals point out of the crown."""
    mesh = models[name].near
    assert mesh.uvs is not None and mesh.normals is not None
    leaf = mesh.uvs[:, 0] > 0.25  # right of the bark strips
    faces = face_normals(mesh)[leaf[mesh.indices].all(axis=1)]
    assert np.abs(faces.sum(axis=0)).max() < 1e-3 * np.abs(faces).sum()
    outwards = mesh.positions[leaf] * np.array([1.0, 0.0, 1.0], np.float32)
    far = np.sqrt((outwards**2).sum(axis=1)) > 0.6 * models[name].crown_radius_m
    assert ((outwards * mesh.normals[leaf]).sum(axis=1)[far] > 0.0).mean() > 0.95
    assert mesh.normals[leaf][:, 1].mean() > 0.3  # and a little up, to the sky
    assert not tree_material().double_sided


def test_bare_trees_have_wood_only() -> None:
    winter = paint_atlas(stream(1, "foliage"), ("broadleaf", "birch"), "winter", BARK, 0.0)
    for name in ("broadleaf", "birch", "dead_tree"):
        mesh = grow_tree(name, stream(1, name), winter).near
        assert mesh.uvs is not None and float(mesh.uvs[:, 0].max()) < 0.25


def test_seeds_differ_and_repeat(atlas: Atlas) -> None:
    first, again, other = (grow_tree("broadleaf", stream(seed, "oak"), atlas).near for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.positions, again.positions)
    assert first.positions.shape != other.positions.shape or (first.positions != other.positions).any()


def test_what_a_visitor_can_step_through_or_over(models: dict[str, TreeModel]) -> None:
    open_ways = {name for name in SPECIES if models[name].trunk_radius_m == 0.0}
    assert open_ways == {"shrub", "fern", "dry_shrub", "log", "driftwood"}


def test_fallen_wood_lies_on_the_ground(models: dict[str, TreeModel]) -> None:
    for name in ("log", "driftwood"):
        positions = models[name].near.positions
        assert np.ptp(positions[:, 0]) > 4.0 * models[name].height_m
        assert positions[:, 1].min() < -0.02 and 0.1 < models[name].height_m < 1.2


def test_palms_hold_their_fronds_up(models: dict[str, TreeModel]) -> None:
    mesh = models["palm"].near
    assert mesh.uvs is not None
    fronds = mesh.positions[mesh.uvs[:, 0] > 0.25]
    assert fronds[:, 1].min() > 0.4 * models["palm"].height_m and models["palm"].crown_radius_m > 2.0
