"""Nodes whose parts share a material become one mesh: fewer draw calls, less culling."""

from dataclasses import replace

import numpy as np

from seedscape.export.passes.each import turned
from seedscape.scene.values import Mesh, Node, Scene

Attributes = tuple[bool, bool, bool]


def join(scene: Scene) -> Scene:
    """Top-level nodes that show one opaque or masked part and say nothing else, joined by material.

    Their triangles are written out where each node stands. See-through parts keep their own nodes: their order counts.
    """
    groups: dict[tuple[str, Attributes], list[Node]] = {}
    for node in scene.nodes:
        if (key := _group(scene, node)) is not None:
            groups.setdefault(key, []).append(node)
    models, nodes = dict(scene.models), []
    for node in scene.nodes:
        key = _group(scene, node)
        group = groups[key] if key is not None else [node]
        if len(group) < 2:
            nodes.append(node)
        elif node is group[0]:
            name = f"{group[0].name}_joined"
            models[name] = (_joined([placed(scene.models[str(each.model)][0], each) for each in group]),)
            nodes.append(Node(name, model=name))
    return replace(scene, models=models, nodes=tuple(nodes))


def _group(scene: Scene, node: Node) -> tuple[str, Attributes] | None:
    if type(node) is not Node or not node.model or node.children or node.light or node.extras:
        return None
    parts = scene.models[node.model]
    if len(parts) != 1 or scene.materials[parts[0].material].alpha_mode == "BLEND":
        return None
    mesh = parts[0]
    return mesh.material, (mesh.normals is not None, mesh.uvs is not None, mesh.colors is not None)


def placed(mesh: Mesh, node: Node) -> Mesh:
    """The mesh as the node shows it, in its parent's frame. Scales must be positive, or triangles would turn inside out."""
    turn = np.array([node.rotation])
    scale = np.array(node.scale, np.float64)
    points = turned(turn, mesh.positions.astype(np.float64) * scale) + np.array(node.translation)
    normals = mesh.normals
    if normals is not None:
        straight = turned(turn, normals.astype(np.float64) / scale)
        normals = (straight / np.sqrt((straight**2).sum(axis=1, keepdims=True))).astype(np.float32)
    return replace(mesh, positions=points.astype(np.float32), normals=normals)


def _joined(meshes: list[Mesh]) -> Mesh:
    starts = np.cumsum([0, *(len(mesh.positions) for mesh in meshes)])[:-1]

    def stacked(field: str) -> np.ndarray | None:
        values = [getattr(mesh, field) for mesh in meshes]
        return None if values[0] is None else np.concatenate(values)

    indices = np.concatenate([mesh.indices + np.uint32(start) for mesh, start in zip(meshes, starts, strict=True)])
    return replace(
        meshes[0],
        positions=np.concatenate([mesh.positions for mesh in meshes]),
        indices=indices,
        normals=stacked("normals"),
        uvs=stacked("uvs"),
        colors=stacked("colors"),
    )
