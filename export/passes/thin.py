"""Fewer of what is scattered in numbers: nodes that share a model, places of instances, loose pieces of one mesh."""

from dataclasses import replace

import numpy as np

from seedscape.export.packed import InstancedNode
from seedscape.export.passes.each import models_in_use
from seedscape.export.passes.weld import keep_vertices
from seedscape.scene.values import Mesh, Node, Scene

MIN_PIECES = 8  # fewer are not scattered, they stand where they were put


def thin(scene: Scene, share: float) -> Scene:
    """About `share` of the pieces, spread evenly in the order they came in, of every model and group of many pieces."""
    users = models_in_use(scene)
    models = {name: tuple(_thin_mesh(mesh, share) for mesh in parts) for name, parts in scene.models.items()}
    seen: dict[str, int] = {}

    def down(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        kept = []
        for node in nodes:
            if isinstance(node, InstancedNode):
                rows = np.flatnonzero(_evenly(len(node.translations), share))
                names = [node.extras["instances"][row] for row in rows]
                node = replace(
                    node,
                    translations=node.translations[rows],
                    rotations=node.rotations[rows],
                    scales=node.scales[rows],
                    extras=node.extras | {"instances": names},
                )
            elif node.model and users[node.model] >= MIN_PIECES and not (node.children or node.light or node.extras):
                k = seen[node.model] = seen.get(node.model, -1) + 1
                if not _evenly(users[node.model], share)[k]:
                    continue
            kept.append(replace(node, children=down(node.children)))
        return tuple(kept)

    return replace(scene, models=models, nodes=down(scene.nodes))


def _evenly(count: int, share: float) -> np.ndarray:
    """(count,) True for about `share` of them, the first always; all of a few."""
    if count < MIN_PIECES:
        return np.ones(count, bool)
    steps = np.floor(np.arange(count + 1) * share)
    kept = steps[1:] > steps[:-1]
    kept[0] = True
    return np.asarray(kept)


def _thin_mesh(mesh: Mesh, share: float) -> Mesh:
    piece = pieces(mesh)
    count = int(piece.max()) + 1 if len(piece) else 0
    return mesh if count < MIN_PIECES else keep_vertices(mesh, mesh.indices[_evenly(count, share)[piece]])


def pieces(mesh: Mesh) -> np.ndarray:
    """(m,) the number of the connected piece each triangle is in, pieces numbered by their first vertex.

    Vertices at one place count as connected. Labels fall to the smallest neighbour's, and to their label's label.
    """
    _, point = np.unique(mesh.positions, axis=0, return_inverse=True)
    corners = point.reshape(-1)[mesh.indices]
    label = np.arange(int(corners.max(initial=-1)) + 1)
    while True:
        lowest = label[corners].min(axis=1)
        new = label.copy()
        for k in range(3):
            np.minimum.at(new, corners[:, k], lowest)
        new = np.minimum(new, new[new])
        if (new == label).all():
            break
        label = new
    found, first, number = np.unique(label[corners[:, 0]], return_index=True, return_inverse=True)
    order = np.empty(len(found), np.int64)
    order[np.argsort(first)] = np.arange(len(found))
    return np.asarray(order[number.reshape(-1)])
