"""What is in a GLB, anybody's, against a budget. Reads the container by hand and trusts nothing in it.

Files may be hostile: every length is checked against what is there, nodes are walked once each, and memory stays at the
size of the JSON chunk (bounded) since pictures and geometry are never decoded.
"""

import base64
import binascii
import hashlib
import json
import mmap
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from seedscape.assets.errors import RequestError
from seedscape.export.budget import Verdict, find_budget
from seedscape.export.gltf import CHUNK_BIN, CHUNK_JSON, GLB_MAGIC
from seedscape.export.image_headers import ImageHeader, read_image_header
from seedscape.export.report import ExportReport, TextureFigures

MAX_JSON_BYTES = 16 << 20  # Python values take up to 25 times this; 5,000 nodes with names are about 1 MB
MAX_COUNT = 1 << 32  # of an accessor: more than any index can name
DATA_URI_HEAD = 1 << 17  # characters of an embedded picture looked at: JPEG headers can stand behind metadata

POINTS, LINES, LINE_LOOP, LINE_STRIP, TRIANGLES, TRIANGLE_STRIP, TRIANGLE_FAN = range(7)
COMPONENT_BYTES = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4}
ELEMENT_WIDTH = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
TEXTURE_SOURCES = ("KHR_texture_basisu", "EXT_texture_webp", "EXT_texture_avif")
COMPRESSED_VIEWS = ("EXT_meshopt_compression", "KHR_meshopt_compression")

Buffer = bytes | mmap.mmap
Json = dict[str, Any]


class MeshCost(NamedTuple):
    """Of one showing of a mesh. twice: some primitive is drawn in two passes."""

    triangles: int
    draw_calls: int
    twice: bool


def inspect_glb(source: str | os.PathLike[str] | bytes, profile: str = "universal") -> ExportReport:
    """Figures and verdicts of a GLB, given as a path or as bytes.

    RequestError: no such file, not a GLB, cut short, or contradicting itself.
    """
    budget = find_budget(profile)
    with _opened(source) as data:
        return _Reader(data).report(profile, budget)


@contextmanager
def _opened(source: str | os.PathLike[str] | bytes) -> Iterator[Buffer]:
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


