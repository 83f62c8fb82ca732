"""Triangles without an area are found exactly and left out of what is laid far from the origin."""

import numpy as np
import pytest

from seedscape.generation.rng import stream
from seedscape.scene.habitat import Stand
from seedscape.scene.rocks import carve_rock
from seedscape.scene.scatter import _repeat
from seedscape.scene.slivers import without_slivers, zero_area
from seedscape.scene.values import Mesh


def test_a_mesh_without_slivers_stays_the_same_object() -> None:
    mesh = Mesh(np.eye(3, dtype=np.float32), np.array([[0, 1, 2]], np.uint32), "stone")
    assert without_slivers(mesh) is mesh


def test_only_slivers_go() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0]], np.float32)
    mesh = Mesh(points, np.array([[0, 1, 2], [0, 1, 3], [3, 3, 1]], np.uint32), "stone")
    assert zero_area(mesh).tolist() == [True, False, True]
    assert without_slivers(mesh).indices.tolist() == [[0, 1, 3]]


@pytest.mark.parametrize(("seed", "shape"), [(43, 3), (44, 1), (56, 2)])
def test_stones_have_no_triangle_without_an_area_near_or_far(seed: int, shape: int) -> None:
    """Three of a hundred and fifty shapes have a face so narrow that it falls in a line, at once or as a pebble far out."""
    rock = carve_rock(stream(seed, "scene", "rock", shape), "rocks", 2.0, mossy=False)
    x, same = np.linspace(90.0, 127.0, 12), np.ones(12)
    for size in (0.03, 0.2, 1.0):
        stand = Stand(x, x, 1.4 * x, np.zeros(12, np.int64), size * same, same / 7.0, np.zeros(12, np.int64))
        for stone in (rock.near, rock.middle, rock.far):
            assert not zero_area(stone).any()
            laid = _repeat(stone, stand, np.full(12, 30.0), np.ones((12, 3)))
            assert not zero_area(laid).any() and len(laid.indices) > 0.9 * 12 * len(stone.indices)
