"""SceneSpec: everything a person may choose about one environment, with defaults, units and ranges."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SceneSpec:
    """One environment, fully described: the same spec gives the same bytes.

    Values are checked where a spec is built (`make_spec`); "auto" and None are filled in from the seed by `resolve`.
    """

    seed: int = 0  # 0 .. 2**53 - 1 (whole numbers JSON and JavaScript keep exactly)
    biome: str = "auto"  # a name of scene.biomes, or "auto": the seed picks
    purpose: str = "explore"
    size_m: float = 1000.0  # edge of the visited square, 200 .. 2000
    relief_m: float | None = None  # highest minus lowest ground in the square, 0 .. 2000; None: as the landform has it
    time_of_day_h: float = 10.0  # solar time, 0 .. 24
    latitude_deg: float = 45.0  # -66 .. 66, for the sun's path
    season: str = "summer"  # spring, summer, autumn, winter
    weather: str = "clear"  # clear, hazy, overcast
    water: float = 0.5  # 0 dry .. 1 wet: how readily hollows hold lakes
    vegetation: float = 1.0  # density factor, 0 .. 2
    rocks: float = 1.0  # density factor, 0 .. 2
