"""Land too large for one file as OGC 3D Tiles 1.1: a quadtree of GLB tiles, each made from its key alone.

A tile of level l is CELLS x CELLS cells; its posts are every 2^(depth - l)-th post of one endless grid, so tiles of a level
share their border heights to the bit, and a coarse tile's posts are posts of its children. A tile's geometric error is
the largest height between its triangles and the posts they leave out, measured. Where neighbours differ in level, skirts
close the gap: they hang as deep as the land leaves a mesh of four times coarser posts.

Frame of the content: glTF's, Y up, around the tile's middle; of the tileset: Z up, X east, Y north, metres, the middle of the
land at the origin (3D Tiles 1.1, 6.7.1.6.2.2: viewers turn glTF's Y up into Z up).
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seedscape.export.container import opened, split
from seedscape.export.issues import broken
from seedscape.export.write import write_glb
from seedscape.scene.values import Float32, Material, Mesh, Node, Scene

CELLS = 64  # along a tile's edge: 8,192 triangles
SKIRT_STEPS = 4  # a neighbour is at most two levels coarser where viewers keep their screen-space error
MIN_SKIRT_M = 1.0
GROUND = "ground"

Posts = Callable[[int, int, int, int], Float32]
"""(row, col, rows, cols) -> heights in metres of a window of the endless grid."""
Paint = Callable[[Float32, NDArray[np.float64]], Float32]
"""(heights (n,), slopes (n,) rise over run) -> linear RGB (n, 3) float32."""


class TileKey(NamedTuple):
    """Level 0 is the root; x counts east, y south, both from the north-western corner."""

    level: int
    x: int
    y: int

    @property
    def path(self) -> str:
        return f"tiles/{self.level}/{self.x}/{self.y}.glb"


@dataclass(frozen=True)
class TilePlan:
    """extent_m: edge of the land; spacing_m: between posts. The square of leaves around it is a power of two wide."""

    extent_m: float
    spacing_m: float

    @property
    def leaves(self) -> int:
        """Along an edge of the land."""
        return max(1, math.ceil(self.extent_m / (CELLS * self.spacing_m)))

    @property
    def depth(self) -> int:
        """The level of the leaves."""
        return (self.leaves - 1).bit_length()

    def all_keys(self) -> Iterator[TileKey]:
        """All tiles that touch the land, leaves first."""
        for level in range(self.depth, -1, -1):
            wide = -(-self.leaves // (1 << (self.depth - level)))
            for y in range(wide):
                for x in range(wide):
                    yield TileKey(level, x, y)

    def step(self, level: int) -> int:
        """Posts from one vertex of a tile to the next."""
        return 1 << (self.depth - level)

    def corner_m(self, key: TileKey) -> tuple[float, float, float]:
        """(west, north, edge) of a tile; north as glTF's z, which grows southwards."""
        edge = CELLS * self.step(key.level) * self.spacing_m
        half = self.leaves * CELLS * self.spacing_m / 2.0
        return key.x * edge - half, key.y * edge - half, edge


def make_tile(key: TileKey, plan: TilePlan, posts: Posts, paint: Paint, spec: Mapping[str, Any], version: str) -> bytes:
    """The GLB of one tile; `asset.extras.scene.tile` says its key, heights and errors."""
    step = plan.step(key.level)
    size = CELLS * step
    # one vertex more on each side, for slopes that agree with the neighbours'
    wide = posts(key.y * size - step, key.x * size - step, size + 2 * step + 1, size + 2 * step + 1)
    fine = wide[step : step + size + 1, step : step + size + 1]
    heights = wide[::step, ::step]
    error = mesh_error(fine, step)
    skirt = max(MIN_SKIRT_M, mesh_error(fine, min(size, SKIRT_STEPS * step)))
    mesh = tile_mesh(heights, step * plan.spacing_m, skirt, paint)
    tile: dict[str, Any] = {
        "key": list(key),
        "height_m": [float(mesh.positions[:, 1].min()), float(mesh.positions[:, 1].max())],
        "geometric_error_m": error,
        "skirt_m": skirt,
    }
    empty = Mesh(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint32), "")
    west, north, edge = plan.corner_m(key)
    scene = Scene(
        name=f"tile {key.level}/{key.x}/{key.y}",
        models={GROUND: (mesh,)},
        materials={GROUND: Material(roughness=1.0)},
        textures={},
        lights={},
        nodes=(Node(GROUND, GROUND, translation=(west + edge / 2.0, 0.0, north + edge / 2.0)),),
        spawn_points=(),
        walkable=empty,
        collision=empty,
        bounds=((west, tile["height_m"][0], north), (west + edge, tile["height_m"][1], north + edge)),
        spec=dict(spec),
        extras={"tile": tile},
    )
    return write_glb(scene, version)


