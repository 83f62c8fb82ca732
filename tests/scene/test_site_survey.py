from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedscape.generation.hydrology import accumulate, flood
from seedscape.generation.values import HeightField, Terrain
from seedscape.scene.biomes import make_biome
from seedscape.scene.site import Site
from seedscape.scene.site_survey import openness, survey
from seedscape.scene.spec import SceneSpec
from tests.scene.worlds import make_terrain


def bowl(x_m: float, z_m: float, depth_m: float = 8.0, altitude_m: float = 300.0) -> Terrain:
    """A plain that falls gently to the east, with one round hollow of 60 m radius."""
    line = np.arange(-320.0, 321.0, 5.0)
    x, z = np.meshgrid(line, line)
    hollow = depth_m * np.clip(1.0 - ((x - x_m) ** 2 + (z - z_m) ** 2) / 60.0**2, 0.0, 1.0)
    height = (-0.01 * x - hollow).astype(np.float32)
    return Terrain((HeightField(height, 5.0, (-320.0, -320.0)),), altitude_m, "plain")


def look(terrain: Terrain, water: float = 0.5, biome: str = "meadow") -> Site:
    return survey(terrain, SceneSpec(seed=1, biome=biome, size_m=400.0, water=water), make_biome(biome))


def test_flood_fills_a_pit_to_its_lowest_rim() -> None:
    height = np.array([[5, 5, 5, 5, 5], [5, 1, 2, 5, 5], [5, 2, 1, 3, 4], [5, 5, 5, 5, 5], [5, 5, 5, 5, 5]], float)
    filled, parents, order = flood(height)
    expected = height.copy()
    expected[1, 1:3] = expected[2, 1:3] = 4.0
    expected[2, 3] = 4.0
    assert filled.tolist() == expected.tolist()
    assert sorted(order.tolist()) == list(range(25))
    assert (parents[[0, 4, 20, 24]] == -1).all()


@given(st.integers(0, 10**6))
def test_filled_ground_has_no_pit_and_never_sinks(key: int) -> None:
    height = np.random.Generator(np.random.Philox(key=key)).integers(0, 20, (12, 12)).astype(float)
    filled, _, _ = flood(height)
    assert (filled >= height).all()
    lowest = np.full((10, 10), np.inf)
    for dr in (0, 1, 2):
        for dc in (0, 1, 2):
            if (dr, dc) != (1, 1):
                lowest = np.minimum(lowest, filled[dr : dr + 10, dc : dc + 10])
    assert (filled[1:-1, 1:-1] >= lowest).all()


def test_all_water_of_a_chain_reaches_its_end() -> None:
    receivers, order = np.array([-1, 0, 1, 2]), np.array([0, 1, 2, 3])
    assert accumulate(receivers, order).ravel().tolist() == [4, 3, 2, 1]


def test_a_hollow_holds_a_flat_lake() -> None:
    site = look(bowl(-80.0, 60.0))
    (lake,) = site.lakes
    wet = site.water_depth_m > 0
    assert np.array_equal(wet, lake.mask)
    surface = (site.height_m.astype(np.float64) + site.water_depth_m)[wet]
    np.testing.assert_allclose(surface, lake.level_m, atol=1e-4)
    rows, cols = np.nonzero(wet)
    assert site.origin_m[0] + cols.mean() * site.spacing_m == pytest.approx(-80.0, abs=6.0)
    assert site.origin_m[1] + rows.mean() * site.spacing_m == pytest.approx(60.0, abs=6.0)
    assert lake.area_m2 == wet.sum() * site.spacing_m**2


def test_wetness_decides_how_much_stands() -> None:
    areas = [sum(lake.area_m2 for lake in look(bowl(-80.0, 60.0), water).lakes) for water in (0.0, 0.3, 1.0)]
    assert areas[0] == 0.0 < areas[1] < areas[2]


def test_the_spawn_point_is_never_flooded() -> None:
    site = look(bowl(0.0, 45.0, depth_m=10.0), water=1.0)
    assert site.lakes, "the hollow is deep enough to keep a smaller lake beside the spawn point"
    line = site.origin_m[0] + np.arange(site.height_m.shape[0]) * site.spacing_m
    near = line[:, None] ** 2 + line[None, :] ** 2 <= 14.0**2
    assert site.water_depth_m[near].max() == 0.0
    assert look(bowl(0.0, 0.0), water=1.0).water_depth_m[near].max() == 0.0


def test_the_sea_floods_low_ground_of_a_coast_only() -> None:
    terrain = replace(make_terrain(seed=2), altitude_m=6.0)
    coast = look(terrain, biome="coast")
    assert (
        coast.sea_level_m is not None and -5.65 - 1e-6 <= coast.sea_level_m <= -1.2
    )  # raised until it is seen, never to the feet
    low = coast.height_m < coast.sea_level_m - 0.05
    assert low.any()
    assert (coast.water_depth_m[low] > 0).all()
    assert look(terrain, biome="meadow").sea_level_m is None


def test_slopes_and_curvature_of_known_shapes() -> None:
    line = np.arange(-320.0, 321.0, 5.0)
    x, z = np.meshgrid(line, line)
    ridge = Terrain((HeightField((0.3 * x - 0.001 * z * z).astype(np.float32), 5.0, (-320.0, -320.0)),), 0.0, "plain")
    site = look(ridge)
    middle = site.height_m.shape[0] // 2
    assert site.slope[middle, middle] == pytest.approx(0.3, abs=1e-3)
    assert site.curvature[middle, middle] == pytest.approx(0.002, rel=0.3)


def test_moisture_gathers_in_the_valley() -> None:
    line = np.arange(-320.0, 321.0, 5.0)
    x, z = np.meshgrid(line, line)
    valley = Terrain(
        (HeightField((0.15 * np.abs(x) + 0.05 * z).astype(np.float32), 5.0, (-320.0, -320.0)),), 0.0, "plain"
    )
    site = look(valley)
    middle = site.height_m.shape[0] // 2
    assert site.moisture[10, middle] > site.moisture[10, middle + 30] + 0.2  # row 10 is downstream, to the north


def test_a_pit_sees_less_sky_than_a_plain() -> None:
    flat = np.zeros((65, 65))
    assert (openness(flat, 4.0) == 1.0).all()
    pit = flat.copy()
    pit[30:35, 30:35] = -20.0
    assert openness(pit, 4.0)[32, 32] < 0.5


def test_same_spec_same_survey() -> None:
    first, second = look(make_terrain(seed=4)), look(make_terrain(seed=4))
    for name in ("slope", "curvature", "moisture", "water_depth_m", "openness"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()
        values = getattr(first, name)
        assert np.isfinite(values).all()
    assert 0.0 <= first.moisture.min() <= first.moisture.max() <= 1.0
