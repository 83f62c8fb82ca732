"""The routes, put together."""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from seedscape.service import catalogue, downloads, environments, health, pages
from seedscape.service.core import Core
from seedscape.service.guard import Guard
from seedscape.service.openapi import openapi
from seedscape.service.problems import Problem, encode, problem_of_status

Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(core: Core, tokens: tuple[str, ...]) -> ASGIApp:
    """The application of one service, guarded. tokens: those that may ask; none: everyone who reaches the port."""
    document = encode(openapi(bool(tokens)))

    async def describe(request: Request) -> Response:
        return Response(document, 200, {"cache-control": "no-cache"}, "application/json")

    routes = [
        _route("/v1/environments", GET=environments.browse, POST=environments.create),
        _route("/v1/environments/{id}", GET=environments.look, DELETE=environments.cancel),
        _route("/v1/environments/{id}/events", GET=environments.follow),
        _route("/v1/assets/{name}", GET=downloads.asset),
        _route("/v1/spec", GET=catalogue.spec),
        _route("/v1/samples/terrain", GET=catalogue.terrain),
        _route("/v1/samples/material", GET=catalogue.material),
        _route("/healthz", GET=health.healthz),
        _route("/readyz", GET=health.readyz),
        _route("/metrics", GET=health.metrics),
        _route("/openapi.json", GET=describe),
        _route("/", GET=pages.index),
        _route("/viewer/{name:path}", GET=pages.file),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _refuse, Problem: _problem})
    app.state.core = core
    app.router.redirect_slashes = False
    return Guard(app, core.settings, tokens, core.metrics)


def _route(path: str, **methods: Endpoint) -> Route:
    """One route for all methods of a path, so that 405 names all that are allowed."""

    async def endpoint(request: Request) -> Response:
        request.scope["route"] = route
        method = "GET" if request.method == "HEAD" else request.method
        return await methods[method](request)

    route = Route(path, endpoint, methods=list(methods))
    return route


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem_of_status(error.status_code, error.headers).response()


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    if error.status in (408, 413, 415):
        error.headers.setdefault("connection", "close")  # the rest of the body is not read
    return error.response()
