"""Material sets for training and evaluation: a folder of sets, each a folder with its maps.

SET/color.(jpg|png) is needed; height.png (white high), normal.png (OpenGL), roughness.png are used where they are. A
MANIFEST.json beside the sets may give class, licence and publisher; otherwise a set's class is its folder's name. Height that
is missing is integrated from the normal map (Frankot and Chellappa 1988); roughness that is missing is a constant, and the
model card says so.

Cleaning: maps without contrast count as missing, a normal map whose green runs against the height is DirectX's and is turned,
pictures that do not tile have the step at their edges removed (Moisan 2011, "Periodic plus smooth image decomposition").
Refused: pictures that are unreadable, not square, smaller than 128 pixels, or of one colour.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import RequestError

PIXELS = 512
CHANNELS = ("Y", "Co", "Cg", "height", "roughness")

# What the shipped model is trained on, where the folder has it all: one to three sets a class with clean maps.
RELEASE_SETS = (
    "rocks011", "rock_06", "rock023", "aerial_rocks_04", "hterrain_grass", "ground037", "grass001", "grass_004", "ground048",
    "brown_mud_leaves_01", "leaves_forest_ground", "brown_mud_03", "ground079l", "ground080", "gravel035", "snow008a",
    "bark001", "lava002", "blue_ice_001", "brick_wall_017", "bricks102", "concrete022", "plastered_stone_wall",
    "woodfloor043", "roof_slates_02", "pavingstones130", "asphalt025c", "metal009", "metal020", "marble006",
)  # fmt: skip
RELABELLED = {"ground079l": "sand"}  # filed under sand_ripple, but plain sand to the eye
DEFAULT_ROUGHNESS = 0.9
TYPICAL_RELIEF = 0.05  # height range over edge length, where no normal map tells
LEAST_PIXELS = 128
LEAST_CONTRAST = 0.004  # standard deviation of a map that says something: a grey level of 255
LEAST_CHROMA = 0.001  # standard deviation: a quarter of such a level
WORST_SEAM = 1.8  # step across the wrap over the step inside, from which on a picture does not tile


@dataclass(frozen=True)
class TextureSet:
    """One material. channels (5, n, n) float32: Y, Co, Cg of sRGB (YCoCg, Malvar 2003), height 0..1, roughness 0..1.

    relief: height range divided by the edge length, so that slopes agree with the set's own normal map.
    """

    name: str
    material: str
    licence: str
    publisher: str
    completed: tuple[str, ...]
    channels: NDArray[np.float32]
    relief: float


def to_ycocg(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, n, 3) -> (3, n, n)."""
    r, g, b = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    return np.stack([0.25 * r + 0.5 * g + 0.25 * b, 0.5 * (r - b), -0.25 * r + 0.5 * g - 0.25 * b])


def set_names(folder: Path) -> list[str]:
    """The sets in a folder: its folders with a colour map, sorted. RequestError: no such folder."""
    if not folder.is_dir():
        raise RequestError(f"expected a folder of material sets, got {folder}")
    return sorted(path.name for path in folder.iterdir() if _color_path(path) is not None)


def read_sets(folder: Path, names: tuple[str, ...] | None = None, strict: bool = True) -> list[TextureSet]:
    """The sets of a folder: `names`, or the release's where all are there, or all.

    RequestError says what is wrong. Where not `strict`, unusable sets are left out, each with a line on standard error, as long
    as any remain.
    """
    found = set_names(folder)
    manifest: dict[str, dict[str, Any]] = {}
    try:
        if (folder / "MANIFEST.json").is_file():
            manifest = {entry["id"]: entry for entry in json.loads((folder / "MANIFEST.json").read_text())["sets"]}
    except (KeyError, TypeError, ValueError) as error:
        raise RequestError(f"expected a list of sets in {folder / 'MANIFEST.json'}, got {error!r}") from error
    if names is None:
        names = RELEASE_SETS if set(RELEASE_SETS) <= set(found) else tuple(found)
        if not names:
            raise RequestError(f"expected sets with a color.jpg or color.png in {folder}, got none")
    missing = sorted(set(names) - set(found))
    if missing:
        raise RequestError(f"expected sets with a color.jpg or color.png in {folder}, got none for {missing}")
    sets: list[TextureSet] = []
    refusals: list[RequestError] = []
    for name in names:
        try:
            sets.append(_read_set(folder / name, manifest.get(name, {})))
        except RequestError as error:
            if strict:
                raise
            refusals.append(error)
            print(f"left out {name}: {error}", file=sys.stderr)
    if refusals and not sets:
        raise refusals[0]
    return sets


