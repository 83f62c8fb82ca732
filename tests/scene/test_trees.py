"""Trees of every species, with and without leaves."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from seedscape.generation.rng import stream
from seedscape.scene.billboard import measure, picture
from seedscape.scene.foliage import Atlas, paint_atlas
from seedscape.scene.habitat import LOW, LYING
from seedscape.scene.levels import COARSE, LOW_ERRORS, MIDDLE, PICTURE, TALL_ERRORS
from seedscape.scene.trees import MATERIAL, SPECIES, TreeModel, grow_tree, tree_material
from seedscape.scene.values import Mesh
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
def test_all_levels_are_sound(models: dict[str, TreeModel], name: str) -> None:
    for mesh in (models[name].near, models[name].middle, models[name].coarse):
        assert_sound(mesh)
        assert mesh.material == MATERIAL
        assert mesh.colors is not None and (mesh.colors[:, 3] == 1.0).all()


@pytest.mark.parametrize("name", SPECIES)
def test_triangles_stay_in_their_budget(models: dict[str, TreeModel], name: str) -> None:
    model = models[name]
    near, middle, coarse = (len(mesh.indices) for mesh in (model.near, model.middle, model.coarse))
    assert near <= 2600 and middle <= 700 and coarse <= 240
    assert middle * 2.5 < near and coarse * 1.25 < middle


@pytest.mark.parametrize("name", SPECIES)
def test_foot_is_at_the_origin_and_measures_are_true(models: dict[str, TreeModel], name: str) -> None:
    model = models[name]
    positions = model.near.positions
    assert positions[:, 1].max() == pytest.approx(model.height_m)
    assert np.sqrt(positions[:, 0] ** 2 + positions[:, 2] ** 2).max() == pytest.approx(model.crown_radius_m, rel=1e-5)
    assert np.abs(positions[positions[:, 1] < 0.05][:, [0, 2]]).min() < 0.6


@pytest.mark.parametrize("name", SPECIES)
def test_no_level_is_larger_than_another(models: dict[str, TreeModel], name: str) -> None:
    """A plant must not jump in size where one level takes the place of another."""
    model = models[name]
    for mesh in (model.middle, model.coarse):
        assert mesh.positions[:, 1].max() == pytest.approx(model.height_m, rel=1e-4)
        assert np.hypot(mesh.positions[:, 0], mesh.positions[:, 2]).max() == pytest.approx(
            model.crown_radius_m, rel=1e-4
        )
    half, height = measure(model.near)  # of the picture, which is of one side
    assert height == pytest.approx(model.height_m, rel=0.02)
    assert 0.5 * model.crown_radius_m < half < 1.03 * model.crown_radius_m


def outline(mesh: Mesh, atlas: Atlas, model: TreeModel) -> np.ndarray:
    """(rows, 2) left and right edge in metres of a mesh seen from +Z, nan in empty rows."""
    half = 1.02 * model.crown_radius_m
    drawn = picture(mesh, atlas.texture, 0.4, half, 1.01 * model.height_m, 64, 64)
    alpha: np.ndarray = drawn[..., 3].astype(np.int64) // 128
    edges = np.stack([alpha.argmax(axis=1), 64 - alpha[:, ::-1].argmax(axis=1)], axis=1) * (half / 32.0)
    return np.where(alpha.max(axis=1, keepdims=True) > 0, edges, np.nan)


@pytest.mark.parametrize("name", SPECIES)
def test_outlines_agree_as_well_as_the_rings_are_told(models: dict[str, TreeModel], atlas: Atlas, name: str) -> None:
    """The shares in `levels`, from which the distances of the rings follow, hold for every species, seen from two sides."""
    model = models[name]
    size = max(model.height_m, 2.0 * model.crown_radius_m)
    told = LOW_ERRORS if name in LOW else TALL_ERRORS
    sides = [(mesh, quarter(mesh)) for mesh in (model.near, model.middle, model.coarse)]
    near, middle, coarse = ([outline(mesh, atlas, model) for mesh in pair] for pair in sides)
    pairs = {MIDDLE: list(zip(near, middle, strict=True)), COARSE: list(zip(near, coarse, strict=True))}
    if name not in (*LYING, "palm"):  # a palm leans, and its picture leans to one side
        pairs[PICTURE] = list(pairwise(near))
    for level, compared in pairs.items():
        wrong = float(np.mean([np.nanmean(np.abs(a - b)) for a, b in compared])) / size
        assert wrong <= told[level], level


def quarter(mesh: Mesh) -> Mesh:
    """The mesh turned by a quarter about its foot."""
    assert mesh.normals is not None
    positions, normals = (np.stack([v[:, 2], v[:, 1], -v[:, 0]], axis=1) for v in (mesh.positions, mesh.normals))
    return replace(mesh, positions=positions, normals=normals)


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
