"""A glTF 2.0 document under construction: plain dicts, one binary buffer, and the GLB container around them.

Accessors and buffer views with equal bytes are stored once, so overlays that share a mesh's triangles cost only what
differs. Every view starts at a multiple of 4 bytes (glTF 2.0, 3.6.2.4) and holds one accessor or picture, or accessors of one kind that
were compressed together.
"""

import hashlib
import json
import struct
from typing import Any

import numpy as np

from seedscape.assets.errors import RequestError
from seedscape.export.packed import Stream

ARRAY_BUFFER = 34962
ELEMENT_ARRAY_BUFFER = 34963
COMPONENT_TYPES = {"int8": 5120, "uint8": 5121, "int16": 5122, "uint16": 5123, "uint32": 5125, "float32": 5126}
ELEMENT_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}

MESHOPT = "EXT_meshopt_compression"

GLB_MAGIC = 0x46546C67  # "glTF", glTF 2.0, 4.4.2
CHUNK_JSON = 0x4E4F534A
CHUNK_BIN = 0x004E4942


class Document:
    """The glTF JSON as a dict (`json`) and the bytes of its one buffer."""

    def __init__(self, asset: dict[str, Any]) -> None:
        self.json: dict[str, Any] = {"asset": asset}
        self._chunks: list[bytes | memoryview] = []  # of the buffer; copied once, into the finished file
        self._length = 0
        self._views: dict[tuple[Any, ...], int] = {}
        self._accessors: dict[tuple[int, int, int, int, str, bool], int] = {}
        self._fallback_length = 0

    def add(self, kind: str, value: dict[str, Any]) -> int:
        """Append to a top-level array ("nodes", "meshes", ...), made when first needed; returns the index."""
        values: list[dict[str, Any]] = self.json.setdefault(kind, [])
        values.append(value)
        return len(values) - 1

    def add_view(self, data: bytes | memoryview, target: int | None = None, stride: int | None = None) -> int:
        """Index of the buffer view that holds these bytes."""
        key = (hashlib.sha256(data).digest(), target, stride)
        if key in self._views:
            return self._views[key]
        view: dict[str, Any] = {"buffer": 0, "byteOffset": self._append(data), "byteLength": len(data)}
        if stride is not None:
            view["byteStride"] = stride
        if target is not None:
            view["target"] = target
        self._views[key] = self.add("bufferViews", view)
        return self._views[key]

    def add_stream(self, stream: Stream, target: int | None = None, *, bounds: bool = False) -> int:
        """Index of the accessor of a stream.

        bounds: state min and max, which the specification asks of POSITION and which costs a little JSON elsewhere.
        """
        view = self._add_stream_view(stream, target)
        component = COMPONENT_TYPES[stream.values.dtype.name]
        first = stream.before * stream.stride
        key = (view, first, len(stream.values), component, ELEMENT_TYPES[stream.width], stream.normalized)
        if key in self._accessors:
            return self._accessors[key]
        accessor: dict[str, Any] = {"bufferView": view} | ({"byteOffset": first} if first else {})
        accessor |= {"componentType": component, "count": len(stream.values), "type": ELEMENT_TYPES[stream.width]}
        if stream.normalized:
            accessor["normalized"] = True
        if bounds:
            columns = stream.values.T[: stream.width]
            accessor["min"] = [column.min().item() for column in columns]
            accessor["max"] = [column.max().item() for column in columns]
        self._accessors[key] = self.add("accessors", accessor)
        return self._accessors[key]

    def _add_stream_view(self, stream: Stream, target: int | None) -> int:
        """The view of a stream; a compressed one stands in the fallback buffer, which has a length and no bytes."""
        if stream.encoded is None:
            little = np.ascontiguousarray(stream.values, dtype=stream.values.dtype.newbyteorder("<"))
            padded = stream.values.shape[1] != stream.width
            return self.add_view(little.reshape(-1).view(np.uint8).data, target, stream.stride if padded else None)
        # the count too: one colour throughout packs to the same bytes, however many vertices have it
        key = (hashlib.sha256(stream.encoded).digest(), target, stream.stride, stream.total, stream.filter)
        if key in self._views:
            return self._views[key]
        start = self._append(stream.encoded)
        mode = "TRIANGLES" if target == ELEMENT_ARRAY_BUFFER else "ATTRIBUTES"
        packed: dict[str, Any] = {"buffer": 0, "byteOffset": start, "byteLength": len(stream.encoded)}
        packed |= {"byteStride": stream.stride, "count": stream.total, "mode": mode}
        if stream.filter != "NONE":
            packed["filter"] = stream.filter
        self._fallback_length += -self._fallback_length % 4
        length = stream.total * stream.stride
        view: dict[str, Any] = {"buffer": 1, "byteOffset": self._fallback_length, "byteLength": length}
        self._fallback_length += length
        if mode == "ATTRIBUTES" and target is not None:
            view["byteStride"] = stream.stride
        if target is not None:
            view["target"] = target
        view["extensions"] = {MESHOPT: packed}
        self._views[key] = self.add("bufferViews", view)
        return self._views[key]

    def _append(self, data: bytes | memoryview) -> int:
        padding = b"\0" * (-self._length % 4)
        self._chunks += [padding, data]
        start = self._length + len(padding)
        self._length = start + len(data)
        return start

    def to_glb(self) -> bytes:
        """The finished file."""
        document = dict(self.json)
        if self._length:
            document["buffers"] = [{"byteLength": self._length}]
        if self._fallback_length:
            fallback = {"byteLength": self._fallback_length, "extensions": {MESHOPT: {"fallback": True}}}
            document["buffers"].append(fallback)
        return pack_glb(document, *self._chunks)


def pack_glb(document: dict[str, Any], *binary: bytes | memoryview) -> bytes:
    """The GLB container: header, JSON chunk padded with spaces, BIN chunk padded with zeros (glTF 2.0, 4.4)."""
    try:
        text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:  # extras hold something that is no JSON value
        raise RequestError(f"expected extras of finite JSON values, got: {error}") from None
    text += b" " * (-len(text) % 4)
    chunks: list[bytes | memoryview] = [struct.pack("<II", len(text), CHUNK_JSON), text]
    if length := sum(len(part) for part in binary):
        padding = b"\0" * (-length % 4)
        chunks += [struct.pack("<II", length + len(padding), CHUNK_BIN), *binary, padding]
    header = struct.pack("<III", GLB_MAGIC, 2, 12 + sum(len(part) for part in chunks))
    return b"".join([header, *chunks])
