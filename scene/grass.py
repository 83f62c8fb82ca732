"""Grass and flowers around the spawn point: leaning cards, dense at the visitor's feet and thinning out to some forty metres;
wider clumps from there on.

Their normals are the ground's, so that they take the ground's light and melt into it; their colour is the ground's mean
grass colour by vertex, darker at the root. As with trees, each card is indexed both ways round instead of being double-sided.
"""

import numpy as np

from seedscape.generation.rng import fractions, stream
from seedscape.generation.values import MaterialMaps, UInt8
from seedscape.scene.biomes import Biome, ground_layers
from seedscape.scene.cover import (
    LandPoints,
    layer_tint,
    layer_weights,
    relative_altitude,
    shore_heights,
    water_levels,
)
from seedscape.scene.foliage import Canvas, Colour, ray, vary
from seedscape.scene.land import normals
from seedscape.scene.noise import land_noise
from seedscape.scene.numeric import Float64, cos_sin, smoothstep, unit
from seedscape.scene.site import Site
from seedscape.scene.spec import SceneSpec
from seedscape.scene.textures import mean_color
from seedscape.scene.values import Material, Mesh, Texture

MATERIAL = "grass_tufts"
TEXTURE = "grass_tufts"
REACH_M, FAR_M = 42.0, 150.0
MAX_TUFTS, FAR_TUFTS = 8800, 2400  # near ones, and wide clumps from there on, which keep hillsides from looking bald
CELL = 256
_NEUTRAL: tuple[Colour, ...] = ((214, 216, 206), (198, 202, 188), (226, 224, 214))
_NEUTRAL_LINEAR = 0.62  # mean of the drawn blades in linear light; vertex colours divide by it
_STEMS: tuple[Colour, ...] = ((86, 108, 46), (98, 120, 56))
_PETALS: dict[str, tuple[Colour, ...]] = {
    "alpine": ((236, 234, 240), (122, 96, 190), (238, 206, 72)),
    "meadow": ((240, 238, 232), (236, 202, 60), (206, 62, 58), (132, 104, 196)),
    "temperate_forest": ((240, 240, 236), (128, 112, 196)),
    "coast": ((234, 160, 190), (240, 236, 230)),
    "tundra": ((214, 96, 150), (238, 236, 226)),
}  # fmt: skip
_WIRY = (0.235, 0.215, 0.105)  # what grows out of sand and stones, linear RGB
RUSH_FROM_M, RUSH_FULL_M = 0.55, 0.15  # above the water's level
RUSH_DRY_M = 0.02
RUSH_TALLER = 1.1
_FLOWER_SHARE = {"spring": 0.10, "summer": 0.07, "autumn": 0.02, "winter": 0.0}


def grass_material() -> Material:
    """Rough and single-sided; a low cutoff keeps thin blades when they get small."""
    return Material(base_color=TEXTURE, roughness=0.95, alpha_mode="MASK", alpha_cutoff=0.35)


def paint_grass(rng: np.random.Generator, biome: str) -> Texture:
    """Four cells: a tuft, a taller one, one with seed heads, flowers. Blades are neutral, flowers in their own colours."""
    petals = _PETALS.get(biome, ())
    cells = [
        _tuft(rng, 46, 0.58, 0.0, 0.40),
        _tuft(rng, 34, 0.86, 0.0, 0.34),
        _tuft(rng, 30, 0.6, 0.25, 0.36),
        _flowers(rng, petals),
    ]
    top, bottom = np.concatenate(cells[:2], axis=1), np.concatenate(cells[2:], axis=1)
    return Texture(np.concatenate([top, bottom], axis=0), "color", "clamp")


def _blade(canvas: Canvas, root: float, turn: float, length: float, bend: float, width: float, colour: Colour) -> None:
    spine = ray(np.array([root, 0.0]), turn, length, bend, 6)
    half = width * np.array([0.8, 1.0, 0.9, 0.7, 0.4, 0.0])[:, None] * np.array([[1.0, 0.0]])
    canvas.polygon(np.concatenate([spine - half, (spine + half)[::-1]]), colour)


