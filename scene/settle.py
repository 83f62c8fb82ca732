"""A plan as things of the scene: structures in three materials, anchors to hang content on, walls that stop a body."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from seedscape.generation.values import MaterialMaps
from seedscape.scene.ground import merge
from seedscape.scene.numeric import Float64, cos_sin
from seedscape.scene.palette import grade
from seedscape.scene.parts import PLAIN, STONE, TIMBER, Build, meshes
from seedscape.scene.plan import Plan, Standing
from seedscape.scene.textures import shrink, texture_set, tiled_material
from seedscape.scene.values import Material, Mesh, Node, SpawnPoint, Texture

TEXTURE_EDGE = 512
TIMBER_COLOR = (0.235, 0.150, 0.085)  # linear mean; planks are cut from the same bark texture that trees wear
WALL_TOP_M = 0.3  # a body steps over what is lower


@dataclass(frozen=True)
class Settlement:
    """What a plan puts into a scene. rectangles (n, 5): x, z, half_x, half_z, turn of what nobody can walk through;
    collision: positions and indices of its boxes."""

    models: dict[str, tuple[Mesh, ...]]
    materials: dict[str, Material]
    textures: dict[str, Texture]
    nodes: tuple[Node, ...]
    rectangles: Float64
    collision: tuple[np.ndarray, np.ndarray]
    starts: tuple[SpawnPoint, ...]
    figures: dict[str, Any] = field(default_factory=dict)


def settle(plan: Plan, materials: dict[str, MaterialMaps]) -> Settlement:
    """Models, anchors and walls of everything a plan builds. materials: "rock" and "bark", graded for the biome."""
    stone = _named(materials["rock"], STONE)
    timber = _named(grade(materials["bark"], TIMBER_COLOR), TIMBER)
    parts: dict[str, list[Mesh]] = {}
    for one in plan.standing:
        made = meshes(one.structure.build, {STONE: stone.size_m, TIMBER: timber.size_m}, one.placed)
        for material, mesh in made.items():
            parts.setdefault(material, []).append(mesh)
    models: dict[str, tuple[Mesh, ...]] = {
        name: (merge(parts[name]),) for name in (STONE, TIMBER, PLAIN) if name in parts
    }
    kinds: dict[str, Material] = {}
    textures: dict[str, Texture] = {}
    for maps in (stone, timber):
        if maps.name in models:
            textures |= texture_set(maps)
            kinds[maps.name] = tiled_material(maps.name, blend=False)
    if PLAIN in models:
        kinds[PLAIN] = Material(roughness=0.75)
    footprints = [(one, f) for one in plan.standing for f in one.structure.build.solid if f.top_m > WALL_TOP_M]
    rectangles = np.array([_rectangle(one, f.x, f.z, f.half_x, f.half_z, f.turn) for one, f in footprints])
    return Settlement(
        models=models,
        materials=kinds,
        textures=textures,
        nodes=tuple(Node(name, model=name) for name in models) + _anchors(plan),
        rectangles=rectangles.reshape(-1, 5),
        collision=_hulls(plan),
        starts=_starts(plan),
        figures={
            "structures": [one.structure.name for one in plan.standing],
            "paths": len(plan.trails),
            "steepest_path": round(max([_steepest(t.points) for t in plan.trails], default=0.0), 3),
        },
    )


def _named(maps: MaterialMaps, name: str) -> MaterialMaps:
    """The set under another name, small: structures show less of it than the ground does."""
    return replace(
        maps,
        name=name,
        base_color=shrink(maps.base_color, TEXTURE_EDGE),
        normal=shrink(maps.normal, TEXTURE_EDGE),
        orm=shrink(maps.orm, TEXTURE_EDGE),
    )


def _anchors(plan: Plan) -> tuple[Node, ...]:
    """Named empty nodes: anchor_NAME, looking along their -Z at what uses them; extras say what belongs there."""
    nodes = []
    for one in plan.standing:
        for mark in one.structure.marks:
            half = _half_turn(one.placed.turn + mark.turn)
            nodes.append(
                Node(
                    f"anchor_{mark.name}",
                    translation=one.placed.point(mark.x, mark.y, mark.z),
                    rotation=(0.0, half[1], 0.0, half[0]),
                    extras={
                        "role": "anchor",
                        "kind": mark.kind,
                        "structure": one.structure.name,
                        "size_m": list(mark.size_m),
                    },
                )
            )
    return tuple(nodes)


def _half_turn(turn: float) -> tuple[float, float]:
    """Cosine and sine of half an angle given in turns."""
    c, s = cos_sin(turn * 0.5)
    return float(c), float(s)


def _starts(plan: Plan) -> tuple[SpawnPoint, ...]:
    starts = []
    for one in plan.standing:
        for x, z, turn in one.structure.starts:
            whole = one.placed.turn + turn
            yaw = (whole - np.floor(whole)) * 6.283185307179586
            starts.append(SpawnPoint(one.structure.name, one.placed.point(x, 0.0, z), float(yaw)))
    return tuple(starts)


def _rectangle(one: Standing, x: float, z: float, half_x: float, half_z: float, turn: float) -> list[float]:
    px, _, pz = one.placed.point(x, 0.0, z)
    return [px, pz, half_x, half_z, one.placed.turn + turn]


def _hulls(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Every box of stone and timber as it is seen: what the eye takes for solid stops a body."""
    positions, indices, count = [np.zeros((0, 3), np.float32)], [np.zeros((0, 3), np.uint32)], 0
    for one in plan.standing:
        shown = Build(faces={k: v for k, v in one.structure.build.faces.items() if k != PLAIN})
        for mesh in meshes(shown, {}, one.placed).values():
            positions.append(mesh.positions)
            indices.append(mesh.indices + np.uint32(count))
            count += len(mesh.positions)
    return np.concatenate(positions), np.concatenate(indices)


def _steepest(points: Float64) -> float:
    """Greatest rise over run between points four metres apart along a path."""
    a, b = points[:-8], points[8:]
    if not len(a):
        return 0.0
    run = np.sqrt((b[:, 0] - a[:, 0]) ** 2 + (b[:, 2] - a[:, 2]) ** 2)
    return float((np.abs(b[:, 1] - a[:, 1]) / np.maximum(run, 1.0)).max())
