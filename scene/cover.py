"""What covers the ground: the rules of a biome's layers, worked out at any set of points."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.rng import stream
from seedscape.scene.biomes import WHITE, Biome, Colour, Layer, Ramp, Strata
from seedscape.scene.earthworks import nearest
from seedscape.scene.noise import land_noise, vein_noise
from seedscape.scene.numeric import smoothstep
from seedscape.scene.relief import bed_tilt
from seedscape.scene.site import Site

Float = NDArray[np.float64]

NO_WATER_M = 99.0  # height above the water where there is none near
SHORE_REACH_M = 40.0
RIVER_REACH_M = 14.0
BAND_M = (1.5, 9.0)  # thinnest and thickest coloured bed
BANDS_FROM_M, BANDS = -900.0, 400
BAND_EDGE_M = 0.35
LEAST_WEIGHT = 0.06  # fainter layers are left out: they cost triangles and nobody sees them


@dataclass(frozen=True)
class LandPoints:
    """Land properties at points of any one shape; x and z may be a row and a column that broadcast to it.

    altitude: 0 .. 1 within the surrounding land. The others as in Site; shore_m: metres above the nearest water.
    """

    x: Float
    z: Float
    altitude: Float
    slope: Float
    moisture: Float
    curvature: Float
    shore_m: Float
    openness: Float
    worn: Float | None = None  # 0 .. 1, how much of a path; None: nowhere
    height_m: Float | None = None  # world height, for the colours of beds


def altitude_range(site: Site) -> tuple[float, float]:
    """Low and high of the surrounding land in world metres: first and 99th percentile of the widest level."""
    heights = np.sort(site.terrain.levels[0].heights_m.ravel())
    low, high = float(heights[len(heights) // 100]), float(heights[-1 - len(heights) // 100])
    return low, max(high, low + 1.0)


def relative_altitude(site: Site, y: NDArray[np.floating]) -> Float:
    """Height within the surrounding land, 0 .. 1."""
    low, high = altitude_range(site)
    return np.asarray(np.clip((np.asarray(y, np.float64) - low) / (high - low), 0.0, 1.0))


def shore_heights(site: Site) -> NDArray[np.float32]:
    """(rows, cols) metres above the nearest water level, where water lies within about 40 m; NO_WATER_M elsewhere."""
    result = np.full(site.height_m.shape, NO_WATER_M)
    for above, _ in _waters(site):
        result = np.minimum(result, above)
    return result.astype(np.float32)


def water_levels(site: Site) -> NDArray[np.float32]:
    """(rows, cols) world height of the nearest water's surface, where water lies within about 40 m; -NO_WATER_M elsewhere."""
    nearest_m, result = np.full(site.height_m.shape, NO_WATER_M), np.full(site.height_m.shape, -NO_WATER_M)
    for above, level in _waters(site):
        result = np.where(above < nearest_m, level, result)
        nearest_m = np.minimum(nearest_m, above)
    return result.astype(np.float32)


def _waters(site: Site) -> Iterator[tuple[Float, Float | float]]:
    """Of each water: metres above it (rows, cols), NO_WATER_M far from it, and the height of its surface."""
    height = site.height_m.astype(np.float64)
    for lake in site.lakes:
        near = lake.mask
        for _ in range(int(SHORE_REACH_M / site.spacing_m)):
            grown = near.copy()
            grown[1:] |= near[:-1]
            grown[:-1] |= near[1:]
            grown[:, 1:] |= near[:, :-1]
            grown[:, :-1] |= near[:, 1:]
            near = grown
        yield np.where(near, np.abs(height - lake.level_m), NO_WATER_M), lake.level_m
    if site.sea_level_m is not None:
        yield np.maximum(height - site.sea_level_m, 0.0), site.sea_level_m
    line: Float = site.origin_m[0] + np.arange(height.shape[0], dtype=np.float64) * site.spacing_m
    for river in site.rivers:
        points = river.points[river.shown]
        if len(points):
            distance, index = nearest(points[:, [0, 2]], line, line, river.width_m[river.shown] * 0.5 + RIVER_REACH_M)
            level = points[np.maximum(index, 0), 1]
            above = height - level + 0.12 * np.where(index >= 0, distance, 0.0)
            yield np.where(index >= 0, np.maximum(above, 0.0), NO_WATER_M), level


def layer_weights(
    layers: tuple[Layer, ...], at: LandPoints, seed: int, detail: int = 3, path: str | None = None
) -> Float:
    """(layers, ...) share of each layer, adding up to 1.

    A later layer lies over the earlier ones: it takes its own cover and leaves them the rest. Noise moves every border, so that
    none follows a contour line; `detail` is the number of octaves of that noise (fewer where a pixel is many metres wide). `path`: the material that shows
    where the ground is worn, whatever lies around.
    """
    shape = at.altitude.shape
    shares: list[Float] = []
    for number, layer in enumerate(layers):
        if number == 0:
            shares.append(np.ones(shape))
            continue
        cover = _cover(layer, at, seed, detail) if layer.strength > 0.0 else np.zeros(shape)
        if at.worn is not None and path is not None:
            cover = np.maximum(cover, at.worn) if layer.material == path else cover * (1.0 - at.worn)
        shares = [share * (1.0 - cover) for share in shares]
        shares.append(cover)
    weights = np.stack(shares)
    weights[weights < LEAST_WEIGHT] = 0.0
    total = weights[0].copy()
    for share in weights[1:]:
        total += share
    weights /= total
    return weights


