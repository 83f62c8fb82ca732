"""One file of elevation: GeoTIFF, .hgt, 16-bit PNG, .npy -> heights in metres at square posts.

GeoTIFF is read by Pillow, which is here anyway: one band, any compression its libtiff knows, and the handful of tags that say where
the posts are. rasterio would add reprojection and 60 MB. A geographic grid becomes square posts on a local equirectangular grid, its
north-south spacing kept; a projected one is taken as its plane coordinates are.
"""

import math
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SUFFIXES = (".tif", ".tiff", ".hgt", ".png", ".npy")
MOST_POSTS = 100_000_000
METRES_PER_DEGREE = 111_320.0  # of latitude, WGS 84 at middle latitudes within 0.5 %
FEET = {
    9001: 1.0,
    9002: 0.3048,
    9003: 1200 / 3937,
}  # EPSG codes of length units: metre, international foot, US survey foot
HGT_POSTS = (1201, 3601)  # a degree in 3 and in 1 arc-seconds
PIXEL_SCALE, TIE_POINT, TRANSFORMATION, GEO_KEYS, NODATA = (
    33550,
    33922,
    34264,
    34735,
    42113,
)  # OGC 19-008r4, annex B; GDAL
MODEL_TYPE, LINEAR_UNIT, VERTICAL_UNIT = 1024, 3076, 4099  # OGC 19-008r4, 7.1
GEOGRAPHIC = 2


class Unusable(ValueError):
    """A file that cannot be used; the message says what was expected and what came."""


@dataclass(frozen=True)
class Grid:
    """heights (rows, cols) float32 metres, row 0 north, NaN where the file has none; posts step_x_m by step_y_m apart."""

    heights: NDArray[np.float32]
    step_x_m: float
    step_y_m: float


def read_grid(path: Path, spacing_m: float | None = None, scale_m: float | None = None, offset_m: float = 0.0) -> Grid:
    """The heights of one file. spacing_m: between posts, where the file does not say; scale_m, offset_m: metres of a PNG's values.

    Raises Unusable.
    """
    suffix = path.suffix.lower()
    if suffix in (".tif", ".tiff"):
        return _read_geotiff(path)
    if suffix == ".hgt":
        return _read_hgt(path)
    if spacing_m is None:
        raise Unusable(
            f"expected the post spacing in the name, as in {path.stem}@30m{path.suffix}, or a MANIFEST.json, got neither"
        )
    if suffix == ".npy":
        heights = _array(path)
    else:
        heights = _pixels(path)[0]
        if heights.dtype == np.uint8:
            raise Unusable("expected 16 bits a post, got 8: 256 steps are terraces, not land")
        heights = heights.astype(np.float32) * np.float32(1.0 if scale_m is None else scale_m) + np.float32(offset_m)
    if heights.ndim != 2 or heights.dtype.kind not in "fiu" or heights.size > MOST_POSTS:
        raise Unusable(
            f"expected heights (rows, cols), at most {MOST_POSTS} posts, got {heights.dtype} {heights.shape}"
        )
    return Grid(heights.astype(np.float32), spacing_m, spacing_m)


def spacing_in_name(path: Path) -> float | None:
    """30.0 of name@30m.png; None without."""
    found = re.search(r"@(\d+(?:\.\d+)?)m$", path.stem)
    return float(found.group(1)) if found else None


def _array(path: Path) -> NDArray[np.generic]:
    """The array of an .npy file, not read yet: a header may promise more than the file holds."""
    try:
        return np.asarray(np.lib.format.open_memmap(path, mode="r"))
    except ValueError as error:
        raise Unusable(f"expected a whole .npy file of numbers, got {str(error)[:120]}") from error


