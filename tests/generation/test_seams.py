"""Seams go the cheapest way."""

from itertools import product

import numpy as np

from seedscape.generation.rng import stream
from seedscape.generation.seams import cheapest_path


def test_no_other_path_is_cheaper() -> None:
    rng = stream(1, "seams")
    for _ in range(20):
        error = rng.integers(0, 9, (5, 4)).astype(np.float32)
        rows = np.arange(5)
        ways = [np.array(way) for way in product(range(4), repeat=5) if max(np.abs(np.diff(way))) <= 1]
        path = cheapest_path(error)
        assert np.abs(np.diff(path)).max() <= 1
        assert error[rows, path].sum() == min(error[rows, way].sum() for way in ways)


def test_of_equal_ways_the_leftmost_is_taken() -> None:
    assert cheapest_path(np.zeros((6, 5))).tolist() == [0] * 6


def test_one_column_and_one_row_have_one_path() -> None:
    assert cheapest_path(np.ones((4, 1))).tolist() == [0] * 4
    assert cheapest_path(np.array([[3.0, 1.0, 2.0]])).tolist() == [1]
