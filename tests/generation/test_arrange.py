"""Re-arranged tori keep their statistics, wrap around, and follow their stream."""

import numpy as np
import pytest
from numpy.typing import NDArray

from seedscape.generation.arrange import _exemplar, arrange
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


def test_what_has_a_period_stays_in_step() -> None:
    """Courses of bricks: pieces come from other places of the wall, but none breaks the bond."""
    rows, columns = np.indices((64, 64))
    bond = ((rows % 8 == 0) | ((columns + 8 * (rows // 8 % 2)) % 16 == 0)).astype(np.float32)
    torus = smooth_torus(cells=64) * np.float32(0.5)
    torus[0] = 3.0 * (bond - bond.mean())
    for seed in range(3):
        made = arrange(torus, 64, stream(seed, "x"), np.array([4.0, 1.0, 1.0, 1.0], np.float32))
        spectra = [np.fft.fft2(x) for x in (made[0], torus[0])]
        alike = np.fft.ifft2(spectra[0] * np.conj(spectra[1])).real.max() / (made[0].std() * torus[0].std() * 64 * 64)
        assert alike > 0.7
        other = np.fft.ifft2(np.fft.fft2(made[1]) * np.conj(np.fft.fft2(torus[1]))).real.max()
        assert other / (made[1].std() * torus[1].std() * 64 * 64) < 0.6


def test_only_a_period_holds_pieces_in_step() -> None:
    smooth = smooth_torus(cells=64)
    for _ in range(4):
        smooth = np.mean([np.roll(smooth, shift, axis) for axis in (1, 2) for shift in (-2, 0, 2)], axis=0)
    assert not _exemplar(np.asarray(smooth / smooth.std(), np.float32), None, 36).phase.any()
    courses = smooth_torus(cells=64)
    courses[0] += 4.0 * np.cos(2 * np.pi * np.arange(64)[:, None] / 8)
    phase = _exemplar(courses, np.array([9.0, 1.0, 1.0, 1.0], np.float32), 36).phase
    assert phase[24].max() < 0.1 * phase[20].min()


def test_what_is_broad_passes_over_slowly() -> None:
    """A broad slope has no cliff where one piece ends and the next begins."""
    wave = np.cos(2.0 * np.pi * (np.arange(64)[:, None] + 2 * np.arange(64)) / 64)
    torus = np.stack([3.0 * wave, *smooth_torus(cells=64)[1:]]).astype(np.float32)
    steepest = np.abs(np.diff(torus[0], axis=1)).max()
    for seed in range(3):
        made = arrange(torus, 64, stream(seed, "x"))[0]
        assert np.abs(np.diff(made, axis=1)).max() < 3.0 * steepest
