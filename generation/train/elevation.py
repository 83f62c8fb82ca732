"""Elevation data for training and evaluation: a folder of GeoTIFF, .hgt, 16-bit PNG or .npy files, with or without a MANIFEST.json.

MANIFEST.json: {"tiles": [{"file", "region", "landform", "metres_per_pixel", "quality" (A, B or C),
"elevation_scale_m", "elevation_offset_m", "licence"}, ...]}; scale and offset are for PNG tiles, the others hold metres; GeoTIFF and
.hgt know their spacing themselves. Only file is needed where the rest can be told as without a manifest:

Without it every file is a tile. Its name tells the region, less a number or letter at the end (alps_01.tif and alps_02.tif are of the
region alps), and for PNG and .npy the spacing (alps_01@30m.png, in metres); the landform is "land". Faults are repaired or the file is
left out (elevation_repair.py), with a line to standard error for each.
"""

import hashlib
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import RequestError
from seedscape.generation.train.elevation_files import SUFFIXES, Unusable, read_grid, spacing_in_name, square
from seedscape.generation.train.elevation_repair import repair

SMALLEST_TILE = 160  # posts: one training window with its margin
COARSEST_STEP = 3  # 30 m tiles are averaged to 90 m, as SRTM's own 3-arcsecond posts were made from 1-arcsecond ones
HELD_OUT_SHARE = 3  # one region in three of each landform is kept for evaluation


@dataclass(frozen=True)
class Tile:
    """One rectangle of real land: heights_m (rows, cols) float32, row 0 north."""

    file: str
    region: str
    landform: str
    spacing_m: float
    quality: str
    licence: str
    heights_m: NDArray[np.float32]


def held_out_regions(tiles: list[Tile]) -> set[str]:
    """The regions kept out of training: of every landform one in three, chosen by the hash of the region's name.

    Landforms with fewer than three regions stay in training whole. Depends on names only, so every run agrees.
    """
    held: set[str] = set()
    for landform in sorted({tile.landform for tile in tiles}):
        regions = {tile.region for tile in tiles if tile.landform == landform}
        ranked = sorted(regions, key=lambda region: hashlib.sha256(region.encode()).hexdigest())
        held.update(ranked[: len(ranked) // HELD_OUT_SHARE])
    return held


def _to_stderr(line: str) -> None:
    print(f"seedscape: {line}", file=sys.stderr, flush=True)


def read_tiles(folder: Path, say: Callable[[str], None] = _to_stderr) -> list[Tile]:
    """All tiles of a folder that are large enough and sound, in the order of the manifest or of the names.

    say: called with a line for every repair and every file left out. RequestError: no tile is left, or the manifest is wrong.
    """
    manifest = folder / "MANIFEST.json"
    try:
        entries = json.loads(manifest.read_text())["tiles"] if manifest.is_file() else _entries_by_name(folder)
        tiles = [tile for entry in entries if (tile := _read_tile(folder, entry, say)) is not None]
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise RequestError(f"expected elevation tiles as {manifest} lists them, got {error!r}") from error
    if not tiles:
        kinds = ", ".join(SUFFIXES)
        raise RequestError(f"expected tiles of at least {SMALLEST_TILE} posts a side ({kinds}) in {folder}, got none")
    return tiles


def _entries_by_name(folder: Path) -> list[dict[str, Any]]:
    files = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()]
    return [{"file": path.name} for path in sorted(files)]


def _region_in_name(path: Path) -> str:
    """alps of alps_01@30m.png, alps_b.tif and alps.hgt."""
    stem = re.sub(r"@[\d.]+m$", "", path.stem)
    return re.sub(r"(?<=.)[_-](\d{1,4}|[a-z])$", "", stem)


def split_tiles(tiles: list[Tile]) -> tuple[list[Tile], list[Tile]]:
    """(training, held out), split by region so that no landscape is on both sides."""
    held = held_out_regions(tiles)
    return [tile for tile in tiles if tile.region not in held], [tile for tile in tiles if tile.region in held]


def averaged(tile: Tile, step: int) -> Tile:
    """The same land with posts `step` times as far apart: means of step x step posts, what is left over at the far rims cut off."""
    rows, cols = (n // step for n in tile.heights_m.shape)
    cut = tile.heights_m[: rows * step, : cols * step].reshape(rows, step, cols, step)
    return replace(tile, heights_m=cut.mean(axis=(1, 3)), spacing_m=tile.spacing_m * step)


def at_common_spacing(tiles: list[Tile], least: int) -> list[Tile]:
    """Averages of the tiles that are about two or three times as fine as most land is, so that they serve at its spacing too.

    least: posts a side that an average must have.
    """
    ranked = sorted(tiles, key=lambda tile: tile.spacing_m)
    areas = np.cumsum([tile.heights_m.size for tile in ranked])
    common = ranked[int(np.searchsorted(areas, areas[-1] / 2))].spacing_m
    steps = [(tile, round(common / tile.spacing_m)) for tile in tiles]
    made = [averaged(tile, step) for tile, step in steps if 2 <= step <= COARSEST_STEP]
    return [tile for tile in made if min(tile.heights_m.shape) >= least]


def _read_tile(folder: Path, entry: dict[str, Any], say: Callable[[str], None]) -> Tile | None:
    path = folder / entry["file"]
    if path.parent.resolve() != folder.resolve():
        raise ValueError(f"tile outside the folder: {entry['file']}")
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{entry['file']}: expected one of {', '.join(SUFFIXES)}")
    given = entry.get("metres_per_pixel", spacing_in_name(path))
    if given is not None and not 0.1 <= float(given) <= 1000.0:
        raise ValueError(f"{entry['file']}: expected metres_per_pixel 0.1 to 1000, got {given}")
    scale, offset = entry.get("elevation_scale_m"), float(entry.get("elevation_offset_m", 0.0))
    try:
        grid = read_grid(path, None if given is None else float(given), None if scale is None else float(scale), offset)
        step = max(grid.step_x_m, grid.step_y_m)
        if not 0.1 <= min(grid.step_x_m, grid.step_y_m) <= step <= 1000.0:
            raise Unusable(f"expected posts 0.1 to 1000 m apart, got {grid.step_x_m:g} by {grid.step_y_m:g}")
        heights, coarse, done = repair(grid.heights, step)
        heights, spacing = square(replace(grid, heights=heights))
    except Unusable as error:
        say(f"{entry['file']} left out: {error}")
        return None
    for line in done:
        say(f"{entry['file']}: {line}")
    if min(heights.shape) < SMALLEST_TILE:
        say(
            f"{entry['file']} left out: expected {SMALLEST_TILE} posts a side, got {heights.shape[0]} x {heights.shape[1]}"
        )
        return None
    return Tile(
        file=entry["file"], region=str(entry.get("region", _region_in_name(path))), landform=str(entry.get("landform", "land")),
        spacing_m=spacing, quality="C" if coarse else entry.get("quality", "A"), licence=entry.get("licence", "unknown"),
        heights_m=heights,
    )  # fmt: skip
