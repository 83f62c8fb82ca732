"""What is in a GLB, anybody's, against a budget. Reads the container by hand and trusts nothing in it.

Files may be hostile: every length is checked against what is there, nodes are walked once each, and memory stays at the
size of the JSON chunk (bounded) since pictures and geometry are never decoded.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from seedscape.export.budget import BUDGETS, Budget, Verdict, find_budget
from seedscape.export.container import Buffer, Json, opened, split
from seedscape.export.image_headers import ImageHeader, read_image_header
from seedscape.export.issues import MAX_ISSUES, GlbError, Issue, broken
from seedscape.export.report import ExportReport, Offender, TextureFigures

MAX_COUNT = 1 << 32  # of an accessor: more than any index can name
DATA_URI_HEAD = 1 << 17  # characters of an embedded picture looked at: JPEG headers can stand behind metadata

POINTS, LINES, LINE_LOOP, LINE_STRIP, TRIANGLES, TRIANGLE_STRIP, TRIANGLE_FAN = range(7)
COMPONENT_BYTES = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4}
ELEMENT_WIDTH = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
TEXTURE_SOURCES = ("KHR_texture_basisu", "EXT_texture_webp", "EXT_texture_avif")
T = TypeVar("T")
COMPRESSED_VIEWS = ("EXT_meshopt_compression", "KHR_meshopt_compression")


MAX_VALUES_FROM_ONE_BYTE = 1 << 12  # meshopt packs at most about this many bytes into one: beyond, it is a bomb
MAX_OFFENDERS = 3  # named for each line of the budget
MAX_NODES_SHOWN = 100_000  # weighed as offenders


class MeshCost(NamedTuple):
    """Of one showing of a mesh. twice: some primitive is drawn in two passes."""

    triangles: int
    draw_calls: int
    twice: bool


def inspect_glb(source: str | os.PathLike[str] | bytes, profile: str = "universal") -> ExportReport:
    """Figures and verdicts of a GLB, given as a path or as bytes.

    RequestError: no such file. GlbError, with a list of issues: not a GLB, cut short, or contradicting itself.
    """
    find_budget(profile)
    with opened(source) as data:
        return _Reader(data).report(profile)


class _Reader:
    """One GLB: its JSON, where its binary chunk lies, and checked access to both. Faults are gathered as issues."""

    def __init__(self, data: Buffer) -> None:
        self.data = data
        self.faults: list[Issue] = []
        self.warnings: list[Issue] = []
        self.weights: dict[str, list[Offender]] = {}
        self.json, self.binary_start, self.binary_length = split(data)
        self.costs: dict[int, MeshCost] = {}
        self.counts: dict[int, int] = {}
        version = _dict(self.json, "asset", "").get("version")
        if not isinstance(version, str) or not version.startswith("2."):
            raise broken("VERSION", f"expected glTF 2.0, got version {_show(version)}", "/asset/version")

    def report(self, profile: str) -> ExportReport:
        """All figures; GlbError with every fault found when there is one."""
        triangles, draw_calls = self._count_drawn()
        textures = tuple(
            found for k in range(len(self._list("images"))) for found in self._gathered(self._measure_image, k)
        )
        asset = _dict(self.json, "asset", "")
        lights = _dict(_dict(self.json, "extensions", ""), "KHR_lights_punctual", "/extensions").get("lights", [])
        names = {kind: self._names(kind) for kind in ("extensionsUsed", "extensionsRequired")}
        figures = {
            "triangles": triangles,
            "draw_calls": draw_calls,
            "materials": len(self._list("materials")),
            "gpu_texture_bytes": sum(texture.gpu_bytes for texture in textures),
            "texture_px": max((max(texture.width, texture.height) for texture in textures), default=0),
            "bytes": len(self.data),
        }
        if self.faults:
            raise GlbError((*self.faults, *self.warnings))
        verdicts = {name: _verdicts(figures, budget) for name, budget in BUDGETS.items()}
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
            extensions_used=names["extensionsUsed"],
            extensions_required=names["extensionsRequired"],
            verdicts=verdicts[profile],
            over={name: tuple(each.name for each in lines if not each.within) for name, lines in verdicts.items()},
            offenders=self._offenders(),
            issues=tuple(self.warnings),
        )

    def _gathered(self, count: Callable[..., T], *arguments: Any) -> list[T]:
        """The result alone in a list; nothing where it is faulty, and the fault is noted."""
        try:
            return [count(*arguments)]
        except GlbError as error:
            if len(self.faults) < MAX_ISSUES:
                self.faults += error.issues
            return []

    def _warn(self, code: str, message: str, pointer: str) -> None:
        if len(self.warnings) < MAX_ISSUES:
            self.warnings.append(Issue(code, "warning", pointer, message))

    def _weigh(self, line: str, pointer: str, name: str, value: int) -> None:
        self.weights.setdefault(line, []).append(Offender(line, pointer, name, value))

    def _offenders(self) -> tuple[Offender, ...]:
        """The heaviest entries of each line of the budget."""
        return tuple(
            offender
            for offenders in self.weights.values()
            for offender in sorted(offenders, key=lambda each: -each.value)[:MAX_OFFENDERS]
        )

    def _count_drawn(self) -> tuple[int, int]:
        """(triangles, draw calls) of the default scene; the first scene where none is named, as viewers do."""
        if not self._list("scenes"):
            self._warn("NO_SCENE", "the file has no scene: nothing is drawn", "/scenes")
            return 0, 0
        scene = self._gathered(self._entry, "scenes", self.json.get("scene", 0), "/scene")
        seen: set[int] = set()
        waiting = [
            (index, "/scenes")
            for each in scene
            for found in self._gathered(self._indices, each, "nodes", "/scenes")
            for index in found
        ]
        triangles = draw_calls = 0
        twice = ""
        while waiting:
            for cost, index, children in self._gathered(self._visit, *waiting.pop(), seen):
                triangles += cost.triangles
                draw_calls += cost.draw_calls
                twice = twice or (f"/nodes/{index}" if cost.twice else "")
                waiting += children
        if twice:
            self._warn(
                "DRAWN_TWICE",
                "blended double-sided materials are drawn twice by three.js; make them single-sided",
                twice,
            )
        return triangles, draw_calls

    def _visit(self, index: Any, where: str, seen: set[int]) -> tuple[MeshCost, int, list[tuple[Any, str]]]:
        """(what a node draws, its index, its children)."""
        node = self._entry("nodes", index, where)
        here = f"/nodes/{index}"
        if index in seen:
            raise broken("GRAPH", f"expected a tree of nodes, got node {index} under two parents or under itself", here)
        seen.add(index)
        children = [(child, f"{here}/children") for child in self._indices(node, "children", here)]
        cost = MeshCost(0, 0, False)
        if "mesh" in node:
            cost = self._mesh_cost(node["mesh"], f"{here}/mesh")
            cost = cost._replace(triangles=cost.triangles * self._count_instances(node, here))
            if len(seen) <= MAX_NODES_SHOWN:
                self._weigh("triangles", here, _text(node.get("name")), cost.triangles)
                self._weigh("draw_calls", here, _text(node.get("name")), cost.draw_calls)
        return cost, index, children

    def _mesh_cost(self, index: Any, where: str) -> MeshCost:
        """What one node with this mesh costs; worked out once per mesh, however many nodes show it."""
        mesh = self._entry("meshes", index, where)
        if index not in self.costs:
            triangles = draw_calls = 0
            here = f"/meshes/{index}/primitives"
            primitives = _dicts(mesh.get("primitives", []), here)
            for k, primitive in enumerate(primitives):
                passes = 2 if self._is_drawn_twice(primitive, f"{here}/{k}") else 1
                draw_calls += passes
                triangles += passes * self._count_triangles(primitive, f"{here}/{k}")
            self.costs[index] = MeshCost(triangles, draw_calls, draw_calls > len(primitives))
        return self.costs[index]

    def _count_instances(self, node: Json, here: str) -> int:
        """How many copies one draw call shows (EXT_mesh_gpu_instancing)."""
        place = f"{here}/extensions/EXT_mesh_gpu_instancing"
        instancing = _dict(_dict(node, "extensions", here), "EXT_mesh_gpu_instancing", place)
        attributes = _dict(instancing, "attributes", place)
        return min((self._accessor_count(index, place) for index in attributes.values()), default=1)

    def _is_drawn_twice(self, primitive: Json, here: str) -> bool:
        if "material" not in primitive:
            return False
        material = self._entry("materials", primitive["material"], f"{here}/material")
        return material.get("alphaMode") == "BLEND" and material.get("doubleSided") is True

    def _count_triangles(self, primitive: Json, here: str) -> int:
        attributes = _dict(primitive, "attributes", here)
        for index in attributes.values():
            self._accessor_count(index, f"{here}/attributes")
        if "indices" in primitive:
            count = self._accessor_count(primitive["indices"], f"{here}/indices")
        elif "POSITION" in attributes:
            count = self._accessor_count(attributes["POSITION"], f"{here}/attributes/POSITION")
        else:
            return 0
        mode = primitive.get("mode", TRIANGLES)
        if mode == TRIANGLES:
            return count // 3
        return max(0, count - 2) if mode in (TRIANGLE_STRIP, TRIANGLE_FAN) else 0

    def _accessor_count(self, index: Any, where: str) -> int:
        """The element count of an accessor, after checking, once, that its view has room for it."""
        if _is_whole(index) and index in self.counts:
            return self.counts[index]
        count = self._checked_count(index, where)
        self.counts[index] = count
        return count

    def _checked_count(self, index: Any, where: str) -> int:
        accessor = self._entry("accessors", index, where)
        here = f"/accessors/{index}"
        count = _whole(accessor.get("count"), f"{here}/count", MAX_COUNT)
        if "bufferView" not in accessor:
            return count  # zeros, sparse values, or inside a Draco stream
        view = self._entry("bufferViews", accessor["bufferView"], f"{here}/bufferView")
        _, length = self._view_range(view, f"/bufferViews/{accessor['bufferView']}")
        kind, component = accessor.get("type"), accessor.get("componentType")
        width = ELEMENT_WIDTH.get(kind) if isinstance(kind, str) else None
        size = COMPONENT_BYTES.get(component) if isinstance(component, int) else None
        if width is None or size is None:
            raise broken("TYPE", f"expected an accessor of known type, got {_show(kind)} of {_show(component)}", here)
        stride = _whole(view.get("byteStride", width * size), f"{here}/byteStride", 1 << 16)
        offset = _whole(accessor.get("byteOffset", 0), f"{here}/byteOffset", 1 << 62)
        if count and offset + (count - 1) * stride + width * size > length:
            raise broken("RANGE", f"expected accessor {index} within its {length} bytes, got {count} elements", here)
        return count

    def _measure_image(self, k: int) -> TextureFigures:
        here = f"/images/{k}"
        image = self._entry("images", k, here)
        name = _text(image.get("name")) or f"image {k}"
        header, num_bytes = self._image_header(image, here)
        if header is None:
            message = f"the size of image {name!r} is unknown: not PNG, JPEG, WebP or KTX2 inside this file"
            self._warn("IMAGE_UNKNOWN", message, here)
            return TextureFigures(name, 0, 0, _text(image.get("mimeType")), num_bytes, 0)
        figures = TextureFigures(name, header.width, header.height, header.mime_type, num_bytes, _gpu_bytes(header))
        self._weigh("gpu_texture_bytes", here, name, figures.gpu_bytes)
        self._weigh("texture_px", here, name, max(header.width, header.height))
        self._weigh("bytes", here, name, num_bytes)
        return figures

    def _image_header(self, image: Json, here: str) -> tuple[ImageHeader | None, int]:
        if "bufferView" in image:
            index = image["bufferView"]
            start, length = self._view_range(
                self._entry("bufferViews", index, f"{here}/bufferView"), f"/bufferViews/{index}"
            )
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

    def _view_range(self, view: Json, here: str) -> tuple[int | None, int]:
        """(start in the file or None where the buffer is not in this file, length) of a buffer view, checked."""
        start, length = self._buffer_range(view, here)
        extensions = _dict(view, "extensions", here)
        for name in COMPRESSED_VIEWS:
            if name in extensions:
                packed = _dict(extensions, name, here)
                _, num_packed = self._buffer_range(packed, f"{here}/extensions/{name}")
                if length > num_packed * MAX_VALUES_FROM_ONE_BYTE:
                    raise broken("RANGE", f"expected {num_packed} packed bytes to unpack to less, got {length}", here)
        return start, length

    def _buffer_range(self, view: Json, here: str) -> tuple[int | None, int]:
        """The same of a view's own range, or of the packed range inside its extension."""
        buffer_index = view.get("buffer")
        buffer = self._entry("buffers", buffer_index, f"{here}/buffer")
        capacity = _whole(buffer.get("byteLength"), f"/buffers/{buffer_index}/byteLength", 1 << 62)
        offset = _whole(view.get("byteOffset", 0), f"{here}/byteOffset", 1 << 62)
        length = _whole(view.get("byteLength"), f"{here}/byteLength", 1 << 62)
        inside = buffer_index == 0 and "uri" not in buffer
        if inside and capacity > self.binary_length:
            raise broken("RANGE", f"expected a BIN chunk of {capacity} bytes, got {self.binary_length}", "/buffers/0")
        if offset + length > capacity:
            raise broken("RANGE", f"expected a buffer view within {capacity} bytes, got {offset} + {length}", here)
        return (self.binary_start + offset if inside else None), length

    def _list(self, kind: str) -> list[Any]:
        values = self.json.get(kind, [])
        if not isinstance(values, list):
            raise broken("TYPE", f"expected {kind} to be a list, got {type(values).__name__}", f"/{kind}")
        return values

    def _entry(self, kind: str, index: Any, where: str) -> Json:
        values = self._list(kind)
        if not _is_whole(index) or not 0 <= index < len(values) or not isinstance(values[index], dict):
            raise broken("REFERENCE", f"expected one of {len(values)} {kind}, got {_show(index)}", where)
        entry: Json = values[index]
        return entry

    def _indices(self, parent: Json, key: str, here: str) -> list[Any]:
        values = parent.get(key, [])
        if not isinstance(values, list):
            raise broken("TYPE", f"expected {key} to be a list, got {type(values).__name__}", here)
        return values  # each is checked where it is looked up

    def _names(self, kind: str) -> tuple[str, ...]:
        return tuple(_text(name) for name in self._list(kind)[:100])


def _verdicts(figures: dict[str, int], budget: Budget) -> tuple[Verdict, ...]:
    return tuple(Verdict(name, value, getattr(budget, name)) for name, value in figures.items())


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


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _whole(value: Any, pointer: str, limit: int) -> int:
    if not _is_whole(value) or not 0 <= value <= limit:
        raise broken("RANGE", f"expected a whole number from 0 to {limit}, got {_show(value)}", pointer)
    return int(value)


def _dict(parent: Json, key: str, here: str) -> Json:
    value = parent.get(key, {})
    if not isinstance(value, dict):
        raise broken("TYPE", f"expected {key} to be an object, got {type(value).__name__}", here)
    return value


def _dicts(values: Any, here: str) -> list[Json]:
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise broken("TYPE", f"expected a list of objects, got {type(values).__name__}", here)
    return values


def _text(value: Any) -> str:
    """Names for people: at most 200 characters, empty for what is no text."""
    return value[:200] if isinstance(value, str) else ""


def _show(value: Any) -> str:
    """A short form for a message; containers by their type alone, since theirs may be deep."""
    if isinstance(value, (str, int, float)) or value is None:
        return repr(value)[:40]
    return type(value).__name__