def tile_mesh(heights: Float32, step_m: float, skirt_m: float, paint: Paint) -> Mesh:
    """heights (CELLS + 3) squared, one vertex beyond each border -> the tile around its middle, with its skirt."""
    n = CELLS + 1
    h = heights.astype(np.float64)
    east = (h[1:-1, 2:] - h[1:-1, :-2]) / (2.0 * step_m)
    south = (h[2:, 1:-1] - h[:-2, 1:-1]) / (2.0 * step_m)
    normals = np.stack([-east, np.ones_like(east), -south], axis=2).reshape(-1, 3)
    normals /= np.sqrt((normals * normals).sum(axis=1, keepdims=True))
    axis = (np.arange(n) - CELLS / 2.0) * step_m
    x, z = np.meshgrid(axis, axis)
    top = np.stack([x, h[1:-1, 1:-1], z], axis=2).reshape(-1, 3)
    rgb = paint(heights[1:-1, 1:-1].reshape(-1), np.sqrt(east * east + south * south).reshape(-1))
    colors = np.concatenate([rgb, np.ones((len(rgb), 1), np.float32)], axis=1)

    index = np.arange(n * n).reshape(n, n)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    inner = np.stack([a, c, b, b, c, d], axis=-1).reshape(-1, 3)
    # once around, the land on the left as seen from above, so that the skirt faces outwards
    rim = np.concatenate([index[0, ::-1], index[1:, 0], index[-1, 1:], index[-2::-1, -1]])
    low = n * n + np.arange(len(rim))
    p, q, r, s = rim[:-1], rim[1:], low[:-1], low[1:]
    outer = np.concatenate([np.stack([p, r, q], axis=1), np.stack([q, r, s], axis=1)])
    hem = top[rim] - np.array([0.0, skirt_m, 0.0])
    return Mesh(
        positions=np.concatenate([top, hem]).astype(np.float32),
        indices=np.concatenate([inner, outer]).astype(np.uint32),
        material=GROUND,
        normals=np.concatenate([normals, normals[rim]]).astype(np.float32),
        colors=np.concatenate([colors, colors[rim]]).astype(np.float32),
    )


def mesh_error(fine: Float32, step: int) -> float:
    """Largest height between posts (k * step + 1 squared) and the triangles over every step-th of them, metres."""
    if step == 1:
        return 0.0
    h = fine.astype(np.float64)
    coarse = h[::step, ::step]
    worst = 0.0
    for i in range(step):
        for j in range(step):
            u, v = j / step, i / step  # east and south inside a cell, which is cut from south-west to north-east
            a, b, c, d = coarse[:-1, :-1], coarse[:-1, 1:], coarse[1:, :-1], coarse[1:, 1:]
            flat = a + (b - a) * u + (c - a) * v if u + v <= 1.0 else d + (c - d) * (1.0 - u) + (b - d) * (1.0 - v)
            worst = max(worst, float(np.abs(flat - h[i:-1:step, j:-1:step]).max()))
    return worst


def read_tile(data: bytes, spec: Mapping[str, Any], version: str) -> dict[str, Any] | None:
    """What a finished tile says of itself; None when it was made for another land or by another version. GlbError: it is damaged."""
    with opened(data) as held:
        document, start, length = split(held)
    if start + length != len(data):
        raise broken("CONTAINER", "expected a tile that ends with its binary chunk")
    try:
        extras = document["asset"]["extras"]
        tile: dict[str, Any] = extras["scene"]["tile"]
        same = extras["spec"] == dict(spec) and document["asset"]["generator"] == f"Seedscape {version}"
        return tile if same else None
    except (KeyError, TypeError):
        return None


def tileset_json(
    plan: TilePlan, tiles: Mapping[TileKey, dict[str, Any]], spec: Mapping[str, Any], version: str
) -> dict[str, Any]:
    """tileset.json. Errors never grow from a tile to its children, as viewers expect."""

    def entry(key: TileKey) -> dict[str, Any]:
        children = [
            child
            for dy in (0, 1)
            for dx in (0, 1)
            if (child := TileKey(key.level + 1, 2 * key.x + dx, 2 * key.y + dy)) in tiles
        ]
        inner = [entry(child) for child in children]
        west, north, edge = plan.corner_m(key)
        lows = [
            tiles[key]["height_m"][0],
            *(each["boundingVolume"]["box"][2] - each["boundingVolume"]["box"][11] for each in inner),
        ]
        highs = [
            tiles[key]["height_m"][1],
            *(each["boundingVolume"]["box"][2] + each["boundingVolume"]["box"][11] for each in inner),
        ]
        low, high = min(lows), max(highs)
        half = edge / 2.0
        middle = [west + half, -(north + half), (low + high) / 2.0]
        value: dict[str, Any] = {
            "boundingVolume": {"box": [*middle, half, 0.0, 0.0, 0.0, half, 0.0, 0.0, 0.0, (high - low) / 2.0]},
            "geometricError": max([tiles[key]["geometric_error_m"], *(each["geometricError"] for each in inner)]),
            "content": {"uri": key.path},
        }
        return value | ({"children": inner} if inner else {})

    root = entry(TileKey(0, 0, 0)) | {"refine": "REPLACE"}
    box = root["boundingVolume"]["box"]
    return {
        "asset": {"version": "1.1", "generator": f"Seedscape {version}", "extras": {"spec": dict(spec)}},
        "geometricError": max(2.0 * box[11], root["geometricError"]),  # the whole relief is missing without the root
        "root": root,
    }
