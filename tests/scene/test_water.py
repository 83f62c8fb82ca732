from dataclasses import replace

import numpy as np
import pytest

from seedscape.scene.biomes import make_biome
from seedscape.scene.site_survey import survey
from seedscape.scene.spec import SceneSpec
from seedscape.scene.values import Mesh
from seedscape.scene.water import EDGE_FROM_M, ripples, squares, water_model
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


def test_squares_beside_finer_ones_meet_them() -> None:
    line = np.arange(-20.0, 21.0, 4.0)
    depth = np.broadcast_to(line[None, :] * 0.1 + 0.2, (11, 11))  # a shore that runs north to south
    x, z, triangles = squares(line, line, np.ones((10, 10), bool), depth, 4)
    corners = np.stack([x, z], axis=1)[triangles]
    (u, v), (r, t) = (corners[:, 2] - corners[:, 0]).T, (corners[:, 1] - corners[:, 0]).T
    area = 0.5 * (u * t - v * r)
    assert (area > 0.0).all() and np.isclose(area.sum(), 1600.0)
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    pairs, uses = np.unique(edges, axis=0, return_counts=True)
    rim = pairs[uses == 1]
    assert uses.max() == 2
    assert (np.maximum(np.abs(x), np.abs(z))[rim] == 20.0).all()
    assert len(triangles) > 3 * 200  # cut along the shore


def test_water_thins_out_at_a_shore_near_by() -> None:
    terrain = make_terrain(seed=1)
    moved = [
        replace(level, origin_m=(level.origin_m[0] + 155.0, level.origin_m[1] + 115.0)) for level in terrain.levels
    ]
    terrain = replace(terrain, levels=tuple(moved))
    site = survey(terrain, SceneSpec(seed=1, biome="alpine", water=0.8), make_biome("alpine"))
    (mesh,) = water_model(site, 3600.0)
    assert mesh.colors is not None
    p = mesh.positions.astype(np.float64)
    depth = p[:, 1] - terrain.height(p[:, 0], p[:, 2])
    close = np.sqrt(p[:, 0] ** 2 + p[:, 2] ** 2) < EDGE_FROM_M
    assert (close & (depth <= 0.0)).sum() > 20 and (close & (depth > 0.2)).sum() > 20
    assert (mesh.colors[close & (depth <= 0.0), 3] == 0.0).all()
    assert mesh.colors[close & (depth > 0.2), 3].min() > 0.4
    edges = np.sort(np.concatenate([mesh.indices[:, [0, 1]], mesh.indices[:, [1, 2]], mesh.indices[:, [2, 0]]]), axis=1)
    pairs, uses = np.unique(edges, axis=0, return_counts=True)
    rim = np.unique(pairs[uses == 1])
    assert uses.max() == 2 and (mesh.colors[rim[close[rim]], 3] == 0.0).all()


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