def over_alphas(weights: Float) -> Float:
    """Alpha of each layer such that drawing them one over the other, bottom first, mixes them by their weights.

    alpha_i = w_i / (w_0 + ... + w_i). Where only one overlay lies on the base the order does not matter at all; weights below
    LEAST_WEIGHT were dropped, so that is nearly everywhere, and a renderer that sorts differently shows hardly a difference.
    """
    below = np.zeros(weights.shape[1:])
    alphas = np.zeros_like(weights)
    for number, weight in enumerate(weights):
        below = below + weight
        alphas[number] = np.where(below > 0.0, weight / np.maximum(below, 1e-9), 0.0)
    alphas[0] = 1.0
    return alphas


def _cover(layer: Layer, at: LandPoints, seed: int, detail: int) -> Float:
    """How much of the ground below it a layer hides, 0 .. 1."""
    fine = detail + 2 if detail > 2 else detail
    ragged = (
        land_noise(seed, f"ragged {layer.material}", at.x, at.z, 11.0 if detail > 2 else 44.0, fine) - 0.5
    ) * layer.ragged
    cover = np.full(at.altitude.shape, layer.strength)
    rules: tuple[tuple[Ramp | None, Float, float], ...] = (
        (layer.altitude, at.altitude, 0.16),
        (layer.slope, at.slope, 0.50),
        (layer.gentle, at.slope, 0.50),
        (layer.moisture, at.moisture, 0.45),
        (layer.curvature, at.curvature, 0.006),
        (layer.shore_m, at.shore_m, 1.5),
    )
    for rule, values, wobble in rules:
        if rule is not None:
            cover = cover * smoothstep(rule[0], rule[1], values + ragged * wobble)
    if layer.patches is not None:
        patch = land_noise(seed, f"patch {layer.material}", at.x, at.z, layer.patch_m, detail + 1) + ragged * 0.25
        cover = cover * smoothstep(layer.patches[0], layer.patches[1], patch)
    if layer.veins is not None:
        line = vein_noise(seed, layer.material, at.x, at.z, layer.patch_m, detail)
        cover = cover * smoothstep(layer.veins[0], layer.veins[1], line)
    if layer.beach is not None:
        cover = np.maximum(
            cover, layer.strength * smoothstep(layer.beach[0], layer.beach[1], at.shore_m + ragged * 0.4)
        )
    # Borders of a metre, or two where vertices or texels are farther apart: wider ones look like fog on the ground.
    return smoothstep(0.40, 0.60, cover) if detail > 2 else smoothstep(0.32, 0.68, cover)


def ground_shade(at: LandPoints, seed: int, detail: int = 3, strata: Strata | None = None) -> Float:
    """(..., 3) linear RGB multiplier 0 .. 1 of all layers: lighter, darker, warmer patches, large and of some 20 m, as a meadow has;
    dim hollows; dark wet shores; the colours of beds, which show most where the land is steep."""
    tone = 0.5 * land_noise(seed, "tone", at.x, at.z, 90.0, detail) + 0.5 * land_noise(
        seed, "mottle", at.x, at.z, 9.0, detail + 1 if detail > 2 else detail - 1
    )
    warmth = 1.6 * (land_noise(seed, "warmth", at.x, at.z, 150.0, detail) - 0.5)
    warmth += 3.0 * (land_noise(seed, "dry", at.x, at.z, 24.0, detail) - 0.5)
    sky = 0.55 + 0.45 * np.clip(at.openness * 1.25 - 0.2, 0.0, 1.0)
    wet = 1.0 - 0.22 * smoothstep(1.1, 0.15, at.shore_m) - 0.30 * smoothstep(0.24, 0.05, at.shore_m)
    light = (0.54 + 0.46 * tone) * sky * wet
    shade = np.empty((*at.altitude.shape, 3))
    for channel, share in enumerate((0.17, 0.03, -0.17)):
        shade[..., channel] = light * (1.0 + share * warmth)
    if strata is not None and at.height_m is not None:
        bed = at.height_m + bed_tilt(seed, at.x, at.z) + 4.0 * (tone - 0.5)
        steep = 0.25 + 0.75 * smoothstep(0.25, 0.6, at.slope)
        edges, colours = _bands(seed, strata)
        for channel in range(3):
            shade[..., channel] *= 1.0 + (np.interp(bed, edges, colours[:, channel]) - 1.0) * steep
    return np.clip(shade, 0.0, 1.0)


def _bands(seed: int, strata: Strata) -> tuple[Float, Float]:
    """Heights (2 n,) and colours (2 n, 3): each bed has one colour from its lower edge to its upper."""
    rng = stream(seed, "scene", "bands")
    draws = rng.integers(0, 1 << 16, size=(2, BANDS)).astype(np.float64) / (1 << 16)
    upper = BANDS_FROM_M + np.cumsum(BAND_M[0] + (BAND_M[1] - BAND_M[0]) * draws[0] * draws[0])
    lower = np.concatenate([[BANDS_FROM_M], upper[:-1]])
    edges = np.stack([lower + BAND_EDGE_M, upper - BAND_EDGE_M], axis=1).ravel()
    palette = np.array(strata.bands)
    return edges, np.repeat(palette[(draws[1] * len(palette)).astype(np.int64)], 2, axis=0)


def layer_tint(biome: Biome, layer: Layer, season: str) -> Colour:
    """Linear RGB multiplier of one layer in one season."""
    grassy = "grass" in layer.material
    year = biome.grass_tint.get(season, WHITE) if grassy else WHITE
    return layer.tint[0] * year[0], layer.tint[1] * year[1], layer.tint[2] * year[2]
