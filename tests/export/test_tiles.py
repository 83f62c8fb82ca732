"""Tiles: borders to the bit, errors that are measured, and a folder that resumes."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from seedscape.export.tiles import CELLS, TileKey, TilePlan, make_tile, mesh_error, read_tile, tile_mesh, tileset_json
from seedscape.generation.values import Float32
from seedscape.tiles import plan_tiles, write_tiles
from tests.export.synthetic import parts
from tests.export.test_profiles import decode

PLAN = TilePlan(extent_m=4000.0, spacing_m=16.0)  # 4 x 4 leaves
SPEC = {"seed": 1}


def hills(row: int, col: int, rows: int, cols: int) -> Float32:
    """A land without end, in closed form."""
    r, c = np.arange(row, row + rows)[:, None], np.arange(col, col + cols)[None, :]
    land = 40.0 * np.sin(r * 0.07) * np.cos(c * 0.05) + 0.1 * ((r * 7919 + c * 104729) % 31)
    return np.asarray(land, np.float32)


def grey(heights: Float32, slopes: np.ndarray) -> Float32:
    return np.full((len(heights), 3), 0.5, np.float32)


def border(glb: bytes, side: str) -> np.ndarray:
    document, binary = parts(glb)
    primitive = document["meshes"][0]["primitives"][0]
    grid = decode(document, binary, primitive["attributes"]["POSITION"])[: (CELLS + 1) ** 2, 1].reshape(CELLS + 1, -1)
    sides = {"west": grid[:, 0], "east": grid[:, -1], "north": grid[0], "south": grid[-1]}
    return np.asarray(sides[side])


def tile(key: TileKey) -> bytes:
    return make_tile(key, PLAN, hills, grey, SPEC, "1")


def test_the_plan_is_a_quadtree() -> None:
    keys = list(PLAN.all_keys())
    assert (PLAN.leaves, PLAN.depth, len(keys)) == (4, 2, 16 + 4 + 1)
    assert keys[-1] == TileKey(0, 0, 0) and keys[0].level == 2
    assert PLAN.corner_m(TileKey(2, 3, 0)) == (1024.0, -2048.0, 1024.0)
    wide = TilePlan(16_000.0, 16.0)
    assert (wide.leaves, wide.depth, len(list(wide.all_keys()))) == (16, 4, 341)
    odd = TilePlan(3000.0, 16.0)  # 3 x 3 leaves of a tree of 4 x 4
    assert sorted({key.level for key in odd.all_keys()}) == [0, 1, 2] and len(list(odd.all_keys())) == 9 + 4 + 1


@pytest.mark.parametrize("level", [1, 2])
def test_neighbours_share_their_border_to_the_bit(level: int) -> None:
    a, b, c = (tile(TileKey(level, *at)) for at in ((0, 0), (1, 0), (0, 1)))
    assert (border(a, "east") == border(b, "west")).all()
    assert (border(a, "south") == border(c, "north")).all()


def test_a_parent_stands_on_posts_of_its_children() -> None:
    parent, child = tile(TileKey(1, 0, 0)), tile(TileKey(2, 0, 0))
    assert (border(parent, "north")[: CELLS // 2 + 1] == border(child, "north")[::2]).all()


def test_errors_are_those_of_the_surface() -> None:
    heights = np.zeros((5, 5), np.float32)
    assert mesh_error(heights, 4) == 0.0
    heights[1, 1] = 3.0
    assert (mesh_error(heights, 1), mesh_error(heights, 2)) == (0.0, 3.0)
    slope = (np.arange(9)[:, None] * 2.0 + np.arange(9)[None, :]).astype(np.float32)
    assert mesh_error(slope, 8) == 0.0


def test_the_skirt_hangs_outwards_below_the_border() -> None:
    heights = np.zeros((CELLS + 3, CELLS + 3), np.float32)
    mesh = tile_mesh(heights, 2.0, 5.0, grey)
    skirt = mesh.indices[2 * CELLS * CELLS :]
    assert len(skirt) == 8 * CELLS
    a, b, c = (mesh.positions[skirt[:, k]].astype(float) for k in range(3))
    outward = np.cross(b - a, c - a)
    middle = (a + b + c) / 3.0
    assert ((outward * middle * [1, 0, 1]).sum(axis=1) > 0).all()
    assert mesh.positions[:, 1].min() == -5.0
    up = mesh.indices[: 2 * CELLS * CELLS]
    a, b, c = (mesh.positions[up[:, k]].astype(float) for k in range(3))
    assert (np.cross(b - a, c - a)[:, 1] > 0).all()


def test_the_tileset_nests_boxes_and_errors() -> None:
    tiles = {}
    for key in PLAN.all_keys():
        found = read_tile(tile(key), SPEC, "1")
        assert found is not None
        tiles[key] = found
    tileset = tileset_json(PLAN, tiles, SPEC, "1")
    assert tileset["asset"]["version"] == "1.1" and tileset["root"]["refine"] == "REPLACE"
    assert tileset["geometricError"] >= tileset["root"]["geometricError"]
    count, waiting = 0, [tileset["root"]]
    while waiting:
        parent = waiting.pop()
        count += 1
        box = np.array(parent["boundingVolume"]["box"])
        reach = np.abs(box[3:].reshape(3, 3)).sum(axis=0)
        for child in parent.get("children", []):
            inner = np.array(child["boundingVolume"]["box"])
            width = np.abs(inner[3:].reshape(3, 3)).sum(axis=0)
            assert (np.abs(inner[:3] - box[:3]) + width <= reach + 1e-9).all()
            assert child["geometricError"] <= parent["geometricError"]
            waiting.append(child)
        assert ("children" in parent) == (parent["geometricError"] > 0.0)
    assert count == 21
    assert read_tile(tile(TileKey(2, 0, 0)), {"seed": 2}, "1") is None
    assert read_tile(tile(TileKey(2, 0, 0)), SPEC, "2") is None


def test_a_folder_resumes_and_workers_change_nothing(tmp_path: Path) -> None:
    """Real land, small: damaged and missing tiles are made again, the rest is left alone."""
    job = plan_tiles(3, 2048.0, 16.0, "alpine")
    assert write_tiles(job, tmp_path / "one") == 5
    before = contents(tmp_path / "one")
    assert json.loads(before["tileset.json"])["root"]["children"][3]["content"]["uri"] == "tiles/1/1/1.glb"
    assert not (tmp_path / "one" / ".posts").exists()
    (tmp_path / "one" / "tileset.json").unlink()
    (tmp_path / "one" / "tiles/1/0/0.glb").unlink()
    damaged = tmp_path / "one" / "tiles/1/1/0.glb"
    damaged.write_bytes(damaged.read_bytes()[:1000])
    kept = tmp_path / "one" / "tiles/1/1/1.glb"
    stamp = os.stat(kept).st_mtime_ns
    write_tiles(job, tmp_path / "one", workers=2)
    assert contents(tmp_path / "one") == before and os.stat(kept).st_mtime_ns == stamp


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
