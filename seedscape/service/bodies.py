"""Reading a request's body: of the right kind, small, and in time."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from seedscape.service.problems import Problem
from seedscape.service.settings import MAX_BODY_BYTES


async def read_body(request: Request, seconds: float) -> bytes:
    """The body of a JSON request. Problem: another kind, too large, too slow, broken off."""
    _require_json(request)
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 18 or int(length) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise Problem("request_timeout", f"expected the body within {seconds:g} s, got less") from None
    except ClientDisconnect:
        raise Problem("bad_request", "expected the whole body, got less") from None
    return bytes(body)


def _require_json(request: Request) -> None:
    kind, *parameters = (part.strip().lower() for part in request.headers.get("content-type", "").split(";"))
    charsets = [value.partition("=")[2].strip('"') for value in parameters if value.startswith("charset=")]
    if kind != "application/json" or any(name not in ("utf-8", "utf8") for name in charsets):
        raise Problem("unsupported_media_type", "Content-Type: expected application/json, got another")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem("unsupported_media_type", "Content-Encoding: expected none, got one")


def _too_large() -> Problem:
    return Problem("body_too_large", f"expected a body of at most {MAX_BODY_BYTES} bytes, got a longer one")
