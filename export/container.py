"""The GLB container, read by hand: a file mapped into memory, its JSON, and where its binary chunk lies."""

import json
import mmap
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from seedscape.assets.errors import RequestError
from seedscape.export.gltf import CHUNK_BIN, CHUNK_JSON, GLB_MAGIC
from seedscape.export.issues import broken

MAX_JSON_BYTES = 16 << 20  # Python values take up to 25 times this; 5,000 nodes with names are about 1 MB

Buffer = bytes | mmap.mmap
Json = dict[str, Any]


@contextmanager
def opened(source: str | os.PathLike[str] | bytes) -> Iterator[Buffer]:
    """The bytes, or the file mapped into memory; only regular files, since a pipe or device may never end."""
    if isinstance(source, bytes):
        yield source
        return
    shown = repr(os.fspath(source))
    try:
        descriptor = os.open(source, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RequestError(f"expected a GLB file, got {shown}: {reason}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size == 0:
            kind = "an empty file" if stat.S_ISREG(status.st_mode) else "not a regular file"
            raise RequestError(f"expected a GLB file, got {shown}: {kind}")
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as data:
            yield data
    finally:
        os.close(descriptor)


def split(data: Buffer) -> tuple[Json, int, int]:
    """(JSON, start of the binary chunk, its length) of a GLB (glTF 2.0, 4.4)."""
    if len(data) < 20:
        raise broken("CONTAINER", f"expected a GLB of at least 20 bytes, got {len(data)}")
    magic, version, declared, json_length, json_kind = struct.unpack_from("<5I", data, 0)
    if magic != GLB_MAGIC:
        raise broken("CONTAINER", "expected a GLB file (it starts with 'glTF'), got something else")
    if version != 2:
        raise broken("VERSION", f"expected GLB version 2, got {version}")
    if declared != len(data):
        raise broken("CONTAINER", f"expected a GLB of {declared} bytes as its header says, got {len(data)}")
    if json_kind != CHUNK_JSON or json_length > len(data) - 20:
        raise broken("CONTAINER", "expected a JSON chunk within the file, got none")
    if json_length > MAX_JSON_BYTES:
        raise broken("JSON", f"expected at most {MAX_JSON_BYTES} bytes of JSON, got {json_length}")
    try:
        document = json.loads(data[20 : 20 + json_length].decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise broken("JSON", f"expected JSON in the GLB, got {type(error).__name__}") from None
    if not isinstance(document, dict):
        raise broken("JSON", f"expected a JSON object in the GLB, got {type(document).__name__}")
    start, length = 0, 0
    offset = 20 + json_length
    while offset < len(data):  # chunks of unknown kind are passed over (4.4.3)
        if len(data) - offset < 8:
            raise broken("CONTAINER", f"expected a chunk header at byte {offset}, got the end of the file")
        chunk_length, kind = struct.unpack_from("<2I", data, offset)
        if chunk_length > len(data) - offset - 8:
            raise broken(
                "CONTAINER", f"expected a chunk of {chunk_length} bytes at byte {offset}, got the end of the file"
            )
        if kind == CHUNK_BIN and start == 0:
            start, length = offset + 8, chunk_length
        offset += 8 + chunk_length
    return document, start, length


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
