"""A small whole Scene for the tests of the export room: hilly ground, trees, a mask, a sky dome, a sun."""

import json
import math
import struct
from typing import Any

import numpy as np

from seedscape.generation.rng import fractions, stream
from seedscape.scene.values import (
    Float32,
    Light,
    Material,
    Mesh,
    Node,
    Scene,
    SpawnPoint,
    Texture,
)


def parts(glb: bytes) -> tuple[dict[str, Any], bytes]:
    """The JSON and the binary chunk of a GLB."""
    length = struct.unpack_from("<I", glb, 12)[0]
    return json.loads(glb[20 : 20 + length]), glb[28 + length :]


def noise_picture(seed: int, size: int, low: int, high: int, channels: int = 3) -> np.ndarray:
    """(size, size, channels) uint8: smooth noise that wraps around."""
    total = np.zeros((size, size))
    for octave in range(2, int(math.log2(size))):
        n = 1 << octave
        cells = fractions(stream(seed, "noise", octave), n, n)
        at = np.arange(size) * n / size
        i, f = at.astype(int), at % 1.0
        j = (i + 1) % n
        rows = cells[i] * (1 - f)[:, None] + cells[j] * f[:, None]
        total += (rows[:, i] * (1 - f) + rows[:, j] * f) / 1.6**octave
    total = (total - total.min()) / (total.max() - total.min())
    picture = low + (high - low) * total[..., None] * np.linspace(0.8, 1.0, channels)
    return np.asarray(np.clip(picture, 0, 255).astype(np.uint8))


def normal_picture(height: np.ndarray, strength: float = 0.03) -> np.ndarray:
    """(n, n, 3) uint8 tangent-space normals (+Y up) of a height picture."""
    h = height[..., 1].astype(float)
    dx = (np.roll(h, -1, 1) - np.roll(h, 1, 1)) * strength
    dy = (np.roll(h, -1, 0) - np.roll(h, 1, 0)) * strength
    n = np.stack([-dx, dy, np.ones_like(h)], axis=2)
    n /= np.sqrt((n * n).sum(axis=2, keepdims=True))
    return np.floor((n * 0.5 + 0.5) * 255 + 0.5).astype(np.uint8)


def ground_mesh(posts: int, size_m: float) -> Mesh:
    """A gently rolling square around the origin, flat where the visitor starts."""
    axis = np.linspace(-size_m / 2, size_m / 2, posts)
    x, z = np.meshgrid(axis, axis)
    away = np.minimum(1.0, np.sqrt(x * x + z * z) / 20.0)
    y = away * (2.0 * np.sin(x * 0.07) * np.cos(z * 0.05) + 0.002 * (x * x + z * z))
    positions = np.stack([x, y, z], axis=2).reshape(-1, 3).astype(np.float32)
    index = np.arange(posts * posts).reshape(posts, posts)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    indices = np.stack([a, c, b, b, c, d], axis=-1).reshape(-1, 3).astype(np.uint32)
    dy_dz, dy_dx = np.gradient(y, axis, axis)
    normals = np.stack([-dy_dx, np.ones_like(y), -dy_dz], axis=2).reshape(-1, 3)
    normals = (normals / np.sqrt((normals**2).sum(axis=1, keepdims=True))).astype(np.float32)
    uvs = np.stack([x / 2.0, z / 2.0], axis=2).reshape(-1, 2).astype(np.float32)
    tint = 0.6 + 0.4 * fractions(stream(5, "tint"), posts * posts, 1)
    colors = np.concatenate([tint, tint, tint * 0.9, np.ones_like(tint)], axis=1).astype(np.float32)
    return Mesh(positions, indices, "soil", normals, uvs, colors)


def cone_mesh(sides: int, radius: float, low: float, high: float, material: str) -> Mesh:
    turn = np.arange(sides) * 2 * np.pi / sides
    ring = np.stack([np.cos(turn) * radius, np.full(sides, low), -np.sin(turn) * radius], axis=1)
    positions = np.concatenate([ring, [[0.0, high, 0.0]]]).astype(np.float32)
    k = np.arange(sides)
    indices = np.stack([k, (k + 1) % sides, np.full(sides, sides)], axis=1).astype(np.uint32)
    normals = positions - np.array([0, low, 0], np.float32) + np.array([0, 1e-3, 0], np.float32)
    normals /= np.sqrt((normals**2).sum(axis=1, keepdims=True))
    uvs = np.stack([np.append(k / sides, 0.5), np.append(np.ones(sides), 0.0)], axis=1).astype(np.float32)
    return Mesh(positions, indices, material, normals.astype(np.float32), uvs)


