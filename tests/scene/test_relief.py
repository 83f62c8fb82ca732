"""Dunes, benches and buttes: their slopes, their places, and one ground over all levels."""

import numpy as np
import pytest

from seedscape.generation.values import HeightField, Terrain
from seedscape.scene.biomes import Buttes, Dunes, make_biome
from seedscape.scene.relief import REPOSE, _buttes, _choose_buttes, _waves, bench_table, sculpt
from tests.scene.worlds import make_terrain

LINE = np.arange(-300.0, 300.0)


def flat() -> Terrain:
    zero = np.zeros((101, 101), np.float32)
    fine = np.zeros((321, 321), np.float32)
    return Terrain(
        (HeightField(zero, 30.0, (-1500.0, -1500.0)), HeightField(fine, 1.5, (-240.0, -240.0))), 10.0, "desert"
    )


def slopes(height: np.ndarray, spacing: float) -> np.ndarray:
    down, across = np.gradient(height, spacing)
    return np.asarray(np.sqrt(down * down + across * across))


@pytest.mark.parametrize("seed", range(3))
def test_sand_lies_at_its_angle_of_repose_and_no_steeper(seed: int) -> None:
    height = _waves(seed, "dunes", 105.0, np.full((600, 600), 15.0), 200.0, 1.2, LINE[None, :], LINE[:, None])
    steep = slopes(height, 1.0)
    assert 8.0 < height.max() <= 15.0 and height.min() >= 0.0
    assert np.percentile(steep, 99.0) < 1.12 * REPOSE
    assert (np.abs(steep - REPOSE) < 0.06).mean() > 0.08  # slip faces
    assert (steep < 0.35).mean() > 0.6  # windward sides are gentle


def test_benches_are_monotone_and_steepen_only_their_walls() -> None:
    strata = make_biome("canyon").strata
    assert strata is not None
    before, after = bench_table(5, strata)
    assert (np.diff(before) > 0.0).all() and (np.diff(after) > 0.0).all()
    gain = np.diff(after) / np.diff(before)
    assert gain[0::2].max() < 0.7 and gain[1::2].min() > 2.5  # benches, walls
    assert float(np.interp(0.0, before, after)) == pytest.approx(0.0)


def test_buttes_stand_where_they_were_asked_for() -> None:
    chosen = _choose_buttes(3, Buttes(count=6, near_m=200.0, far_m=3000.0, size=0.1), 2000.0)
    away = [np.hypot(butte.x, butte.z) for butte in chosen]
    assert len(chosen) == 6 and min(away) >= 200.0 and max(away) <= 1500.0
    line = np.arange(-1600.0, 1600.0, 4.0)
    height = _buttes(chosen, 3, line[None, :], line[:, None], 4.0)
    for butte in chosen:
        row, col = np.searchsorted(line, butte.z), np.searchsorted(line, butte.x)
        assert height[row, col] == pytest.approx(butte.height_m, rel=0.05)
    assert (height == 0.0).mean() > 0.8


@pytest.mark.parametrize("biome", ["desert", "canyon"])
def test_levels_still_meet_and_the_visit_still_starts_at_zero(biome: str) -> None:
    terrain = make_terrain(2)
    shaped = sculpt(terrain, 7, make_biome(biome))
    assert abs(float(shaped.height(np.zeros(1), np.zeros(1))[0])) < 1e-3
    for outer, inner in zip(shaped.levels, shaped.levels[1:], strict=False):
        x0, z0, x1, _ = inner.extent_m
        t = np.linspace(0.0, 1.0, 400)
        x, z = x0 + (x1 - x0) * t, np.full(400, z0)
        np.testing.assert_allclose(inner.sample(x, z), outer.sample(x, z), atol=0.02)
        np.testing.assert_allclose(inner.sample(z, x), outer.sample(z, x), atol=0.02)
    again = sculpt(terrain, 7, make_biome(biome))
    for first, second in zip(shaped.levels, again.levels, strict=True):
        assert first.heights_m.tobytes() == second.heights_m.tobytes()


def test_green_country_keeps_its_bits() -> None:
    terrain = make_terrain(1)
    assert sculpt(terrain, 7, make_biome("alpine")) is terrain


def test_dunes_grow_on_a_plain_and_differ_by_seed() -> None:
    assert make_biome("desert").dunes == Dunes()
    one, two = (sculpt(flat(), seed, make_biome("desert")).levels[1].heights_m for seed in (1, 2))
    assert np.ptp(one) > 6.0 and np.ptp(two) > 6.0 and (one != two).mean() > 0.9
