import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seedscape.export.tangents import vertex_tangents

UP = np.array([[0, 1, 0]] * 4, np.float32)
# A square on the ground: (west, north), (east, north), (west, south), (east, south); triangles seen from above.
SQUARE = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 1], [1, 0, 1]], np.float32)
TRIANGLES = np.array([[0, 2, 1], [1, 2, 3]], np.uint32)


def test_a_flat_square_has_its_tangents_along_u() -> None:
    uvs = SQUARE[:, [0, 2]]  # u grows to the east, v to the south: the picture lies as on a map
    tangents = vertex_tangents(SQUARE, UP, uvs, TRIANGLES)
    assert tangents.dtype == np.float32
    assert tangents.tolist() == [[1, 0, 0, 1]] * 4


def test_a_mirrored_picture_turns_the_tangent_and_the_handedness() -> None:
    uvs = SQUARE[:, [0, 2]] * np.array([-1, 1], np.float32)
    assert vertex_tangents(SQUARE, UP, uvs, TRIANGLES).tolist() == [[-1, 0, 0, -1]] * 4


def test_the_bitangent_points_to_smaller_v() -> None:
    uvs = SQUARE[:, [2, 0]]  # u to the south, v to the east
    tangent = vertex_tangents(SQUARE, UP, uvs, TRIANGLES)[0]
    bitangent = np.cross(UP[0], tangent[:3]) * tangent[3]
    assert tangent[:3].tolist() == [0, 0, 1]
    assert bitangent.tolist() == [-1, 0, 0]  # west: where v is smaller


def test_a_picture_of_no_extent_gives_any_direction_in_the_surface() -> None:
    tangents = vertex_tangents(SQUARE, UP, np.zeros((4, 2), np.float32), TRIANGLES)
    assert np.allclose(np.abs(tangents[:, 3]), 1.0)
    assert np.allclose((tangents[:, :3] * UP).sum(axis=1), 0.0)
    assert np.allclose((tangents[:, :3] ** 2).sum(axis=1), 1.0)


@given(st.integers(0, 2**32 - 1))
def test_tangents_are_unit_and_across_the_normal(seed: int) -> None:
    rng = np.random.Generator(np.random.Philox(seed))
    n = 12
    positions = rng.normal(size=(n, 3)).astype(np.float32)
    normals = rng.normal(size=(n, 3))
    normals = (normals / np.sqrt((normals**2).sum(axis=1, keepdims=True))).astype(np.float32)
    uvs = rng.normal(size=(n, 2)).astype(np.float32)
    tangents = vertex_tangents(positions, normals, uvs, rng.integers(0, n, (20, 3)).astype(np.uint32))
    assert np.abs((tangents[:, :3].astype(float) ** 2).sum(axis=1) - 1.0).max() < 1e-6
    assert np.abs((tangents[:, :3].astype(float) * normals).sum(axis=1)).max() < 1e-5
    assert set(np.abs(tangents[:, 3]).tolist()) == {1.0}
