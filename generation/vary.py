"""Variations of a height map of the user's own: encoded, its latents mixed with those of other land, decoded, and bent a little."""

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import RequestError
from seedscape.generation import bend
from seedscape.generation.guide import WildGuide
from seedscape.generation.library import build_library
from seedscape.generation.quilt import Quilt
from seedscape.generation.runtime import lattice_grain
from seedscape.generation.terrain import CELL, GRAIN, MARGIN, PIECE, TerrainModel, open_terrain_model, pick_tiles
from seedscape.generation.values import HeightField

MIN_POSTS, MAX_POSTS = 32, 4096
MAX_SLOPE = 20.0  # rise over run between neighbouring posts; more than that is not metres


def vary_heights(
    heights_m: NDArray[np.floating], spacing_m: float, seed: int, strength: float,
    landforms: tuple[str, ...] | None = None, model: TerrainModel | None = None,
) -> HeightField:  # fmt: skip
    """A variation of (rows, cols) heights in metres, of the same size (cut to multiples of 8 posts).

    strength: 0 gives the map back as the network reconstructs it, 1 keeps only its broad shape, bent by up to 18 posts.
    landforms: whose detail is mixed in; None: all. RequestError: sizes, spacing, slopes or values that no land has.
    """
    heights = np.asarray(heights_m, np.float64)
    if heights.ndim != 2 or not all(MIN_POSTS <= n <= MAX_POSTS for n in heights.shape):
        raise RequestError(f"expected heights of {MIN_POSTS} to {MAX_POSTS} posts a side, got {heights.shape}")
    if not np.isfinite(heights).all():
        raise RequestError(f"expected heights that are numbers, got {int((~np.isfinite(heights)).sum())} that are not")
    if not 0.0 <= strength <= 1.0:
        raise RequestError(f"expected a strength of 0 to 1, got {strength}")
    posts = heights / spacing_m
    steepest = max(float(np.abs(np.diff(posts, axis=axis)).max()) for axis in (0, 1))
    if steepest > MAX_SLOPE:
        raise RequestError(f"expected metres at posts {spacing_m:g} m apart, got a slope of {steepest:.0f}")
    model = model or open_terrain_model()
    rows, cols = (n // CELL * CELL for n in posts.shape)
    edge = MARGIN * CELL
    pieces = [(i, j) for i in range(-(-rows // PIECE)) for j in range(-(-cols // PIECE))]
    padded = np.pad(
        posts[:rows, :cols],
        ((edge, edge + -rows % PIECE), (edge, edge + -cols % PIECE)), mode="edge",
    )  # fmt: skip
    library = build_library(tuple(pick_tiles(model, landforms or model.landforms, spacing_m)))
    other = Quilt(library, WildGuide(seed, library.steepness), seed)
    result = np.empty((rows, cols), np.float32)
    wide = PIECE + 2 * edge
    for i, j in pieces:
        window = padded[i * PIECE : i * PIECE + wide, j * PIECE : j * PIECE + wide]
        low = window.reshape(wide // CELL, CELL, wide // CELL, CELL).mean(axis=(1, 3))
        centre = float(low[wide // CELL // 2, wide // CELL // 2])
        own = model.encoder(heights=(window - centre).astype(np.float32)[None, None])[0]
        row, col = i * PIECE // CELL - MARGIN, j * PIECE // CELL - MARGIN
        mixed = own
        if strength:
            foreign = other.window(row, col, wide // CELL, wide // CELL).latents
            mixed = np.float32(np.sqrt(1.0 - strength * strength)) * own + np.float32(strength) * foreign
        noise = lattice_grain(row * CELL, col * CELL, wide, wide, seed, "grain") * np.float32(GRAIN)
        decoded = model.heights(
            latents=mixed[None], low=(low - centre).astype(np.float32)[None, None], noise=noise[None, None]
        )[0, 0]
        cut = edge - bend.REACH
        bent = bend.bend(decoded[cut:-cut, cut:-cut].astype(np.float64), i * PIECE, j * PIECE, seed, strength)
        r, c = min(PIECE, rows - i * PIECE), min(PIECE, cols - j * PIECE)
        result[i * PIECE : i * PIECE + r, j * PIECE : j * PIECE + c] = (bent[:r, :c] + centre) * spacing_m
    return HeightField(result, spacing_m, (0.0, 0.0))
