"""Welding and what stands on it: equal vertices become one, the rest is not touched."""

import dataclasses

import numpy as np

from seedscape.export.passes.dedupe import dedupe
from seedscape.export.passes.weld import keep_vertices, weld_mesh
from seedscape.scene.slivers import BLOCK, zero_area
from seedscape.scene.values import Mesh
from tests.export.synthetic import ground_mesh, synthetic_scene


def test_a_mesh_without_equal_vertices_comes_back_as_it_is() -> None:
    mesh = ground_mesh(5, 10.0)
    welded = weld_mesh(mesh)
    assert welded.positions is mesh.positions and (welded.indices == mesh.indices).all()


def test_equal_vertices_become_the_first_of_them() -> None:
    """Two triangles with their own corners: 0 = 3 but for the sign of a zero, 1 = 4 but for the normal."""
    positions = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [-0.0, 0, 0], [1, 0, 0], [0, 0, 1]], np.float32)
    normals = np.array([[0, 0, 1]] * 4 + [[1, 0, 0]] * 2, np.float32)
    normals[3] = normals[0]
    mesh = Mesh(positions, np.array([[0, 1, 2], [3, 4, 5]], np.uint32), "", normals)
    welded = weld_mesh(mesh)
    assert welded.indices.tolist() == [[0, 1, 2], [0, 3, 4]]
    assert welded.positions.tolist() == positions[[0, 1, 2, 4, 5]].tolist()


def test_triangles_that_lose_a_corner_go_and_so_do_their_vertices() -> None:
    positions = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 0], [2, 0, 0], [2, 1, 0], [3, 0, 0]], np.float32)
    mesh = Mesh(positions, np.array([[0, 1, 2], [3, 4, 5]], np.uint32), "")
    assert weld_mesh(mesh).indices.tolist() == [[0, 1, 2]]
    assert len(keep_vertices(mesh, mesh.indices[1:]).positions) == 3


def test_a_triangle_without_area_is_found_in_every_block() -> None:
    mesh = ground_mesh(150, 10.0)
    assert len(mesh.indices) > 2 * BLOCK and not zero_area(mesh).any()
    indices = mesh.indices.copy()
    where = [0, BLOCK - 1, BLOCK, len(indices) - 1]
    indices[where, 2] = indices[where, 1]
    assert np.flatnonzero(zero_area(dataclasses.replace(mesh, indices=indices))).tolist() == where


def test_models_that_differ_in_one_late_vertex_stay_apart() -> None:
    scene = synthetic_scene(posts=9, picture=16, trees=1)
    (ground,) = scene.models["ground"]
    moved = ground.positions.copy()
    moved[-1, 1] += 1.0
    grounds: dict[str, tuple[Mesh, ...]] = {
        "ground": (ground,),
        "same": (dataclasses.replace(ground),),
        "other": (dataclasses.replace(ground, positions=moved),),
    }
    first = scene.nodes[0]
    nodes = tuple(dataclasses.replace(first, name=name, model=name) for name in grounds)
    assert set(dedupe(dataclasses.replace(scene, models=grounds, nodes=nodes)).models) == {"ground", "other"}
