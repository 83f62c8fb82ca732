"""Basins are filled, rims stay, and nothing is lowered."""

import numpy as np
import pytest

from seedscape.generation.drain import SHALLOW, drain, without_lone_pits
from seedscape.generation.hydrology import flood
from seedscape.generation.rng import fractions, stream


def rough(seed: int, rows: int = 64, cols: int = 48) -> np.ndarray:
    return fractions(stream(seed, "land"), rows, cols) * 3.0 + np.arange(cols) * 0.1


@pytest.mark.parametrize("seed", range(3))
def test_filling_is_the_priority_floods(seed: int) -> None:
    """The start from a coarser grid changes nothing but the time."""
    heights = rough(seed)
    assert drain(heights[None], 0.0)[0] == pytest.approx(flood(heights)[0], abs=1e-3)


def test_the_rim_stays_and_nothing_sinks() -> None:
    heights = rough(7)
    drained = drain(heights[None], 0.0)[0]
    for edge in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        assert np.array_equal(drained[edge], heights[edge])
    assert (drained >= heights).all()


def test_shallow_basins_stay_and_a_share_of_deep_ones() -> None:
    heights = rough(8)[None]
    depth = drain(heights, 0.0) - heights
    assert depth.max() > 0.5
    left = drain(heights, 0.0) - drain(heights, 0.5)
    assert left == pytest.approx(np.minimum(depth, SHALLOW) + np.maximum(depth - SHALLOW, 0.0) / 2)
    assert drain(heights, 1.0) == pytest.approx(heights)


def test_a_hollow_of_one_post_goes_and_larger_ones_stay() -> None:
    heights = np.indices((9, 12)).sum(axis=0) * 1.0 + 5.0
    heights[4, 3] = 0.0  # its lowest neighbour has a lower one still
    heights[4:6, 8] = 0.0
    heights[5, 8] = 0.1  # would be a pit itself, were the one above it raised
    without = without_lone_pits(heights[None])[0]
    assert without[4, 3] == pytest.approx(heights[3, 2], abs=1e-5)
    heights[4, 3] = without[4, 3]
    assert np.array_equal(without, heights)
    assert np.array_equal(without_lone_pits(rough(3)[None])[0][[0, -1]], rough(3)[[0, -1]])  # rims stay


def test_squares_filled_together_are_those_filled_alone() -> None:
    squares = np.stack([rough(9), rough(10)])
    assert np.array_equal(drain(squares, 0.3, False)[1:], drain(squares[1:], 0.3, False))
