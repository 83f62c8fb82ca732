"""Positions snapped to grids of 15 bits an axis, and the streams of KHR_mesh_quantization made from them.

All parts of a model share a grid, so overlays stay on their ground. Steps are powers of two and a grid's origin is a
multiple of its step: a vertex that two chunks of land share is snapped with the coarser step of the two, lies on both
grids, and leaves no crack.
"""

import math
from dataclasses import replace

import numpy as np

from seedscape.export.packed import PackedMesh
from seedscape.export.passes.each import each_undrawn, models_in_use
from seedscape.export.passes.weld import mix, weld_mesh
from seedscape.export.streams import quantized_streams
from seedscape.scene.slivers import without_slivers
from seedscape.scene.values import Float32, Material, Mesh, Node, Scene, Vec3

CELLS = 32_000  # an axis: 2 cm on a chunk of half a kilometre; leaves room for borders that a coarser neighbour snaps
MIN_STEP_M = 2.0**-16


def grid_step(span_m: float) -> float:
    """The power of two that cuts `span_m` into at most CELLS steps."""
    return max(MIN_STEP_M, 2.0 ** math.ceil(math.log2(max(span_m, MIN_STEP_M) / CELLS)))


def snap(scene: Scene) -> Scene:
    """The scene with every position on its model's grid; triangles that became flat are left out.

    A position moves by at most half a step an axis: of its own model, or of a coarser one that has the same vertex.
    """
    steps = {name: _step([mesh.positions for mesh in parts]) for name, parts in scene.models.items()}
    shared = _shared_vertices(scene, steps)

    def snapped(mesh: Mesh, step: float) -> Mesh:
        size = np.full(len(mesh.positions), step)
        if len(shared[0]):
            keys = mix(list(mesh.positions.T))
            at = np.minimum(np.searchsorted(shared[0], keys), len(shared[0]) - 1)
            size = np.where(shared[0][at] == keys, np.maximum(shared[1][at], step), size)
        cells = np.floor(mesh.positions.astype(np.float64) / size[:, None] + 0.5)
        moved = replace(mesh, positions=(cells * size[:, None]).astype(np.float32))
        return weld_mesh(without_slivers(moved))

    models = {
        name: tuple(part for mesh in parts if len((part := snapped(mesh, steps[name])).indices))
        for name, parts in scene.models.items()
    }
    return each_undrawn(replace(scene, models=models), lambda mesh: snapped(mesh, _step([mesh.positions])))


def quantize(scene: Scene) -> Scene:
    """PackedMesh for every mesh of a snapped scene."""

    def packed(parts: tuple[Mesh, ...]) -> tuple[Mesh, ...]:
        low, high = _bounds([mesh.positions for mesh in parts])
        step = grid_step(float((high - low).max()))
        while float((high - low).max()) > step * 65_534:  # pushed out by a coarser neighbour
            step *= 2.0
        middle = np.floor((low + high) / 2.0 / step + 0.5) * step
        origin: Vec3 = (float(middle[0]), float(middle[1]), float(middle[2]))
        return tuple(_pack(mesh, scene.materials.get(mesh.material, Material()), origin, step) for mesh in parts)

    models = {name: packed(parts) for name, parts in scene.models.items()}
    return each_undrawn(replace(scene, models=models), lambda mesh: packed((mesh,))[0])


def _pack(mesh: Mesh, material: Material, origin: Vec3, step: float) -> PackedMesh:
    streams = quantized_streams(mesh, material, origin, step)
    return PackedMesh(
        mesh.positions, mesh.indices, mesh.material, mesh.normals, mesh.uvs, mesh.colors, streams, origin, step
    )


def _step(positions: list[Float32]) -> float:
    low, high = _bounds(positions)
    return grid_step(float((high - low).max()))


def _bounds(positions: list[Float32]) -> tuple[np.ndarray, np.ndarray]:
    low = np.min([values.min(axis=0) for values in positions], axis=0).astype(np.float64)
    return low, np.max([values.max(axis=0) for values in positions], axis=0).astype(np.float64)


def _shared_vertices(scene: Scene, steps: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """(sorted keys, coarsest step) of positions that several models shown in place have in common."""
    users = models_in_use(scene)
    resting = [
        node.model
        for node in scene.nodes
        if node.model and users[node.model] == 1 and type(node) is Node
        and (node.translation, node.rotation, node.scale) == ((0.0,) * 3, (0.0, 0.0, 0.0, 1.0), (1.0,) * 3)
    ]  # fmt: skip
    if len(resting) < 2:
        return np.zeros(0, np.uint64), np.zeros(0)
    # Should two places ever mix to the same key, one is snapped to a coarser grid than it need be.
    own = [np.unique(np.concatenate([mix(list(part.positions.T)) for part in scene.models[name]])) for name in resting]
    sizes = np.repeat([steps[name] for name in resting], [len(keys) for keys in own])
    unique, group, count = np.unique(np.concatenate(own), return_inverse=True, return_counts=True)
    coarsest = np.zeros(len(unique))
    np.maximum.at(coarsest, group, sizes)
    return unique[count > 1], coarsest[count > 1]
