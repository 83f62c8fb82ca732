"""What passes share: applying a function to every mesh, and walking nodes."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from seedscape.scene.values import Mesh, Node, Scene

Place = tuple[Node, ...]  # a node and those above it, the root first


def each_mesh(scene: Scene, change: Callable[[Mesh], Mesh]) -> Scene:
    """The scene with every drawn mesh, the walkable and the collision mesh changed; empty ones are left alone."""
    models = {name: tuple(change(mesh) for mesh in parts) for name, parts in scene.models.items()}
    return each_undrawn(replace(scene, models=models), change)


def each_undrawn(scene: Scene, change: Callable[[Mesh], Mesh]) -> Scene:
    """The scene with the walkable and the collision mesh changed, where there are any."""
    walkable, collision = (change(mesh) if len(mesh.indices) else mesh for mesh in (scene.walkable, scene.collision))
    return replace(scene, walkable=walkable, collision=collision)


def walk(scene: Scene) -> Iterator[Place]:
    """Every node under those above it, parents first, in the order of the file."""
    waiting: list[Place] = [(node,) for node in reversed(scene.nodes)]
    while waiting:
        place = waiting.pop()
        yield place
        waiting.extend((*place, child) for child in reversed(place[-1].children))


def each_node(scene: Scene, change: Callable[[Node], Node]) -> Scene:
    """The scene with every node changed, children before their parents."""

    def down(node: Node) -> Node:
        return change(replace(node, children=tuple(down(child) for child in node.children)))

    return replace(scene, nodes=tuple(down(node) for node in scene.nodes))


def models_in_use(scene: Scene) -> dict[str, int]:
    """Models that nodes show -> by how many nodes, in the order of the nodes."""
    found: dict[str, int] = {}
    for *_, node in walk(scene):
        if node.model is not None:
            found[node.model] = found.get(node.model, 0) + 1
    return found


def turned(quaternions: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(n, 3) vectors turned by (n or 1, 4) unit quaternions x, y, z, w: v + 2 q x (q x v + w v)."""
    q, w = quaternions[:, :3].astype(np.float64), quaternions[:, 3:].astype(np.float64)
    return np.asarray(vectors + 2.0 * np.cross(q, np.cross(q, vectors) + w * vectors))
