"""Vertices that are equal in every attribute become one; those no triangle uses are left out."""

from dataclasses import replace

import numpy as np

from seedscape.export.passes.each import each_mesh
from seedscape.scene.values import Mesh, Scene


def weld(scene: Scene) -> Scene:
    """Not a bit of what is drawn changes."""
    return each_mesh(scene, weld_mesh)


def weld_mesh(mesh: Mesh) -> Mesh:
    """Vertices in the order of their first use in `mesh`."""
    columns = [values for values in (mesh.positions, mesh.normals, mesh.uvs, mesh.colors) if values is not None]
    rows = np.ascontiguousarray(np.concatenate(columns, axis=1, dtype=np.float32)) + np.float32(0.0)  # -0 is 0
    first = _first_of_equals(rows)
    return keep_vertices(mesh, first[mesh.indices])


def _first_of_equals(rows: np.ndarray) -> np.ndarray:
    """(n,) for each row the first that is equal. Rows are sorted by a 64-bit mix of their words, which is
    quicker than sorting the rows; should two that differ ever mix to the same, the rows themselves are sorted."""
    words = rows.view(np.uint32).astype(np.uint64)
    mixed = np.zeros(len(rows), np.uint64)
    for column in words.T:
        mixed = (mixed ^ column) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(32)
    _, first, group = np.unique(mixed, return_index=True, return_inverse=True)
    if not (rows[first[group]] == rows).all():
        keys = rows.view(np.dtype((np.void, rows.shape[1] * 4))).reshape(-1)
        _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return np.asarray(first[group])


def keep_vertices(mesh: Mesh, indices: np.ndarray) -> Mesh:
    """The mesh of these triangles (m, 3), which name vertices of `mesh`; triangles that lost a corner are left out."""
    a, b, c = indices[:, 0], indices[:, 1], indices[:, 2]
    indices = indices[(a != b) & (b != c) & (c != a)]
    used = np.unique(indices)
    place = np.zeros(len(mesh.positions), np.uint32)
    place[used] = np.arange(len(used), dtype=np.uint32)

    def pick(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else values[used]

    return replace(
        mesh,
        positions=mesh.positions[used],
        indices=place[indices],
        normals=pick(mesh.normals),
        uvs=pick(mesh.uvs),
        colors=pick(mesh.colors),
    )
