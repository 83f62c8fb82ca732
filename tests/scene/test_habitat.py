"""Blue noise, and plants and rocks where the land suits them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedscape.generation.rng import stream
from seedscape.scene.biomes import make_biome
from seedscape.scene.cover import relative_altitude
from seedscape.scene.habitat import CLEARING_M, SPAWN_FREE_M, Stand, blue_noise, plant_stand, rock_stand
from seedscape.scene.site import Site
from seedscape.scene.site_survey import survey
from seedscape.scene.spec import SceneSpec
from tests.scene.worlds import make_terrain

SPEC = SceneSpec(seed=5, biome="alpine", size_m=500.0)
BIOME = make_biome("alpine")


@pytest.fixture(scope="module")
def site() -> Site:
    return survey(make_terrain(2), SPEC, BIOME)


@given(st.integers(0, 2**40), st.sampled_from([(5.0, 3.4), (9.0, 4.0), (4.0, 4.0), (3.0, 6.5)]))
def test_points_keep_their_distance(seed: int, sizes: tuple[float, float]) -> None:
    cell, gap = sizes
    x, z, density = blue_noise(stream(seed, "points"), 60.0, cell, gap)
    assert len(x) > 20 and np.abs(x).max() <= 60.0 and np.abs(z).max() <= 60.0
    apart = (x[:, None] - x) ** 2 + (z[:, None] - z) ** 2
    np.fill_diagonal(apart, np.inf)
    assert apart.min() >= gap * gap
    n = int(120.0 / cell)
    assert density == pytest.approx(len(x) / (n * cell) ** 2)


def plants(site: Site, **changes: float) -> Stand:
    return plant_stand(site, BIOME, SceneSpec(seed=5, biome="alpine", size_m=500.0, **changes))  # type: ignore[arg-type]


def test_plants_stand_dry_and_never_too_steep(site: Site) -> None:
    stand = plants(site)
    assert len(stand.x) > 300
    assert site.sample(site.water_depth_m, stand.x, stand.z).max() == 0.0
    steepest = np.array([species.max_slope for species in BIOME.species])[stand.kind]
    assert (site.sample(site.slope, stand.x, stand.z) <= steepest).all()


def test_the_clearing_stays_open(site: Site) -> None:
    stand = plants(site)
    assert stand.distance.min() >= SPAWN_FREE_M
    shrub = np.array([species.name == "shrub" for species in BIOME.species])[stand.kind]
    assert stand.distance[~shrub].min() >= CLEARING_M
    assert (np.diff(stand.distance) >= 0.0).all()


def test_no_spruce_above_its_tree_line(site: Site) -> None:
    stand = plants(site)
    altitude = relative_altitude(site, site.sample(site.height_m, stand.x, stand.z))
    line = BIOME.species[0].altitude
    assert BIOME.species[0].name == "spruce" and line is not None
    assert (altitude[stand.kind == 0] <= line[0]).all()


def test_vegetation_and_rocks_scale_their_numbers(site: Site) -> None:
    assert len(plants(site, vegetation=0.0).x) == 0
    some, more = len(plants(site, vegetation=0.1).x), len(plants(site, vegetation=0.2).x)
    assert some * 1.6 < more < some * 2.2
    few, many = (
        len(rock_stand(site, BIOME, SceneSpec(seed=5, biome="alpine", size_m=500.0, rocks=r)).x) for r in (0.5, 1.0)
    )
    assert few * 1.6 < many < few * 2.4


def test_the_hour_moves_nothing(site: Site) -> None:
    for kind in (plant_stand, rock_stand):
        day = kind(site, BIOME, SPEC)
        night = kind(
            site, BIOME, SceneSpec(seed=5, biome="alpine", size_m=500.0, time_of_day_h=23.0, weather="overcast")
        )
        np.testing.assert_array_equal(day.x, night.x)
        np.testing.assert_array_equal(day.size, night.size)


def test_big_rocks_keep_clear_of_the_visitor(site: Site) -> None:
    rocks = rock_stand(site, BIOME, SPEC)
    assert (rocks.distance - rocks.size).min() >= SPAWN_FREE_M
    assert (rocks.distance[rocks.size > 0.7] >= CLEARING_M).all()
    assert site.sample(site.water_depth_m, rocks.x, rocks.z).max() == 0.0
