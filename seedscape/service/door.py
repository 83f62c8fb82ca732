"""The door: from the bytes of a request to a checked value. Nothing else reads what clients send.

What a spec may hold is decided by scene/spec.py alone; here are only the rules of JSON over the wire, and where in the body
the trouble sits.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NoReturn

from seedscape.assets.errors import MissingPartError, RequestError
from seedscape.scene.spec import SceneSpec, Step, Whole, check_values, controls, make_spec, resolve, shown, unknown
from seedscape.service.problems import Problem

MAX_DEPTH = 8  # a request is an object that holds a spec; this is generous
FIELDS = ("spec", "profile", "textures", "preview")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)


@dataclass(frozen=True)
class Wish:
    """What one environment is asked for: a resolved spec and how it is to be written."""

    spec: SceneSpec
    profile: str = "universal"
    textures: str | None = None
    preview: bool = True


def parse_json(data: bytes) -> Any:
    """The value of a JSON text. Problem: not UTF-8, not JSON, nested too deeply, NaN, a key twice, half a character."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem("bad_utf8", f"expected UTF-8, got another byte at position {error.start}") from None
    _require_shallow(text)
    try:
        value = json.loads(
            text, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole, object_pairs_hook=_once
        )
    except (ValueError, RecursionError) as error:
        reason = f"{error.msg} at position {error.pos}" if isinstance(error, json.JSONDecodeError) else "something else"
        raise Problem("bad_json", f"expected JSON, got {reason}") from None
    _check_list([value])
    return value


def read_wish(body: Any) -> Wish:
    """The environment that a parsed body asks for. Problem: with the pointer of each field that is wrong."""
    if not isinstance(body, dict):
        raise Problem("invalid_field", f"expected an object, got {shown(body)}", "")
    faults: list[Problem] = []

    def check(what: Callable[[], Any]) -> Any:
        try:
            return what()
        except Problem as fault:
            faults.append(fault)

    for name in body:
        if name not in FIELDS:
            faults.append(Problem("unknown_field", unknown("a field of the request", name, FIELDS), pointer_of(name)))
    values = check(lambda: _spec_values(body.get("spec", {}), check))
    profile = check(lambda: _profile(body.get("profile", "universal")))
    textures = check(lambda: _textures(profile, body.get("textures")))
    preview = body.get("preview", True)
    if not isinstance(preview, bool):
        faults.append(
            Problem("invalid_field", f"preview: expected true or false, got {shown(preview)}", pointer_of("preview"))
        )
    if faults:
        first = faults[0]
        further = [{"code": p.code, "pointer": p.pointer or "", "detail": shown(p.detail, 600)} for p in faults[:20]]
        raise Problem(first.code, first.detail, first.pointer, errors=further)
    return Wish(resolve(make_spec(**values)), profile, textures, bool(preview))


def pointer_of(*names: str) -> str:
    """The JSON pointer (RFC 6901) of a place in the body."""
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


@cache
def offered() -> dict[str, tuple[str | None, ...]]:
    """Profile -> the kinds of textures it can be written with here; None stands for the profile's own choice."""
    from seedscape.export.passes.encode import KINDS
    from seedscape.export.profiles import PROFILES, require_profile

    found: dict[str, list[str | None]] = {}
    for name in PROFILES:
        for kind in (None, *KINDS):
            try:
                require_profile(name, kind)
            except (RequestError, MissingPartError):
                continue
            found.setdefault(name, []).append(kind)
    return {name: tuple(kinds) for name, kinds in found.items()}


def whole_parameter(
    query: Mapping[str, str], name: str, low: int, high: int, default: int | None, step: int = 1
) -> int:
    """A whole number of the query string; with no default it must be there."""
    text = query.get(name)
    if text is None and default is not None:
        return default
    if text is not None and re.fullmatch(r"-?[0-9]{1,20}", text) and low <= int(text) <= high and int(text) % step == 0:
        return int(text)
    multiple = f", a multiple of {step}," if step > 1 else ""
    got = "none" if text is None else shown(text)
    raise Problem("bad_parameter", f"{name}: expected a whole number {low} to {high}{multiple or ','} got {got}")