def _tuft(rng: np.random.Generator, blades: int, height: float, seeds: float, spread: float) -> UInt8:
    canvas = Canvas(CELL, CELL, (188, 190, 176))
    for i in range(blades):
        light = 0.78 + 0.3 * i / blades  # the last ones stand in front
        root = 0.5 + (int(rng.integers(-1000, 1001)) / 1000.0) * spread
        turn = (root - 0.5) * 0.10 + int(rng.integers(-40, 41)) / 1000.0
        length = height * (0.62 + int(rng.integers(38)) / 100.0)
        bend = (1.0 if turn > 0 else -1.0) * int(rng.integers(10, 120)) / 1000.0
        _blade(canvas, root, turn, length, bend, 0.016 if not seeds else 0.010, vary(rng, _NEUTRAL, light, 6))
        if seeds * 100 > int(rng.integers(100)):
            reach = height * (1.0 + int(rng.integers(40)) / 100.0)
            stalk = ray(np.array([root, 0.0]), turn * 0.5, reach, bend * 0.4, 6)
            canvas.line(stalk, 0.014, vary(rng, _NEUTRAL, 0.95, 5))
            ear = stalk[3] + (stalk[-1] - stalk[3]) * np.linspace(0.25, 1.08, 7)[:, None]
            half = np.array([0.0, 0.009, 0.013, 0.013, 0.011, 0.007, 0.0])[:, None] * np.array([[1.0, 0.0]])
            canvas.polygon(np.concatenate([ear - half, (ear + half)[::-1]]), vary(rng, ((222, 208, 170),), 1.0, 10))
    return canvas.finish()


def _flowers(rng: np.random.Generator, petals: tuple[Colour, ...]) -> UInt8:
    canvas = Canvas(CELL, CELL, (96, 112, 60))
    for _ in range(14):
        root = 0.5 + int(rng.integers(-300, 301)) / 1000.0
        _blade(canvas, root, (root - 0.5) * 0.1, 0.34, 0.03, 0.012, vary(rng, _STEMS, 0.85))
    for i in range(7 if petals else 0):
        root = 0.5 + int(rng.integers(-220, 221)) / 1000.0
        stalk = ray(np.array([root, 0.0]), (root - 0.5) * 0.22, 0.45 + 0.4 * int(rng.integers(100)) / 100.0, 0.02, 5)
        canvas.line(stalk, 0.010, vary(rng, _STEMS))
        colour = petals[i % len(petals)]
        head = np.clip(stalk[-1], 0.09, 0.91)
        for petal in range(7):
            c, s = (float(v) for v in cos_sin(petal / 7.0 + 0.03))
            middle = head + np.array([c, s * 0.72]) * 0.034
            across = np.array([-s, c * 0.72]) * 0.020
            along = np.array([c, s * 0.72]) * 0.034
            canvas.polygon(
                np.stack([head, middle + across, middle + along, middle - across]), vary(rng, (colour,), 0.96, 8)
            )
        ring = [head + np.array([float(v) for v in cos_sin(k / 8.0)]) * 0.013 for k in range(8)]
        canvas.polygon(np.stack(ring), (206, 160, 48) if colour[2] > 120 else (96, 70, 40))
    return canvas.finish()


