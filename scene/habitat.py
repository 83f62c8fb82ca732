"""Where things stand: points at blue-noise distances, kept where the land suits them."""

import math
from dataclasses import dataclass

import numpy as np

from seedscape.generation.rng import fractions, stream
from seedscape.scene.biomes import Biome, Ramp, Species
from seedscape.scene.cover import NO_WATER_M, LandPoints, relative_altitude, shore_heights
from seedscape.scene.noise import land_noise
from seedscape.scene.numeric import Float64, cos_sin, smoothstep
from seedscape.scene.site import Site
from seedscape.scene.spec import SceneSpec
from seedscape.scene.walkable import first_heading

TREE_CELL_M = 5.0
TREE_GAP_M = 3.4
ROCK_CELL_M = 9.0
ROCK_GAP_M = 4.0
SPAWN_FREE_M = 3.0  # nothing at all
CLEARING_M = 8.0  # nothing tall
GLADE_M = 30.0  # trees thicken up to here
VIEW_M = 180.0  # how far the view from the spawn point is kept open
VIEW_HALF_M, VIEW_SPREAD = 5.0, 0.28  # half width of that lane at the eye, and how it widens with distance
VIEW_KEPT = 0.06  # a few trees stand in it all the same
EDGE_M = 3.0  # from the rim of the visited square
LOW = (
    "shrub",
    "fern",
    "dry_shrub",
    "log",
    "stump",
    "driftwood",
)  # what a visitor looks over; grows in the view and the clearing
LYING = ("log", "driftwood")  # a picture of their long side would be wrong from their ends
UNDERGROWTH_M, UNDERGROWTH_CELL_M, UNDERGROWTH_GAP_M = 75.0, 1.7, 1.1
THICKER = {"shrub": 1.5, "fern": 8.0, "dry_shrub": 5.0, "log": 4.0, "stump": 4.0, "driftwood": 8.0}  # than farther out
LONE_STONES = 0.3  # share of the thickest scatter that lies everywhere
STONES_M, STONE_CELL_M, STONE_GAP_M = 48.0, 1.1, 0.5
OUTER_M, OUTER_CELL_M, OUTER_GAP_M = 1500.0, 13.0, 8.0
OUTER_SHARE, OUTER_MOISTURE = 0.22, 0.35


@dataclass(frozen=True)
class Stand:
    """Things of one kind of scatter, nearest first. x, z, distance (n,) metres; kind (n,) index into a list of names;
    size (n,) factor about 1; turn (n,) yaw in turns; pick (n,) a number below 2**16 for choosing among variants."""

    x: Float64
    z: Float64
    distance: Float64
    kind: np.ndarray
    size: Float64
    turn: Float64
    pick: np.ndarray

    def some(self, chosen: np.ndarray) -> "Stand":
        """Those of a mask or of indices."""
        fields = (self.x, self.z, self.distance, self.kind, self.size, self.turn, self.pick)
        return Stand(*(f[chosen] for f in fields))


def blue_noise(rng: np.random.Generator, half_m: float, cell_m: float, gap_m: float) -> tuple[Float64, Float64, float]:
    """x, z of points over the square of +-half_m, no two nearer than gap_m; and their density in points per square metre.

    One point is thrown into each cell of a grid; where two are too near, the one of lower rank goes. That is one round of
    parallel dart throwing (Wei 2008) and fills less evenly than Bridson 2007, but takes milliseconds for 40,000 points.
    """
    n = max(1, int(2.0 * half_m / cell_m))
    jitter = fractions(rng, 2, n, n)
    x = (np.arange(n)[None, :] + jitter[0]) * cell_m - n * cell_m / 2.0
    z = (np.arange(n)[:, None] + jitter[1]) * cell_m - n * cell_m / 2.0
    rank = rng.permutation(n * n).reshape(n, n)
    keep = np.ones((n, n), bool)
    reach = int(np.ceil(gap_m / cell_m))
    for dr in range(reach + 1):
        for dc in range(-reach, reach + 1):
            if (dr, dc) <= (0, 0) or dr >= n or abs(dc) >= n:
                continue
            a = (slice(0, n - dr), slice(max(0, -dc), n - max(0, dc)))
            b = (slice(dr, n), slice(max(0, dc), n - max(0, -dc)))
            near = (x[a] - x[b]) ** 2 + (z[a] - z[b]) ** 2 < gap_m * gap_m
            keep[a] &= ~(near & (rank[a] < rank[b]))
            keep[b] &= ~(near & (rank[b] < rank[a]))
    return x[keep], z[keep], float(keep.sum()) / (n * cell_m) ** 2