def _color_path(folder: Path) -> Path | None:
    return next((path for name in ("color.jpg", "color.png") if (path := folder / name).is_file()), None)


def _read_map(path: Path) -> NDArray[np.float32]:
    """(n, n) or (n, n, 3) float32 in 0..1 at PIXELS; whole repeats or a resize with wrap-around."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            deep = picture.mode.startswith("I")
            array = np.asarray(picture if deep or picture.mode in ("L", "RGB") else picture.convert("RGB"), np.float32)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise RequestError(f"expected a picture in {path}, got {str(error)[:200]}") from error
    array = array / np.float32(65535.0 if deep else 255.0)
    if array.shape[0] != array.shape[1] or array.shape[0] < LEAST_PIXELS:
        raise RequestError(f"expected a square map of at least {LEAST_PIXELS} pixels, got {array.shape} in {path}")
    if array.shape[0] != PIXELS:
        pad = array.shape[0] // 8
        wide = np.pad(array, [(pad, pad), (pad, pad)] + [(0, 0)] * (array.ndim - 2), mode="wrap")
        size = PIXELS + 2 * (PIXELS // 8)
        planes = [wide] if wide.ndim == 2 else [wide[..., i] for i in range(3)]
        scaled = [np.asarray(Image.fromarray(plane).resize((size, size), Image.Resampling.LANCZOS)) for plane in planes]
        array = np.stack(scaled, -1) if wide.ndim == 3 else scaled[0]
        array = array[PIXELS // 8 : -(PIXELS // 8), PIXELS // 8 : -(PIXELS // 8)]
    return array


def _read_set(folder: Path, entry: dict[str, Any]) -> TextureSet:
    color_path = _color_path(folder)
    assert color_path is not None  # set_names looked
    color = _read_map(color_path)
    if color.ndim == 2:
        color = np.repeat(color[..., None], 3, axis=2)
    if color.std((0, 1)).max() < LEAST_CONTRAST:
        raise RequestError(f"expected a picture of a material, got one colour in {color_path}")
    color = np.stack([_mended(color[..., k]) for k in range(3)], axis=2)
    completed = []
    slopes = _read_slopes(folder / "normal.png")
    raw = _read_grey(folder / "height.png")
    if raw is not None and slopes is not None:
        slopes = _turned_like(slopes, raw)
    if raw is None:
        completed.append("height")
        # Without a normal map, darker is deeper: the usual stand-in where nothing else tells.
        raw = to_ycocg(color)[0] if slopes is None else integrate_slopes(slopes).astype(np.float32)
    height = _stretch(raw)
    rough = _read_grey(folder / "roughness.png")
    if rough is None:
        rough = np.full((PIXELS, PIXELS), DEFAULT_ROUGHNESS, np.float32)
        completed.append("roughness")
    return TextureSet(
        name=folder.name, material=RELABELLED.get(folder.name, entry.get("material_class", folder.name)), licence=entry.get("licence", "unknown"),
        publisher=entry.get("source", "unknown"), completed=tuple(completed),
        channels=np.concatenate([_without_rounding(to_ycocg(color)), height[None], rough[None]]).astype(np.float32), relief=_relief(height, slopes),
    )  # fmt: skip


def _without_rounding(ycocg: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Of a grey picture the chroma is what JPEG's rounding left in blocks of eight pixels: made constant."""
    for x in ycocg[1:]:
        if x.std() < LEAST_CHROMA:
            x[:] = x.mean()
    return ycocg


def _read_grey(path: Path) -> NDArray[np.float32] | None:
    """(n, n), or None where the file is absent or says nothing."""
    if not path.is_file():
        return None
    values = _read_map(path)
    values = values if values.ndim == 2 else values[..., 0]
    return _mended(values) if values.std() >= LEAST_CONTRAST else None