def sky_mesh(radius: float) -> Mesh:
    """An inward dome, blue above and pale at the horizon, by vertex colours."""
    rings, sides = 12, 32
    up = np.linspace(-0.2, np.pi / 2 - 0.02, rings)[:, None]
    turn = (np.arange(sides) * 2 * np.pi / sides)[None, :]
    positions = np.stack([np.cos(up) * np.cos(turn), np.sin(up) + 0 * turn, np.cos(up) * np.sin(turn)], axis=2)
    index = np.arange(rings * sides).reshape(rings, sides)
    a, b = index[:-1], np.roll(index[:-1], -1, axis=1)
    c, d = index[1:], np.roll(index[1:], -1, axis=1)
    indices = np.stack([a, b, c, b, d, c], axis=-1).reshape(-1, 3).astype(np.uint32)
    height = np.clip(positions[..., 1:2], 0, 1) ** 0.5
    rgb = np.array([0.55, 0.65, 0.8]) * (1 - height) + np.array([0.06, 0.2, 0.6]) * height
    colors = np.concatenate([rgb, np.ones_like(height)], axis=2).reshape(-1, 4).astype(np.float32)
    return Mesh((positions.reshape(-1, 3) * radius).astype(np.float32), indices, "sky", colors=colors)


def plain(mesh: Mesh) -> Mesh:
    return Mesh(mesh.positions, mesh.indices, "")


def synthetic_scene(posts: int = 33, picture: int = 64, trees: int = 12, yaw_rad: float = 0.5) -> Scene:
    ground = ground_mesh(posts, 200.0)
    soil = noise_picture(1, picture, 60, 200)
    leaf = noise_picture(2, picture, 40, 160, 4)
    leaf[..., 3] = np.where(leaf[..., 1] > 60, 255, 0)
    orm = np.stack([255 - soil[..., 0] // 4, 150 + soil[..., 0] // 3, 0 * soil[..., 0]], axis=2).astype(np.uint8)
    at = fractions(stream(3, "trees"), trees, 2) * 60.0 - 30.0
    at += np.sign(at) * 6.0
    heights = _height_at(ground.positions, at)
    tree_nodes = tuple(
        Node(f"tree_{k}", model="tree", translation=(float(x), float(y), float(z)))
        for k, ((x, z), y) in enumerate(zip(at, heights, strict=True))
    )
    sun_turn = (math.sin(-0.45), 0.0, 0.0, math.cos(-0.45))  # -Z turned down by 0.9 rad
    return Scene(
        name="Test valley",
        models={
            "ground": (ground,),
            "tree": (cone_mesh(7, 0.15, 0.0, 2.0, "bark"), cone_mesh(9, 1.2, 1.0, 4.5, "leaf")),
            "sky": (sky_mesh(900.0),),
        },
        materials={
            "soil": Material("soil_color", normal="soil_normal", orm="soil_orm", licence="CC0-1.0"),
            "bark": Material(base_color_factor=(0.2, 0.12, 0.07, 1.0), roughness=0.9),
            "leaf": Material("leaf_color", alpha_mode="MASK", double_sided=True),
            "sky": Material(unlit=True),
        },
        textures={
            "soil_color": Texture(soil, "color"),
            "soil_normal": Texture(normal_picture(soil), "normal"),
            "soil_orm": Texture(orm, "data"),
            "leaf_color": Texture(leaf, "color", "clamp"),
        },
        lights={"sun": Light((1.0, 0.95, 0.88), 3.0, 100_000.0)},
        nodes=(
            Node("ground", model="ground", extras={"error_m": 0.05}),
            Node("trees", children=tree_nodes),
            Node("sky", model="sky"),
            Node("sun", light="sun", rotation=sun_turn),
        ),
        spawn_points=(SpawnPoint("start", (0.0, 0.0, 0.0), yaw_rad), SpawnPoint("hill", (40.0, 3.0, 40.0), 2.0)),
        walkable=plain(ground),
        collision=plain(ground_mesh(9, 200.0)),
        bounds=((-100.0, -10.0, -100.0), (100.0, 60.0, 100.0)),
        spec={"seed": 42, "biome": "alpine"},
        extras={"terrain_error_m": 0.05},
    )


def _height_at(positions: Float32, at: np.ndarray) -> list[float]:
    return [float(positions[np.argmin((positions[:, 0] - x) ** 2 + (positions[:, 2] - z) ** 2), 1]) for x, z in at]
