"""Boulders: closed, flat-faced, half buried."""

import numpy as np
import pytest

from seedscape.generation.rng import stream
from seedscape.scene.numeric import dot
from seedscape.scene.rocks import _clip, _cut, carve_rock
from tests.scene.solids import assert_sound, face_normals, volume

AXES = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])


def test_six_planes_cut_a_cube() -> None:
    faces = _cut(AXES, np.full(6, 0.5))
    assert [len(corners) for _, corners in faces] == [4] * 6
    for plane, corners in faces:
        np.testing.assert_allclose(dot(corners, np.broadcast_to(AXES[plane], corners.shape)), 0.5)
        turn = np.cross(corners[1] - corners[0], corners[2] - corners[1])
        assert float((turn * AXES[plane]).sum()) > 0.0  # counter-clockwise from outside


def test_a_plane_beyond_the_body_cuts_nothing() -> None:
    planes = np.concatenate([AXES, [[0.6, 0.8, 0.0]]])
    assert len(_cut(planes, np.array([0.5] * 6 + [5.0]))) == 6


def test_clip_keeps_the_half_below() -> None:
    square = np.array([[0.0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0]])
    kept = _clip(square, np.array([1.0, 0.0, 0.0]), 1.0)
    assert len(kept) == 4 and kept[:, 0].max() == 1.0
    assert len(_clip(square, np.array([1.0, 0.0, 0.0]), -1.0)) == 0


@pytest.mark.parametrize("seed", range(4))
def test_rocks_are_sound_closed_and_turned_outwards(seed: int) -> None:
    rock = carve_rock(stream(seed, "rock"), "rocks", 2.0, mossy=False)
    for mesh in (rock.near, rock.middle, rock.far):
        assert_sound(mesh)
        assert volume(mesh) > 0.4
        # A closed surface has no net area in any direction; corners of neighbouring faces agree but for float32.
        faces = face_normals(mesh)
        assert np.abs(faces.sum(axis=0)).max() < 1e-4 * np.abs(faces).sum()
        assert mesh.normals is not None
        assert (dot(faces, mesh.normals[mesh.indices[:, 2]].astype(np.float64)) > 0.0).mean() > 0.97
    assert 250 <= len(rock.near.indices) <= 800 and len(rock.middle.indices) <= 120 and len(rock.far.indices) <= 60


def test_foot_is_buried_and_top_stands_out() -> None:
    rock = carve_rock(stream(1, "rock"), "rocks", 2.0, mossy=True)
    y = rock.near.positions[:, 1]
    assert y.min() < -0.08 and rock.height_m == y.max() > 0.4
    assert rock.hull_radius_m < 1.5


def test_stone_is_not_stretched() -> None:
    """UV areas match world areas: the texture has its true scale on every face."""
    mesh = carve_rock(stream(1, "rock"), "rocks", 2.0, mossy=False).near
    assert mesh.uvs is not None
    uv = mesh.uvs.astype(np.float64)[mesh.indices] * 2.0
    a, b = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    in_picture = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    in_world = np.sqrt((face_normals(mesh) ** 2).sum(axis=1))
    large = in_world > 1e-3
    assert np.percentile(np.abs(in_picture[large] / in_world[large] - 1.0), 95) < 0.35  # noise moves them a little


def test_moss_greens_the_top_alone() -> None:
    bare, mossy = (carve_rock(stream(1, "rock"), "rocks", 2.0, m).near for m in (False, True))
    assert bare.colors is not None and mossy.colors is not None and mossy.normals is not None
    change = mossy.colors[:, :3] / bare.colors[:, :3]
    top = mossy.normals[:, 1] > 0.95
    assert (change[top, 1] > change[top, 2]).all()
    np.testing.assert_array_equal(change[mossy.normals[:, 1] < 0.3], 1.0)
