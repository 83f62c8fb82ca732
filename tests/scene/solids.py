"""Checks that any drawn mesh of the scene room must pass; used by the tests of what stands in it."""

import numpy as np

from seedscape.scene.values import Mesh


def assert_sound(mesh: Mesh) -> None:
    """Attributes of one length, indices in range, no triangle without area, unit normals, colours in 0..1, finite all."""
    count = len(mesh.positions)
    assert mesh.positions.dtype == np.float32 and mesh.indices.dtype == np.uint32
    assert count and len(mesh.indices) and int(mesh.indices.max()) < count
    assert mesh.normals is not None and mesh.uvs is not None
    assert mesh.normals.shape == (count, 3) and mesh.uvs.shape == (count, 2)
    for values in (mesh.positions, mesh.normals, mesh.uvs):
        assert values.dtype == np.float32 and np.isfinite(values).all()
    np.testing.assert_allclose(np.sqrt((mesh.normals.astype(np.float64) ** 2).sum(axis=1)), 1.0, atol=1e-5)
    assert mesh.colors is None or (
        mesh.colors.shape == (count, 4) and 0.0 <= mesh.colors.min() and mesh.colors.max() <= 1.0
    )
    assert (np.sort(mesh.indices, axis=1)[:, 1:] != np.sort(mesh.indices, axis=1)[:, :-1]).all()


def face_normals(mesh: Mesh) -> np.ndarray:
    """(m, 3) float64, as long as twice each triangle's area; points to the side that shows."""
    p = mesh.positions.astype(np.float64)[mesh.indices]
    return np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0])


def volume(mesh: Mesh) -> float:
    """Enclosed volume; positive when a closed mesh shows its outside."""
    p = mesh.positions.astype(np.float64)[mesh.indices]
    return float((p[:, 0] * np.cross(p[:, 1], p[:, 2])).sum() / 6.0)
