"""Worlds differ: benches keep the course of water and the sea, contrast is local, draws repeat."""

import numpy as np
import pytest

from seedscape.generation.character import (
    AROUND,
    CONTRAST,
    Character,
    benched,
    draw_character,
    relief_contrast,
    tent,
    usual_character,
)
from seedscape.generation.rng import fractions, stream


def test_benches_change_slopes_within_bounds_and_never_their_direction() -> None:
    heights = np.linspace(-3.0, 7.0, 4001)
    slopes = np.diff(benched(heights, 2.0, Character(benches=0.4, bench_phase=0.3))) / np.diff(heights)
    assert slopes.min() == pytest.approx(0.6, abs=0.01) and slopes.max() == pytest.approx(1.4, abs=0.01)


def test_the_sea_level_stays_where_it_is() -> None:
    for phase in (0.0, 0.2, 0.7):
        assert benched(np.zeros(3), 2.0, Character(benches=0.5, bench_phase=phase)) == pytest.approx(0.0, abs=1e-12)


def test_plain_land_is_left_alone() -> None:
    heights = fractions(stream(1, "land"), 5, 5)
    assert benched(heights, 2.0, Character()) is heights


def test_contrast_raises_rough_country_and_lowers_smooth() -> None:
    r, c = np.indices((60, 80))
    low = np.where((r + c) % 2 == 0, 1.0, -1.0)
    log_relief = np.where(c < 40, -1.0, 1.0)
    for contrast in (-CONTRAST, CONTRAST):
        change = relief_contrast(low, log_relief, contrast, keep_altitude=False) * low[AROUND:-AROUND, AROUND:-AROUND]
        smooth, rough = change[:, 20:26].mean(), change[:, 30:36].mean()  # columns 32 .. 37 and 42 .. 47
        assert (rough - smooth) * contrast > 0.1


def test_contrast_is_the_same_from_any_window_and_leaves_the_sea() -> None:
    land, relief = (fractions(stream(k, "land"), 60, 60) for k in (2, 3))
    land[:, 30:] = 0.0
    whole = relief_contrast(land, relief, 1.0, keep_altitude=True)
    part = relief_contrast(land[7:50, 3:], relief[7:50, 3:], 1.0, keep_altitude=True)
    assert np.array_equal(part, whole[7 : 7 + part.shape[0], 3:])
    assert not whole[:, 30 - AROUND :].any()


def test_a_tent_keeps_planes() -> None:
    r, c = np.indices((20, 24))
    plane = (2.0 * r + c).astype(np.float64)
    assert tent(plane, 4) == pytest.approx(plane[4:-4, 4:-4])


def test_worlds_draw_characters_of_their_own_in_range() -> None:
    drawn = [draw_character(seed) for seed in range(40)]
    assert drawn[3] == draw_character(3) and len(set(drawn)) == 40
    assert all(abs(d.contrast) <= CONTRAST and 0 <= d.benches <= 0.5 and 0 <= d.basins < 1 for d in drawn)
    assert min(d.contrast for d in drawn) < -0.5 * CONTRAST < 0.5 * CONTRAST < max(d.contrast for d in drawn)


def test_a_usual_world_draws_its_basins_alone() -> None:
    """About one in five is filled to the brim."""
    drawn = [usual_character(seed) for seed in range(200)]
    assert {(d.contrast, d.benches) for d in drawn} == {(0.0, 0.0)} and {d.lone_pits for d in drawn} == {True, False}
    assert 25 <= sum(d.basins == 0.0 for d in drawn) <= 65