def _read_slopes(path: Path) -> NDArray[np.float32] | None:
    """(2, n, n) slopes along columns and rows, edge length 1 a pixel, from a normal map; None: absent, or not one."""
    if not path.is_file():
        return None
    pixels = _read_map(path)
    if pixels.ndim == 2 or float(pixels[..., 2].mean()) < 0.6 or pixels[..., :2].std() < LEAST_CONTRAST:
        return None
    n = pixels * 2.0 - 1.0
    depth = np.maximum(n[..., 2], 0.2)
    slopes = np.stack([-n[..., 0] / depth, n[..., 1] / depth])
    return np.asarray(slopes - slopes.mean(axis=(1, 2), keepdims=True), np.float32)


def _own_slopes(height: NDArray[Any]) -> NDArray[np.float64]:
    smooth = _blur(height)
    return np.stack([np.roll(smooth, -1, axis) - np.roll(smooth, 1, axis) for axis in (1, 0)]) / 2


def _turned_like(slopes: NDArray[np.float32], height: NDArray[Any]) -> NDArray[np.float32]:
    """The slopes along rows turned round where they clearly run against the height's own (a DirectX normal map)."""
    rise = _own_slopes(height)[1]
    agreement = float((rise * slopes[1]).mean() / max(float(rise.std() * slopes[1].std()), 1e-12))
    return slopes * np.array([1.0, -1.0], np.float32)[:, None, None] if agreement < -0.2 else slopes


def _relief(height: NDArray[np.float64], slopes: NDArray[np.float32] | None) -> float:
    """Height range over edge length with which the height has the normal map's slopes."""
    if slopes is None:
        return TYPICAL_RELIEF
    own = float((_own_slopes(height) ** 2).mean())
    asked = float((np.stack([_blur(x) for x in slopes]) ** 2).mean())
    return float(np.clip(np.sqrt(asked / max(own, 1e-12)) / PIXELS, 0.005, 0.2))


def _mended(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """A map that tiles: as it is, or where the step across the wrap is far larger than inside, without that step."""
    steps = [(np.abs(x[0] - x[-1]).mean(), np.abs(np.diff(x, axis=0)).mean()), (np.abs(x[:, 0] - x[:, -1]).mean(), np.abs(np.diff(x, axis=1)).mean())]  # fmt: skip
    if all(across <= WORST_SEAM * inside for across, inside in steps):
        return x
    n = len(x)
    edge = np.zeros((n, n))
    edge[0] += x[-1] - x[0]
    edge[-1] -= x[-1] - x[0]
    edge[:, 0] += x[:, -1] - x[:, 0]
    edge[:, -1] -= x[:, -1] - x[:, 0]
    turn = 2.0 * np.cos(2.0 * np.pi * np.arange(n) / n)
    laplacian = turn[:, None] + turn[None, :] - 4.0
    laplacian[0, 0] = 1.0
    spectrum = np.fft.fft2(edge) / laplacian
    spectrum[0, 0] = 0.0
    return np.asarray(x - np.fft.ifft2(spectrum).real, np.float32)


def integrate_slopes(slopes: NDArray[np.floating]) -> NDArray[np.float64]:
    """(2, n, n) periodic slopes along columns and rows -> (n, n) height of zero mean, least squares in Fourier space."""
    n = slopes.shape[1]
    u = 2j * np.pi * np.fft.fftfreq(n)
    ux, uy = u[None, :], u[:, None]
    power = np.abs(ux) ** 2 + np.abs(uy) ** 2
    power[0, 0] = 1.0
    spectrum = (np.conj(ux) * np.fft.fft2(slopes[0]) + np.conj(uy) * np.fft.fft2(slopes[1])) / power
    spectrum[0, 0] = 0.0
    return np.asarray(np.fft.ifft2(spectrum).real)


def _stretch(x: NDArray[Any]) -> NDArray[np.float64]:
    """To 0..1 between the 0.5th and 99.5th percentile."""
    low, high = np.percentile(x, [0.5, 99.5])
    return np.clip((x.astype(np.float64) - low) / max(high - low, 1e-6), 0.0, 1.0)


def _blur(x: NDArray[Any]) -> NDArray[np.float64]:
    """Circular binomial 5 x 5 blur: 8-bit steps would otherwise pass for slopes."""
    for axis in (0, 1):
        x = (
            np.roll(x, 2, axis) + 4 * np.roll(x, 1, axis) + 6 * x + 4 * np.roll(x, -1, axis) + np.roll(x, -2, axis)
        ) / 16
    return np.asarray(x, np.float64)
