"""Tables instead of sines and exponentials, vectors without BLAS, noise on a lattice."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedscape.generation.rng import stream
from seedscape.scene.numeric import cos_sin, dot, exp_minus, noise_table, smoothstep, solid_noise, unit


@given(st.floats(-50.0, 50.0))
def test_turns_give_cosine_and_sine(turn: float) -> None:
    c, s = cos_sin(turn)
    assert float(c) == pytest.approx(math.cos(2.0 * math.pi * turn), abs=1e-6)
    assert float(s) == pytest.approx(math.sin(2.0 * math.pi * turn), abs=1e-6)


@given(st.floats(0.0, 60.0))
def test_exp_minus_is_the_exponential(x: float) -> None:
    assert float(exp_minus(x)) == pytest.approx(math.exp(-x), rel=2e-7)


def test_exp_minus_stays_in_its_table_outside() -> None:
    assert float(exp_minus(-3.0)) == 1.0
    assert float(exp_minus(1e9)) < 1e-27


def test_smoothstep_runs_either_way() -> None:
    np.testing.assert_array_equal(smoothstep(1.0, 3.0, [0.0, 1.0, 2.0, 3.0, 9.0]), [0.0, 0.0, 0.5, 1.0, 1.0])
    np.testing.assert_array_equal(smoothstep(3.0, 1.0, [0.0, 1.0, 2.0, 3.0, 9.0]), [1.0, 1.0, 0.5, 0.0, 0.0])


def test_unit_of_nothing_points_up() -> None:
    np.testing.assert_array_equal(
        unit(np.array([[3.0, 0.0, 4.0], [0.0, 0.0, 0.0]])), [[0.6, 0.0, 0.8], [0.0, 1.0, 0.0]]
    )


@given(st.lists(st.floats(-1e3, 1e3), min_size=6, max_size=6))
def test_dot_is_the_inner_product(values: list[float]) -> None:
    a, b = np.array(values[:3]), np.array(values[3:])
    assert float(dot(a, b)) == pytest.approx(
        math.fsum(x * y for x, y in zip(values[:3], values[3:], strict=True)), abs=1e-6
    )


def test_solid_noise_meets_its_lattice_and_wraps() -> None:
    table = noise_table(stream(1, "table"), 4)
    corners = np.stack(np.meshgrid(*[np.arange(4.0)] * 3, indexing="ij"), axis=-1)
    np.testing.assert_array_equal(solid_noise(table, corners), table)
    between = corners + 0.37
    np.testing.assert_allclose(solid_noise(table, between), solid_noise(table, between + 4.0), atol=1e-12)
    assert np.abs(solid_noise(table, between)).max() <= 1.0
