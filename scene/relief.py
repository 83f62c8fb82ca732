"""The shape of a country beyond what its height field knows: dunes, benches and cliffs, buttes on the skyline, lava.

Real elevation data has posts 30 m apart: a dune's slip face or a canyon's wall is lost between two of them. So dry country is
shaped after its landform has been generated, in the levels of the terrain themselves (see `earthworks.reshape`); all that
comes after - water, paths, what is walked on, what is drawn - sees one ground.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.rng import fractions, stream
from seedscape.generation.values import Terrain
from seedscape.scene.biomes import Biome, Buttes, Dunes, Strata
from seedscape.scene.earthworks import reshape
from seedscape.scene.lava import lava_flows
from seedscape.scene.noise import land_noise
from seedscape.scene.numeric import cos_sin, smoothstep

Float = NDArray[np.float64]

REPOSE = 0.60  # tan of 31 degrees: sand that is steeper slides (Bagnold 1941)
SLIP_MOST = 0.42  # of a dune's length; a dune that would need more is lower
SPAWN_PHASE = 0.46  # a visit starts half-way up the windward side
POSTS_A_DUNE = 6.0
VISITED_SAND_M = (380.0, 120.0)
RIPPLE_POSTS_M = 4.0  # small dunes are drawn on posts at most so far apart
BENCH_HALF_M = (26.0, 120.0)  # the visitor's bench: within the first nothing is terraced, beyond the second all is
SHARP_POSTS_M = 18.0
TALUS = 1.1  # rise over run of the debris under a butte's wall


def sculpt(terrain: Terrain, seed: int, biome: Biome) -> Terrain:
    """The terrain with its biome's dunes, benches, buttes and lava; height(0, 0) stays 0. Biomes without any keep their bits."""
    if all(part is None for part in (biome.dunes, biome.strata, biome.buttes, biome.flows)):
        return terrain

    half_m = _half(terrain)

    def raw(height: Float, xs: Float, zs: Float) -> Float:
        spacing = float(xs[1] - xs[0]) if len(xs) > 1 else 1.0
        x, z = xs[None, :], zs[:, None]
        if biome.buttes is not None:
            height = height + _buttes(_choose_buttes(seed, biome.buttes, half_m), seed, x, z, spacing)
        if biome.strata is not None:
            height = _benches(seed, biome.strata, height, x, z, spacing)
        if biome.dunes is not None:
            height = height + _dunes(seed, biome.dunes, x, z, spacing)
        if biome.flows is not None:
            height = height + lava_flows(seed, biome.flows, x, z, spacing)
        return height

    shaped = reshape(terrain, raw)
    moved = float(shaped.height(np.zeros(1), np.zeros(1))[0] - terrain.height(np.zeros(1), np.zeros(1))[0])
    levels = tuple(
        replace(level, heights_m=(level.heights_m - np.float32(moved)).astype(np.float32)) for level in shaped.levels
    )
    return replace(shaped, levels=levels, altitude_m=terrain.altitude_m + moved)


def _half(terrain: Terrain) -> float:
    """Metres of land to every side of the visitor."""
    x0, z0, x1, z1 = terrain.levels[0].extent_m
    return min(-x0, -z0, x1, z1)


# ---- dunes ------------------------------------------------------------------------------------------------------------


def wind_turn(seed: int) -> float:
    """Where the sand-driving wind blows to, in turns; 0 is +X, a quarter -Z."""
    return float(fractions(stream(seed, "scene", "wind"), 1)[0])


def _dunes(seed: int, dunes: Dunes, x: Float, z: Float, spacing: float) -> Float:
    """Metres of sand: long transverse dunes that break up into crescents, and small ones on all of them."""
    cover = smoothstep(*dunes.cover, land_noise(seed, "sand sea", x, z, dunes.patch_m, 2))
    cover = np.maximum(cover, 0.9 * smoothstep(*VISITED_SAND_M, np.sqrt(x * x + z * z)))
    # Posts too far apart for these dunes carry longer ones, or crests would break up into dots.
    longer = max(1.0, round(POSTS_A_DUNE * spacing / dunes.length_m))
    sand = _waves(
        seed,
        "dunes",
        longer * dunes.length_m,
        longer * dunes.height_m * cover,
        1.9 * longer * dunes.length_m,
        1.2,
        x,
        z,
    )
    if spacing <= RIPPLE_POSTS_M:
        # Small dunes ride on the windward sides and in the open; on a slip face they have no footing.
        calm = 0.35 + 0.65 * land_noise(seed, "small dunes", x, z, 3.0 * dunes.small_length_m, 2)
        small = _waves(
            seed, "small", dunes.small_length_m, dunes.small_height_m * calm, 2.2 * dunes.small_length_m, 1.1, x, z
        )
        fade = 1.0 if spacing <= 0.5 * RIPPLE_POSTS_M else 0.6
        sand = sand + small * fade
    return sand


def _waves(
    seed: int, name: str, length_m: float, height: Float, bend_m: float, bend: float, x: Float, z: Float
) -> Float:
    """Dunes across the wind. height (rows, cols): of the crests; bend: how far crests wander, in wavelengths.

    The windward side rises as t^2 (2 - t), which meets the crest at a sharp brink; behind it sand lies at its angle of repose,
    so a slip face is as long as its dune is high.
    """
    c, s = (float(v) for v in cos_sin(wind_turn(seed)))

    def phase(px: Float, pz: Float) -> Float:
        wander = land_noise(seed, f"{name} crests", px, pz, bend_m, 1) - 0.5
        return np.asarray((px * c - pz * s) / length_m + bend * wander)

    start = float(phase(np.zeros((1, 1)), np.zeros((1, 1)))[0, 0]) - SPAWN_PHASE
    here = phase(x, z)
    d_z, d_x = np.gradient(here, z[:, 0], x[0])
    steep = np.maximum(np.sqrt(d_x * d_x + d_z * d_z), 0.35 / length_m)  # wavelengths a metre, square to the crest
    t = here - start
    t = t - np.floor(t)
    most = SLIP_MOST * REPOSE / steep
    tall = height * most / np.sqrt(height * height + most * most)  # a soft minimum: a hard one would leave creases
    slip = np.maximum(tall * steep / REPOSE, 0.02)
    up = np.clip(t / (1.0 - slip), 0.0, 1.0)
    down = np.clip((1.0 - t) / slip, 0.0, 1.0)
    return np.asarray(tall * np.where(t < 1.0 - slip, up * up * (2.0 - up), down))


