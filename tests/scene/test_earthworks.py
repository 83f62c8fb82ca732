import numpy as np
import pytest

from seedscape.scene.earthworks import Pad, River, Trail, dig, nearest
from tests.scene.worlds import make_terrain

TERRAIN = make_terrain(seed=3, relief_m=120.0)


def test_a_pad_is_level_and_far_ground_keeps_its_bits() -> None:
    pad = Pad(40.0, -30.0, 8.0, 5.0, 0.1, 3.5)
    dug = dig(TERRAIN, (), (pad,), ())
    x, z = np.meshgrid(np.linspace(-60.0, 140.0, 101), np.linspace(-130.0, 70.0, 101))
    inside = pad.outside(x, z) == 0.0
    assert inside.any() and np.abs(dug.height(x, z)[inside] - 3.5).max() < 1e-5
    far = pad.outside(x, z) > 24.0
    assert np.array_equal(dug.height(x, z)[far], TERRAIN.height(x, z)[far])


def test_levels_still_meet_at_their_rims() -> None:
    """Just inside and just outside a finer level's edge the ground is the same, also where a pad lies across that edge."""
    x0, _, x1, _ = TERRAIN.levels[-1].extent_m
    dug = dig(TERRAIN, (), (Pad(x1, 0.0, 20.0, 20.0, 0.0, 12.0),), ())
    z = np.linspace(-100.0, 100.0, 201)
    for edge in (x0, x1):
        step = np.abs(dug.height(np.full(201, edge - 1e-6), z) - dug.height(np.full(201, edge + 1e-6), z))
        assert step.max() < 0.02


def test_a_path_is_level_across_and_follows_its_profile() -> None:
    z = np.linspace(-60.0, 60.0, 241)
    points = np.stack([np.full(241, 20.0), 0.05 * z, z], axis=1)
    dug = dig(TERRAIN, (), (), (Trail(points, 1.0),))
    middle, side = dug.height(points[:, 0], z), dug.height(points[:, 0] + 0.4, z)
    assert np.abs(middle - points[:, 1])[5:-5].max() < 0.08
    assert np.abs(middle - side)[5:-5].max() < 0.08


def test_a_bed_lies_below_its_water_and_nothing_is_raised() -> None:
    z = np.linspace(-80.0, 80.0, 161)
    ground = TERRAIN.height(np.full(161, -40.0), z)
    surface = np.minimum.accumulate(ground - 0.25)
    river = River(
        np.stack([np.full(161, -40.0), surface, z], axis=1), np.full(161, 5.0), np.full(161, 0.8), np.ones(161, bool)
    )
    dug = dig(TERRAIN, (river,), (), ())
    assert (dug.height(np.full(161, -40.0), z) < surface - 0.5).all()
    for old, new in zip(TERRAIN.levels, dug.levels, strict=True):
        assert (new.heights_m <= old.heights_m + 0.02).all() or new.spacing_m > 10.0


def test_nearest_finds_the_closest_point_within_reach() -> None:
    distance, index = nearest(
        np.array([[0.0, 0.0], [3.0, 0.0]]), np.arange(-2.0, 6.0), np.array([0.0]), np.array([1.5, 1.5])
    )
    assert index[0].tolist() == [-1, 0, 0, 0, 1, 1, 1, -1]
    assert distance[0, 2] == 0.0 and distance[0, 3] == pytest.approx(1.0) and np.isinf(distance[0, 0])
