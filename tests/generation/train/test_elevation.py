"""Elevation folders are read, split by region, and refused with a reason."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seedscape.assets.errors import RequestError
from seedscape.generation.train.elevation import held_out_regions, read_tiles, split_tiles
from tests.generation.data import write_land


def test_png_tiles_are_metres_by_scale_and_offset(tmp_path: Path) -> None:
    pixels = np.arange(160 * 160, dtype=np.uint16).reshape(160, 160)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    entry = {
        "file": "a.png",
        "region": "r",
        "landform": "x",
        "metres_per_pixel": 90,
        "elevation_scale_m": 0.25,
        "elevation_offset_m": -10,
    }
    (tmp_path / "MANIFEST.json").write_text(json.dumps({"tiles": [entry]}))
    (tile,) = read_tiles(tmp_path)
    assert np.array_equal(tile.heights_m, pixels * np.float32(0.25) - 10)
    assert tile.spacing_m == 90.0 and tile.quality == "A" and tile.licence == "unknown"


def test_no_region_is_on_both_sides(tmp_path: Path) -> None:
    tiles = read_tiles(write_land(tmp_path / "land", regions=6, size=160))
    kept, held = split_tiles(tiles)
    assert len(kept) == 4 and len(held) == 2
    assert not {t.region for t in kept} & {t.region for t in held}
    assert held_out_regions(tiles[::-1]) == {t.region for t in held}


def test_small_tiles_are_passed_over_and_none_left_is_refused(tmp_path: Path) -> None:
    folder = write_land(tmp_path / "land", regions=1, size=100)
    with pytest.raises(RequestError, match="expected tiles of at least 160 posts"):
        read_tiles(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../other.npy"},
        {"file": "none.npy"},
        {"metres_per_pixel": 0},
        {"metres_per_pixel": "far"},
        {"region": None},
    ],
)
def test_a_wrong_entry_is_refused_in_one_line(tmp_path: Path, change: dict[str, object]) -> None:
    folder = write_land(tmp_path / "land", regions=1, size=160)
    np.save(tmp_path / "other.npy", np.zeros((160, 160)))
    entry = json.loads((folder / "MANIFEST.json").read_text())["tiles"][0] | change
    if change == {"region": None}:
        del entry["region"]
    (folder / "MANIFEST.json").write_text(json.dumps({"tiles": [entry]}))
    with pytest.raises(RequestError, match="^expected elevation tiles as .* got .*$"):
        read_tiles(folder)


def test_holes_are_refused(tmp_path: Path) -> None:
    folder = write_land(tmp_path / "land", regions=1, size=160)
    heights = np.load(folder / "tile0.npy")
    heights[3, 3] = np.nan
    np.save(folder / "tile0.npy", heights)
    with pytest.raises(RequestError, match="finite"):
        read_tiles(folder)


def test_a_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="MANIFEST.json"):
        read_tiles(tmp_path)
