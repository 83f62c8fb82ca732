"""Elevation data for training and evaluation: a folder with a MANIFEST.json and 16-bit PNG or float .npy tiles.

MANIFEST.json: {"tiles": [{"file", "region", "landform", "metres_per_pixel", "quality" (A, B or C),
"elevation_scale_m", "elevation_offset_m", "licence"}, ...]}; scale and offset are for PNG tiles, .npy tiles hold metres.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import RequestError

SMALLEST_TILE = 160  # posts: one training window with its margin
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


def read_tiles(folder: Path) -> list[Tile]:
    """All tiles of a folder that are large enough, in manifest order. Raises RequestError with what is wrong."""
    manifest = folder / "MANIFEST.json"
    if not manifest.is_file():
        raise RequestError(f"expected a folder of elevation tiles with a MANIFEST.json, got {folder}")
    try:
        entries = json.loads(manifest.read_text())["tiles"]
        tiles = [tile for entry in entries if (tile := _read_tile(folder, entry)) is not None]
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise RequestError(f"expected elevation tiles as {manifest} lists them, got {error!r}") from error
    if not tiles:
        raise RequestError(f"expected tiles of at least {SMALLEST_TILE} posts a side in {folder}, got none")
    return tiles


def split_tiles(tiles: list[Tile]) -> tuple[list[Tile], list[Tile]]:
    """(training, held out), split by region so that no landscape is on both sides."""
    held = held_out_regions(tiles)
    return [tile for tile in tiles if tile.region not in held], [tile for tile in tiles if tile.region in held]


def _read_tile(folder: Path, entry: dict[str, Any]) -> Tile | None:
    path = folder / entry["file"]
    if path.parent.resolve() != folder.resolve():
        raise ValueError(f"tile outside the folder: {entry['file']}")
    if path.suffix == ".npy":
        heights = np.load(path, allow_pickle=False).astype(np.float32)
    else:
        from PIL import Image

        with Image.open(path) as picture:
            heights = np.asarray(picture, np.float32)
        heights = heights * np.float32(entry["elevation_scale_m"]) + np.float32(entry["elevation_offset_m"])
    if heights.ndim != 2 or not np.isfinite(heights).all():
        raise ValueError(f"{entry['file']}: expected finite heights (rows, cols), got shape {heights.shape}")
    if min(heights.shape) < SMALLEST_TILE:
        return None
    spacing = float(entry["metres_per_pixel"])
    if not 0.1 <= spacing <= 1000.0:
        raise ValueError(f"{entry['file']}: expected metres_per_pixel 0.1 to 1000, got {spacing}")
    return Tile(
        file=entry["file"], region=entry["region"], landform=entry["landform"], spacing_m=spacing,
        quality=entry.get("quality", "A"), licence=entry.get("licence", "unknown"), heights_m=heights,
    )  # fmt: skip
