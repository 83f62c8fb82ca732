"""/v1/spec and /v1/samples: what may be asked for, and a first look at it."""

import hashlib
from dataclasses import fields
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from seedscape import __version__
from seedscape.scene.spec import MAX_SEED, Choice, Control, Real, SceneSpec, Step, Whole, controls, describe
from seedscape.service.core import client_of, core_of
from seedscape.service.door import choice_parameter, offered, real_parameter, require_known, whole_parameter
from seedscape.service.problems import encode

TERRAIN_PX = (16, 512)
MATERIAL_PX = (64, 512)
SPACING_M = (0.5, 120.0)
MAPS = ("basecolor", "normal", "orm", "height")
FORMATS = ("f32", "png")
WEEK = "private, max-age=604800"  # the same until the next version of the package


async def spec(request: Request) -> Response:
    """GET the fields of a spec with their ranges and defaults, and the profiles: what a form needs."""
    require_known(request.query_params, ())
    defaults = {field.name: field.default for field in fields(SceneSpec)}
    body = {
        "version": __version__,
        "fields": [{"name": name, "default": defaults[name], **_shown(c)} for name, c in controls().items()],
        "profiles": {profile: list(kinds) for profile, kinds in offered().items()},
    }
    return Response(encode(body), 200, {"cache-control": "no-cache"}, "application/json")


async def terrain(request: Request) -> Response:
    """GET heights in metres: raw float32 rows, little-endian, or a 16-bit grey PNG between the lowest and the highest."""
    query = request.query_params
    require_known(query, ("seed", "size", "spacing_m", "format"))
    wish = {
        "kind": "terrain",
        "seed": whole_parameter(query, "seed", 0, MAX_SEED, None),
        "size": whole_parameter(query, "size", *TERRAIN_PX, 256),
        "spacing_m": real_parameter(query, "spacing_m", *SPACING_M, 30.0),
        "format": choice_parameter(query, "format", FORMATS, "f32"),
    }
    return await _sample(request, wish)


async def material(request: Request) -> Response:
    """GET one map of a tiling material as PNG."""
    query = request.query_params
    require_known(query, ("seed", "material", "size", "map"))
    wish = {
        "kind": "material",
        "seed": whole_parameter(query, "seed", 0, MAX_SEED, None),
        "material": choice_parameter(query, "material", material_names(), None),
        "size": whole_parameter(query, "size", *MATERIAL_PX, 256, step=8),
        "map": choice_parameter(query, "map", MAPS, "basecolor"),
    }
    return await _sample(request, wish)


def material_names() -> tuple[str, ...]:
    """The classes that the shipped model knows."""
    from seedscape.generation.material import SET_SIZE_M

    return tuple(sorted(SET_SIZE_M))


async def _sample(request: Request, wish: dict[str, Any]) -> Response:
    core = core_of(request)
    core.buckets.take(client_of(request))
    sample = await core.sampling.ask(wish)
    tag = f'"{hashlib.sha256(sample.data).hexdigest()}"'
    headers = {"etag": tag, "cache-control": WEEK, **sample.headers}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(sample.data, 200, headers, sample.kind)


def _shown(control: Control) -> dict[str, Any]:
    common = {"meaning": control.meaning, "accepts": describe(control)}
    match control:
        case Whole(low, high):
            return {"type": "integer", "minimum": low, "maximum": high, **common}
        case Real(low, high, unit, _, auto):
            return {"type": "number", "minimum": low, "maximum": high, "unit": unit, "nullable": auto, **common}
        case Choice(names):
            return {"type": "string", "choices": list(names()), **common}
        case Step(values, unit):
            return {"type": "integer", "choices": list(values), "unit": unit, **common}