def plant_stand(site: Site, biome: Biome, spec: SceneSpec) -> Stand:
    """All plants of the visited square, as the species' densities ask; `kind` indexes biome.species."""
    rng = stream(spec.seed, "scene", "plants")
    x, z, density = blue_noise(rng, site.size_m / 2.0 - EDGE_M, TREE_CELL_M, TREE_GAP_M)
    draw, choice, size, turn, pick = _draws(rng, len(x))
    slope, moisture = site.sample(site.slope, x, z), site.sample(site.moisture, x, z)
    altitude = relative_altitude(site, site.sample(site.height_m, x, z))
    shore = site.sample(shore_heights(site), x, z)
    distance = np.sqrt(x * x + z * z)
    dry = _dry(site, x, z)
    forest = _forest(biome, spec.seed, x, z)
    clearing = smoothstep(CLEARING_M, GLADE_M, distance) * _open_view(site, x, z)
    low = np.array([species.name in LOW for species in biome.species])
    wanted = []
    for species in biome.species:
        suits = _suits(species, slope, moisture, altitude, shore)
        if species.name in LOW:
            bush = 0.3 + 1.4 * smoothstep(0.35, 0.65, land_noise(spec.seed, "bushes", x, z, 45.0, 3))
            wanted.append(suits * bush * smoothstep(SPAWN_FREE_M, CLEARING_M, distance))
        else:
            grove = land_noise(spec.seed, f"grove {species.name}", x, z, 75.0, 2)
            wanted.append(suits * forest * clearing * (0.4 + 1.2 * smoothstep(0.3, 0.7, grove)))
    shares = np.cumsum(np.stack(wanted) * (spec.vegetation / 1e4 / density), axis=0)
    keep = (draw < shares[-1]) & dry & (distance > SPAWN_FREE_M)
    total = np.maximum(shares[-1], 1e-12)
    kind = (choice * total > shares).sum(axis=0)
    kind = np.minimum(kind, len(biome.species) - 1)
    keep &= (distance > CLEARING_M) | low[kind]
    return _nearest_first(x, z, distance, kind, size, turn, pick, keep)


def undergrowth(site: Site, biome: Biome, spec: SceneSpec) -> Stand:
    """Low plants near the visitor, thick where the eye is and thinner outwards; `kind` indexes biome.species."""
    rng = stream(spec.seed, "scene", "undergrowth")
    half = min(UNDERGROWTH_M, site.size_m / 2.0 - EDGE_M)
    x, z, density = blue_noise(rng, half, UNDERGROWTH_CELL_M, UNDERGROWTH_GAP_M)
    draw, choice, size, turn, pick = _draws(rng, len(x))
    distance = np.sqrt(x * x + z * z)
    slope, moisture = site.sample(site.slope, x, z), site.sample(site.moisture, x, z)
    altitude = relative_altitude(site, site.sample(site.height_m, x, z))
    shore = site.sample(shore_heights(site), x, z)
    thick = smoothstep(half, 0.15 * half, distance)
    clumps = 0.15 + 1.9 * smoothstep(0.42, 0.66, land_noise(spec.seed, "undergrowth", x, z, 17.0, 3))
    wanted = [
        _suits(s, slope, moisture, altitude, shore) * thick * clumps * THICKER[s.name]
        if s.name in LOW
        else np.zeros(len(x))
        for s in biome.species
    ]
    shares = np.cumsum(np.stack(wanted) * (spec.vegetation / 1e4 / density), axis=0)
    keep = (draw < shares[-1]) & _dry(site, x, z) & (distance > SPAWN_FREE_M + 1.0)
    kind = np.minimum((choice * np.maximum(shares[-1], 1e-12) > shares).sum(axis=0), len(biome.species) - 1)
    return _nearest_first(x, z, distance, kind, size, turn, pick, keep)