# ---- benches and cliffs -----------------------------------------------------------------------------------------------


def bench_table(seed: int, strata: Strata) -> tuple[Float, Float]:
    """Knots (before, after) of the heights that hard and soft beds turn smooth slopes into; height 0 is on a bench.

    A bed is soft below and hard above: the soft part weathers back to a gentle bench, the hard one stands as a wall.
    """
    rng = stream(seed, "scene", "strata")
    count = 48
    thick = strata.thickness_m * (0.55 + 0.9 * fractions(rng, count))
    hard = strata.hardness * (0.75 + 0.4 * fractions(rng, count))
    before, after = [0.0], [0.0]
    for bed, share in zip(thick.tolist(), hard.tolist(), strict=True):
        share = min(share, 0.9)
        before += [before[-1] + bed * (1.0 - strata.wall), before[-1] + bed]
        after += [after[-1] + bed * (1.0 - share), after[-1] + bed]
    middle = count // 2 * 2
    origin = before[middle] + 0.45 * (before[middle + 1] - before[middle])
    level = after[middle] + 0.45 * (after[middle + 1] - after[middle])
    return np.array(before) - origin, np.array(after) - level


def bed_tilt(seed: int, x: Float, z: Float) -> Float:
    """Metres by which beds lie higher or lower from place to place: strata dip and swell."""
    return (land_noise(seed, "dip", x, z, 900.0, 2) - 0.5) * 36.0


def _benches(seed: int, strata: Strata, height: Float, x: Float, z: Float, spacing: float) -> Float:
    before, after = bench_table(seed, strata)
    zero = np.zeros((1, 1))
    tilt = bed_tilt(seed, x, z) - float(bed_tilt(seed, zero, zero)[0, 0])
    ragged = (land_noise(seed, "cliffs", x, z, 70.0, 4 if spacing < 10.0 else 2) - 0.5) * strata.ragged_m
    away = np.sqrt(x * x + z * z)
    near = smoothstep(*BENCH_HALF_M, away)
    at = height + tilt + ragged * near
    stepped = np.interp(at, before, after)
    # Gullies and debris leave ways up: where they are, the walls are weathered.
    wall = smoothstep(0.34, 0.52, land_noise(seed, "gullies", x, z, 120.0, 2))
    firm = min(1.0, SHARP_POSTS_M / spacing)  # posts far apart would turn a wall into a row of teeth
    return np.asarray(height + (stepped - at) * (0.15 + 0.85 * wall) * (0.35 + 0.65 * near) * firm)


# ---- buttes -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Butte:
    x: float
    z: float
    radius_m: float
    height_m: float


def _choose_buttes(seed: int, buttes: Buttes, half_m: float) -> list[_Butte]:
    """Those of the seed: evenly around the visitor, the far ones wider and taller, so that each stands out alike."""
    rng = stream(seed, "scene", "buttes")
    start = float(fractions(rng, 1)[0])
    found = []
    for k in range(buttes.count):
        turn, away, wide, tall = (float(v) for v in fractions(rng, 4))
        c, s = (float(v) for v in cos_sin(start + (k + 0.7 * turn) / buttes.count))
        distance = buttes.near_m + (min(buttes.far_m, 0.75 * half_m) - buttes.near_m) * away
        size = buttes.size * distance
        found.append(_Butte(c * distance, -s * distance, size * (0.6 + 0.8 * wide), size * (0.30 + 0.30 * tall)))
    return found


def _buttes(buttes: list[_Butte], seed: int, x: Float, z: Float, spacing: float) -> Float:
    """Metres of rock that stand on the land: flat tops, walls in two steps, skirts of debris."""
    total = np.zeros(np.broadcast_shapes(x.shape, z.shape))
    for number, butte in enumerate(buttes):
        skirt = butte.height_m / TALUS
        reach = butte.radius_m * 1.5 + skirt + 4.0 * spacing
        cols = slice(*np.searchsorted(x[0], (butte.x - reach, butte.x + reach)).tolist())
        rows = slice(*np.searchsorted(z[:, 0], (butte.z - reach, butte.z + reach)).tolist())
        dx, dz = x[:, cols] - butte.x, z[rows] - butte.z
        if not dx.size or not dz.size:
            continue
        away = np.sqrt(dx * dx + dz * dz)
        edge = butte.radius_m * (
            0.55 + 0.95 * land_noise(seed, f"butte {number}", x[:, cols], z[rows], 0.9 * butte.radius_m, 3)
        )
        out = away - edge  # metres outside the brink
        wall = max(0.10 * butte.height_m, 0.6 * spacing)
        shape = 0.52 * smoothstep(wall, 0.0, out) + 0.14 * smoothstep(2.6 * wall, 1.6 * wall, out)
        debris = np.clip(1.0 - (out - wall) / skirt, 0.0, 1.0)
        total[rows, cols] = np.maximum(total[rows, cols], butte.height_m * (shape + 0.34 * debris * debris))
    return total
