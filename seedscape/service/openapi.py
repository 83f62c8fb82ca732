"""The OpenAPI 3.1 document, made from the controls of a spec and the catalogue of problems, so that it cannot be stale."""

from dataclasses import fields
from typing import Any

from seedscape import __version__
from seedscape.scene.spec import MAX_SEED, Choice, Control, Real, SceneSpec, Step, Whole, controls
from seedscape.service.catalogue import FORMATS, MAPS, MATERIAL_PX, SPACING_M, TERRAIN_PX, material_names
from seedscape.service.door import offered
from seedscape.service.environments import MAX_NUMBER, SUFFIXES
from seedscape.service.jobs import ENDED, LIVE
from seedscape.service.problems import CODES, CONTENT_TYPE, JOB_CODES
from seedscape.service.settings import MAX_BODY_BYTES, MAX_KEY_CHARACTERS, MAX_PAGE, MAX_WAIT_S

Json = dict[str, Any]
SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
IDENTITY = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
ALWAYS = (400, 401, 421, 431, 500)  # statuses that any request under /v1 may meet


def openapi(with_tokens: bool) -> Json:
    """The document. with_tokens: whether requests under /v1 need one."""
    document: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "Seedscape",
            "version": __version__,
            "summary": "A seed in, a complete VR environment out.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": _environment_paths() | _other_paths(),
        "components": {
            "schemas": _schemas(),
            "responses": {"Problem": _content(CONTENT_TYPE, _ref("Problem"), "A refusal")},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    if with_tokens:
        document["security"] = [{"token": []}]
        for path in ("/healthz", "/readyz", "/openapi.json"):
            document["paths"][path]["get"]["security"] = []
    return document


def _environment_paths() -> Json:
    one = [_parameter("path", "id", IDENTITY, "as the POST has answered it", required=True)]
    status = {"application/json": {"schema": _ref("Environment")}}
    location = {"Location": {"required": True, "schema": {"type": "string"}}}
    create = {
        "operationId": "createEnvironment",
        "summary": "Ask for an environment. The same request is computed once and gives the same bytes.",
        "parameters": [
            _parameter("header", "Prefer", {"type": "string"},
                       f"wait=N: wait up to N seconds, at most {MAX_WAIT_S}, for the end"),
            _parameter("header", "Idempotency-Key",
                       {"type": "string", "pattern": f"^[!-~]{{1,{MAX_KEY_CHARACTERS}}}$"},
                       "the same key with the same body is the same environment, for a day"),
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref("Request")}},
                        "description": f"At most {MAX_BODY_BYTES} bytes."},
        "responses": {
            "200": {"description": "It is there, or has failed", "headers": location, "content": status,
                    "links": _links()},
            "202": {"description": "It waits or is being made", "headers": location, "content": status,
                    "links": _links()},
            **_problems(403, 408, 409, 413, 415, 422, 429, 503),
        },
    }  # fmt: skip
    browse = {
        "operationId": "listEnvironments",
        "summary": "Your environments, the newest first.",
        "parameters": [
            _parameter("query", "limit", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 50}, "of a page"),
            _parameter("query", "before", {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER},
                       "as in `next` of the page before"),
        ],
        "responses": {"200": _content("application/json", _ref("Page"), "A page"), **_problems()},
    }  # fmt: skip
    look = {
        "operationId": "getEnvironment",
        "summary": "How an environment stands.",
        "parameters": one,
        "responses": {"200": {"description": "Its status", "content": status}, **_problems(404)},
    }
    cancel = {
        "operationId": "cancelEnvironment",
        "summary": "Cancel what waits or runs; what has ended stays as it is.",
        "parameters": one,
        "responses": {"200": {"description": "Its status", "content": status}, **_problems(403, 404)},
    }
    event = _object({"event": {"enum": ["progress", "end"]}, "id": {"type": "string"}, "data": {"type": "string"}})
    events = {
        "operationId": "followEnvironment",
        "summary": "Server-sent events: `progress` (stage, progress, time) for every step, `end` with the last status.",
        "parameters": [
            *one, _parameter("header", "Last-Event-ID", {"type": "string", "pattern": "^[0-9]{1,9}$"}, "goes on after it"),
        ],
        "responses": {
            "200": _content("text/event-stream", event, "The events"),
            "204": {"description": "You have seen the end"},
            **_problems(404, 503),
        },
    }  # fmt: skip
    return {
        "/v1/environments": {"get": browse, "post": create},
        "/v1/environments/{id}": {"get": look, "delete": cancel},
        "/v1/environments/{id}/events": {"get": events},
    }