def outer_stand(site: Site, biome: Biome, spec: SceneSpec) -> Stand:
    """Trees on the hills around the visited square, as far as single crowns can be told apart; thinned, the ground shows the rest."""
    rng = stream(spec.seed, "scene", "outer")
    x, z, density = blue_noise(rng, OUTER_M, OUTER_CELL_M, OUTER_GAP_M)
    draw, choice, size, turn, pick = _draws(rng, len(x))
    distance = np.sqrt(x * x + z * z)
    share = OUTER_SHARE * spec.vegetation / 1e4 / density
    most = sum(species.per_hectare for species in biome.species if species.name not in LOW)
    beyond = (np.maximum(np.abs(x), np.abs(z)) > site.size_m / 2.0 + EDGE_M) & (distance < OUTER_M)
    some = np.flatnonzero(beyond & (draw < 2.02 * most * share))
    forest = _forest(biome, spec.seed, x[some], z[some])
    wooded = draw[some] < forest * most * share
    some, forest = some[wooded], forest[wooded]
    x, z, draw, choice, distance = x[some], z[some], draw[some], choice[some], distance[some]
    height, step = site.terrain.height(x, z), 14.0
    east, west = site.terrain.height(x + step, z), site.terrain.height(x - step, z)
    south, north = site.terrain.height(x, z + step), site.terrain.height(x, z - step)
    # The steepest way down counts, not the mean: nothing stands on a brink, where the drawn land is coarse.
    slope = np.maximum.reduce([np.abs(side - height) for side in (east, west, south, north)]) / step
    shore = np.full(len(x), NO_WATER_M) if site.sea_level_m is None else height - site.sea_level_m
    altitude, moisture = relative_altitude(site, height), np.full(len(x), OUTER_MOISTURE)
    wanted = [
        _suits(s, slope, moisture, altitude, shore) * forest if s.name not in LOW else np.zeros(len(x))
        for s in biome.species
    ]
    shares = np.cumsum(np.stack(wanted) * share, axis=0)
    kind = np.minimum((choice * np.maximum(shares[-1], 1e-12) > shares).sum(axis=0), len(biome.species) - 1)
    keep = (draw < shares[-1]) & (shore > 1.0)
    return _nearest_first(x, z, distance, kind, size[some], turn[some], pick[some], keep)


def trees_per_hectare(biome: Biome, spec: SceneSpec, at: LandPoints) -> Float64:
    """How many trees the land at points wants, after clumping."""
    total = np.zeros(at.altitude.shape)
    for species in biome.species:
        if species.name not in LOW:
            total += _suits(species, at.slope, at.moisture, at.altitude, at.shore_m)
    return np.asarray(total * _forest(biome, spec.seed, at.x, at.z) * spec.vegetation)


def _forest(biome: Biome, seed: int, x: Float64, z: Float64) -> Float64:
    """Forests have edges and glades: low noise gathers the trees, and keeps their number on the whole where half is glades."""
    return 0.12 + 1.9 * smoothstep(*biome.glades, land_noise(seed, "forest", x, z, 110.0, 3))


def _open_view(site: Site, x: Float64, z: Float64) -> Float64:
    """Share of the trees that may stand: few in a lane along the finest view from the spawn point, or a wood would hide it."""
    cosine, sine = cos_sin(first_heading(site) / (2.0 * math.pi))
    along, across = -sine * x - cosine * z, np.abs(cosine * x - sine * z)
    half = VIEW_HALF_M + VIEW_SPREAD * np.clip(along, 0.0, VIEW_M)
    beside = smoothstep(0.7, 1.3, across / half)
    beyond = smoothstep(VIEW_M, 1.4 * VIEW_M, along)
    return np.where(along > 0.0, np.maximum(np.maximum(beside, beyond), VIEW_KEPT), 1.0)


