"""Plain words -> fields of the spec, by a fixed list of phrases: no network, no guessing.

    read_prompt("misty forest at dawn, 500 m")  ->  biome temperate_forest, weather hazy, time 6, size 500

It knows what is listed here and says which words it did not use; the longest phrase at a place counts, and of two
phrases for one field the first.
"""

import re
from dataclasses import dataclass
from typing import Any

from seedscape.assets.errors import RequestError
from seedscape.scene.spec import check_values, shown

MAX_CHARACTERS = 2000

_SAME: dict[str, dict[Any, str]] = {
    "biome": {
        "alpine": "alpine, alps, mountain, mountains, mountainous, high mountains, glacier, peaks",
        "temperate_forest": "temperate forest, forest, forests, woods, woodland, wooded, woodlands",
        "meadow": "meadow, meadows, grassland, grasslands, pasture, prairie, steppe, fields, countryside, farmland",
        "desert": "desert, dunes, dune, sahara, sand sea, sandy desert",
        "canyon": "canyon, canyons, gorge, mesa, badlands, red rocks",
        "coast": "coast, coastal, shore, seaside, beach, island, islands, sea, ocean, by the sea",
        "volcanic": "volcanic, volcano, volcanoes, lava, lava field, lava fields",
        "tundra": "tundra, arctic, subarctic, lapland, permafrost",
    },
    "purpose": {
        "explore": "explore, exploring, to explore, for walking, for hiking, nature walk",
        "game": "game, gaming, arena, battle arena, for a game, playing, deathmatch, level for a game",
        "education": "education, educational, classroom, school, lesson, teaching, open air classroom, lecture, for teaching",
        "commerce": "commerce, commercial, showroom, shop, store, market, exhibition, gallery, sales",
    },
    "time_of_day_h": {
        0.0: "midnight, at night, night, starry night, moonlit, moonlight, stars, starry",
        5.0: "first light, before sunrise",
        6.0: "dawn, daybreak, sunrise, at sunrise, early morning",
        9.0: "morning, in the morning",
        12.0: "noon, midday, at noon, high noon",
        15.0: "afternoon, in the afternoon",
        18.0: "late afternoon, golden hour, evening, in the evening",
        19.0: "sunset, at sunset, sundown",
        20.0: "dusk, twilight, nightfall",
    },
    "season": {
        "spring": "spring, springtime, in spring",
        "summer": "summer, summertime, in summer",
        "autumn": "autumn, fall, autumnal, in autumn, in the fall",
        "winter": "winter, wintry, in winter, snow, snowy, snow covered",
    },
    "weather": {
        "clear": "clear, clear sky, clear skies, sunny, cloudless, blue sky",
        "hazy": "hazy, haze, misty, mist, fog, foggy",
        "overcast": "overcast, cloudy, clouds, grey sky, gray sky, gloomy",
    },
    "water": {
        0.0: "no water, without water, no lakes, without lakes, waterless, bone dry",
        0.2: "dry, arid, parched",
        0.8: "wet, lake, lakes, lakeside, pond, ponds, watery",
        1.0: "very wet, many lakes, flooded, marsh, marshy, swamp, swampy",
    },
    "vegetation": {
        0.0: "no trees, no plants, no vegetation, without trees, without plants, treeless, barren, lifeless",
        0.4: "sparse, few trees, sparsely wooded, open, sparse vegetation, scattered trees",
        1.6: "dense, lush, thick, overgrown, many trees, dense vegetation, densely wooded",
        2.0: "very dense, jungle, impenetrable",
    },
    "rocks": {
        0.0: "no rocks, no stones, no boulders, without rocks, without stones",
        0.4: "few rocks, few stones",
        1.7: "rocky, stony, boulders, many rocks, many stones, rocks",
    },
    "relief_m": {
        15.0: "flat, level, plain",
        100.0: "hilly, rolling, gentle hills, rolling hills, hills",
        400.0: "steep, rugged, dramatic, craggy, cliffs, high relief",
    },
    "latitude_deg": {
        0.0: "equator, equatorial",
        15.0: "tropical, tropics",
        45.0: "temperate",
        66.0: "far north, polar, arctic circle",
    },
}
_PHRASES = {
    tuple(phrase.split()): (field, value)
    for field, values in _SAME.items()
    for value, phrases in values.items()
    for phrase in phrases.split(", ")
}
_LONGEST = max(map(len, _PHRASES))
# Words that say nothing by themselves; they are not reported as unused.
_FILLER_WORDS = """
a about an and are around as at big by day early environment for from full great huge i in into is it its kind large late
like little lot lots make me my of on one or over place please scene sky small some that the there this time to under very
want where which wide with world would you
"""
_FILLERS = frozenset(_FILLER_WORDS.split())

