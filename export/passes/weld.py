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
    keys = rows.view(np.dtype((np.void, rows.shape[1] * 4))).reshape(-1)
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return keep_vertices(mesh, first[group][mesh.indices])


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
