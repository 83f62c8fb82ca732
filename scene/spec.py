"""SceneSpec: everything a person may choose about one environment, with defaults, units and ranges."""

import math
import numbers
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from typing import Annotated, Any, get_args, get_type_hints

from seedscape.assets.errors import RequestError
from seedscape.scene.biomes import BIOMES, make_biome

MAX_SEED = 2**53 - 1  # the largest whole number that JSON and JavaScript keep exactly
PURPOSES = ("explore", "game", "education", "commerce")
SEASONS = ("spring", "summer", "autumn", "winter")
WEATHERS = ("clear", "hazy", "overcast")


@dataclass(frozen=True)
class Whole:
    """A whole number from low to high."""

    low: int
    high: int
    meaning: str


@dataclass(frozen=True)
class Real:
    """A finite number from low to high in `unit`; with `auto`, also None (written "auto")."""

    low: float
    high: float
    unit: str
    meaning: str
    auto: bool = False


@dataclass(frozen=True)
class Choice:
    """One of the names, which `names()` lists."""

    names: Callable[[], tuple[str, ...]]
    meaning: str


@dataclass(frozen=True)
class Step:
    """One of a few whole numbers, in `unit`."""

    values: tuple[int, ...]
    unit: str
    meaning: str


Control = Whole | Real | Choice | Step


@dataclass(frozen=True)
class SceneSpec:
    """One environment, fully described: the same spec gives the same bytes.

    Values are checked where a spec is built (`make_spec`); "auto" and None are filled in from the seed by `resolve`.
    """

    seed: Annotated[int, Whole(0, MAX_SEED, "which world")] = 0
    biome: Annotated[str, Choice(lambda: ("auto", *BIOMES), "kind of country; auto: the seed picks")] = "auto"
    purpose: Annotated[str, Choice(lambda: PURPOSES, "what the place is laid out for")] = "explore"
    size_m: Annotated[float, Real(200, 2000, "m", "edge of the visited square")] = 1000.0
    relief_m: Annotated[
        float | None,
        Real(
            0,
            2000,
            "m",
            "highest minus lowest ground in the square; auto: the seed picks what the biome has in one of that size",
            auto=True,
        ),
    ] = None
    time_of_day_h: Annotated[float, Real(0, 24, "h", "solar time; 12 is noon")] = 10.0
    latitude_deg: Annotated[float, Real(-66, 66, "degrees", "where on Earth the sun's path is taken from")] = 45.0
    season: Annotated[str, Choice(lambda: SEASONS, "colours of plants, height of the sun")] = "summer"
    weather: Annotated[str, Choice(lambda: WEATHERS, "sky and light")] = "clear"
    water: Annotated[float, Real(0, 1, "", "0 dry .. 1 wet: how readily hollows hold lakes")] = 0.5
    vegetation: Annotated[float, Real(0, 2, "", "density factor of plants")] = 1.0
    rocks: Annotated[float, Real(0, 2, "", "density factor of rocks")] = 1.0
    texture_px: Annotated[
        int, Step((256, 512, 1024, 2048), "px", "edge of the ground's textures; smaller ones repeat sooner")
    ] = 1024


def controls() -> dict[str, Control]:
    """Field name -> what it accepts, in the order of SceneSpec."""
    hints = get_type_hints(SceneSpec, include_extras=True)
    return {name: get_args(hint)[1] for name, hint in hints.items()}


def describe(control: Control) -> str:
    """What a control accepts, as the words after "expected", e.g. "a number 200 to 2000 (m)"."""
    match control:
        case Whole(low, high):
            return f"a whole number {low} to {high}"
        case Real(low, high, unit):
            words = f"a number {low:g} to {high:g}" + (f" ({unit})" if unit else "")
            return words + (' or "auto"' if control.auto else "")
        case Choice(names):
            return "one of " + ", ".join(names())
        case Step(values, unit):
            return "one of " + ", ".join(map(str, values)) + f" ({unit})"


