"""Re-arranged tori keep their statistics, wrap around, and follow their stream."""

import numpy as np
import pytest
from numpy.typing import NDArray

from seedscape.generation.arrange import arrange
from seedscape.generation.rng import stream


def smooth_torus(channels: int = 4, cells: int = 32) -> NDArray[np.float32]:
    noise: NDArray[np.float32] = stream(1, "torus").integers(-1000, 1000, (channels, cells, cells)).astype(np.float32)
    for _ in range(3):
        noise = np.mean([np.roll(noise, shift, axis) for axis in (1, 2) for shift in (-1, 0, 1)], axis=0)
    return np.asarray(noise / noise.std(), np.float32)


@pytest.mark.parametrize("cells", [8, 24, 40])
def test_shape_and_variance_are_kept(cells: int) -> None:
    result = arrange(smooth_torus(), cells, stream(2, "x"))
    assert result.shape == (4, cells, cells)
    assert 0.6 < result.std() < 1.4


def test_the_wrap_is_no_rougher_than_the_inside() -> None:
    result = arrange(smooth_torus(), 40, stream(2, "x"))
    inside = np.abs(np.diff(result, axis=1)).mean()
    assert np.abs(result[:, 0] - result[:, -1]).mean() < 1.6 * inside


def test_two_streams_differ_and_one_repeats() -> None:
    torus = smooth_torus()
    a, b = (arrange(torus, 24, stream(5, "x")) for _ in range(2))
    assert np.array_equal(a, b)
    assert np.abs(a - arrange(torus, 24, stream(6, "x"))).mean() > 0.3


def test_a_neighbourhood_is_like_the_whole() -> None:
    """Where half of an exemplar is plain, pieces of it fit best; the new torus keeps the contrast of the other half."""
    torus = smooth_torus(cells=64)
    torus[:, :, 32:] *= 0.15
    strength = [arrange(torus, 64, stream(seed, "x")).std() / torus.std() for seed in range(6)]
    assert 0.85 < min(strength) and max(strength) < 1.15