def real_parameter(query: Mapping[str, str], name: str, low: float, high: float, default: float) -> float:
    """A finite number of the query string."""
    text = query.get(name)
    if text is None:
        return default
    if re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", text) and low <= float(text) <= high:
        return float(text)
    raise Problem("bad_parameter", f"{name}: expected a number {low:g} to {high:g}, got {shown(text)}")


def choice_parameter(query: Mapping[str, str], name: str, names: tuple[str, ...], default: str | None) -> str:
    """One of the names."""
    text = query.get(name, default)
    if text in names:
        return str(text)
    raise Problem("bad_parameter", f"{name}: " + unknown("one of the names", text or "none", names))


def require_known(query: Mapping[str, str], known: tuple[str, ...]) -> None:
    """Problem where the query string has a name that means nothing: it may be a misspelt one."""
    for name in query:
        if name not in known:
            raise Problem("bad_parameter", unknown("a parameter", name, known))


def _spec_values(spec: Any, check: Callable[[Callable[[], Any]], Any]) -> dict[str, Any]:
    if not isinstance(spec, dict):
        raise Problem("invalid_field", f"spec: expected an object, got {shown(spec)}", pointer_of("spec"))
    values: dict[str, Any] = {}
    for name, value in spec.items():
        values |= check(partial(_spec_value, name, value)) or {}
    return values


def _spec_value(name: str, value: Any) -> dict[str, Any]:
    control = controls().get(name)
    if isinstance(value, float) and value.is_integer() and isinstance(control, Whole | Step):
        value = int(value)  # JSON knows one kind of number: 42.0 is 42
    try:
        return check_values({name: value})
    except RequestError as error:
        code = "unknown_field" if control is None else "invalid_field"
        raise Problem(code, str(error), pointer_of("spec", name)) from None


def _profile(name: Any) -> str:
    names = tuple(offered())
    if isinstance(name, str) and name in names:
        return name
    said = unknown("one of the names", name, names) if isinstance(name, str) else f"expected a name, got {shown(name)}"
    raise Problem("invalid_field", f"profile: {said}", pointer_of("profile"))


def _textures(profile: str | None, kind: Any) -> str | None:
    if profile is None or (kind is None or isinstance(kind, str)) and kind in offered()[profile]:
        return kind if isinstance(kind, str) else None
    words = " or ".join("null" if known is None else known for known in offered()[profile])
    raise Problem(
        "invalid_field", f"textures: expected {words} for {profile}, got {shown(kind)}", pointer_of("textures")
    )


def _require_shallow(text: str) -> None:
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", _TEXT.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise Problem("too_deep", f"expected at most {MAX_DEPTH} levels, got more")


def _no_constant(name: str) -> NoReturn:
    raise Problem("not_a_number", f"expected numbers that JSON has, got {name}")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise Problem("not_a_number", f"expected a number within double precision, got {shown(text)}")
    return value


def _whole(text: str) -> int | float:
    # Python refuses to convert thousands of digits; as a float it is too large for every field
    return int(text) if len(text) <= 400 else math.inf


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        for text in (name, value):
            if isinstance(text, str):
                _require_unicode(text)
        if isinstance(value, list):
            _check_list(value)
        if name in found:
            raise Problem("duplicate_key", f"expected every key once, got {shown(name)} twice")
        found[name] = value
    return found


def _check_list(values: list[Any]) -> None:
    for value in values:
        if isinstance(value, str):
            _require_unicode(value)
        elif isinstance(value, list):
            _check_list(value)


def _require_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Problem("lone_surrogate", f"expected valid Unicode, got {ascii(text)[:80]}") from None