def grow_grass(site: Site, biome: Biome, spec: SceneSpec, materials: dict[str, MaterialMaps]) -> list[Mesh]:
    """Tufts around the spawn point, one mesh for each quarter of the compass (those with any); empty where none grows."""
    layers = ground_layers(biome, spec.season)
    green = [i for i, layer in enumerate(layers) if "grass" in layer.material or layer.material == "forest_floor"]
    green += [i for i, layer in enumerate(layers) if layer.material in biome.sparse_grass and i not in green]
    if not green or biome.grass * spec.vegetation <= 0.0:
        return []
    rng = stream(spec.seed, "scene", "grass")
    count = round(MAX_TUFTS * min(1.0, biome.grass * spec.vegetation / 9.0))
    thrown, outer = count * 4, round(FAR_TUFTS * min(1.0, biome.grass * spec.vegetation / 6.0)) * 3
    # Distance by u^(3/4): density falls as distance^(-2/3), so that the tufts stand where they are looked at.
    u, turn = fractions(rng, thrown), fractions(rng, thrown)
    root = np.sqrt(u)
    half = site.size_m / 2.0 - 4.0
    distance = np.concatenate(
        [0.5 + REACH_M * root * np.sqrt(root), REACH_M + (min(FAR_M, half) - REACH_M) * fractions(rng, outer)]
    )
    c, s = cos_sin(np.concatenate([turn, fractions(rng, outer)]))
    x, z = c * distance, s * distance
    near_count, thrown = thrown, thrown + outer
    draw, size, yaw, pick = (
        fractions(rng, thrown),
        fractions(rng, thrown),
        fractions(rng, thrown),
        fractions(rng, thrown),
    )

    y = site.terrain.height(x, z)
    at = LandPoints(
        x, z, relative_altitude(site, y), site.sample(site.slope, x, z), site.sample(site.moisture, x, z),
        site.sample(site.curvature, x, z), site.sample(shore_heights(site), x, z), site.sample(site.openness, x, z),
    )  # fmt: skip
    weights = layer_weights(layers, at, spec.seed)
    share = np.zeros(thrown)
    tussocks = smoothstep(0.50, 0.66, land_noise(spec.seed, "tussocks", x, z, 7.0, 3))
    tint = np.zeros((thrown, 3))
    for i in green:
        sparse = biome.sparse_grass.get(layers[i].material)
        part = weights[i] * (0.35 if layers[i].material == "forest_floor" else 1.0)
        if sparse is not None:
            part = weights[i] * sparse * tussocks
        colour = np.array(mean_color(materials[layers[i].material].base_color)) * np.array(
            layer_tint(biome, layers[i], spec.season)
        )
        if layers[i].material == "forest_floor":  # what grows out of leaf litter is green, not litter-coloured
            colour = np.array([0.085, 0.115, 0.035]) * np.array(biome.grass_tint.get(spec.season, (1.0, 1.0, 1.0)))
        if sparse is not None:
            colour = np.array(_WIRY)
        share += part
        tint += part[:, None] * colour
    tint = tint / np.maximum(share, 1e-6)[:, None]
    above = y - site.sample_nearest(water_levels(site), x, z)
    rush = _rushes(biome, spec, x, z, above)
    reed = np.array(biome.rush_color) * np.array(biome.grass_tint.get(spec.season, (1.0, 1.0, 1.0)))
    tint += (rush / np.maximum(share + rush, 1e-6))[:, None] * (reed - tint)
    share = np.maximum(share, rush)
    clumps = smoothstep(0.25, 0.62, land_noise(spec.seed, "tufts", x, z, 3.2, 3))
    clumps = np.maximum(clumps, rush)
    dry = (site.sample(site.water_depth_m, x, z) <= 0.0) | ((rush > 0.0) & (above > RUSH_DRY_M))
    grows = (draw < share * (0.25 + 0.75 * clumps)) & dry & (at.slope < 0.9)
    grows &= draw < 1.0 - site.worn(x, z)
    chosen = np.nonzero(grows)[0]
    keep = np.concatenate([chosen[chosen < near_count][:count], chosen[chosen >= near_count][: outer // 3]])
    if not len(keep):
        return []
    flower = (
        (distance[keep] < REACH_M) & (rush[keep] < 0.5) & (pick[keep] < _FLOWER_SHARE[spec.season])
        if biome.name in _PETALS
        else np.zeros(len(keep), bool)
    )
    kind = pick[keep] * 97.0 % 1.0
    cell = np.where(flower, 3, np.minimum((kind * 3.2).astype(np.int64), 2))
    cell = np.where(rush[keep] > 0.5, 1 + (kind > 0.75), cell)  # the taller tufts
    feet = np.stack([x[keep], y[keep] - 0.03, z[keep]], axis=1)
    up = normals(site.terrain, x[keep], z[keep], np.full(len(keep), 1.0))
    near = smoothstep(REACH_M, REACH_M * 0.55, distance[keep])
    far = smoothstep(REACH_M - 1.0, REACH_M + 14.0, distance[keep])
    width = (0.46 + 0.36 * size[keep]) * (1.0 + 0.5 * (1.0 - near)) * (1.0 + 0.9 * far)
    tall = (
        width
        * (0.50 + 0.40 * size[keep])
        * (0.50 + 0.50 * near)
        * smoothstep(FAR_M + 12.0, FAR_M * 0.7, distance[keep])
    )
    tall *= 1.0 + RUSH_TALLER * rush[keep]
    gain = np.where(flower, 0.0, 1.0)[:, None]
    colour = (tint[keep] * (1.1 + 0.35 * (size[keep, None] - 0.5)) / _NEUTRAL_LINEAR) * gain + (1.0 - gain)
    meshes = []
    for quarter in range(4):
        mine = (x[keep] < 0).astype(np.int64) * 2 + (z[keep] < 0) == quarter
        if mine.any():
            meshes.append(
                _cards(feet[mine], up[mine], yaw[keep][mine], width[mine], tall[mine], cell[mine], colour[mine])
            )
    return meshes


def _rushes(biome: Biome, spec: SceneSpec, x: Float64, z: Float64, above: Float64) -> Float64:
    """(n,) 0 .. 1 how much of the ground is taken by what grows at the water's edge; above: metres above the water."""
    if biome.rushes <= 0.0:
        return np.zeros(len(x))
    level = 0.75 - 0.5 * biome.rushes
    stands = smoothstep(level - 0.08, level + 0.08, land_noise(spec.seed, "rushes", x, z, 8.0, 3))
    return stands * smoothstep(RUSH_FROM_M, RUSH_FULL_M, above)


def _cards(
    feet: Float64, up: Float64, yaw: Float64, width: Float64, tall: Float64, cell: np.ndarray, colour: Float64
) -> Mesh:
    n = len(feet)
    c, s = cos_sin(yaw)
    right = np.stack([c, np.zeros(n), -s], axis=1) * (width * 0.5)[:, None]
    lean = np.stack([s, np.zeros(n), c], axis=1) * (tall * 0.22)[:, None]
    top = lean + up * tall[:, None]
    corners = np.stack([feet - right, feet + right, feet + right + top, feet - right + top], axis=1)
    half = 0.5 / (2 * CELL)
    u0, v0 = cell % 2 * 0.5 + half, cell // 2 * 0.5 + half
    u1, v1 = u0 + 0.5 - 2 * half, v0 + 0.5 - 2 * half
    uvs = np.stack([np.stack(p, axis=1) for p in ((u0, v1), (u1, v1), (u1, v0), (u0, v0))], axis=1)
    colors = np.ones((n, 4, 4))
    colors[:, :, :3] = np.clip(colour[:, None] * np.array([0.6, 0.6, 1.0, 1.0])[None, :, None], 0.0, 1.0)
    quads = (np.arange(n)[:, None, None] * 4 + np.array([[0, 1, 2], [0, 2, 3]])).reshape(-1, 3)
    return Mesh(
        positions=corners.reshape(-1, 3).astype(np.float32),
        indices=np.concatenate([quads, quads[:, ::-1]]).astype(np.uint32),
        material=MATERIAL,
        normals=np.repeat(unit(up), 4, axis=0).astype(np.float32),
        uvs=uvs.reshape(-1, 2).astype(np.float32),
        colors=colors.reshape(-1, 4).astype(np.float32),
    )
