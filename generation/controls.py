"""What can be asked of a material beside its class and seed: another one to go over into, tint, wetness, scale."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import RequestError
from seedscape.generation.values import Float32, UInt8

MIN_ALBEDO, MAX_ALBEDO = 40, 243  # sRGB bytes of 0.021 and 0.896 linear: what matt ground reflects
_STEPS = 4096
_TO_LINEAR = np.array(
    [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (i / 255.0 for i in range(256))], np.float32
)
_TO_SRGB = np.array(
    [
        round(255.0 * (12.92 * c if c <= 0.0031308 else 1.055 * c ** (1.0 / 2.4) - 0.055))
        for c in (i / _STEPS for i in range(_STEPS + 1))
    ],
    np.uint8,
)


@dataclass(frozen=True)
class Controls:
    """Wishes for one material; the defaults change nothing.

    toward:  another material ("snow", "grass/ground037"); share: part of the area it takes, 0 .. 1, in patches.
    across:  the other one takes over across space instead: none of it at the left edge, all of it in the middle, none at the
             right edge, so that the result still tiles.
    style:   how far the style vector and the colours move to those of `toward`, 0 .. 1; its shapes come with share only.
    tint:    factors of red, green and blue in linear light, 0.25 .. 4.
    wetness: 0 dry .. 1 soaked, water standing in the lowest places.
    size_m:  edge length in the world, 0.05 .. 100 metres; None: what the class usually has.
    RequestError: a value out of its range.
    """

    toward: str = ""
    share: float = 0.0
    across: bool = False
    style: float = 0.0
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    wetness: float = 0.0
    size_m: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("share", self.share), ("style", self.style), ("wetness", self.wetness)):
            _require(name, value, 0.0, 1.0)
        for value in self.tint:
            _require("tint", value, 0.25, 4.0)
        if self.size_m is not None:
            _require("size_m", self.size_m, 0.05, 100.0)
        if not self.toward and (self.share or self.style or self.across):
            raise RequestError("expected another material to go toward, got a share, style or across without one")


def _require(name: str, value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise RequestError(f"expected {name} from {low:g} to {high:g}, got {value:g}")


def share_map(controls: Controls, cells: int, rng: np.random.Generator) -> Float32:
    """(cells, cells) share of the other material, 0 .. 1, soft over a few cells; wraps around."""
    reach = max(1, min(4, cells // 8))
    field = _smooth_field(cells, reach, rng) + 0.5 * _smooth_field(cells, 1, rng)  # patches with ragged rims
    if controls.across:
        column = np.abs(np.arange(cells) + 0.5 - cells / 2) / (cells / 2)  # 1 at the edges, 0 in the middle
        distance = (0.5 - column[None, :]) * (cells / 2) + 1.5 * field  # cells inside the other one
        return np.asarray(np.clip(distance / 6.0 + 0.5, 0.0, 1.0), np.float32)
    if controls.share in (0.0, 1.0):
        return np.full((cells, cells), controls.share, np.float32)
    order = np.sort(field, axis=None)
    threshold = order[int((1.0 - controls.share) * (cells * cells - 1))]
    return np.asarray(np.clip((field - threshold) + 0.5, 0.0, 1.0), np.float32)


def _smooth_field(cells: int, reach: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(cells, cells) smooth noise of zero mean and unit deviation, from drawn integers; wraps around."""
    field = rng.integers(-(1 << 20), 1 << 20, size=(cells, cells)).astype(np.float64)
    for _ in range(3):
        for axis in (0, 1):
            field = np.mean([np.roll(field, k, axis) for k in range(-reach, reach + 1)], axis=0)
    return np.asarray((field - field.mean()) / max(float(field.std()), 1e-9))


def blended(own: Float32, other: Float32, share: Float32) -> Float32:
    """(5, n, n) of two sets mixed by a (cells, cells) share; where both are present the higher one covers the lower."""
    scale = own.shape[1] // share.shape[0]
    wide = np.repeat(np.repeat(share, scale, 0), scale, 1)
    for axis in (0, 1):  # two box filters: linear between the cells, and wrapped
        for start in (-(scale // 2), 1 - scale // 2):
            wide = _box(wide, scale, start, axis)
    higher = other[3] - other[3].mean() - own[3] + own[3].mean()
    sharp = np.clip((wide - 0.5) * 4.0 + 0.5 + 4.0 * higher, 0.0, 1.0)
    weight = np.where((wide > 0.02) & (wide < 0.98), sharp, np.round(wide)).astype(np.float32)
    return own + weight * (other - own)


def _box(x: Float32, size: int, start: int, axis: int) -> Float32:
    total = sum(np.roll(x, start + k, axis) for k in range(size))
    return np.asarray(total * np.float32(1.0 / size), np.float32)


def tinted(color: UInt8, tint: tuple[float, float, float]) -> UInt8:
    """(n, n, 3) sRGB with its linear light multiplied."""
    return _to_srgb(_TO_LINEAR[color] * np.asarray(tint, np.float32))


def _to_srgb(linear: Float32) -> UInt8:
    bytes_ = _TO_SRGB[np.clip(np.round(linear * _STEPS), 0, _STEPS).astype(np.int32)]
    return np.asarray(np.clip(bytes_, MIN_ALBEDO, MAX_ALBEDO))


def wetted(
    color: UInt8, rough: UInt8, height: Float32, wetness: float
) -> tuple[UInt8, UInt8, Float32, NDArray[np.bool_]]:
    """Colour, roughness and height of the same ground when wet, and where water stands.

    Porous (rough) ground darkens as water fills its pores, all ground turns smooth (Lagarde and Harduin 2013, "Physically
    based wet surfaces"); beyond half wet, water stands in the lowest places, a fifth of the area at most.
    """
    porosity = np.clip((rough.astype(np.float32) * np.float32(1.0 / 255.0) - 0.5) * 2.5, 0.0, 1.0)
    level = float(np.sort(height, axis=None)[int(max(0.0, wetness - 0.5) * 0.4 * (height.size - 1))])
    water = height < level
    factor = 1.0 - wetness * 0.7 * np.where(water, 1.0, porosity)
    film = wetness * np.where(water, 1.0, 0.75)
    smooth = np.round(rough + (20.0 - rough.astype(np.float32)) * film)
    dark = _to_srgb((_TO_LINEAR[color] * factor[..., None]).astype(np.float32))
    return dark, np.asarray(np.clip(smooth, 20, 255), np.uint8), np.maximum(height, np.float32(level)), water
