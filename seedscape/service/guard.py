"""What stands before every route: who may ask, how much, how fast; and what every answer carries."""

import hashlib
import hmac
import logging
import secrets
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seedscape.service.metrics import Metrics
from seedscape.service.problems import Problem
from seedscape.service.settings import MAX_HEADER_BYTES, MAX_HEADERS, MAX_TARGET_BYTES, Settings

STATE_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
}
OPEN_CLIENT = "local"  # everyone, where there are no tokens
MAX_BUCKETS = 4096

log = logging.getLogger("seedscape.requests")


class Guard:
    """ASGI middleware, the outermost: whatever happens inside, the answer is a proper one."""

    def __init__(self, app: ASGIApp, settings: Settings, tokens: tuple[str, ...], metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics
        # compared as hashes of one length, so that the time tells nothing, the length included
        self._tokens = tuple(hashlib.sha256(token.encode()).digest() for token in tokens)
        self._hosts = settings.hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        answer = _Answer(send)
        began = time.perf_counter()
        try:
            self._admit(scope)
            await self._app(scope, receive, answer.send)
        except Problem as problem:
            await answer.refuse(problem, scope, receive)
        except sqlite3.OperationalError:
            log.exception("database error", extra={"request": answer.name})
            fault = Problem(
                "not_ready", "expected a database that can be written to, got none", None, {"retry-after": "5"}
            )
            await answer.refuse(fault, scope, receive)
        except Exception:
            log.exception("internal error", extra={"request": answer.name})
            fault = Problem("internal_error", f"expected no error, got one; the log has it as {answer.name}")
            await answer.refuse(fault, scope, receive)
        finally:
            route = str(getattr(scope.get("route"), "path", "none"))
            seconds = (answer.began or time.perf_counter()) - began
            self._metrics.answered(scope["method"], route, answer.status, seconds)
            if route not in ("/healthz", "/v1/assets/{name}"):  # thousands a second say nothing
                log.info(
                    "request",
                    extra={
                        "request": answer.name, "method": scope["method"][:16], "route": route, "status": answer.status,
                        "milliseconds": round(1e3 * seconds, 2), "client": scope.get("client_name", ""),
                        "environment": scope.get("path_params", {}).get("id"),
                    },
                )  # fmt: skip

    def _admit(self, scope: Scope) -> None:
        """Problem unless the request may go on; the client's name is put into the scope."""
        _check_size(scope)
        headers = Headers(scope=scope)
        self._check_host(headers)
        path = scope["path"]
        if path.startswith("/v1/") or path in ("/v1", "/metrics"):
            scope["client_name"] = self._client(headers)
            if scope["method"] in STATE_CHANGING or path.startswith("/v1/samples"):
                _check_origin(headers)

    def _check_host(self, headers: Headers) -> None:
        hosts = headers.getlist("host")
        name = _host_name(hosts[0]) if len(hosts) == 1 else None
        if name not in self._hosts:
            raise Problem("host_refused", "expected a Host that is served here (--allow-host adds one), got another")

    def _client(self, headers: Headers) -> str:
        if not self._tokens:
            return OPEN_CLIENT
        sent = headers.getlist("authorization")
        scheme, _, token = sent[0].partition(" ") if len(sent) == 1 else ("", "", "")
        digest = hashlib.sha256(token.strip().encode("latin-1", "replace")).digest()
        found = None
        for known in self._tokens:  # all of them, always
            if hmac.compare_digest(known, digest):
                found = known
        if scheme.lower() != "bearer" or found is None:
            raise Problem(
                "unauthorized", "Authorization: expected Bearer and a token that is known, got another", None,
                {"www-authenticate": 'Bearer realm="seedscape"'},
            )  # fmt: skip
        return "token-" + hashlib.sha256(found).hexdigest()[:12]  # fit for logs: tells nothing of the token


class Buckets:
    """How often a client may ask: a bucket that holds a minute's worth of requests and fills steadily."""

    def __init__(self, per_minute: float) -> None:
        self._per_minute = per_minute
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> None:
        """Count one request. Problem: too_many_requests."""
        now = time.monotonic()
        level, at = self._levels.pop(client, (self._per_minute, now))
        level = min(self._per_minute, level + (now - at) * self._per_minute / 60.0)
        self._levels[client] = (max(0.0, level - 1.0) if level >= 1.0 else level, now)
        if len(self._levels) > MAX_BUCKETS:
            self._levels.popitem(last=False)
        if level < 1.0:
            wait = max(1, round((1.0 - level) * 60.0 / self._per_minute + 0.5))
            raise Problem(
                "too_many_requests", f"expected at most {self._per_minute:g} requests a minute, got more", None,
                {"retry-after": str(wait)},
            )  # fmt: skip


class _Answer:
    """Sends what the application sends, with the headers that every answer has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.name = secrets.token_hex(8)
        self.status = 0
        self.began: float | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.began = time.perf_counter()
            headers = MutableHeaders(scope=message)
            for name, value in ALWAYS.items():
                headers.setdefault(name, value)
            headers.setdefault("content-security-policy", API_POLICY)
            headers.setdefault("cache-control", "no-store")
            headers["x-request-id"] = self.name
        await self._send(message)

    async def refuse(self, problem: Problem, scope: Scope, receive: Receive) -> None:
        if self.began is not None:  # too late for another answer: the connection is broken off by the server
            raise RuntimeError(f"failed within an answer: {problem.code}")
        if problem.status in (408, 413, 415) or scope["method"] in STATE_CHANGING:
            problem.headers.setdefault("connection", "close")  # the rest of the body is not read
        await problem.response()(scope, receive, self.send)


def _check_size(scope: Scope) -> None:
    """What came in one piece was parsed before its size was looked at."""
    if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_TARGET_BYTES:
        raise Problem("target_too_long", f"expected a path and query of at most {MAX_TARGET_BYTES} bytes, got more")
    size = sum(len(name) + len(value) for name, value in scope["headers"])
    if size > MAX_HEADER_BYTES or len(scope["headers"]) > MAX_HEADERS:
        raise Problem("headers_too_large", f"expected headers of at most {MAX_HEADER_BYTES} bytes, got more")


def _host_name(host: str) -> str | None:
    """The name of a Host header without its port, in lower case; None where it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018 (raises where it is no number)
    except ValueError:
        return None
    if parts.netloc != host or "@" in host or parts.hostname is None:
        return None
    return parts.hostname.lower().rstrip(".")


def _check_origin(headers: Mapping[str, str]) -> None:
    """Browsers say which page asks: another site's must not make this one work for it."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    same = origin is None or urlsplit_netloc(origin) == headers.get("host", "").lower()
    if not same or site in ("cross-site", "same-site"):
        raise Problem("origin_refused", "expected a page of this service to ask, got one of another origin")


def urlsplit_netloc(origin: str) -> str | None:
    """host:port of an Origin header; None where it is "null" or malformed."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme in ("http", "https") and parts.netloc else None
