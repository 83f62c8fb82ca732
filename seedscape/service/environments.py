"""/v1/environments: create, look, list, cancel, follow."""

import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from seedscape.service import jobs
from seedscape.service.bodies import read_body
from seedscape.service.core import Core, client_of, core_of
from seedscape.service.door import parse_json, read_wish, require_known, whole_parameter
from seedscape.service.problems import Problem, encode
from seedscape.service.settings import MAX_KEY_CHARACTERS, MAX_PAGE, MAX_WAIT_S

SUFFIXES = {"glb": "glb", "preview": "png", "manifest": "json"}
MAX_NUMBER = (1 << 53) - 1


async def create(request: Request) -> Response:
    """POST: accept a spec; 202, or 200 where the environment is there in time."""
    core, client = core_of(request), client_of(request)
    require_known(request.query_params, ())
    core.buckets.take(client)
    wait_s, key = _wait_seconds(request), _idempotency_key(request)
    wish = read_wish(parse_json(await read_body(request, core.settings.body_s)))
    status = await core.submit(client, wish, key)
    if wait_s > 0 and status["status"] in jobs.LIVE:
        with core.streaming():
            status = await _wait(core, client, status, wait_s)
    headers = {"location": f"/v1/environments/{status['id']}"}
    if wait_s > 0:
        headers["preference-applied"] = f"wait={wait_s}"
    if status["status"] in jobs.LIVE:
        headers["retry-after"] = "1"
        return _answer(status, 202, headers)
    return _answer(status, 200, headers)


async def look(request: Request) -> Response:
    """GET one."""
    require_known(request.query_params, ())
    return _answer(await _find(request), 200)


async def cancel(request: Request) -> Response:
    """DELETE: cancel one that waits or runs; one that has ended stays as it is."""
    require_known(request.query_params, ())
    core = core_of(request)
    status = await core.offload.run(jobs.cancel, request.path_params["id"], client_of(request))
    if status is None:
        raise _unknown()
    await core.changes.wake()
    return _answer(status, 200)


async def browse(request: Request) -> Response:
    """GET the client's environments, the newest first, a page at a time."""
    query = request.query_params
    require_known(query, ("limit", "before"))
    limit = whole_parameter(query, "limit", 1, MAX_PAGE, 50)
    before = whole_parameter(query, "before", 1, MAX_NUMBER, MAX_NUMBER)
    core = core_of(request)
    found = await core.offload.run(jobs.page, client_of(request), before, limit + 1)
    more = len(found) > limit
    following = f"/v1/environments?limit={limit}&before={found[limit - 1]['number']}" if more else None
    body = {"environments": [shown_status(status) for status in found[:limit]], "next": following}
    return Response(encode(body), 200, None, "application/json")


async def follow(request: Request) -> Response:
    """GET server-sent events: `progress` for every step, `end` with the last status. Last-Event-ID goes on after it."""
    require_known(request.query_params, ())
    core = core_of(request)
    last = request.headers.get("last-event-id", "0")
    if not re.fullmatch(r"[0-9]{1,15}", last):
        raise Problem("bad_header", "Last-Event-ID: expected the id of an event, got another")
    status = await _find(request)
    if status["status"] in jobs.ENDED:
        events = await core.offload.run(jobs.events_after, status["work"], 0)
        if int(last) > (events[-1][0] if events else 0):
            return Response(status_code=204)  # the client has seen the end: it need not come again
    if core.streams >= core.settings.max_streams:
        raise Problem(
            "too_many_connections", "expected fewer clients that wait, got one more", None, {"retry-after": "5"}
        )
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    stream = _stream(core, client_of(request), status, int(last))
    return StreamingResponse(stream, 200, headers, "text/event-stream")


async def _stream(core: Core, client: str, status: dict[str, Any], last: int) -> AsyncIterator[bytes]:
    with core.streaming():
        yield b"retry: 1000\n\n"
        silent_since = time.monotonic()
        while True:
            current = await core.offload.run(jobs.find, status["id"], client)
            if current is None:  # forgotten meanwhile
                return
            # looked at before the events: whatever led to the end is among them
            for number, data in await core.offload.run(jobs.events_after, current["work"], last):
                yield f"event: progress\nid: {number}\ndata: {data}\n\n".encode()
                last, silent_since = number, time.monotonic()
            if current["status"] in jobs.ENDED:
                data = encode(shown_status(current)).decode()
                yield f"event: end\nid: {last + 1}\ndata: {data}\n\n".encode()
                return
            if core.draining and not core.supervisor.alive:  # it waits for the next start of the service
                return
            if time.monotonic() - silent_since >= core.settings.heartbeat_s:
                yield b": still here\n\n"
                silent_since = time.monotonic()
            await core.changes.wait(min(core.settings.heartbeat_s, 5.0))


async def _wait(core: Core, client: str, status: dict[str, Any], wait_s: int) -> dict[str, Any]:
    until = time.monotonic() + wait_s
    while status["status"] in jobs.LIVE and time.monotonic() < until:
        if core.draining and not core.supervisor.alive:
            break
        await core.changes.wait(min(until - time.monotonic(), 5.0))
        found = await core.offload.run(jobs.find, status["id"], client)
        if found is None:  # forgotten meanwhile
            break
        status = found
    return status


async def _find(request: Request) -> dict[str, Any]:
    core = core_of(request)
    status = await core.offload.run(jobs.find, request.path_params["id"], client_of(request))
    if status is None:
        raise _unknown()
    return status


def shown_status(status: dict[str, Any]) -> dict[str, Any]:
    """A status as clients see it: times as text, links, nothing of the inside."""
    shown = {key: value for key, value in status.items() if key not in ("number", "work")}
    for key in ("created", "started", "finished"):
        shown[key] = None if status[key] is None else _time(status[key])
    shown["assets"] = {
        label: {**status["assets"][label], "url": f"/v1/assets/{status['assets'][label]['sha256']}.{SUFFIXES[label]}"}
        for label in jobs.present(status["assets"])
    }
    here = f"/v1/environments/{status['id']}"
    return {**shown, "links": {"self": here, "events": f"{here}/events"}}


def _answer(status: dict[str, Any], code: int, headers: dict[str, str] | None = None) -> Response:
    return Response(encode(shown_status(status)), code, headers, "application/json")


def _wait_seconds(request: Request) -> int:
    """Seconds of `Prefer: wait=N`, at most MAX_WAIT_S; 0 without one. Other preferences are ignored, as RFC 7240 wants."""
    for part in re.split(r"[,;]", request.headers.get("prefer", "")):
        match = re.fullmatch(r"\s*wait\s*=\s*\"?([0-9]{1,9})\"?\s*", part, re.IGNORECASE)
        if match:
            return min(int(match[1]), MAX_WAIT_S)
    return 0


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= MAX_KEY_CHARACTERS and all(" " <= c <= "~" for c in key)):
        raise Problem("bad_header", f"Idempotency-Key: expected 1 to {MAX_KEY_CHARACTERS} ASCII characters, got others")
    return key


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _unknown() -> Problem:
    return Problem("not_found", "expected the id of an environment of yours, got another")
