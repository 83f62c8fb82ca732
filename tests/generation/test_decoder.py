"""Steps between lines are evened out, the same in a window as in the whole, and only as far as asked."""

import numpy as np
import pytest

from seedscape.generation.decoder import evened
from seedscape.generation.evaluate.material_measures import weave
from seedscape.generation.rng import fractions, stream

N = 64


def torus(seed: int) -> np.ndarray:
    """(5, N, N) smooth noise that wraps around."""
    x = fractions(stream(seed, "torus"), 5, N, N)
    for axis in (1, 2):
        x = x + np.roll(x, 1, axis) + np.roll(x, 2, axis)
    return np.asarray(x - x.mean(), np.float32)


def framed(x: np.ndarray) -> np.ndarray:
    return np.pad(x, ((0, 0), (1, 1), (1, 1)), mode="wrap")


def woven(x: np.ndarray, axis: int, shift: int) -> np.ndarray:
    """Lines of the pairs that begin at even (0) or odd (1) lines drawn apart."""
    lines = np.moveaxis(np.roll(x, -shift, axis), axis, 0).copy()
    step = 0.06 * (lines[1::2] - lines[0::2])
    lines[0::2] -= step
    lines[1::2] += step
    return np.roll(np.moveaxis(lines, 0, axis), shift, axis)


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("shift", [0, 1])
def test_a_weave_is_taken_out(axis: int, shift: int) -> None:
    plain = torus(3)
    harmed = woven(plain, axis, shift)
    shares = [0.0, 0.0]
    shares[axis - 1] = (-1.0 if shift else 1.0) * 0.06 / 1.12  # what draws lines apart by 6 % at either end, undone
    assert weave(harmed) > weave(plain) + 0.05
    assert np.allclose(evened(framed(harmed), shares), plain, atol=1e-5)


def test_nothing_is_done_where_nothing_is_asked() -> None:
    x = torus(4)
    assert np.array_equal(evened(framed(x), (0.0, 0.0)), x)


@pytest.mark.parametrize("shares", [(0.03, -0.02), (-0.05, 0.04), (0.1, 0.1)])
def test_a_window_is_that_of_the_whole(shares: tuple[float, float]) -> None:
    wide = framed(torus(5))
    whole = evened(wide.copy(), shares)
    window = evened(wide[:, 16:42, 32:50].copy(), shares)
    assert np.array_equal(window, whole[:, 16:40, 32:48])
