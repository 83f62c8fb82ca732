"""Grass around the visitor."""

from dataclasses import replace

import numpy as np
import pytest

from seedscape.generation.rng import stream
from seedscape.scene.biomes import make_biome, materials_needed
from seedscape.scene.cover import water_levels
from seedscape.scene.grass import CELL, FAR_M, FAR_TUFTS, MAX_TUFTS, grow_grass, paint_grass
from seedscape.scene.site import Site
from seedscape.scene.site_survey import survey
from seedscape.scene.spec import SceneSpec
from seedscape.scene.values import Mesh
from tests.scene.solids import assert_sound
from tests.scene.worlds import make_materials, make_terrain

BIOME = make_biome("meadow")
SPEC = SceneSpec(seed=3, biome="meadow", size_m=400.0)
MATERIALS = make_materials(materials_needed(BIOME))


@pytest.fixture(scope="module")
def site() -> Site:
    return survey(make_terrain(3), SPEC, BIOME)


@pytest.fixture(scope="module")
def turfs(site: Site) -> list[Mesh]:
    return grow_grass(site, BIOME, SPEC, MATERIALS)


def test_meshes_are_sound_and_within_their_numbers(turfs: list[Mesh]) -> None:
    for mesh in turfs:
        assert_sound(mesh)
    tufts = sum(len(mesh.positions) for mesh in turfs) // 4
    assert 2000 < tufts <= MAX_TUFTS + FAR_TUFTS
    assert sum(len(mesh.indices) for mesh in turfs) == tufts * 4  # two triangles, both ways round


def test_roots_are_in_the_ground_and_near(site: Site, turfs: list[Mesh]) -> None:
    for mesh in turfs:
        roots = mesh.positions.reshape(-1, 4, 3)[:, :2].astype(np.float64).mean(axis=1)
        ground = site.terrain.height(roots[:, 0], roots[:, 2])
        np.testing.assert_allclose(roots[:, 1], ground - 0.03, atol=2e-3)
        assert np.sqrt(roots[:, 0] ** 2 + roots[:, 2] ** 2).max() <= FAR_M + 1.6


def test_density_falls_with_distance(turfs: list[Mesh]) -> None:
    roots = np.concatenate([mesh.positions.reshape(-1, 4, 3)[:, :2].mean(axis=1) for mesh in turfs])
    distance = np.sqrt(roots[:, 0] ** 2 + roots[:, 2] ** 2)
    near = (distance < 8.0).sum() / 8.0**2
    far = ((distance > 25.0) & (distance < 40.0)).sum() / (40.0**2 - 25.0**2)
    assert near > 1.8 * far > 0.0


def test_blades_take_the_colour_of_their_ground(site: Site) -> None:
    red = make_materials(materials_needed(BIOME))
    for name in red:
        red[name].base_color[..., 0], red[name].base_color[..., 1:] = 150, 20
    colours = np.concatenate([m.colors for m in grow_grass(site, BIOME, SPEC, red) if m.colors is not None])
    tinted = colours[colours.min(axis=1) < 0.5]  # flowers keep their own
    assert (tinted[:, 0] > 3.0 * tinted[:, 1]).mean() > 0.99


def test_rushes_stand_at_the_water_and_not_in_it() -> None:
    spec = SceneSpec(seed=1, biome="meadow", water=0.8)
    biome = make_biome("meadow")
    lake_site = survey(make_terrain(seed=1), spec, biome)
    assert lake_site.lakes
    materials = make_materials(materials_needed(biome))
    counts = []
    for rushes in (0.0, 1.0):
        feet = np.concatenate(
            [
                mesh.positions.reshape(-1, 4, 3)[:, :2].mean(axis=1)
                for mesh in grow_grass(lake_site, replace(biome, rushes=rushes), spec, materials)
            ]
        ).astype(np.float64)
        levels = lake_site.sample_nearest(water_levels(lake_site), feet[:, 0], feet[:, 2])
        above = lake_site.terrain.height(feet[:, 0], feet[:, 2]) - levels
        assert (above > 0.0).all()
        counts.append(int((above < 0.3).sum()))
    assert counts[1] > 1.5 * counts[0]


def test_bare_country_grows_none(site: Site) -> None:
    assert grow_grass(site, replace(make_biome("desert"), sparse_grass={}), SPEC, MATERIALS) == []
    assert grow_grass(site, BIOME, SceneSpec(seed=3, biome="meadow", size_m=400.0, vegetation=0.0), MATERIALS) == []


def test_picture_has_blades_in_every_cell() -> None:
    pixels = paint_grass(stream(1, "grass"), "meadow").pixels
    assert pixels.shape == (2 * CELL, 2 * CELL, 4)
    for r in (0, CELL):
        for c in (0, CELL):
            cell = pixels[r : r + CELL, c : c + CELL, 3]
            assert 0.05 < (cell > 90).mean() < 0.7
            assert (cell[0] > 90).mean() == 0.0 and (cell[-1] > 90).any()  # rooted below, ending within
