"""A lattice laid into land is found, with its period and phase; land without one passes."""

import numpy as np
import pytest

from seedscape.generation.evaluate.anchors import power_law_noise
from seedscape.generation.evaluate.seams import LIMIT, seam, seams
from seedscape.generation.rng import stream
from tests.generation.data import ridges


@pytest.fixture(scope="module")
def land() -> np.ndarray:
    """Power-law noise: the ridges of the other tests are joined on a lattice themselves, which this measure finds."""
    (noise,) = power_law_noise(ridges(1, 384, 90.0)[None].astype(np.float64), stream(1, "land"))
    return np.asarray(noise)


@pytest.mark.parametrize("period", [24, 37, 64])
def test_small_steps_on_a_lattice_are_found(land: np.ndarray, period: int) -> None:
    stepped = land.copy()
    for k, line in enumerate(range(20, 384, period)):
        stepped[line:] += 0.02 * land.std() * (-1.0) ** k
    found = seam(stepped)
    assert found.z > LIMIT and found.period == period and found.across == "rows" and found.excess > 0.05
    assert found.phase % period in (19 % period, 20 % period, 21 % period)


def test_lines_smoother_than_the_rest_are_found(land: np.ndarray) -> None:
    grain = np.random.Generator(np.random.Philox(key=1)).normal(size=land.shape) * 4.0
    grain[:, ::32] = 0.0
    found = seam(land + grain)
    assert found.z > LIMIT and found.period == 32 and found.excess < 0.0


def test_land_without_a_lattice_passes(land: np.ndarray) -> None:
    result = seams(np.stack([land, land.T[::-1]]))
    assert result["over_limit"] == 0 and result["windows"] == 2
    assert seam(ridges(1, 384, 90.0).astype(np.float64)).z > LIMIT


def test_flat_ground_says_nothing() -> None:
    assert seam(np.zeros((128, 128))).z < LIMIT