def make_spec(**values: Any) -> SceneSpec:
    """A checked SceneSpec; fields that are not given have their defaults.

    Numbers may be of any real type (NumPy's too) but not text or bool; seeds must be whole. RequestError says which
    field was wrong, what was expected and what came; for an unknown name it offers the nearest known one.
    """
    return SceneSpec(**check_values(values))


def spec_from_toml(text: str) -> SceneSpec:
    """The spec that a TOML document of `field = value` lines describes."""
    return make_spec(**values_from_toml(text))


def spec_to_dict(spec: SceneSpec) -> dict[str, Any]:
    """The spec as plain JSON values, in the order of its fields."""
    return asdict(spec)


def resolve(spec: SceneSpec) -> SceneSpec:
    """The spec with what it leaves open filled in from its seed: biome "auto", and relief_m None from the biome's range."""
    from seedscape.generation.rng import stream  # loads NumPy; checking a spec needs none

    if spec.biome == "auto":
        spec = replace(spec, biome=BIOMES[int(stream(spec.seed, "spec", "country").integers(len(BIOMES)))])
    if spec.relief_m is None:
        low, high = make_biome(spec.biome).relief_m
        of_km = int(stream(spec.seed, "spec", "relief").integers(int(low), int(high) + 1))
        spec = replace(
            spec, relief_m=float(of_km * spec.size_m / 1000.0)
        )  # slopes are what a country has, whatever its size
    return spec


def check_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Some fields of a spec by name, each checked and in its own plain type."""
    known = controls()
    for name in values:
        if name not in known:
            raise RequestError(unknown("a field of the spec", name, known))
    return {name: _checked(name, known[name], value) for name, value in values.items()}


def values_from_toml(text: str) -> dict[str, Any]:
    """The checked fields that a TOML document sets."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = shown(str(error)) if isinstance(error, ValueError) else "nesting too deep"
        raise RequestError(f"expected a spec in TOML (field = value), got text that is not: {reason}") from None
    return check_values(table)


def values_from_text(pairs: Mapping[str, str]) -> dict[str, Any]:
    """The checked fields that field -> text pairs set, as they are typed on a command line."""
    known = controls()
    values: dict[str, Any] = {}
    for name, text in pairs.items():
        control = known.get(name)
        if isinstance(control, Real) and control.auto and text == "auto":
            values[name] = None
        elif isinstance(control, Whole | Step) and re.fullmatch(r"[0-9]{1,400}", text):
            values[name] = int(text)
        elif isinstance(control, Real) and re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
            values[name] = float(text)
        else:
            values[name] = text
    return check_values(values)


def unknown(what: str, name: str, names: Iterable[str]) -> str:
    """The message for an unknown name: the nearest known one where one is near, else all of them."""
    known = tuple(names)
    near = get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
    return f"expected {what}, got {shown(name)} ({hint})"


def shown(value: object, longest: int = 80) -> str:
    """A value for a one-line message: printable, and cut where it is long."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except ValueError:  # Python refuses to print integers of more than 4,300 digits
        text = "a number of thousands of digits"
    text = text if len(text) <= longest else text[: longest - 20] + f"... ({len(text)} characters)"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text) or "nothing"


def _checked(name: str, control: Control, value: Any) -> Any:
    match control:
        case Whole(low, high):
            if isinstance(value, numbers.Integral) and not isinstance(value, bool) and low <= int(value) <= high:
                return int(value)
        case Step(values):
            if isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) in values:
                return int(value)
        case Real(low, high):
            if value is None and control.auto:
                return None
            if isinstance(value, numbers.Real) and not isinstance(value, bool):
                number = _as_float(value)
                if low <= number <= high:  # refuses NaN too
                    return number + 0.0  # -0.0 becomes 0.0: equal specs must give equal bytes
        case Choice(names):
            if isinstance(value, str) and value in names():
                return value
            if isinstance(value, str):
                raise RequestError(f"{name}: " + unknown("one of the names", value, names()))
    raise RequestError(f"{name}: expected {describe(control)}, got {shown(value)}")


def _as_float(value: numbers.Real) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of hundreds of digits
        return math.inf
