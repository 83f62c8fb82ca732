"""Variations of a height map: itself at strength 0, further away the stronger, refused where it is no land."""

import numpy as np
import pytest

from seedscape.assets.errors import RequestError
from seedscape.generation.terrain import sample_heights
from seedscape.generation.vary import vary_heights

OWN = sample_heights(5, 0, 96, 90.0, ("mid_mountains",)).heights_m[:, :88]


def test_strength_is_distance_and_zero_reconstructs() -> None:
    apart = [float(np.abs(vary_heights(OWN, 90.0, 1, s).heights_m - OWN).mean()) for s in (0.0, 0.4, 1.0)]
    assert apart[0] < 0.1 * OWN.std()
    assert apart[0] < apart[1] < apart[2]
    broad = vary_heights(OWN, 90.0, 1, 1.0).heights_m
    assert np.corrcoef(broad.ravel(), OWN.ravel())[0, 1] > 0.7


def test_seeds_vary_differently_and_repeat() -> None:
    a, b, c = (vary_heights(OWN, 90.0, seed, 0.5).heights_m for seed in (1, 2, 1))
    assert np.array_equal(a, c) and not np.array_equal(a, b)
    assert a.shape == (96, 88) and a.dtype == np.float32


@pytest.mark.parametrize(
    ("heights", "spacing", "strength", "message"),
    [
        (np.zeros((8, 80)), 30.0, 0.5, "posts a side"),
        (np.zeros((80, 80, 3)), 30.0, 0.5, "posts a side"),
        (np.full((80, 80), np.nan), 30.0, 0.5, "got 6400 that are not"),
        (np.zeros((80, 80)), 30.0, 1.5, "strength"),
        (np.arange(6400.0).reshape(80, 80) * 99, 30.0, 0.5, "slope"),
    ],
)
def test_what_is_no_height_map_is_refused(
    heights: np.ndarray, spacing: float, strength: float, message: str
) -> None:  # fmt: skip
    with pytest.raises(RequestError, match=message):
        vary_heights(heights, spacing, 1, strength)