_NUMBER = r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,6})?)"
_MEASURES = tuple(
    (re.compile(pattern, re.ASCII), field)
    for pattern, field in (
        (
            _NUMBER + r"\s*(?P<unit>km|m|meters?|metres?|kilometers?|kilometres?)\s+(?:of\s+relief|high|tall|relief)\b",
            "relief_m",
        ),
        (r"relief\s+(?:of\s+)?" + _NUMBER + r"\s*(?P<unit>km|m|meters?|metres?)\b", "relief_m"),
        (
            _NUMBER + r"\s*(?P<unit>km|m|meters?|metres?|kilometers?|kilometres?)\b(?:\s+(?:wide|across|square)\b)?",
            "size_m",
        ),
        (r"\b(?:at\s+)?(?P<hour>[0-9]{1,2}):(?P<minute>[0-5][0-9])\b", "time_of_day_h"),
        (r"\b(?:at\s+)?(?P<hour>[0-9]{1,2})\s*(?P<half>am|pm)\b", "time_of_day_h"),
        (r"\blatitude\s+(?:of\s+)?" + _NUMBER + r"(?:\s*degrees\b)?(?:\s*(?P<side>north|south)\b)?", "latitude_deg"),
        (_NUMBER + r"\s*degrees\s+(?P<side>north|south)\b", "latitude_deg"),
    )
)


@dataclass(frozen=True)
class Reading:
    """What a prompt was taken to mean.

    values: checked fields of SceneSpec. understood: (phrase, field) pairs in reading order. unused: words without effect.
    """

    values: dict[str, Any]
    understood: tuple[tuple[str, str], ...]
    unused: tuple[str, ...]


def read_prompt(text: str) -> Reading:
    """The reading of a prompt. RequestError: nothing in it is understood, or it asks for what is out of range."""
    if len(text) > MAX_CHARACTERS:
        raise RequestError(f"expected a prompt of at most {MAX_CHARACTERS} characters, got {len(text)}")
    if any("\ud800" <= c <= "\udfff" for c in text):  # what Python makes of bytes that are not UTF-8
        raise RequestError(f'prompt: expected text in valid Unicode, got "{shown(text)}"')
    values: dict[str, Any] = {}
    understood: list[tuple[str, str]] = []
    unused: list[str] = []

    def take(phrase: str, field: str, value: Any) -> None:
        if values.setdefault(field, value) == value:
            understood.append((phrase, field))
        else:
            unused.append(phrase)

    rest = text.casefold()
    for pattern, field in _MEASURES:
        for match in pattern.finditer(rest):
            take(" ".join(match[0].split()), field, _measure(match))
        rest = pattern.sub(" ; ", rest)

    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?|[0-9]+(?:\.[0-9]+)?|[^\w\s-]", rest)
    k = 0
    while k < len(words):
        for length in range(min(_LONGEST, len(words) - k), 0, -1):
            found = _PHRASES.get(tuple(words[k : k + length]))
            if found:
                take(" ".join(words[k : k + length]), *found)
                break
        else:
            length = 1
            if words[k] not in _FILLERS and words[k][0].isalnum():
                unused.append(words[k])
        k += length
    if not values:
        raise RequestError(
            "prompt: expected words such as a biome, an hour, a season or a size "
            f'(e.g. "misty forest at dawn"), got "{shown(text)}"'
        )
    return Reading(check_values(values), tuple(understood), tuple(unused))


def _measure(match: re.Match[str]) -> float:
    found = match.groupdict()
    if "hour" in found:
        hour = int(found["hour"])
        if found.get("half"):
            if not 1 <= hour <= 12:
                raise RequestError(f"prompt: expected an hour 1 to 12 before am or pm, got {match[0].strip()!r}")
            return float(hour % 12 + (12 if found["half"] == "pm" else 0))
        return hour + int(found["minute"]) / 60.0
    number = float(found["number"])
    if found.get("unit", "m").startswith("k"):
        return number * 1000.0
    return -number if found.get("side") == "south" else number
