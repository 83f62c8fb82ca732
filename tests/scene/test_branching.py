"""Skeletons of trees and the tubes around them."""

import numpy as np
import pytest

from seedscape.generation.rng import stream
from seedscape.scene.branching import Branching, Stems, grow_branches, grow_trunk, join, tubes
from seedscape.scene.numeric import dot, unit

STRAIGHT = Stems(
    np.array([[[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 3.0, 0.0]]]), np.array([[0.2, 0.2, 0.1]]), np.zeros(1)
)
HOW = Branching(8, 0.5, 1.0, (0.25, 0.25), ((0.0, 0.5), (1.0, 0.25)), joints=4, wander=0.0)


def test_trunk_stands_on_the_origin_and_thins_upwards() -> None:
    trunk = grow_trunk(stream(1, "trunk"), 12.0, 0.2, 8)
    np.testing.assert_array_equal(trunk.points[0, 0], [0.0, 0.0, 0.0])
    assert trunk.points[0, -1, 1] == 12.0
    assert (np.diff(trunk.radii[0]) < 0.0).all()


def test_branches_leave_the_bearing_part_at_their_angle() -> None:
    branches = grow_branches(stream(1, "branches"), STRAIGHT, HOW)
    assert branches.points.shape == (8, 4, 3)
    roots = branches.points[:, 0]
    np.testing.assert_allclose(roots[:, [0, 2]], 0.0, atol=1e-12)
    assert (roots[:, 1] >= 1.0).all() and (
        roots[:, 1] <= 3.0
    ).all()  # joints stand at 0, 1, 3 m: the outer half starts at 1
    direction = unit(branches.points[:, 1] - roots)
    assert np.abs(direction[:, 1]).max() < 0.12  # a quarter turn, give or take its jitter
    assert (branches.lengths <= 3.0 * 0.5 * 1.15).all()


def test_branches_are_never_thicker_than_their_parent() -> None:
    assert grow_branches(stream(2, "branches"), STRAIGHT, HOW).radii.max() <= 0.2


def test_pull_bends_upwards() -> None:
    up = Branching(8, 0.5, 1.0, (0.25, 0.25), ((0.0, 0.5), (1.0, 0.25)), joints=6, wander=0.0, pull=0.3)
    branches = grow_branches(stream(1, "branches"), STRAIGHT, up)
    first, last = branches.points[:, 1] - branches.points[:, 0], branches.points[:, -1] - branches.points[:, -2]
    assert (unit(last)[:, 1] > unit(first)[:, 1] + 0.4).all()


@pytest.mark.parametrize("flutes", [0, 5])
def test_tube_shows_its_outside_and_keeps_its_radius(flutes: int) -> None:
    tube = tubes(STRAIGHT, 40, (0.25, 0.5), 0.5, flutes)
    corners = tube.positions[tube.indices]
    front = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (dot(front, tube.normals[tube.indices[:, 0]]) > 0.0).all()
    reach = np.sqrt(tube.positions[:, 0] ** 2 + tube.positions[:, 2] ** 2)
    assert reach.max() == pytest.approx(0.2 * (1.1 if flutes else 1.0), rel=1e-4)
    assert tube.uvs[:, 0].min() == 0.25 and tube.uvs[:, 0].max() == 0.5
    assert tube.uvs[:, 1].max() == pytest.approx(1.5)  # 3 m at 0.5 a metre


def test_join_keeps_every_triangle() -> None:
    one = tubes(STRAIGHT, 3, (0.0, 1.0), 1.0)
    both = join([one, one])
    assert len(both.indices) == 2 * len(one.indices)
    np.testing.assert_array_equal(both.positions[both.indices[len(one.indices) :]], one.positions[one.indices])
