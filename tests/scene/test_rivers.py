from dataclasses import replace

import numpy as np
import pytest

from seedscape.generation.values import HeightField, Terrain
from seedscape.scene.biomes import make_biome
from seedscape.scene.earthworks import River, dig
from seedscape.scene.rivers import SPAWN_FREE_M, find_rivers
from seedscape.scene.site import Site
from seedscape.scene.site_survey import survey
from seedscape.scene.spec import SceneSpec
from seedscape.scene.water import water_model

SPEC, BIOME = SceneSpec(seed=1, biome="meadow", size_m=500.0), make_biome("meadow")


def valley(bump_m: float = 0.0, aside_m: float = 60.0) -> Terrain:
    """Land that falls to the south with a valley along x = aside_m; a bar of bump_m lies across it at z = 60."""
    levels = []
    for posts, spacing in ((256, 30.0), (301, 4.0)):
        line = (np.arange(posts) - (posts - 1) / 2.0) * spacing
        x, z = line[None, :], line[:, None]
        height = -0.03 * z + 0.10 * np.abs(x - aside_m) + bump_m * np.maximum(0.0, 1.0 - np.abs(z - 60.0) / 20.0)
        levels.append(HeightField((height - 0.1 * aside_m).astype(np.float32), spacing, (line[0], line[0])))
    return Terrain(tuple(levels), 100.0, "plain")


def rivers_of(terrain: Terrain, water: float = 0.5) -> tuple[Site, tuple[River, ...]]:
    spec = replace(SPEC, water=water)
    site = survey(terrain, spec, BIOME)
    return site, find_rivers(site, spec, BIOME)


@pytest.mark.parametrize("bump_m", [0.0, 2.5])
def test_water_runs_down_the_valley_and_never_up(bump_m: float) -> None:
    _, rivers = rivers_of(valley(bump_m))
    assert rivers
    for river in rivers:
        assert (np.diff(river.points[:, 1]) <= 0.0).all()
        assert river.points[0, 1] > river.points[-1, 1] + 2.0
    main = rivers[0]
    assert np.abs(main.points[40:, 0] - 60.0).max() < 16.0
    assert main.points[0, 2] < main.points[-1, 2]


def test_the_bed_holds_the_water_and_the_banks_hide_its_edge() -> None:
    terrain = valley(2.5)
    site, rivers = rivers_of(terrain)
    dug = dig(terrain, rivers, (), ())
    river = rivers[0]
    shown = river.shown & (np.abs(river.points[:, [0, 2]]).max(axis=1) < 235.0)
    x, y, z = river.points[shown].T
    assert (dug.height(x, z) < y).mean() > 0.97
    again = survey(dug, SPEC, BIOME, rivers)
    assert (again.sample(again.water_depth_m, x, z) > 0.0).mean() > 0.95
    (water,) = water_model(again, 3800.0)
    p = water.positions.astype(np.float64)
    a, b, c = (p[water.indices[:, k]] for k in range(3))
    assert (np.cross(b - a, c - a)[:, 1] > 0.0).all(), "seen from above"
    assert site.size_m == again.size_m


def test_a_river_goes_round_the_spawn_point() -> None:
    _, rivers = rivers_of(valley(aside_m=4.0))
    for river in rivers:
        assert np.hypot(river.points[:, 0], river.points[:, 2]).min() >= SPAWN_FREE_M


def test_more_land_feeds_a_brook_in_dry_country() -> None:
    assert rivers_of(valley(), water=0.0)[1] == ()
    assert len(rivers_of(valley(), water=1.0)[1]) >= len(rivers_of(valley(), water=0.1)[1])
