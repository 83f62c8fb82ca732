"""Nodes that only repeat a model become one node with many places (EXT_mesh_gpu_instancing): one draw call."""

from dataclasses import replace

import numpy as np

from seedscape.export.packed import InstancedNode
from seedscape.scene.values import Node, Scene


def instance(scene: Scene) -> Scene:
    """Siblings with the same model, and nothing else to say, are drawn together; `extras` of the new node names them."""
    return replace(scene, nodes=_merged(scene.nodes))


def _merged(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    groups: dict[str, list[Node]] = {}
    for node in nodes:
        if _is_plain(node):
            groups.setdefault(str(node.model), []).append(node)
    merged: list[Node] = []
    for node in nodes:
        group = groups.get(str(node.model), []) if _is_plain(node) else []
        if len(group) < 2:
            merged.append(replace(node, children=_merged(node.children)))
        elif node is group[0]:
            merged.append(_instances(group))
    return tuple(merged)


def _is_plain(node: Node) -> bool:
    return node.model is not None and type(node) is Node and not (node.children or node.light or node.extras)


def _instances(group: list[Node]) -> InstancedNode:
    def rows(field: str) -> np.ndarray:
        return np.array([getattr(node, field) for node in group], np.float32)

    return InstancedNode(
        name=f"{group[0].model}_instances",
        model=group[0].model,
        extras={"instances": [node.name for node in group]},
        translations=rows("translation"),
        rotations=rows("rotation"),
        scales=rows("scale"),
    )
