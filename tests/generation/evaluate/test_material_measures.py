"""Measures of materials on pictures whose answers are known."""

import numpy as np
import pytest

from seedscape.generation.evaluate import material_measures as measure
from seedscape.generation.rng import fractions, stream

N = 128


def noise(name: str) -> np.ndarray:
    """(5, N, N) smooth noise of unit deviation that tiles."""
    x = fractions(stream(1, name), 5, N, N) - 0.5
    x = np.mean([np.roll(x, (i, j), (1, 2)) for i in range(3) for j in range(3)], axis=0)
    return np.asarray(x / x.std(), np.float32)


def test_weave_finds_a_two_pixel_grid_and_nothing_else() -> None:
    x = noise("weave")
    assert measure.weave(x) < 1.1
    doubled = np.repeat(x[:, :, ::2], 2, axis=2)  # every second step is none
    assert measure.weave(doubled) > 100


def test_seam_is_one_where_it_tiles_and_more_where_not() -> None:
    x = noise("seam")
    assert measure.seam(x) == pytest.approx(1.0, abs=0.25)
    x[:, N // 2 :] += 3.0  # now the first row and the last are apart
    assert measure.seam(x) > 3.0


def test_a_moved_copy_is_found_and_another_is_not() -> None:
    a, b = noise("a")[0], noise("b")[0]
    moved = np.roll(a, (31, -17), (0, 1))
    assert measure.correlation(moved, a) == pytest.approx(1.0)
    assert measure.correlation(b, a) < 0.2
    assert measure.copied(moved, a, 1) == 1.0 and measure.copied(b, a, 1) == 0.0


def test_phase_noise_keeps_the_spectrum_and_loses_the_picture() -> None:
    a = noise("a")
    b = measure.phase_noise(a, stream(2, "phase"))
    assert np.abs(np.fft.fft2(b[0])) == pytest.approx(np.abs(np.fft.fft2(a[0])), rel=1e-2, abs=1e-2)
    assert measure.correlation(b[0], a[0]) < 0.2


def test_swd_is_small_for_the_same_and_grows_with_contrast() -> None:
    a, b = noise("a"), noise("b")
    same = measure.sliced_wasserstein(b, a, 1)
    assert measure.sliced_wasserstein(2 * b, a, 1) > 3 * same


def test_light_from_one_side_is_seen() -> None:
    x = noise("light")
    flat = measure.light_direction(x)
    x[0] = np.roll(x[3], -1, 1) - np.roll(x[3], 1, 1)  # brightness is the slope towards the right
    assert flat < 0.2
    assert measure.light_direction(x) > 0.99


def test_relit_slopes_are_bright_towards_the_light() -> None:
    color, orm = np.full((8, 8, 3), 128, np.uint8), np.full((8, 8, 3), 255, np.uint8)
    normal = np.zeros((8, 8, 3), np.uint8) + np.array([180, 128, 244], np.uint8)  # leans to the right
    left, right = (measure.relit(color, normal, orm, (side, 0.0)).mean() for side in (-1.0, 1.0))
    assert right > 1.2 * left
