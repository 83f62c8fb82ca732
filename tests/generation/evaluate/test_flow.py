"""Many windows at once agree with one window by the heap."""

import numpy as np
import pytest

from seedscape.generation import hydrology
from seedscape.generation.evaluate.flow import accumulate, incise, receivers
from seedscape.generation.hydrology import fill
from seedscape.generation.rng import fractions, stream


@pytest.fixture(scope="module")
def rough() -> np.ndarray:
    return fractions(stream(3, "rough"), 4, 24, 24) * 50.0 + np.arange(24)[None, None, :] * 5.0


def test_filled_heights_are_those_of_the_priority_flood(rough: np.ndarray) -> None:
    expected = np.stack([hydrology.flood(window)[0] for window in rough])
    assert fill(rough) == pytest.approx(expected, abs=24 * 24 * 1e-6)


def test_filled_ground_drains_as_hydrology_has_it(rough: np.ndarray) -> None:
    filled = fill(rough)
    again, parents, order = hydrology.flood(filled[0])
    expected = hydrology.receivers(again, parents, 1.0)
    found = receivers(filled)[0]
    inside = np.arange(24 * 24) != found
    assert np.array_equal(found[inside], expected[inside]) and (expected[~inside] == -1).all()
    assert np.array_equal(accumulate(filled, receivers(filled))[0], hydrology.accumulate(expected, order))


def test_all_water_leaves_over_the_edge(rough: np.ndarray) -> None:
    filled = fill(rough)
    to = receivers(filled)
    area = accumulate(filled, to).reshape(4, -1)
    leaves = to == np.arange(24 * 24)
    assert (np.where(leaves, area, 0.0).sum(axis=1) == 24 * 24).all()


def test_incision_only_lowers_and_more_where_more_water_runs(rough: np.ndarray) -> None:
    valley = np.abs(np.arange(33) - 16.0)[None, None, :] * 10.0 + np.arange(33)[None, :, None] * 3.0
    carved = incise(valley, 1, 0.1)
    cut = (valley - carved)[0]
    assert (cut >= 0.0).all() and (incise(rough, 2, 0.1) <= rough).all()
    assert (
        cut[4, 16] / 3.0 > cut[28, 16] / 3.0 > 0.0
    )  # the valley floor falls 3 m a post, more water at row 4 than at 28
