"""Material maps as the textures and materials of a scene, and pictures in linear light."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seedscape.generation.values import MaterialMaps
from seedscape.scene.values import Material, Texture

UInt8 = NDArray[np.uint8]
Float = NDArray[np.float64]

COLOR_EDGE = 1024  # pixels; at 2 m a tile that is 2 mm a texel, what eye level asks for
ORM_EDGE = 512

# Mip maps average normals away and leave distant ground smoother than it is, so that meadows shine like wet paint at grazing
# angles (Toksvig 2005). Raising the roughness by the part that is lost keeps them dull.
DULLING = 0.55

_TO_LINEAR = np.array(
    [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (i / 255.0 for i in range(256))]
)
_SRGB_STEPS = 8192
_TO_SRGB = np.array(
    [
        round(255.0 * (12.92 * c if c <= 0.0031308 else 1.055 * c ** (1.0 / 2.4) - 0.055))
        for c in (i / _SRGB_STEPS for i in range(_SRGB_STEPS + 1))
    ],
    np.uint8,
)


def halve(pixels: UInt8) -> UInt8:
    """Half the edge: exact, rounded means of 2 x 2 pixels."""
    p = pixels.astype(np.uint16)
    return ((p[0::2, 0::2] + p[1::2, 0::2] + p[0::2, 1::2] + p[1::2, 1::2] + 2) >> 2).astype(np.uint8)


def shrink(pixels: UInt8, edge: int) -> UInt8:
    """Halved until no larger than `edge`."""
    while pixels.shape[0] > edge:
        pixels = halve(pixels)
    return pixels


def texture_set(maps: MaterialMaps) -> dict[str, Texture]:
    """The three pictures of a material, named NAME_color, NAME_normal and NAME_orm; one copy serves ground, rocks and all."""
    return {
        f"{maps.name}_color": Texture(shrink(maps.base_color, COLOR_EDGE), "color"),
        f"{maps.name}_normal": Texture(shrink(maps.normal, COLOR_EDGE), "normal"),
        f"{maps.name}_orm": Texture(_dull(shrink(maps.orm, ORM_EDGE)), "data"),
    }


def _dull(orm: UInt8) -> UInt8:
    """Roughness moved towards 1 by the share DULLING."""
    result = orm.copy()
    smooth = 255.0 - orm[..., 1].astype(np.float64)
    result[..., 1] = np.rint(255.0 - smooth * (1.0 - DULLING)).astype(np.uint8)
    return result


def tiled_material(name: str, blend: bool) -> Material:
    """A material over `texture_set(name)`; with `blend` the vertex alpha decides how much shows."""
    return Material(
        base_color=f"{name}_color",
        normal=f"{name}_normal",
        orm=f"{name}_orm",
        metallic=0.0,
        roughness=1.0,
        alpha_mode="BLEND" if blend else "OPAQUE",
    )


def mean_color(pixels: UInt8) -> tuple[float, float, float]:
    """Linear mean colour of an sRGB picture, from integer counts so that no order of summation matters."""
    counts = Image.fromarray(pixels[..., :3]).histogram()  # 256 a channel
    means = []
    for channel in range(3):
        own = counts[256 * channel : 256 * (channel + 1)]
        means.append(sum(count * float(value) for count, value in zip(own, _TO_LINEAR, strict=True)) / sum(own))
    return means[0], means[1], means[2]


def to_linear(srgb: NDArray[np.integer]) -> Float:
    """sRGB bytes 0 .. 255 as linear 0 .. 1, by table."""
    return np.asarray(_TO_LINEAR[srgb])


def to_srgb(linear: Float) -> UInt8:
    """Linear 0 .. 1 as sRGB bytes, by table."""
    return _TO_SRGB[(np.clip(linear, 0.0, 1.0) * _SRGB_STEPS + 0.5).astype(np.int32)]
