"""The land beyond the visited square: its picture, made by the same rules as the ground underfoot.

One texture serves kilometres. It is spread unevenly: u = w(x), v = w(z) with w(t) = t / (|t| + a), so that at the edge of the
visited square a texel is under four metres wide and at the horizon some twenty, which look about the same from the middle.
"""

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.rng import fractions, stream
from seedscape.generation.values import HeightField, MaterialMaps, Terrain
from seedscape.scene.biomes import Biome, ground_layers
from seedscape.scene.cover import (
    NO_WATER_M,
    LandPoints,
    altitude_range,
    ground_shade,
    layer_tint,
    layer_weights,
    shore_heights,
)
from seedscape.scene.habitat import trees_per_hectare
from seedscape.scene.land import grid_heights
from seedscape.scene.numeric import exp_minus, smoothstep
from seedscape.scene.site import Site
from seedscape.scene.site_survey import openness
from seedscape.scene.spec import SceneSpec
from seedscape.scene.textures import mean_color, to_srgb
from seedscape.scene.values import Material, Texture

Float = NDArray[np.float64]

HORIZON_MATERIAL = "horizon"
HORIZON_BLEND = "horizon_over"
HORIZON_TEXTURE = "horizon_color"
EDGE = 1024  # pixels
SPREAD = 0.25  # a / half_m
BAND = 64  # rows
HAZE_LIGHT = 0.55  # the haze is lit by the renderer as ground is, so it is given as an albedo
# How far the air takes over at the horizon, by weather. It does so as 1 - e^-d: the first kilometres count most.
HAZE_SHARE = {"clear": 0.54, "hazy": 0.92, "overcast": 0.78}
HAZE_DEPTH = 1.3
CROWN_M2, CANOPY_FROM_M = 80.0, 150.0  # what one tree hides; nearer, the trees themselves are drawn
GRAIN = 0.30  # light and dark of single texels: bushes, stones and shadows too small to draw


def _warp(t: Float, half_m: float) -> Float:
    """World metres to -1 .. 1, denser near the origin."""
    a = SPREAD * half_m
    return np.asarray(t / (np.abs(t) + a) * ((half_m + a) / half_m))


def _unwarp(w: Float, half_m: float) -> Float:
    a = SPREAD * half_m
    s = w * (half_m / (half_m + a))
    return np.asarray(s * a / (1.0 - np.abs(s)))


def horizon_uvs(x: Float, z: Float, half_m: float) -> Float:
    """(n, 2) texture coordinates of world points; the middle of the picture is the origin, its top the north."""
    return np.stack([_warp(x, half_m), _warp(z, half_m)], axis=-1) * 0.5 + 0.5


def horizon_materials() -> dict[str, Material]:
    """The opaque ground of the horizon, and the same for the band where it takes over from the layers."""
    return {
        HORIZON_MATERIAL: Material(base_color=HORIZON_TEXTURE, roughness=1.0),
        HORIZON_BLEND: Material(base_color=HORIZON_TEXTURE, roughness=1.0, alpha_mode="BLEND"),
    }


