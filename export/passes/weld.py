"""Vertices that are equal in every attribute become one; those no triangle uses are left out."""

from dataclasses import replace

import numpy as np

from seedscape.export.passes.each import each_mesh
from seedscape.scene.values import Mesh, Scene


def weld(scene: Scene) -> Scene:
    """Not a bit of what is drawn changes."""
    return each_mesh(scene, weld_mesh)


def weld_mesh(mesh: Mesh) -> Mesh:
    """Vertices in the order they have in `mesh`, where the first of equals stays."""
    first = _first_of_equals([x for x in (mesh.positions, mesh.normals, mesh.uvs, mesh.colors) if x is not None])
    return keep_vertices(mesh, mesh.indices if first is None else first[mesh.indices])


def _first_of_equals(attributes: list[np.ndarray]) -> np.ndarray | None:
    """(n,) for each vertex the first that is equal in all attributes; None where no two are.

    Vertices are sorted by a 64-bit mix of their words, which is quicker than sorting rows; should two that differ ever
    mix to the same, the rows themselves are sorted.
    """
    mixed = mix([values[:, k] for values in attributes for k in range(values.shape[1])])
    ordered = np.sort(mixed)
    if (ordered[1:] != ordered[:-1]).all():  # most meshes: equal vertices would have mixed to the same
        return None
    order = np.argsort(mixed)
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    first = np.empty(len(mixed), np.int64)
    first[order] = np.repeat(np.minimum.reduceat(order, starts), np.diff(np.append(starts, len(mixed))))
    again = np.flatnonzero(first != np.arange(len(first)))
    if all((values[first[again]] == values[again]).all() for values in attributes):
        return first
    rows = np.ascontiguousarray(np.concatenate(attributes, axis=1, dtype=np.float32)) + np.float32(0.0)
    keys = rows.view(np.dtype((np.void, rows.shape[1] * 4))).reshape(-1)
    _, at, group = np.unique(keys, return_index=True, return_inverse=True)
    return np.asarray(at[group])


def mix(columns: list[np.ndarray]) -> np.ndarray:
    """(n,) uint64, the same for equal rows of float32 columns and nearly never for others; -0 counts as 0."""
    mixed = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        mixed ^= (column.astype(np.float32) + np.float32(0.0)).view(np.uint32)
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(32)
    return mixed


def keep_vertices(mesh: Mesh, indices: np.ndarray) -> Mesh:
    """The mesh of these triangles (m, 3), which name vertices of `mesh`; triangles that lost a corner are left out."""
    a, b, c = indices[:, 0], indices[:, 1], indices[:, 2]
    whole = (a != b) & (b != c) & (c != a)
    indices = indices if whole.all() else indices[whole]
    used = np.zeros(len(mesh.positions), bool)
    used[indices.reshape(-1)] = True
    if used.all():
        return replace(mesh, indices=indices.astype(np.uint32, copy=False))
    place = np.cumsum(used, dtype=np.uint32) - np.uint32(1)

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
