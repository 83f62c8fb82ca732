"""Steps between lines are evened out, and what is broad is enlarged, the same in a window as in the whole."""

import numpy as np
import pytest

from seedscape.generation.decoder import CELL, SPLINE, enlarged, evened
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


def test_what_is_broad_is_enlarged_without_a_step() -> None:
    rows = np.arange(12, dtype=np.float32)
    slope = enlarged(np.broadcast_to(rows[:, None], (2, 12, 9)).copy())
    assert slope.shape == (2, CELL * 8, CELL * 5)
    wanted = SPLINE + (np.arange(CELL * 8) + 0.5) / CELL - 0.5  # a cell's value lies in its middle; splines keep slopes
    assert np.allclose(slope, wanted[:, None], atol=1e-5)
    point = np.zeros((1, 13, 13), np.float32)
    point[0, 6, 6] = 1.0
    bump = enlarged(point)[0]
    assert (
        np.allclose(bump, bump[::-1, ::-1])
        and np.allclose(bump, bump.T)
        and bump.max() == pytest.approx(4 / 9, abs=0.01)
    )
    assert np.abs(np.diff(bump, axis=0)).max() < 0.07


def test_what_is_broad_is_in_a_window_what_it_is_in_the_whole() -> None:
    broad = fractions(stream(6, "broad"), 5, 30, 26).astype(np.float32)
    whole, window = enlarged(broad), enlarged(np.ascontiguousarray(broad[:, 7:20, 3:17]))
    assert np.array_equal(window, whole[:, 7 * CELL : 16 * CELL, 3 * CELL : 13 * CELL])
