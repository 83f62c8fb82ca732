from dataclasses import replace

import numpy as np
import pytest

from seedscape.scene.biomes import make_biome
from seedscape.scene.site_survey import survey
from seedscape.scene.spec import SceneSpec
from seedscape.scene.values import Mesh
from seedscape.scene.water import ripples, water_model
from tests.scene.worlds import make_terrain


@pytest.fixture(scope="module")
def lakes() -> Mesh:
    terrain = make_terrain(seed=1)
    site = survey(terrain, SceneSpec(seed=1, biome="alpine", water=0.8), make_biome("alpine"))
    assert site.lakes
    (mesh,) = water_model(site, 3800.0)
    return mesh


def test_lakes_are_flat_and_face_up(lakes: Mesh) -> None:
    corners = lakes.positions[lakes.indices]
    assert (corners[:, :, 1].max(axis=1) == corners[:, :, 1].min(axis=1)).all()
    up = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 1]
    assert (up > 0).all()
    assert lakes.normals is not None and (lakes.normals == [0.0, 1.0, 0.0]).all()


def test_a_lake_ends_under_the_ground(lakes: Mesh) -> None:
    edges = np.sort(
        np.concatenate([lakes.indices[:, [0, 1]], lakes.indices[:, [1, 2]], lakes.indices[:, [2, 0]]]), axis=1
    )
    pairs, uses = np.unique(edges, axis=0, return_counts=True)
    rim = lakes.positions[np.unique(pairs[uses == 1])].astype(np.float64)
    ground = make_terrain(seed=1).height(rim[:, 0], rim[:, 2])
    assert (ground > rim[:, 1]).all()


def test_water_is_clearer_where_it_is_shallow(lakes: Mesh) -> None:
    assert lakes.colors is not None
    p = lakes.positions.astype(np.float64)
    depth = p[:, 1] - make_terrain(seed=1).height(p[:, 0], p[:, 2])
    alpha = lakes.colors[:, 3]
    assert alpha[depth > 2.5].min() > 0.9
    assert alpha[(depth > 0) & (depth < 0.3)].max() < 0.7
    assert alpha[depth < -0.4].max() == 0.0
    assert (alpha[lakes.indices] > 0.0).any(axis=1).all(), "no triangle that cannot be seen"
    assert np.array_equal(np.unique(lakes.indices), np.arange(len(p)))


def test_dry_land_has_no_water() -> None:
    site = survey(make_terrain(seed=1), SceneSpec(seed=1, biome="alpine", water=0.0), make_biome("alpine"))
    assert water_model(site, 3800.0) == ()


def test_the_sea_reaches_the_horizon() -> None:
    terrain = replace(make_terrain(seed=2), altitude_m=6.0)
    site = survey(terrain, SceneSpec(seed=2, biome="coast", water=0.0), make_biome("coast"))
    (sea,) = water_model(site, 3800.0)
    assert set(np.unique(sea.positions[:, 1])) == {np.float32(site.sea_level_m)}
    assert np.abs(sea.positions[:, [0, 2]]).max() > 3700.0
    assert len(sea.indices) < 20_000


def test_ripples_tile_and_point_up() -> None:
    pixels = ripples(5).pixels.astype(np.float64)
    normal = (pixels - 128.0) / 127.0
    assert np.abs((normal**2).sum(axis=2) - 1.0).max() < 0.03
    assert normal[..., 2].min() > 0.7
    inner = np.abs(np.diff(pixels, axis=1)).mean()
    seam = np.abs(pixels[:, 0] - pixels[:, -1]).mean()
    assert seam < 1.5 * inner
    assert np.array_equal(ripples(5).pixels, ripples(5).pixels)
    assert not np.array_equal(ripples(5).pixels, ripples(6).pixels)