def rock_stand(site: Site, biome: Biome, spec: SceneSpec) -> Stand:
    """All boulders of the visited square; size is the radius in metres, many small and few large; `kind` is 0."""
    rng = stream(spec.seed, "scene", "rocks")
    x, z, density = blue_noise(rng, site.size_m / 2.0 - EDGE_M, ROCK_CELL_M, ROCK_GAP_M)
    draw, choice, size, turn, pick = _draws(rng, len(x))
    slope = site.sample(site.slope, x, z)
    distance = np.sqrt(x * x + z * z)
    field = smoothstep(0.35, 0.75, land_noise(spec.seed, "boulders", x, z, 60.0, 3))
    wanted = biome.rocks_per_hectare * spec.rocks * (0.25 + 1.7 * field) * (0.6 + smoothstep(0.1, 0.5, slope))
    wanted = wanted * smoothstep(1.4, 0.9, slope)
    radius = 0.22 + 0.45 * choice + 1.7 * choice**8 * size
    room = distance > np.where(radius > 0.7, CLEARING_M, SPAWN_FREE_M) + radius
    keep = (draw < wanted / 1e4 / density) & room & _dry(site, x, z)
    return _nearest_first(x, z, distance, np.zeros(len(x), np.int64), radius, turn, pick, keep)


def stone_stand(site: Site, biome: Biome, spec: SceneSpec) -> Stand:
    """Stones from a fist to a football around the visitor, in scatters, and along the shore where the biome says so."""
    rng = stream(spec.seed, "scene", "stones")
    x, z, density = blue_noise(rng, min(STONES_M, site.size_m / 2.0 - EDGE_M), STONE_CELL_M, STONE_GAP_M)
    draw, choice, size, turn, pick = _draws(rng, len(x))
    distance = np.sqrt(x * x + z * z)
    field = LONE_STONES + (1.0 - LONE_STONES) * smoothstep(0.46, 0.72, land_noise(spec.seed, "stones", x, z, 13.0, 3))
    if biome.stones_shore_m is not None:
        field = np.maximum(0.3 * field, smoothstep(*biome.stones_shore_m, site.sample(shore_heights(site), x, z)))
    wanted = biome.stones_per_hectare * spec.rocks * field * smoothstep(STONES_M, 0.3 * STONES_M, distance)
    radius = 0.05 + 0.07 * choice + 0.16 * choice**6 * size
    keep = (draw < wanted / 1e4 / density) & (distance > SPAWN_FREE_M + 0.5) & _dry(site, x, z)
    return _nearest_first(x, z, distance, np.zeros(len(x), np.int64), radius, turn, pick, keep)


def gather(*stands: Stand) -> Stand:
    """All of them as one, nearest first."""
    fields = ("x", "z", "distance", "kind", "size", "turn", "pick")
    every = Stand(*(np.concatenate([getattr(stand, name) for stand in stands]) for name in fields))
    return every.some(np.argsort(every.distance, kind="stable"))


def _draws(rng: np.random.Generator, n: int) -> tuple[Float64, Float64, Float64, Float64, np.ndarray]:
    size = 0.72 + fractions(rng, n) * 0.56
    return fractions(rng, n), fractions(rng, n), size, fractions(rng, n), rng.integers(1 << 16, size=n)


def _dry(site: Site, x: Float64, z: Float64) -> np.ndarray:
    """Dry, free ground with a little margin: no water at the point nor a few metres to any side, no path, no floor."""
    dry = site.free(x, z)
    for dx, dz in ((0.0, 0.0), (1.5, 0.0), (-1.5, 0.0), (0.0, 1.5), (0.0, -1.5)):
        dry &= site.sample(site.water_depth_m, x + dx, z + dz) <= 0.0
    return dry


def _suits(species: Species, slope: Float64, moisture: Float64, altitude: Float64, shore_m: Float64) -> Float64:
    """Plants per hectare that would grow at points, before clumping."""
    suits = species.per_hectare * smoothstep(species.max_slope, species.max_slope * 0.75, slope)
    for ramp, values in ((species.moisture, moisture), (species.altitude, altitude), (species.shore_m, shore_m)):
        suits = suits * _ramp(ramp, values)
    return suits


def _ramp(ramp: Ramp | None, values: Float64) -> Float64:
    return np.ones_like(values) if ramp is None else smoothstep(ramp[0], ramp[1], values)


def _nearest_first(
    x: Float64,
    z: Float64,
    distance: Float64,
    kind: np.ndarray,
    size: Float64,
    turn: Float64,
    pick: np.ndarray,
    keep: np.ndarray,
) -> Stand:
    order = np.nonzero(keep)[0]
    order = order[np.argsort(distance[order], kind="stable")]
    return Stand(x[order], z[order], distance[order], kind[order], size[order], turn[order], pick[order])