def _other_paths() -> Json:
    binary: Json = {"type": "string", "contentMediaType": "application/octet-stream"}
    kinds = ("model/gltf-binary", "image/png", "application/json", "application/octet-stream")
    etag = {"ETag": {"required": True, "schema": {"type": "string"}}}
    asset = {
        "operationId": "getAsset",
        "summary": "A finished file by its SHA-256, or a part of it. It never changes.",
        "description": "Range (one range of bytes), If-Range and If-None-Match are read as HTTP has them.",
        "parameters": [
            _parameter("path", "name", {"type": "string", "pattern": "^[0-9a-f]{64}(\\.(glb|png|json))?$"},
                       "SHA-256, with or without the ending", required=True),
        ],
        "responses": {
            "200": {"description": "The file", "headers": etag, "content": {kind: {} for kind in kinds}},
            "206": {"description": "A part", "headers": etag, "content": {kind: {} for kind in kinds}},
            "304": {"description": "You have it"},
            **_problems(404, 416),
        },
    }  # fmt: skip
    seed = _parameter(
        "query", "seed", {"type": "integer", "minimum": 0, "maximum": MAX_SEED}, "which one", required=True
    )
    terrain = {
        "operationId": "sampleTerrain",
        "summary": "Heights in metres as rows of little-endian float32, or as 16-bit grey PNG from lowest to highest.",
        "parameters": [
            seed, _parameter("query", "size", _span(*TERRAIN_PX) | {"default": 256}, "posts along an edge"),
            _parameter("query", "spacing_m", _real(*SPACING_M) | {"default": 30.0}, "metres between posts"),
            _parameter("query", "format", {"enum": list(FORMATS), "default": "f32"}, "f32 or png"),
        ],
        "responses": {
            "200": {"description": "The sample", "headers": etag,
                    "content": {"application/octet-stream": {"schema": binary}, "image/png": {}}},
            **_problems(403, 429, 503),
        },
    }  # fmt: skip
    material = {
        "operationId": "sampleMaterial",
        "summary": "One map of a tiling material.",
        "parameters": [
            seed, _parameter("query", "material", {"enum": list(material_names())}, "the class", required=True),
            _parameter("query", "size", _span(*MATERIAL_PX) | {"multipleOf": 8, "default": 256}, "pixels along an edge"),
            _parameter("query", "map", {"enum": list(MAPS), "default": "basecolor"}, "which of its maps"),
        ],
        "responses": {
            "200": {"description": "The picture", "headers": etag, "content": {"image/png": {}}},
            **_problems(403, 429, 503),
        },
    }  # fmt: skip
    anything = {"type": "object"}
    return {
        "/v1/assets/{name}": {"get": asset},
        "/v1/spec": {"get": _plain("getSpec", "The fields of a spec and the profiles.", _ref("Fields"))},
        "/v1/samples/terrain": {"get": terrain},
        "/v1/samples/material": {"get": material},
        "/healthz": {"get": _plain("isAlive", "Whether the service lives.", anything)},
        "/readyz": {"get": _plain("isReady", "Whether it is ready for work.", anything, 503)},
        "/openapi.json": {"get": _plain("describe", "This document.", anything)},
        "/metrics": {
            "get": {
                "operationId": "getMetrics",
                "summary": "Figures for Prometheus.",
                "responses": {"200": _content("text/plain", {"type": "string"}, "Its text format"), **_problems()},
            }
        },
    }


