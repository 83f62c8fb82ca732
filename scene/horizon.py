"""The land beyond the visited square: its picture, made by the same rules as the ground underfoot.

One texture serves kilometres. It is spread unevenly: u = w(x), v = w(z) with w(t) = t / (|t| + a), so that at the edge of the
visited square a texel is under four metres wide and at the horizon some twenty, which look about the same from the middle.
"""

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.values import MaterialMaps
from seedscape.scene.biomes import Biome, ground_layers
from seedscape.scene.cover import (
    NO_WATER_M,
    LandPoints,
    ground_shade,
    layer_tint,
    layer_weights,
    relative_altitude,
    shore_heights,
)
from seedscape.scene.land import grid_heights
from seedscape.scene.numeric import smoothstep
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
SPREAD = 0.33  # a / half_m
HAZE_SHARE = 0.34  # how far the air takes over at the horizon


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
    at = _far_points(site, line)
    weights = layer_weights(layers, at, spec.seed, detail=2)
    color = np.zeros((EDGE, EDGE, 3))
    for layer, weight in zip(layers, weights, strict=True):
        if not weight.any():
            continue
        mean, tint = mean_color(materials[layer.material].base_color), layer_tint(biome, layer, spec.season)
        for channel in range(3):
            color[..., channel] += weight * (mean[channel] * tint[channel])
    color *= ground_shade(at, spec.seed, detail=2)
    distance = np.sqrt(at.x * at.x + at.z * at.z)
    air = HAZE_SHARE * smoothstep(site.size_m * 0.5, half_m, distance)[..., None]
    color = color * (1.0 - air) + np.array(biome.haze) * 0.55 * air
    return Texture(to_srgb(color), "color", "clamp")


def _far_points(site: Site, line: Float) -> LandPoints:
    """Land properties on the picture's grid; within the visited square moisture and shores come from its survey."""
    x, z = line[None, :], line[:, None]
    height = grid_heights(site.terrain, line, line)
    widest = site.terrain.levels[0]
    reach = np.maximum(np.abs(line) * 0.02, widest.spacing_m / 8.0)
    d_x = (grid_heights(site.terrain, line + reach, line) - grid_heights(site.terrain, line - reach, line)) / (
        2.0 * reach[None, :]
    )
    d_z = (grid_heights(site.terrain, line, line + reach) - grid_heights(site.terrain, line, line - reach)) / (
        2.0 * reach[:, None]
    )
    wide = widest.spacing_m
    around = grid_heights(site.terrain, line + wide, line) + grid_heights(site.terrain, line - wide, line)
    around += grid_heights(site.terrain, line, line + wide) + grid_heights(site.terrain, line, line - wide)
    curvature = (4.0 * height - around) / (wide * wide)
    sky = openness(widest.heights_m.astype(np.float64), widest.spacing_m)
    half = site.size_m / 2.0
    inside = smoothstep(half + 60.0, half - 20.0, np.maximum(np.abs(x), np.abs(z)))
    moisture = np.clip(0.28 - curvature * 60.0, 0.05, 0.8)
    shore = np.full(height.shape, NO_WATER_M)
    if site.sea_level_m is not None:
        shore = np.maximum(height - site.sea_level_m, 0.0)
    return LandPoints(
        x=x,
        z=z,
        altitude=relative_altitude(site, height),
        slope=np.sqrt(d_x * d_x + d_z * d_z),
        moisture=moisture + (_on_grid(site, site.moisture, line) - moisture) * inside,
        curvature=curvature + (_on_grid(site, site.curvature, line) - curvature) * inside,
        shore_m=shore + (_on_grid(site, shore_heights(site), line) - shore) * inside,
        openness=_sample_lines(sky, widest.spacing_m, widest.origin_m, line),
    )


def _on_grid(site: Site, grid: NDArray[np.float32], line: Float) -> Float:
    return _sample_lines(grid.astype(np.float64), site.spacing_m, site.origin_m, line)


def _sample_lines(grid: Float, spacing: float, origin: tuple[float, float], line: Float) -> Float:
    """Bilinear values on the grid line x line, nearest edge outside."""
    c = np.clip((line - origin[0]) / spacing, 0.0, grid.shape[1] - 1.0)
    r = np.clip((line - origin[1]) / spacing, 0.0, grid.shape[0] - 1.0)
    c0 = np.minimum(c.astype(np.int64), grid.shape[1] - 2)
    r0 = np.minimum(r.astype(np.int64), grid.shape[0] - 2)
    across = grid[:, c0] * (1.0 - (c - c0)) + grid[:, c0 + 1] * (c - c0)
    fr = (r - r0)[:, None]
    return np.asarray(across[r0] * (1.0 - fr) + across[r0 + 1] * fr)
