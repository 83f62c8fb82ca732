"""Pictures made smaller: by a box filter, in linear light for colours, premultiplied where they have alpha."""

from dataclasses import replace

import numpy as np

from seedscape.scene.values import Scene, Texture

MIN_PX = 64


def resize(scene: Scene, longest_px: int) -> Scene:
    """Every picture halved until its longer edge is at most `longest_px`."""
    textures = {key: shrink(texture, longest_px) for key, texture in scene.textures.items()}
    return replace(scene, textures=textures)


def shrink(texture: Texture, longest_px: int) -> Texture:
    """The picture halved as often as needed, without encoded bytes; as it is where an edge is odd."""
    pixels = texture.pixels
    while max(pixels.shape[:2]) > longest_px and pixels.shape[0] % 2 == 0 and pixels.shape[1] % 2 == 0:
        pixels = _half(pixels, texture.usage)
    return texture if pixels is texture.pixels else Texture(pixels, texture.usage, texture.wrap)


def _half(pixels: np.ndarray, usage: str) -> np.ndarray:
    values = pixels.astype(np.float64) / 255.0
    if usage == "color":
        values[..., :3] = values[..., :3] ** 2  # a square stands for the sRGB curve and is exact everywhere
    if usage == "normal":
        values = values * 2.0 - 1.0
    alpha = values[..., 3:]
    if alpha.shape[2]:
        # colours count by their alpha; a little of it everywhere keeps the colour of clear places
        weight = alpha + 1e-3
        color = _box(values[..., :3] * weight) / _box(weight)
        values = np.concatenate([color, _box(alpha)], axis=2)
    else:
        values = _box(values)
    if usage == "color":
        values[..., :3] = np.sqrt(values[..., :3])
    if usage == "normal":
        values /= np.sqrt(np.maximum((values * values).sum(axis=2, keepdims=True), 1e-12))
        values = values * 0.5 + 0.5
    return np.floor(values * 255.0 + 0.5).astype(np.uint8)


def _box(values: np.ndarray) -> np.ndarray:
    """Mean of each 2 x 2 block."""
    return np.asarray(values[0::2, 0::2] + values[0::2, 1::2] + values[1::2, 0::2] + values[1::2, 1::2]) / 4.0