def _schemas() -> Json:
    defaults = {field.name: field.default for field in fields(SceneSpec)}
    spec = {name: _control(control) | {"default": defaults[name]} for name, control in controls().items()}
    combinations = [
        {"properties": {"profile": {"const": profile}, "textures": {"enum": list(kinds)}}}
        | ({} if profile == "universal" else {"required": ["profile"]})
        for profile, kinds in offered().items()
    ]
    request = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "spec": {"type": "object", "additionalProperties": False, "properties": spec, "description": "unset fields have defaults"},
            "profile": {"enum": list(offered()), "default": "universal"},
            "textures": {"enum": sorted({k for kinds in offered().values() for k in kinds if k}) + [None], "default": None},
            "preview": {"type": "boolean", "default": True},
        },
        "anyOf": combinations,
    }  # fmt: skip
    time, text = {"type": "string", "format": "date-time"}, {"type": "string"}
    nullable_time = {"type": ["string", "null"], "format": "date-time"}
    asset = _object({"sha256": SHA256, "bytes": {"type": "integer", "minimum": 0}, "url": text})
    failure = _object({"code": {"enum": list(JOB_CODES)}, "title": text, "detail": text})
    environment = _object({
        "id": IDENTITY, "status": {"enum": [*LIVE, *ENDED]}, "stage": text, "progress": _real(0, 1),
        "ahead": {"type": "integer", "minimum": 0, "description": "jobs that are served before"},
        "spec": _object({name: _control(control) for name, control in controls().items()}),
        "profile": text, "textures": {"type": ["string", "null"]}, "preview": {"type": "boolean"},
        "created": time, "started": nullable_time, "finished": nullable_time,
        "error": {"anyOf": [failure, {"type": "null"}]},
        "assets": {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(SUFFIXES, asset)},
        "links": _object({"self": text, "events": text}),
    })  # fmt: skip
    fault = _object({"code": {"enum": list(CODES)}, "pointer": text, "detail": text})
    problem = _object(
        {
            "type": text, "title": text, "status": {"type": "integer"}, "code": {"enum": list(CODES)}, "detail": text,
            "pointer": text, "errors": {"type": "array", "items": fault},
        },
        optional=("pointer", "errors"),
    )  # fmt: skip
    page = _object(
        {"environments": {"type": "array", "items": _ref("Environment")}, "next": {"type": ["string", "null"]}}
    )
    listed = _object(
        {"version": text, "fields": {"type": "array", "items": {"type": "object"}}, "profiles": {"type": "object"}}
    )
    return {"Request": request, "Environment": environment, "Problem": problem, "Page": page, "Fields": listed}


def _control(control: Control) -> Json:
    match control:
        case Whole(low, high, meaning):
            return {**_span(low, high), "description": meaning}
        case Real(low, high, unit, meaning, auto):
            kind = {"type": ["number", "null"]} if auto else {}
            return {**_real(low, high), **kind, "description": f"{meaning} ({unit})" if unit else meaning}
        case Choice(names, meaning):
            return {"enum": list(names()), "description": meaning}
        case Step(values, unit, meaning):
            return {"enum": list(values), "description": f"{meaning} ({unit})"}


def _links() -> Json:
    """How schemathesis and other tools find their way from a POST to the rest."""
    identity = {"parameters": {"id": "$response.body#/id"}}
    return {
        name: {"operationId": name, **identity} for name in ("getEnvironment", "cancelEnvironment", "followEnvironment")
    }


def _problems(*statuses: int) -> Json:
    return {str(status): {"$ref": "#/components/responses/Problem"} for status in sorted({*ALWAYS, *statuses})}


def _plain(operation: str, summary: str, schema: Json, *statuses: int) -> Json:
    responses = {"200": _content("application/json", schema, "As said"), **_problems(*statuses)}
    return {"operationId": operation, "summary": summary, "responses": responses}


def _parameter(place: str, name: str, schema: Json, meaning: str, required: bool = False) -> Json:
    return {"in": place, "name": name, "required": required, "schema": schema, "description": meaning}


def _content(kind: str, schema: Json, meaning: str) -> Json:
    return {"description": meaning, "content": {kind: {"schema": schema}}}


def _object(properties: Json, optional: tuple[str, ...] = ()) -> Json:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _span(low: int, high: int) -> Json:
    return {"type": "integer", "minimum": low, "maximum": high}


def _real(low: float, high: float) -> Json:
    return {"type": "number", "minimum": low, "maximum": high}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}
