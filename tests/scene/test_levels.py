"""Rings of detail: from what the headset shows, within the budget."""

import math

import numpy as np
import pytest

from seedscape.scene.levels import (
    COARSE,
    ENLARGED,
    MIDDLE,
    NEAR,
    PICTURE,
    PIXEL_RAD,
    PIXELS_PER_DEGREE,
    TALL_ERRORS,
    Levels,
    choose_levels,
    ring_m,
)  # fmt: skip

COSTS = np.array([2000, 500, 150, 8])


def choose(distance: np.ndarray, budget: int, size_m: float = 12.0, texel_m: float = 0.0) -> Levels:
    n = len(distance)
    errors = np.tile(np.array(TALL_ERRORS) * size_m, (n, 1))
    return choose_levels(distance, errors, np.full(n, texel_m), np.tile(COSTS, (n, 1)), budget)


def test_a_pixel_of_the_headset_is_seven_millimetres_at_ten_metres() -> None:
    assert math.degrees(PIXEL_RAD) * PIXELS_PER_DEGREE == pytest.approx(1.0)
    assert 10.0 * PIXEL_RAD == pytest.approx(0.007, rel=0.01)


def test_rings_lie_where_the_error_is_as_large_as_the_tolerance() -> None:
    distance = np.linspace(5.0, 3000.0, 2000)
    chosen = choose(distance, 10**9)
    assert chosen.tolerance_px == 1.0
    for level in (MIDDLE, COARSE, PICTURE):
        ring = ring_m(12.0, TALL_ERRORS[level], 1.0)
        np.testing.assert_array_equal(chosen.level >= level, distance >= ring)
    assert ring_m(12.0, TALL_ERRORS[MIDDLE], 20.0) == pytest.approx(27.5, rel=0.01)


def test_levels_coarsen_with_distance_and_larger_plants_keep_theirs_longer() -> None:
    distance = np.arange(10.0, 400.0)
    small, large = (choose(distance, 10**9, size).level for size in (2.0, 20.0))
    assert (np.diff(small) >= 0).all() and (large <= small).all() and (large < small).any()


@pytest.mark.parametrize("budget", [20_000, 60_000, 200_000])
def test_the_budget_is_kept_and_used(budget: int) -> None:
    distance = np.sqrt(np.arange(1, 1501) * 16.0)  # a wood of 200 trees on each hectare
    chosen = choose(distance, budget)
    assert chosen.triangles == COSTS[chosen.level].sum() <= budget
    assert chosen.triangles > 0.8 * budget
    assert set(chosen.level.tolist()) == {NEAR, MIDDLE, COARSE, PICTURE}


def test_a_picture_is_not_enlarged() -> None:
    chosen = choose(np.array([20.0, 200.0]), 0, texel_m=0.05)  # no budget: everything as coarse as it may be
    assert chosen.level.tolist() == [COARSE, PICTURE]
    assert 0.05 > ENLARGED * 20.0 * PIXEL_RAD and 0.05 < ENLARGED * 200.0 * PIXEL_RAD
    assert choose(np.array([900.0]), 0, texel_m=np.inf).level.tolist() == [COARSE]  # has none


def test_nothing_to_choose() -> None:
    chosen = choose(np.zeros(0), 0)
    assert len(chosen.level) == 0 and chosen.triangles == 0
