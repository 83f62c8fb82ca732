"""The attributes of a mesh as streams: those its material can use, in floats or quantised (KHR_mesh_quantization).

Quantised: positions int16 on a grid; normals and tangents int8, or int16 where a smooth surface would show steps;
texture coordinates uint16 inside the picture's square, else multiples of 1/2048 of a picture held in float32.
"""

import numpy as np

from seedscape.export.packed import Stream
from seedscape.export.tangents import vertex_tangents
from seedscape.scene.values import Float32, Material, Mesh, Vec3

RESTART_INDEX_16 = 0xFFFF  # the primitive-restart value may not occur as an index (glTF 2.0, 3.7.2.1)
DARK_LINEAR = 0.04  # 8-bit linear steps are over two display levels (sRGB) below this: smooth shades would show bands
GLOSSY = 0.3  # roughness below which 8-bit normals (half a degree) show in the mirror image
UV_STEPS = 2048  # to a picture: half a texel at 1024 px


def plain_streams(mesh: Mesh, material: Material) -> dict[str, Stream]:
    """Floats as they are; colours as 8 or 16 bits. Lighting needs no normals on unlit meshes."""
    streams = {"POSITION": _floats(mesh.positions)}
    normals, uvs, tangents = shading(mesh, material)
    if normals is not None:
        streams["NORMAL"] = _floats(normals)
    if uvs is not None:
        streams["TEXCOORD_0"] = _floats(uvs)
    if tangents is not None:
        streams["TANGENT"] = _floats(tangents)
    return streams | _colors(mesh, material) | {"indices": index_stream(mesh)}


def quantized_streams(mesh: Mesh, material: Material, origin: Vec3, step: float) -> dict[str, Stream]:
    """The same in fewer bits. Positions must lie on the grid origin + step * k, |k| < 2^15 (see passes.quantize)."""
    cells = (mesh.positions.astype(np.float64) - np.array(origin)) / step
    ints = np.zeros((len(cells), 4), np.int16)
    ints[:, :3] = np.floor(cells + 0.5)
    streams = {"POSITION": Stream(ints, 3)}
    normals, uvs, tangents = shading(mesh, material)
    kind = np.int16 if material.roughness < GLOSSY else np.int8
    if normals is not None:
        streams["NORMAL"] = _directions(normals, kind)
    if uvs is not None:
        streams["TEXCOORD_0"] = _coordinates(uvs)
    if tangents is not None:
        streams["TANGENT"] = _directions(tangents, kind)
    return streams | _colors(mesh, material) | {"indices": index_stream(mesh)}


def shading(mesh: Mesh, material: Material) -> tuple[Float32 | None, Float32 | None, Float32 | None]:
    """(normals, uvs, tangents), each where the material can use it."""
    normals = None if material.unlit else mesh.normals
    uvs = mesh.uvs if material.base_color or material.normal or material.orm else None
    if material.normal is None or material.unlit:
        return normals, uvs, None
    assert normals is not None and uvs is not None  # check.require_sound has seen to it
    return normals, uvs, vertex_tangents(mesh.positions, normals, uvs, mesh.indices)


def index_stream(mesh: Mesh) -> Stream:
    """(m, 1) uint16 while they fit, else uint32."""
    kind = np.uint16 if len(mesh.positions) <= RESTART_INDEX_16 else np.uint32
    return Stream(mesh.indices.reshape(-1, 1).astype(kind), 1)


def _floats(values: Float32) -> Stream:
    return Stream(np.ascontiguousarray(values, dtype=np.float32), values.shape[1])


def _directions(values: Float32, kind: type[np.int8] | type[np.int16]) -> Stream:
    top = float(np.iinfo(kind).max)
    ints = np.zeros((len(values), 4), kind)
    ints[:, : values.shape[1]] = np.floor(values.astype(np.float64) * top + 0.5)
    return Stream(ints, values.shape[1], normalized=True, filter="OCTAHEDRAL")


def _coordinates(uvs: Float32) -> Stream:
    if len(uvs) and uvs.min() >= 0.0 and uvs.max() <= 1.0:
        return Stream(_to_normalized(uvs, np.uint16), 2, normalized=True)
    fixed = np.floor(uvs.astype(np.float64) * UV_STEPS + 0.5) / UV_STEPS
    return Stream(fixed.astype(np.float32), 2, filter="EXPONENTIAL")


def _colors(mesh: Mesh, material: Material) -> dict[str, Stream]:
    if mesh.colors is None:
        return {}
    rgb = mesh.colors[:, :3]
    wide = material.unlit or bool(((rgb > 0.0) & (rgb < DARK_LINEAR)).any())
    return {"COLOR_0": Stream(_to_normalized(mesh.colors, np.uint16 if wide else np.uint8), 4, normalized=True)}


def _to_normalized(values: Float32, dtype: type[np.uint8] | type[np.uint16]) -> np.ndarray:
    """0..1 as 0..255 or 0..65535, rounded to nearest (glTF 2.0, 3.11)."""
    return np.floor(values.astype(np.float64) * float(np.iinfo(dtype).max) + 0.5).astype(dtype)