class _Reader:
    """One GLB: its JSON, where its binary chunk lies, and checked access to both."""

    def __init__(self, data: Buffer) -> None:
        self.data = data
        self.notes: list[str] = []
        self.json, self.binary_start, self.binary_length = _split(data)
        self.costs: dict[int, MeshCost] = {}
        version = _dict(self.json, "asset").get("version")
        if not isinstance(version, str) or not version.startswith("2."):
            raise RequestError(f"expected glTF 2.0, got asset.version {_show(version)}")

    def report(self, profile: str, budget: Any) -> ExportReport:
        triangles, draw_calls = self._count_drawn()
        textures = tuple(self._measure_image(k) for k in range(len(self._list("images"))))
        asset = _dict(self.json, "asset")
        lights = _dict(_dict(self.json, "extensions"), "KHR_lights_punctual").get("lights", [])
        figures = {
            "triangles": triangles,
            "draw_calls": draw_calls,
            "materials": len(self._list("materials")),
            "gpu_texture_bytes": sum(texture.gpu_bytes for texture in textures),
            "texture_px": max((max(texture.width, texture.height) for texture in textures), default=0),
            "bytes": len(self.data),
        }
        return ExportReport(
            profile=profile,
            bytes=len(self.data),
            sha256=hashlib.sha256(self.data).hexdigest(),
            generator=_text(asset.get("generator")),
            triangles=triangles,
            draw_calls=draw_calls,
            materials=figures["materials"],
            meshes=len(self._list("meshes")),
            nodes=len(self._list("nodes")),
            lights=len(lights) if isinstance(lights, list) else 0,
            gpu_texture_bytes=figures["gpu_texture_bytes"],
            textures=textures,
            extensions_used=self._names("extensionsUsed"),
            extensions_required=self._names("extensionsRequired"),
            verdicts=tuple(Verdict(name, value, getattr(budget, name)) for name, value in figures.items()),
            notes=tuple(self.notes),
        )

    def _count_drawn(self) -> tuple[int, int]:
        """(triangles, draw calls) of the default scene; the first scene where none is named, as viewers do."""
        scenes = self._list("scenes")
        if not scenes:
            self.notes.append("the file has no scene: nothing is drawn")
            return 0, 0
        scene = self._entry("scenes", self.json.get("scene", 0), "scene")
        seen: set[int] = set()
        waiting = self._indices(scene.get("nodes", []), "scene nodes")
        triangles = draw_calls = 0
        twice = False
        while waiting:
            index = waiting.pop()
            node = self._entry("nodes", index, "scene graph")
            if index in seen:
                raise RequestError(f"expected a tree of nodes, got node {index} under two parents or under itself")
            seen.add(index)
            waiting += self._indices(node.get("children", []), f"children of node {index}")
            if "mesh" not in node:
                continue
            cost = self._mesh_cost(node["mesh"], f"node {index}")
            triangles += cost.triangles * self._count_instances(node)
            draw_calls += cost.draw_calls
            twice |= cost.twice
        if twice:
            self.notes.append("blended double-sided materials are drawn twice by three.js; make them single-sided")
        return triangles, draw_calls

    def _mesh_cost(self, index: Any, where: str) -> MeshCost:
        """What one node with this mesh costs; worked out once per mesh, however many nodes show it."""
        mesh = self._entry("meshes", index, where)
        if index not in self.costs:
            triangles = draw_calls = 0
            primitives = _dicts(mesh.get("primitives", []), "primitives")
            for primitive in primitives:
                passes = 2 if self._is_drawn_twice(primitive) else 1
                draw_calls += passes
                triangles += passes * self._count_triangles(primitive)
            self.costs[index] = MeshCost(triangles, draw_calls, draw_calls > len(primitives))
        return self.costs[index]

    def _count_instances(self, node: Json) -> int:
        """How many copies one draw call shows (EXT_mesh_gpu_instancing)."""
        attributes = _dict(_dict(_dict(node, "extensions"), "EXT_mesh_gpu_instancing"), "attributes")
        return min((self._accessor_count(index) for index in attributes.values()), default=1)

    def _is_drawn_twice(self, primitive: Json) -> bool:
        if "material" not in primitive:
            return False
        material = self._entry("materials", primitive["material"], "primitive")
        return material.get("alphaMode") == "BLEND" and material.get("doubleSided") is True

    def _count_triangles(self, primitive: Json) -> int:
        attributes = _dict(primitive, "attributes")
        for index in attributes.values():
            self._accessor_count(index)
        if "indices" in primitive:
            count = self._accessor_count(primitive["indices"])
        elif "POSITION" in attributes:
            count = self._accessor_count(attributes["POSITION"])
        else:
            return 0
        mode = primitive.get("mode", TRIANGLES)
        if mode == TRIANGLES:
            return count // 3
        return max(0, count - 2) if mode in (TRIANGLE_STRIP, TRIANGLE_FAN) else 0

    def _accessor_count(self, index: Any) -> int:
        """The element count of an accessor, after checking that its view has room for it."""
        accessor = self._entry("accessors", index, "primitive")
        count = _whole(accessor.get("count"), "accessor count", MAX_COUNT)
        if "bufferView" not in accessor:
            return count  # zeros, sparse values, or inside a Draco stream
        view = self._entry("bufferViews", accessor["bufferView"], "accessor")
        if any(name in _dict(view, "extensions") for name in COMPRESSED_VIEWS):
            return count
        _, length = self._view_range(view)
        kind, component = accessor.get("type"), accessor.get("componentType")
        width = ELEMENT_WIDTH.get(kind) if isinstance(kind, str) else None
        size = COMPONENT_BYTES.get(component) if isinstance(component, int) else None
        if width is None or size is None:
            raise RequestError(f"expected an accessor of known type, got {_show(kind)} of {_show(component)}")
        stride = _whole(view.get("byteStride", width * size), "byteStride", 1 << 16)
        offset = _whole(accessor.get("byteOffset", 0), "byteOffset", 1 << 62)
        if count and offset + (count - 1) * stride + width * size > length:
            raise RequestError(f"expected accessor {index} within its {length} bytes, got {count} elements")
        return count

    def _measure_image(self, k: int) -> TextureFigures:
        image = self._entry("images", k, "images")
        name = _text(image.get("name")) or f"image {k}"
        header, num_bytes = self._image_header(image)
        if header is None:
            self.notes.append(f"the size of image {name!r} is unknown: not PNG, JPEG, WebP or KTX2 inside this file")
            return TextureFigures(name, 0, 0, _text(image.get("mimeType")), num_bytes, 0)
        return TextureFigures(name, header.width, header.height, header.mime_type, num_bytes, _gpu_bytes(header))

    def _image_header(self, image: Json) -> tuple[ImageHeader | None, int]:
        if "bufferView" in image:
            start, length = self._view_range(self._entry("bufferViews", image["bufferView"], "image"))
            if start is None:
                return None, length
            end = start + length
            return read_image_header(lambda at, n: self.data[min(start + at, end) : min(start + at + n, end)]), length
        uri = image.get("uri")
        if not isinstance(uri, str) or not uri.startswith("data:") or ";base64," not in uri[:200]:
            return None, 0
        comma = uri.index(",") + 1
        try:
            head = base64.b64decode(uri[comma : comma + DATA_URI_HEAD][: (len(uri) - comma) // 4 * 4], validate=True)
        except (binascii.Error, ValueError):
            return None, 0
        return read_image_header(lambda at, n: head[at : at + n]), (len(uri) - comma) * 3 // 4

    def _view_range(self, view: Json) -> tuple[int | None, int]:
        """(start in the file or None where the buffer is not in this file, length) of a buffer view, checked."""
        buffer_index = view.get("buffer")
        buffer = self._entry("buffers", buffer_index, "bufferView")
        capacity = _whole(buffer.get("byteLength"), "buffer byteLength", 1 << 62)
        offset = _whole(view.get("byteOffset", 0), "byteOffset", 1 << 62)
        length = _whole(view.get("byteLength"), "byteLength", 1 << 62)
        inside = buffer_index == 0 and "uri" not in buffer
        if inside and capacity > self.binary_length:
            raise RequestError(f"expected a BIN chunk of {capacity} bytes, got {self.binary_length}")
        if offset + length > capacity:
            raise RequestError(f"expected a buffer view within {capacity} bytes, got {offset} + {length}")
        return (self.binary_start + offset if inside else None), length

    def _list(self, kind: str) -> list[Any]:
        values = self.json.get(kind, [])
        if not isinstance(values, list):
            raise RequestError(f"expected {kind} to be a list, got {type(values).__name__}")
        return values

    def _entry(self, kind: str, index: Any, where: str) -> Json:
        values = self._list(kind)
        if not _is_whole(index) or not 0 <= index < len(values) or not isinstance(values[index], dict):
            raise RequestError(f"expected {where} to name one of {len(values)} {kind}, got {_show(index)}")
        entry: Json = values[index]
        return entry

    def _indices(self, values: Any, where: str) -> list[int]:
        if not isinstance(values, list):
            raise RequestError(f"expected {where} to be a list, got {type(values).__name__}")
        return list(values)  # each is checked where it is looked up

    def _names(self, kind: str) -> tuple[str, ...]:
        return tuple(_text(name) for name in self._list(kind)[:100])


def _split(data: Buffer) -> tuple[Json, int, int]:
    """(JSON, start of the binary chunk, its length) of a GLB (glTF 2.0, 4.4)."""
    if len(data) < 20:
        raise RequestError(f"expected a GLB of at least 20 bytes, got {len(data)}")
    magic, version, declared, json_length, json_kind = struct.unpack_from("<5I", data, 0)
    if magic != GLB_MAGIC:
        raise RequestError("expected a GLB file (it starts with 'glTF'), got something else")
    if version != 2:
        raise RequestError(f"expected GLB version 2, got {version}")
    if declared != len(data):
        raise RequestError(f"expected a GLB of {declared} bytes as its header says, got {len(data)}")
    if json_kind != CHUNK_JSON or json_length > len(data) - 20:
        raise RequestError("expected a JSON chunk within the file, got none")
    if json_length > MAX_JSON_BYTES:
        raise RequestError(f"expected at most {MAX_JSON_BYTES} bytes of JSON, got {json_length}")
    try:
        document = json.loads(data[20 : 20 + json_length].decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise RequestError(f"expected JSON in the GLB, got {type(error).__name__}") from None
    if not isinstance(document, dict):
        raise RequestError(f"expected a JSON object in the GLB, got {type(document).__name__}")
    start, length = 0, 0
    offset = 20 + json_length
    while offset < len(data):  # chunks of unknown kind are passed over (4.4.3)
        if len(data) - offset < 8:
            raise RequestError(f"expected a chunk header at byte {offset}, got the end of the file")
        chunk_length, kind = struct.unpack_from("<2I", data, offset)
        if chunk_length > len(data) - offset - 8:
            raise RequestError(f"expected a chunk of {chunk_length} bytes at byte {offset}, got the end of the file")
        if kind == CHUNK_BIN and start == 0:
            start, length = offset + 8, chunk_length
        offset += 8 + chunk_length
    return document, start, length


def _gpu_bytes(header: ImageHeader) -> int:
    """Bytes on the GPU: RGBA8 down to 1 x 1, or 16 bytes per 4 x 4 block for the levels a KTX2 file brings."""
    width, height = header.width, header.height
    total, level = 0, 0
    while True:
        total += -(-width // 4) * -(-height // 4) * 16 if header.block_compressed else width * height * 4
        level += 1
        if (width <= 1 and height <= 1) or (header.block_compressed and level >= max(1, header.levels)):
            return total
        width, height = max(1, width // 2), max(1, height // 2)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _whole(value: Any, what: str, limit: int) -> int:
    if not _is_whole(value) or not 0 <= value <= limit:
        raise RequestError(f"expected {what} as a whole number from 0 to {limit}, got {_show(value)}")
    return int(value)


def _dict(parent: Json, key: str) -> Json:
    value = parent.get(key, {})
    if not isinstance(value, dict):
        raise RequestError(f"expected {key} to be an object, got {type(value).__name__}")
    return value


def _dicts(values: Any, what: str) -> list[Json]:
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise RequestError(f"expected {what} to be a list of objects, got {type(values).__name__}")
    return values


def _text(value: Any) -> str:
    """Names for people: at most 200 characters, empty for what is no text."""
    return value[:200] if isinstance(value, str) else ""


def _show(value: Any) -> str:
    """A short form for a message; containers by their type alone, since theirs may be deep."""
    if isinstance(value, (str, int, float)) or value is None:
        return repr(value)[:40]
    return type(value).__name__
