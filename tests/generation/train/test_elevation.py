"""Elevation folders are read, with and without a manifest, split by region, repaired or refused with a reason."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from seedscape.assets.errors import RequestError
from seedscape.generation.train.elevation import (
    Tile,
    at_common_spacing,
    averaged,
    held_out_regions,
    read_tiles,
    split_tiles,
)
from tests.generation.data import ridges, write_land


def read(folder: Path) -> tuple[list[Tile], list[str]]:
    """Tiles and the lines that were said."""
    lines: list[str] = []
    return read_tiles(folder, lines.append), lines


def refused(folder: Path) -> str:
    """The one line about the only file of a folder that cannot be used."""
    lines: list[str] = []
    with pytest.raises(RequestError, match="got none"):
        read_tiles(folder, lines.append)
    (line,) = lines
    assert "\n" not in line
    return line


def write_geotiff(
    path: Path, heights: np.ndarray, step: tuple[float, float], north_west: tuple[float, float], keys: dict[int, int],
    nodata: str | None = None, compression: str | None = None,
) -> None:  # fmt: skip
    tags = ImageFileDirectory_v2()
    tags[33550], tags[33922] = (*step, 0.0), (0.0, 0.0, 0.0, *north_west, 0.0)
    tags.tagtype[33550] = tags.tagtype[33922] = 12
    tags[34735] = (1, 1, 0, len(keys), *(x for key, value in keys.items() for x in (key, 0, 1, value)))
    tags.tagtype[34735] = 3
    if nodata is not None:
        tags[42113] = nodata
    Image.fromarray(heights).save(path, tiffinfo=tags, compression=compression)


def land(spacing_m: float, rows: int, cols: int) -> Tile:
    heights = np.arange(rows * cols, dtype=np.float32).reshape(rows, cols)
    return Tile(f"{spacing_m:g}", "r", "x", spacing_m, "A", "unknown", heights)


def test_averages_are_means_of_squares_without_the_rest_of_the_rim() -> None:
    coarse = averaged(land(30.0, 7, 5), 2)
    assert coarse.spacing_m == 60.0 and coarse.landform == "x"
    assert np.array_equal(coarse.heights_m, [[3.0, 5.0], [13.0, 15.0], [23.0, 25.0]])


def test_finer_tiles_come_again_at_the_spacing_of_most_land() -> None:
    """A third, by 3; half, by 2; near it, far finer, coarser or too small then: not."""
    tiles = [
        land(90.0, 2000, 2000),
        *(land(s, 640, 640) for s in (30.0, 45.0, 70.0, 20.0, 200.0)),
        land(30.0, 300, 640),
    ]
    assert [(t.file, t.spacing_m, t.heights_m.shape) for t in at_common_spacing(tiles, 160)] == [
        ("30", 90.0, (213, 213)),
        ("45", 90.0, (320, 320)),
    ]


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
    (tile,), lines = read(tmp_path)
    assert np.array_equal(tile.heights_m, pixels * np.float32(0.25) - 10) and not lines
    assert tile.spacing_m == 90.0 and tile.quality == "A" and tile.licence == "unknown"


def test_no_region_is_on_both_sides(tmp_path: Path) -> None:
    tiles = read_tiles(write_land(tmp_path / "land", regions=6, size=160))
    kept, held = split_tiles(tiles)
    assert len(kept) == 4 and len(held) == 2
    assert not {t.region for t in kept} & {t.region for t in held}
    assert held_out_regions(tiles[::-1]) == {t.region for t in held}


def test_without_a_manifest_names_tell_region_and_spacing(tmp_path: Path) -> None:
    for name in ("alps_01@30m", "alps_02@30m", "coast-b@12.5m", "flats@30m"):
        np.save(tmp_path / f"{name}.npy", ridges(len(name), 160))
    (tmp_path / "notes.txt").write_text("not a tile")
    tiles, lines = read(tmp_path)
    assert [(t.region, t.spacing_m, t.landform) for t in tiles] == [
        ("alps", 30.0, "land"), ("alps", 30.0, "land"), ("coast", 12.5, "land"), ("flats", 30.0, "land"),
    ]  # fmt: skip
    assert not lines and len(held_out_regions(tiles)) == 1


def test_a_name_without_spacing_is_left_out(tmp_path: Path) -> None:
    np.save(tmp_path / "alps.npy", ridges(1, 160))
    assert "alps@30m.npy" in refused(tmp_path)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_a_projected_geotiff_is_taken_as_it_is(tmp_path: Path, compression: str | None) -> None:
    heights = ridges(1, 170)
    write_geotiff(tmp_path / "a.tif", heights, (25.0, 25.0), (5e5, 5e6), {1024: 1, 3076: 9001}, compression=compression)
    (tile,), lines = read(tmp_path)
    assert np.array_equal(tile.heights_m, heights) and tile.spacing_m == 25.0 and not lines


def test_a_geotiff_in_feet_becomes_metres(tmp_path: Path) -> None:
    write_geotiff(
        tmp_path / "a.tif", ridges(1, 170) / 0.3048, (100.0, 100.0), (0, 0), {1024: 1, 3076: 9002, 4099: 9002}
    )
    (tile,), _ = read(tmp_path)
    assert tile.spacing_m == pytest.approx(30.48) and tile.heights_m == pytest.approx(ridges(1, 170), rel=1e-5)


def test_a_geographic_geotiff_gets_square_posts(tmp_path: Path) -> None:
    """At 60 degrees north a degree of longitude is half as long: half the columns. A cone stays round."""
    step = 1 / 1200
    y, x = np.mgrid[:400, :800]
    cone = 1000.0 - 2.0 * np.hypot(y - 200.0, (x - 400.0) / 2)
    write_geotiff(tmp_path / "a.tif", cone.astype(np.float32), (step, step), (10.0, 60.0 + 200 * step), {1024: 2})
    (tile,), _ = read(tmp_path)
    assert tile.heights_m.shape == (400, 400) and tile.spacing_m == pytest.approx(92.77, abs=0.01)
    assert tile.heights_m[200, 100] == pytest.approx(tile.heights_m[100, 200], abs=2.0)
    assert tile.heights_m[200, 100] == pytest.approx(800.0, abs=2.0)


def test_declared_and_usual_nodata_become_land_where_small(tmp_path: Path) -> None:
    heights = ridges(1, 170)
    holes = heights.copy()
    holes[50:54, 50:54] = -7777.0
    holes[100, 100] = -32768.0
    write_geotiff(tmp_path / "a.tif", holes, (30.0, 30.0), (0, 0), {1024: 1}, nodata="-7777")
    (tile,), lines = read(tmp_path)
    assert tile.heights_m == pytest.approx(heights, abs=60.0) and np.isfinite(tile.heights_m).all()
    assert lines == [
        "a.tif: 1 posts outside -500 to 9000 m taken as voids",
        "a.tif: 17 posts of voids interpolated",
    ]


def test_hgt_is_big_endian_with_voids(tmp_path: Path) -> None:
    y, x = np.mgrid[:1201, :1201]
    heights = (1000 + 300 * np.sin(x / 40) + y / 8).astype(">i2")
    heights[5:7, 5:7] = -32768
    heights.tofile(tmp_path / "N46E008.hgt")
    (tile,), lines = read(tmp_path)
    assert tile.spacing_m == pytest.approx(92.77, abs=0.01) and tile.heights_m.shape == (1201, 827)
    assert tile.region == "N46E008" and len(lines) == 2 and tile.heights_m.min() > 600
    heights[:600].tofile(tmp_path / "N46E008.hgt")
    assert "1201 or 3601" in refused(tmp_path)


def test_a_large_void_is_cut_away(tmp_path: Path) -> None:
    heights = ridges(1, 400)
    heights[:, 300:] = np.nan
    heights[10, 10] = np.inf
    np.save(tmp_path / "a@30m.npy", heights)
    (tile,), lines = read(tmp_path)
    assert tile.heights_m.shape == (400, 296) and np.isfinite(tile.heights_m).all()
    assert lines == [
        "a@30m.npy: cut to 400 x 296 posts of 400 x 400, clear of large voids",
        "a@30m.npy: 1 posts of voids interpolated",
    ]


def test_a_spike_is_interpolated_and_a_cliff_stays(tmp_path: Path) -> None:
    heights = ridges(1, 170)
    heights[:, 100:] += 200.0
    spiked = heights.copy()
    spiked[40, 40] += 300.0
    spiked[60, 60] -= 300.0
    np.save(tmp_path / "a@30m.npy", spiked)
    (tile,), lines = read(tmp_path)
    assert lines[0] == "a@30m.npy: 2 spikes interpolated" and tile.heights_m == pytest.approx(heights, abs=20.0)
    assert np.array_equal(tile.heights_m[:, 90:110], heights[:, 90:110])


@pytest.mark.parametrize(
    ("name", "heights", "reason"),
    [
        ("a@30m.npy", np.full((170, 170), np.nan, np.float32), "no heights at all"),
        ("a@30m.npy", np.full((170, 170), 12.0, np.float32), "flat ground"),
        ("a@30m.npy", ridges(1, 170) / 3000.0, "flat ground"),  # 0 .. 1, as pictures have it
        ("a@30m.npy", ridges(1, 170) * 12.0 + 8000.0, "feet"),
        ("a@1m.npy", ridges(1, 170) * 2.0, "median slope"),
        ("a@30m.npy", np.round(ridges(1, 170) / 8.0) * 8.0, "levels 8.0 m apart"),
        ("a@30m.npy", np.zeros((170, 170, 3), np.float32), "rows, cols"),
        ("a@30m.npy", np.zeros((170, 170), np.complex64), "rows, cols"),
        ("a@30m.npy", ridges(1, 150), "160 posts a side"),
        ("a@30m.png", (ridges(1, 170) / 10.0).astype(np.uint8), "got 8"),
        ("a.tif", ridges(1, 170), "pixel scale"),
        ("a.png", np.zeros((170, 170), np.uint16), "a@30m.png"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_left_out_with_a_reason(
    tmp_path: Path, name: str, heights: np.ndarray, reason: str
) -> None:
    if name.endswith(".npy"):
        np.save(tmp_path / name, heights)
    else:
        Image.fromarray(heights).save(tmp_path / name)
    assert reason in refused(tmp_path)


def test_coarse_steps_keep_a_tile_from_fine_detail(tmp_path: Path) -> None:
    np.save(tmp_path / "a@30m.npy", np.round(ridges(1, 170) / 2.0) * 2.0)
    (tile,), lines = read(tmp_path)
    assert tile.quality == "C" and lines == ["a@30m.npy: heights in steps of 2.0 m: not used for fine detail"]


@pytest.mark.parametrize("suffix", [".tif", ".png", ".npy", ".hgt"])
def test_a_cut_off_file_is_left_out(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"N46E008@30m{suffix}"
    if suffix == ".tif":
        write_geotiff(path, ridges(1, 170), (30.0, 30.0), (0, 0), {1024: 1}, compression="tiff_lzw")
    elif suffix == ".png":
        Image.fromarray(ridges(1, 170).astype(np.uint16)).save(path)
    else:
        np.save(tmp_path / "whole.npy", ridges(1, 170))
        (tmp_path / "whole.npy").rename(path)
    data = path.read_bytes()
    for keep in (0, 1, 7, 100, len(data) // 2, len(data) - 1000):
        path.write_bytes(data[:keep])
        assert "expected" in refused(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../other.npy"},
        {"file": "none.npy"},
        {"file": "tile0.exe"},
        {"metres_per_pixel": 0},
        {"metres_per_pixel": float("nan")},
        {"metres_per_pixel": "far"},
        {"elevation_scale_m": "much"},
        {"file": None},
    ],
)
def test_a_wrong_entry_is_refused_in_one_line(tmp_path: Path, change: dict[str, object]) -> None:
    folder = write_land(tmp_path / "land", regions=1, size=160)
    np.save(tmp_path / "other.npy", np.zeros((160, 160)))
    entry = json.loads((folder / "MANIFEST.json").read_text())["tiles"][0] | change
    (folder / "MANIFEST.json").write_text(json.dumps({"tiles": [entry]}))
    with pytest.raises(RequestError, match="^expected elevation tiles as .* got .*$"):
        read_tiles(folder)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="expected tiles of at least 160 posts"):
        read_tiles(tmp_path)
