"""Biomes: what a kind of country is made of, written as rules that other files carry out.

A biome names the landforms its terrain is drawn from, the ground it is covered with, what grows there and the colour of its
air. Presets are functions, so that a review of one is plain reading.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from seedscape.assets.errors import RequestError

Ramp = tuple[float, float]  # weight 0 at the first value, 1 at the second; the second may be the smaller one
Colour = tuple[float, float, float]  # linear RGB multiplier or radiance, 1 is neutral

WHITE: Colour = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Layer:
    """One ground material and where it lies; the weight is the product of the ramps that are given, times strength.

    altitude: height within the surrounding land, 0 lowest .. 1 highest. slope: rise over run. moisture: 0 dry .. 1 wet.
    curvature: 1/m over about 20 m, positive on ridges. shore_m: metres above the nearest water level.
    patches: value noise 0 .. 1, thresholds of a patchy cover; patch_m: size of the patches and of the loops of veins.
    ragged: how much noise moves the borders, 0 .. 1. beach: metres above the nearest water level; there the layer lies whatever
    the other ramps say.
    """

    material: str
    altitude: Ramp | None = None
    slope: Ramp | None = None
    gentle: Ramp | None = None  # a second slope ramp, for a layer that lies between two slopes
    moisture: Ramp | None = None
    curvature: Ramp | None = None
    shore_m: Ramp | None = None
    patches: Ramp | None = None
    veins: Ramp | None = None  # of a noise that is 1 along winding lines and 0 between them
    patch_m: float = 24.0
    strength: float = 1.0
    ragged: float = 0.5
    tint: Colour = WHITE
    beach: Ramp | None = None


@dataclass(frozen=True)
class Species:
    """A plant (or what is left of one) and how densely it stands where the land suits it best, per hectare (100 m x 100 m)."""

    name: str
    per_hectare: float
    moisture: Ramp | None = None
    altitude: Ramp | None = None
    shore_m: Ramp | None = None  # metres above the nearest water
    max_slope: float = 0.7  # rise over run


@dataclass(frozen=True)
class Dunes:
    """Wind-blown sand. length_m: from crest to crest; height_m: of the tallest crests; small_*: of the dunes that ride on them.

    cover: thresholds of the noise (patches of patch_m) that gathers the sand; the rest is bare plain.
    """

    length_m: float = 105.0
    height_m: float = 15.0
    small_length_m: float = 15.0
    small_height_m: float = 0.55
    cover: Ramp = (0.26, 0.60)
    patch_m: float = 420.0


@dataclass(frozen=True)
class Flows:
    """Lava that has run out over the land, along the veins of a layer (its material, ramp and patch_m).

    thick_m: of a flow; block_m, block_height_m: the clinker on it; rope_m, rope_height_m: the folds where its skin was smooth.
    """

    material: str = "lava"
    veins: Ramp = (0.66, 0.88)
    patch_m: float = 52.0
    thick_m: float = 0.6
    block_m: float = 2.1
    block_height_m: float = 0.55
    rope_m: float = 1.7
    rope_height_m: float = 0.16


@dataclass(frozen=True)
class Strata:
    """Level beds of rock that weather to benches and walls.

    thickness_m: of a soft bed and the hard one on it. hardness: share of that height which is wall; wall: share of the former
    slope's length that it takes. ragged_m: how much cliff lines wander, as metres of height. bands: colours (linear RGB
    multipliers) of the beds in turn.
    """

    thickness_m: float = 30.0
    hardness: float = 0.68
    wall: float = 0.17
    ragged_m: float = 18.0
    bands: tuple[Colour, ...] = (WHITE,)


@dataclass(frozen=True)
class Buttes:
    """Single rocks from near_m to far_m around the visitor; size: their radius as a share of their distance, about."""

    count: int
    near_m: float
    far_m: float
    size: float


@dataclass(frozen=True)
class Biome:
    """A kind of country.

    landforms: classes of real terrain it is drawn from. relief_m: usual highest minus lowest ground of a 1 km square.
    base, overlays: the ground, bottom first; at least four materials with the base.
    snow_line: altitude (0 .. 1 of the surrounding land) above which snow lies in summer; above 1 there is none.
    rocks_per_hectare, rock_material: boulders. grass: tufts per square metre near the visitor.
    grass_tint: season -> multiplier of the grass colours. palette: material class -> linear RGB mean to grade it towards
    (see `palette`). haze, sky_tint: linear RGB of the distant air and of the sky.
    sea: whether the world's sea level floods low ground. standing_water: factor of the wished-for wetness; dry country
    keeps few lakes. path: material that trodden ground shows.
    rushes: share of the water's edge on which they stand, taller than the grass and of this linear RGB (rush_color).
    dunes, strata, buttes: see `relief`; flows: see `lava`. stones_per_hectare: small ones near the visitor, at their thickest; stones_shore_m: where
    the water leaves them. sparse_grass: material -> share of grass that grows on it all the same. canopy: linear
    RGB of woods seen from afar. glades: values 0 .. 1 of a noise between which open land turns to wood.
    """

    name: str
    landforms: tuple[str, ...]
    relief_m: tuple[float, float]
    base: Layer
    overlays: tuple[Layer, ...]
    species: tuple[Species, ...]
    rocks_per_hectare: float
    rock_material: str
    grass: float
    snow_line: float = 2.0
    winter_snow: bool = False
    sea: bool = False
    standing_water: float = 1.0
    path: str = "gravel"
    grass_tint: dict[str, Colour] = field(default_factory=dict)
    palette: dict[str, Colour] = field(default_factory=dict)
    haze: Colour = (0.55, 0.66, 0.80)
    sky_tint: Colour = WHITE
    dunes: Dunes | None = None
    strata: Strata | None = None
    flows: Flows | None = None
    buttes: Buttes | None = None
    stones_per_hectare: float = 300.0
    stones_shore_m: Ramp | None = None
    sparse_grass: dict[str, float] = field(default_factory=dict)
    canopy: Colour | None = None
    glades: Ramp = (0.40, 0.62)
    rushes: float = 0.0
    rush_color: Colour = (0.125, 0.150, 0.045)


GREEN_YEAR: dict[str, Colour] = {
    "spring": (0.86, 1.0, 0.80),
    "summer": (0.95, 1.0, 0.90),
    "autumn": (1.0, 0.86, 0.62),
    "winter": (0.90, 0.86, 0.74),
}

PEBBLE_BEACH: Ramp = (0.36, 0.12)  # metres above a lake or a river that its waves keep bare
MUDDY_BANK: Ramp = (0.30, 0.10)  # the same where reeds grow and no wave runs


def alpine() -> Biome:
    """High meadows, scree and snow under ridges."""
    return Biome(
        name="alpine",
        landforms=("alpine",),
        relief_m=(280.0, 560.0),
        base=Layer("grass"),
        overlays=(
            Layer("forest_floor", altitude=(0.60, 0.35), patches=(0.60, 0.76), patch_m=40.0),
            Layer("gravel", slope=(0.42, 0.66), patches=(0.30, 0.55), patch_m=18.0, beach=PEBBLE_BEACH),
            Layer("rock", slope=(0.54, 0.80), ragged=0.9),
            Layer("snow", altitude=(0.46, 0.60), slope=(1.05, 0.66), ragged=1.0),
        ),
        species=(
            Species("spruce", 150.0, altitude=(0.66, 0.42)),
            Species("pine", 45.0, altitude=(0.72, 0.50)),
            Species("shrub", 30.0, altitude=(0.75, 0.55)),
            Species("dead_tree", 4.0),
            Species("log", 5.0, altitude=(0.68, 0.48), max_slope=0.32),
            Species("stump", 4.0, altitude=(0.68, 0.48), max_slope=0.4),
            Species("fern", 14.0, altitude=(0.62, 0.40), moisture=(0.15, 0.4)),
        ),
        rocks_per_hectare=26.0,
        rock_material="rock",
        grass=9.0,
        snow_line=0.54,
        winter_snow=True,
        stones_per_hectare=1700.0,
        stones_shore_m=(0.55, 0.2),
        canopy=(0.026, 0.044, 0.020),
        grass_tint=GREEN_YEAR,
        palette={"grass": (0.125, 0.150, 0.055), "rock": (0.215, 0.200, 0.175), "gravel": (0.240, 0.225, 0.195)},
        rushes=0.45,
    )


def temperate_forest() -> Biome:
    """Rolling wooded hills with leaf litter and mossy outcrops."""
    return Biome(
        name="temperate_forest",
        landforms=("mid_mountains", "rolling_hills"),
        relief_m=(60.0, 160.0),
        base=Layer("forest_floor"),
        overlays=(
            Layer("grass", patches=(0.46, 0.62), patch_m=55.0, gentle=(0.80, 0.45), ragged=0.7),
            Layer("soil", slope=(0.30, 0.48), patches=(0.50, 0.66), patch_m=14.0),
            Layer("mossy_rock", slope=(0.60, 0.85), ragged=0.8),
            Layer("mud", shore_m=(1.6, 0.5), moisture=(0.55, 0.80), beach=MUDDY_BANK),
        ),
        species=(
            Species("broadleaf", 130.0, max_slope=0.8),
            Species("birch", 60.0, moisture=(0.2, 0.5)),
            Species("spruce", 40.0, altitude=(0.4, 0.8)),
            Species("shrub", 55.0),
            Species("dead_tree", 4.0),
            Species("fern", 120.0),
            Species("log", 16.0, max_slope=0.32),
            Species("stump", 10.0, max_slope=0.4),
        ),
        rocks_per_hectare=16.0,
        rock_material="mossy_rock",
        path="soil",
        grass=7.0,
        winter_snow=True,
        grass_tint=GREEN_YEAR,
        palette={"forest_floor": (0.160, 0.120, 0.068)},  # dry litter; the samples are of wet leaves in the shade
        haze=(0.56, 0.66, 0.76),
        canopy=(0.044, 0.074, 0.020),
        glades=(0.22, 0.46),
        rushes=0.8,
    )


def meadow() -> Biome:
    """Open grassland with single trees, paths of bare earth and wet hollows."""
    return Biome(
        name="meadow",
        landforms=("rolling_hills", "plain"),
        relief_m=(20.0, 70.0),
        base=Layer("grass"),
        overlays=(
            Layer("dry_grass", moisture=(0.42, 0.22), patches=(0.45, 0.62), patch_m=48.0, ragged=0.8),
            Layer("soil", patches=(0.70, 0.80), patch_m=9.0, gentle=(0.6, 0.3)),
            Layer("mud", shore_m=(1.4, 0.4), moisture=(0.58, 0.82), beach=MUDDY_BANK),
            Layer("rock", slope=(0.55, 0.80), ragged=0.8),
        ),
        species=(
            Species("broadleaf", 14.0),
            Species("birch", 9.0, moisture=(0.3, 0.6)),
            Species("shrub", 22.0),
            Species("log", 1.5, max_slope=0.32),
            Species("fern", 8.0, moisture=(0.35, 0.6)),
        ),
        rocks_per_hectare=5.0,
        rock_material="rock",
        path="soil",
        grass=14.0,
        winter_snow=True,
        grass_tint=GREEN_YEAR,
        stones_per_hectare=120.0,
        canopy=(0.066, 0.104, 0.028),
        rushes=0.9,
    )


def desert() -> Biome:
    """Dunes over gravel plains, outcrops and buttes on the skyline."""
    return Biome(
        name="desert",
        landforms=("desert", "coast_desert"),
        relief_m=(40.0, 140.0),
        base=Layer("sand"),
        overlays=(
            Layer("sand_ripple", gentle=(0.34, 0.16), patches=(0.36, 0.54), patch_m=60.0),
            Layer("gravel", gentle=(0.12, 0.05), patches=(0.46, 0.62), patch_m=34.0, curvature=(0.004, -0.001)),
            Layer("rock", slope=(0.72, 0.92), ragged=0.25),
        ),
        species=(
            Species("cactus", 7.0, max_slope=0.3),
            Species("dry_shrub", 55.0, max_slope=0.34),
            Species("shrub", 14.0, moisture=(0.2, 0.5)),
            Species("dead_tree", 1.5, max_slope=0.3),
            Species("log", 3.0, max_slope=0.3),
        ),
        rocks_per_hectare=22.0,
        rock_material="rock",
        grass=3.0,
        standing_water=0.15,
        grass_tint={},
        palette={
            "rock": (0.36, 0.235, 0.145),
            "gravel": (0.36, 0.285, 0.20),
            "sand": (0.52, 0.37, 0.205),
            "sand_ripple": (0.54, 0.385, 0.215),
        },
        haze=(0.80, 0.70, 0.56),
        sky_tint=(1.03, 1.0, 0.96),
        dunes=Dunes(),
        buttes=Buttes(count=7, near_m=150.0, far_m=2600.0, size=0.11),
        stones_per_hectare=1800.0,
        sparse_grass={"sand": 0.10, "sand_ripple": 0.05, "gravel": 0.30},
        rushes=0.6,
    )


def canyon() -> Biome:
    """Banded rock walls over dry valley floors."""
    return Biome(
        name="canyon",
        landforms=("canyon_escarpment", "badlands"),
        relief_m=(120.0, 320.0),
        base=Layer("soil"),
        overlays=(
            Layer("sand", moisture=(0.42, 0.66), gentle=(0.45, 0.2), ragged=0.6, beach=PEBBLE_BEACH),
            Layer("dry_grass", gentle=(0.42, 0.22), patches=(0.50, 0.66), patch_m=30.0),
            Layer("gravel", slope=(0.34, 0.55), patches=(0.34, 0.56), patch_m=16.0),
            Layer("rock", slope=(0.48, 0.70), ragged=0.6),
        ),
        species=(
            Species("pine", 9.0, moisture=(0.2, 0.5), max_slope=0.5),
            Species("dry_shrub", 60.0, max_slope=0.5),
            Species("shrub", 25.0, max_slope=0.5),
            Species("dead_tree", 2.0, max_slope=0.5),
            Species("log", 3.0, max_slope=0.3),
        ),
        rocks_per_hectare=44.0,
        rock_material="rock",
        standing_water=0.6,
        path="sand",
        grass=1.5,
        grass_tint={},
        palette={
            "rock": (0.52, 0.27, 0.145),
            "soil": (0.38, 0.195, 0.105),
            "gravel": (0.33, 0.215, 0.14),
            "sand": (0.44, 0.29, 0.17),
        },
        haze=(0.76, 0.66, 0.56),
        sky_tint=(1.02, 1.0, 0.97),
        strata=Strata(
            bands=((1.0, 0.98, 0.90), (0.90, 0.60, 0.45), (0.60, 0.40, 0.33), (1.0, 0.84, 0.64), (0.84, 0.50, 0.34))
        ),
        buttes=Buttes(count=6, near_m=500.0, far_m=3000.0, size=0.11),
        stones_per_hectare=700.0,
        sparse_grass={"soil": 0.25, "sand": 0.15, "gravel": 0.2},
        rushes=0.5,
    )


def coast() -> Biome:
    """Beaches and grassy headlands above the sea."""
    return Biome(
        name="coast",
        landforms=("coast_islands", "coast_desert"),
        relief_m=(40.0, 140.0),
        base=Layer("grass"),
        overlays=(
            Layer("dry_grass", patches=(0.46, 0.64), patch_m=40.0, ragged=0.8),
            Layer("sand", shore_m=(6.5, 3.0), gentle=(0.75, 0.45), ragged=0.7),
            Layer("gravel", shore_m=(5.0, 1.5), slope=(0.25, 0.45)),
            Layer("rock", slope=(0.52, 0.78), ragged=0.8),
        ),
        species=(
            Species("palm", 34.0, shore_m=(11.0, 6.0), max_slope=0.4),
            Species("pine", 30.0, shore_m=(7.0, 14.0)),
            Species("broadleaf", 12.0, shore_m=(6.0, 12.0)),
            Species("shrub", 30.0, shore_m=(2.0, 4.5)),
            Species("driftwood", 16.0, shore_m=(3.2, 1.6), max_slope=0.3),
        ),
        rocks_per_hectare=14.0,
        rock_material="rock",
        path="sand",
        grass=8.0,
        sea=True,
        grass_tint=GREEN_YEAR,
        haze=(0.60, 0.70, 0.80),
        stones_per_hectare=1800.0,
        stones_shore_m=(2.6, 0.9),
        sparse_grass={"sand": 0.55},
        canopy=(0.050, 0.084, 0.024),
    )


def volcanic() -> Biome:
    """Lava fields, ash and the first grass."""
    return Biome(
        name="volcanic",
        landforms=("volcanic",),
        relief_m=(80.0, 260.0),
        base=Layer("rock"),
        overlays=(
            Layer("gravel", gentle=(0.95, 0.60), patches=(0.56, 0.48), patch_m=8.0, ragged=0.9, beach=PEBBLE_BEACH),
            Layer("soil", gentle=(0.85, 0.64), patches=(0.45, 0.54), patch_m=4.5, ragged=0.9, tint=(1.0, 0.80, 0.70)),
            Layer(
                "dry_grass",
                moisture=(0.32, 0.56),
                gentle=(0.50, 0.30),
                patches=(0.44, 0.60),
                patch_m=30.0,
                tint=(0.80, 0.80, 0.66),
            ),
            Layer("lava", veins=(0.74, 0.84), patch_m=52.0, shore_m=(0.8, 2.5), gentle=(1.2, 0.9), ragged=0.4),
        ),
        species=(
            Species("dry_shrub", 22.0),
            Species("shrub", 16.0, moisture=(0.3, 0.6)),
            Species("dead_tree", 3.5),
            Species("log", 4.0, max_slope=0.32),
            Species("fern", 16.0, moisture=(0.3, 0.55)),
        ),
        rocks_per_hectare=46.0,
        rock_material="rock",
        path="soil",
        grass=2.5,
        grass_tint=GREEN_YEAR,
        palette={"rock": (0.066, 0.055, 0.045), "gravel": (0.110, 0.098, 0.084), "soil": (0.150, 0.076, 0.048)},
        flows=Flows(),
        stones_per_hectare=8000.0,
        sparse_grass={"soil": 0.12},
        haze=(0.34, 0.35, 0.40),
        rushes=0.3,
    )


def tundra() -> Biome:
    """Cold open ground: moss, stones, standing water, snow in the hollows."""
    return Biome(
        name="tundra",
        landforms=("highland_basins", "plain"),
        relief_m=(25.0, 110.0),
        base=Layer("dry_grass"),
        overlays=(
            Layer("grass", moisture=(0.34, 0.55), patches=(0.40, 0.58), patch_m=30.0),
            Layer("gravel", patches=(0.52, 0.66), patch_m=22.0, beach=PEBBLE_BEACH),
            Layer("rock", slope=(0.52, 0.78), ragged=0.8),
            Layer("snow", curvature=(0.004, -0.006), patches=(0.48, 0.62), patch_m=36.0, slope=(0.9, 0.6)),
        ),
        species=(
            Species("shrub", 70.0),
            Species("spruce", 2.5, moisture=(0.3, 0.6)),
            Species("dead_tree", 1.0),
            Species("log", 1.0, max_slope=0.32),
        ),
        rocks_per_hectare=30.0,
        rock_material="rock",
        path="gravel",
        grass=6.0,
        snow_line=0.80,
        winter_snow=True,
        grass_tint=GREEN_YEAR,
        palette={"dry_grass": (0.20, 0.155, 0.085), "grass": (0.15, 0.14, 0.055), "gravel": (0.20, 0.195, 0.185)},
        haze=(0.62, 0.70, 0.80),
        stones_per_hectare=2200.0,
        stones_shore_m=(0.5, 0.2),
        rushes=0.5,
        rush_color=(0.150, 0.150, 0.060),
    )


PRESETS: dict[str, Callable[[], Biome]] = {
    "alpine": alpine,
    "temperate_forest": temperate_forest,
    "meadow": meadow,
    "desert": desert,
    "canyon": canyon,
    "coast": coast,
    "volcanic": volcanic,
    "tundra": tundra,
}

BIOMES: tuple[str, ...] = tuple(PRESETS)


def make_biome(name: str) -> Biome:
    """The preset of that name. RequestError for an unknown one."""
    if name not in PRESETS:
        raise RequestError(f"biome: expected one of {', '.join(BIOMES)}, got {name!r}")
    return PRESETS[name]()


def ground_layers(biome: Biome, season: str) -> tuple[Layer, ...]:
    """The ground of a season, bottom first; winter lays (or lowers) the snow where the biome has one.

    The material of trodden paths is always among them, if only for the paths.
    """
    layers = [biome.base, *biome.overlays]
    if season == "winter" and biome.winter_snow:
        layers = [layer for layer in layers if layer.material != "snow"]
        layers.append(
            Layer("snow", slope=(0.95, 0.62), patches=(0.16, 0.34), patch_m=18.0, shore_m=(0.1, 0.6), ragged=0.8)
        )
    if biome.path not in {layer.material for layer in layers}:
        layers.append(Layer(biome.path, strength=0.0))
    return tuple(layers)


def materials_needed(biome: Biome, season: str = "summer") -> tuple[str, ...]:
    """Material classes a scene of this biome draws with: ground, boulders, bark and timber, stone. Sorted, unique."""
    names = {layer.material for layer in ground_layers(biome, season)}
    return tuple(sorted(names | {biome.rock_material, "bark", "rock"}))
