"""/v1/assets/{sha256}[.glb|.png|.json]: finished files by their hash. What a name stands for never changes."""

import asyncio
import os
import re
from io import FileIO

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from seedscape.assets.errors import SeedscapeError
from seedscape.assets.store import Store
from seedscape.service.core import core_of
from seedscape.service.door import require_known
from seedscape.service.pace import CHUNK, Pace, read_chunk
from seedscape.service.problems import Problem

KINDS = {"glb": "model/gltf-binary", "png": "image/png", "json": "application/json"}
MAGIC = {"glb": b"glTF", "png": b"\x89PNG", "json": b"{"}
NAME = re.compile(r"([0-9a-f]{64})(?:\.(glb|png|json))?")
FOREVER = "public, max-age=31536000, immutable"
PRIVATE = "private, max-age=31536000, immutable"  # behind a token, shared caches must not keep it


async def asset(request: Request) -> Response:
    """GET, HEAD: the file, a part of it (Range), or 304 for who has it (If-None-Match)."""
    require_known(request.query_params, ())
    core = core_of(request)
    match = NAME.fullmatch(request.path_params["name"])
    if match is None:
        raise _unknown()
    file, kind, size = await asyncio.to_thread(_open, core.store, match[1], match[2])
    tag = f'"{match[1]}"'
    headers = {
        "etag": tag,
        "cache-control": FOREVER if not core.settings.token_file else PRIVATE,
        "accept-ranges": "bytes",
    }
    if _matches(request.headers.get("if-none-match"), tag):
        file.close()
        return Response(status_code=304, headers=headers)
    start, end, code = 0, size, 200
    wanted = request.headers.get("range")
    if wanted is not None and request.headers.get("if-range", tag) == tag:
        span = _range(wanted, size)
        if span is not None:
            start, end = span
            code = 206
            if start >= end:
                file.close()
                headers = {"content-range": f"bytes */{size}", "accept-ranges": "bytes"}
                raise Problem(
                    "range_not_satisfiable", f"expected a range within {size} bytes, got another", None, headers
                )
            headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    return _Slice(file, (start, end), code, headers, kind, core.pace)


class _Slice(Response):
    """Bytes start .. end of an open file, which it closes."""

    def __init__(
        self, file: FileIO, span: tuple[int, int], code: int, headers: dict[str, str], kind: str, pace: Pace
    ) -> None:
        start, end = span
        super().__init__(None, code, {**headers, "content-length": str(end - start)}, kind)
        self._file, self._start, self._end, self._pace = file, start, end, pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            at = self._end if scope["method"] == "HEAD" else self._start
            while at < self._end:
                await self._pace.turn()
                data = await read_chunk(self._file.fileno(), min(CHUNK, self._end - at), at)
                if not data:
                    raise OSError("the file became shorter")
                at += len(data)
                await send({"type": "http.response.body", "body": data, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._file.close()


def _open(store: Store, name: str, suffix: str | None) -> tuple[FileIO, str, int]:
    """The open file of an object, its content type, its size. Problem: there is none of that name and kind."""
    try:
        file = store.path(name).open("rb", buffering=0)
    except (SeedscapeError, OSError):
        raise _unknown() from None
    head = os.pread(file.fileno(), 8, 0)
    kind = next((kind for kind, magic in MAGIC.items() if head.startswith(magic)), None)
    if suffix is not None and suffix != kind:
        file.close()
        raise _unknown()
    return file, "application/octet-stream" if kind is None else KINDS[kind], os.fstat(file.fileno()).st_size


def _matches(header: str | None, tag: str) -> bool:
    if header is None:
        return False
    return any(part.strip().removeprefix("W/") in (tag, "*") for part in header.split(","))


def _range(header: str, size: int) -> tuple[int, int] | None:
    """(start, end) of a single byte range, empty where it lies outside; None where the header is to be ignored."""
    match = re.fullmatch(r"bytes=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", header)
    if match is None or match[1] == match[2] == "":
        return None  # several ranges, or another unit: the whole file is a right answer too
    if match[1] == "":
        return max(0, size - int(match[2])), size
    start = int(match[1])
    end = size if match[2] == "" else min(size, int(match[2]) + 1)
    if match[2] != "" and int(match[2]) < start:
        return None
    return (start, end) if start < size else (size, size)


def _unknown() -> Problem:
    return Problem("not_found", "expected the SHA-256 of an asset that is here, got another")
