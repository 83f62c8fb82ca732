"""HTTP/1.1 as uvicorn speaks it, with the patience of the service put in: slow, idle and surplus clients are let go.

uvicorn has a keep-alive limit only: a client that sends its headers one byte a minute, or never reads its answer, would hold
its connection for ever.
"""

import asyncio
import logging
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from seedscape.service.problems import CONTENT_TYPE, Problem, encode
from seedscape.service.settings import Settings

log = logging.getLogger("seedscape.protocol")


def guarded(settings: Settings) -> type[H11Protocol]:
    """The protocol class with these limits."""

    class Guarded(_Guarded):
        limits = settings

    return Guarded


class _Guarded(H11Protocol):
    limits: Settings

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._headers_due: asyncio.TimerHandle | None = None
        self._taken_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a TCP server has no other transport
        super().connection_made(transport)
        if len(self.connections) > self.limits.max_connections:
            self._refuse(
                Problem("too_many_connections", "expected fewer connections, got one more", None, {"retry-after": "1"})
            )
            return
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._headers_due = _cancelled(self._headers_due)
        self._taken_due = _cancelled(self._taken_due)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._is_between_requests() and self._headers_due is None:
            self._await_headers()
        super().data_received(data)
        if not self._is_between_requests():
            self._headers_due = _cancelled(self._headers_due)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # the next request may be half there already
        if self._is_between_requests() and not self.transport.is_closing() and self.conn.trailing_data[0]:
            self._await_headers()

    def send_400_response(self, msg: str) -> None:
        """The request could not be parsed: answer in the words of the service."""
        size = len(self.conn.trailing_data[0])
        # h11 gives up on headers beyond its limit with the same exception as on malformed ones
        too_large = size > (self.config.h11_max_incomplete_event_size or 0)
        code = "headers_too_large" if too_large else "bad_request"
        self._refuse(
            Problem(
                code, f"expected a well-formed HTTP/1.1 request{' of moderate size' if too_large else ''}, got another"
            )
        )

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._taken_due is None:
            self._taken_due = self.loop.call_later(self.limits.write_s, self.transport.abort)

    def resume_writing(self) -> None:
        self._taken_due = _cancelled(self._taken_due)
        super().resume_writing()

    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await_headers(self) -> None:
        self._headers_due = _cancelled(self._headers_due)
        self._headers_due = self.loop.call_later(self.limits.header_s, self._headers_late)

    def _headers_late(self) -> None:
        self._headers_due = None
        if self._is_between_requests() and not self.transport.is_closing():
            self._refuse(
                Problem("request_timeout", f"expected the headers within {self.limits.header_s:g} s, got less")
            )

    def _refuse(self, problem: Problem) -> None:
        """Answer without the application, and close."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = encode(problem.body())
            headers = {
                "content-type": CONTENT_TYPE,
                "content-length": str(len(body)),
                "cache-control": "no-store",
                "x-content-type-options": "nosniff",
                "connection": "close",
                **problem.headers,
            }
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            self.transport.write(f"HTTP/1.1 {problem.status} {problem.title}\r\n{lines}\r\n".encode() + body)
        log.info("connection refused", extra={"code": problem.code})
        self.transport.close()


def _cancelled(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """Cancel a timer; None, to be put in its place."""
    if timer is not None:
        timer.cancel()
    return None