def _pixels(path: Path) -> tuple[NDArray[np.generic], dict[int, object]]:
    """(rows, cols) of a one-band picture, and the tags of a TIFF."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own limit of pixels is above ours; odd tags of no interest here
            with Image.open(path) as picture:
                if picture.width * picture.height > MOST_POSTS:
                    raise Unusable(f"expected at most {MOST_POSTS} posts, got {picture.width} x {picture.height}")
                if len(picture.getbands()) != 1 or picture.mode == "P":
                    raise Unusable(f"expected one band of heights, got a picture of mode {picture.mode}")
                return np.asarray(picture), dict(getattr(picture, "tag_v2", {}))
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise Unusable(f"expected a whole picture file, got {str(error)[:120]}") from error


def _read_geotiff(path: Path) -> Grid:
    pixels, tags = _pixels(path)
    if pixels.dtype == np.uint8:
        raise Unusable("expected 16 bits a post or more, got 8: 256 steps are terraces, not land")
    if TRANSFORMATION in tags or PIXEL_SCALE not in tags or TIE_POINT not in tags:
        raise Unusable("expected a GeoTIFF with pixel scale and tie point and no rotation, got other tags")
    heights = pixels.astype(np.float32)
    try:
        nodata = float(str(tags[NODATA]).strip("\0 ")) if NODATA in tags else None
        step_x, step_y = (abs(float(x)) for x in _numbers(tags[PIXEL_SCALE])[:2])
        tie = _numbers(tags[TIE_POINT])
        keys = [int(x) for x in _numbers(tags.get(GEO_KEYS, ()))]
        north = tie[4] + tie[1] * step_y
    except (ValueError, IndexError) as error:
        raise Unusable(f"expected the tags of a GeoTIFF, got {str(error)[:120]}") from error
    if nodata is not None:
        heights = np.where(pixels == nodata, np.float32(np.nan), heights)
    known = {keys[i]: keys[i + 3] for i in range(4, len(keys) - 3, 4) if keys[i + 1] == 0}
    heights = heights * np.float32(_unit(known, VERTICAL_UNIT))
    if known.get(MODEL_TYPE, GEOGRAPHIC if step_x < 0.1 else 0) == GEOGRAPHIC:
        return _geographic(heights, north - step_y * len(heights) / 2, step_x, step_y)
    unit = _unit(known, LINEAR_UNIT)
    return Grid(heights, step_x * unit, step_y * unit)


def _numbers(value: object) -> list[float]:
    return [float(x) for x in value] if isinstance(value, tuple | list) else [float(str(value))]


def _unit(keys: dict[int, int], key: int) -> float:
    """Metres of the length unit that a key names."""
    code = keys.get(key, 9001)
    if code not in FEET:
        raise Unusable(f"expected lengths in metres or feet, got EPSG unit {code}")
    return FEET[code]


def _read_hgt(path: Path) -> Grid:
    named = re.match(r"([NS])(\d{2})[EW]\d{3}", path.stem.upper())
    side = math.isqrt(path.stat().st_size // 2)
    if not named or side not in HGT_POSTS or path.stat().st_size != 2 * side * side:
        raise Unusable("expected a file like N46E008.hgt of 1201 or 3601 posts a side, got another name or size")
    heights = np.fromfile(path, ">i2").reshape(side, side).astype(np.float32)
    latitude = float(named.group(2)) * (1.0 if named.group(1) == "N" else -1.0) + 0.5
    return _geographic(heights, latitude, 1.0 / (side - 1), 1.0 / (side - 1))


def _geographic(heights: NDArray[np.float32], latitude: float, step_x: float, step_y: float) -> Grid:
    if not -85.0 < latitude < 85.0:
        raise Unusable(f"expected a latitude between -85 and 85 degrees, got {latitude:g}")
    across = step_x * METRES_PER_DEGREE * math.cos(math.radians(latitude))
    return Grid(heights, across, step_y * METRES_PER_DEGREE)


def square(grid: Grid) -> tuple[NDArray[np.float32], float]:
    """Heights at square posts and their spacing: columns resampled (cubic kernel, widened where there get fewer) to the row spacing."""
    rows, cols = grid.heights.shape
    wanted = round(cols * grid.step_x_m / grid.step_y_m)
    if abs(grid.step_x_m / grid.step_y_m - 1.0) < 0.01:
        return grid.heights, grid.step_y_m
    if not 1 <= wanted <= MOST_POSTS // rows:
        raise Unusable(f"expected nearly square posts, got {grid.step_x_m:g} by {grid.step_y_m:g} m")
    from PIL import Image

    resized = Image.fromarray(grid.heights).resize((wanted, rows), Image.Resampling.BICUBIC)
    return np.asarray(resized, np.float32), grid.step_y_m