def paint_horizon(
    site: Site, biome: Biome, spec: SceneSpec, materials: dict[str, MaterialMaps], half_m: float
) -> Texture:
    """The picture: mean colours of the layers, mixed by their rules, dimmed in hollows, paling into the haze far off."""
    line = _unwarp((np.arange(EDGE) + 0.5) / EDGE * 2.0 - 1.0, half_m)
    layers = ground_layers(biome, spec.season)
    colors = []
    for layer in layers:
        mean, tint = mean_color(materials[layer.material].base_color), layer_tint(biome, layer, spec.season)
        colors.append((mean[0] * tint[0], mean[1] * tint[1], mean[2] * tint[2]))
    fields = _Fields(site)
    grain = fractions(stream(spec.seed, "scene", "grain"), EDGE, EDGE)
    full = 1.0 - float(exp_minus(HAZE_DEPTH))
    bands = []
    for first in range(
        0, EDGE, BAND
    ):  # a band at a time stays in the processor's cache: half the time, a tenth of the memory
        at = _far_points(site, fields, line, line[first : first + BAND])
        weights = layer_weights(layers, at, spec.seed, 2, biome.path)
        color = np.zeros((*weights.shape[1:], 3))
        for layer_color, weight in zip(colors, weights, strict=True):
            if weight.any():
                for channel in range(3):
                    color[..., channel] += weight * layer_color[channel]
        color *= ground_shade(at, spec.seed, 2, biome.strata)
        distance = np.sqrt(at.x * at.x + at.z * at.z)
        speckle = grain[first : first + BAND]
        color *= 1.0 + GRAIN * (speckle[..., None] - 0.5)
        if biome.canopy is not None and spec.vegetation > 0.0:
            woods = 1.0 - exp_minus(CROWN_M2 / 1e4 * trees_per_hectare(biome, spec, at))
            woods *= smoothstep(CANOPY_FROM_M, 3.0 * CANOPY_FROM_M, distance) * smoothstep(0.0, 2.0, at.shore_m)
            for channel in range(3):
                crowns = biome.canopy[channel] * (0.55 + 0.9 * speckle)
                color[..., channel] += (crowns - color[..., channel]) * woods
        air = HAZE_SHARE[spec.weather] * (1.0 - exp_minus(HAZE_DEPTH * distance / half_m)) / full
        for channel in range(3):
            color[..., channel] += (biome.haze[channel] * HAZE_LIGHT - color[..., channel]) * air
        bands.append(to_srgb(color))
    return Texture(np.concatenate(bands), "color", "clamp")


class _Fields:
    """Grids of the site as height fields, made once for all bands."""

    def __init__(self, site: Site) -> None:
        widest = site.terrain.levels[0]
        sky = openness(widest.heights_m.astype(np.float64), widest.spacing_m).astype(np.float32)
        self.openness = HeightField(sky, widest.spacing_m, widest.origin_m)
        self.moisture = HeightField(site.moisture, site.spacing_m, site.origin_m)
        self.curvature = HeightField(site.curvature, site.spacing_m, site.origin_m)
        self.shore_m = HeightField(shore_heights(site), site.spacing_m, site.origin_m)
        self.altitude = altitude_range(site)


def _far_points(site: Site, fields: _Fields, xs: Float, zs: Float) -> LandPoints:
    """Land properties on a grid of the picture; within the visited square moisture and shores come from its survey."""

    def heights(x: Float, z: Float) -> Float:
        return grid_heights(site.terrain, x, z)

    x, z = xs[None, :], zs[:, None]
    height = heights(xs, zs)
    wide = site.terrain.levels[0].spacing_m
    reach_x, reach_z = np.maximum(np.abs(xs) * 0.02, wide / 8.0), np.maximum(np.abs(zs) * 0.02, wide / 8.0)
    d_x = (heights(xs + reach_x, zs) - heights(xs - reach_x, zs)) / (2.0 * reach_x[None, :])
    d_z = (heights(xs, zs + reach_z) - heights(xs, zs - reach_z)) / (2.0 * reach_z[:, None])
    around = heights(xs + wide, zs) + heights(xs - wide, zs) + heights(xs, zs + wide) + heights(xs, zs - wide)
    curvature = (4.0 * height - around) / (wide * wide)
    half = site.size_m / 2.0
    inside = smoothstep(half + 60.0, half - 20.0, np.maximum(np.abs(x), np.abs(z)))
    moisture = np.clip(0.28 - curvature * 60.0, 0.05, 0.8)
    shore = np.full(height.shape, NO_WATER_M)
    if site.sea_level_m is not None:
        shore = np.maximum(height - site.sea_level_m, 0.0)
    low, high = fields.altitude
    return LandPoints(
        x=x,
        z=z,
        altitude=np.clip((height - low) / (high - low), 0.0, 1.0),
        slope=np.sqrt(d_x * d_x + d_z * d_z),
        moisture=moisture + (_on_grid(fields.moisture, xs, zs) - moisture) * inside,
        curvature=curvature + (_on_grid(fields.curvature, xs, zs) - curvature) * inside,
        shore_m=shore + (_on_grid(fields.shore_m, xs, zs) - shore) * inside,
        openness=_on_grid(fields.openness, xs, zs),
        worn=None if site.trail is None else _on_grid(site.trail, xs, zs),
        height_m=height,
    )


def _on_grid(field: HeightField, xs: Float, zs: Float) -> Float:
    """Bilinear values of any field on a rectilinear grid, nearest edge outside."""
    return grid_heights(Terrain((field,), 0.0, ""), xs, zs)
