"""Streams of packed meshes by meshoptimizer's codecs (EXT_meshopt_compression, version 0 of the formats)."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from seedscape.export.packed import PackedMesh, Stream
from seedscape.export.passes.each import each_mesh
from seedscape.scene.values import Mesh, Scene

EXPONENT_BITS = 24


def compress(scene: Scene) -> Scene:
    """Every stream with its compressed bytes; its values become what a viewer decodes from them."""

    def change(mesh: Mesh) -> Mesh:
        return replace(mesh, streams=compress_streams(mesh.streams)) if isinstance(mesh, PackedMesh) else mesh

    return each_mesh(scene, change)


def compress_streams(streams: Mapping[str, Stream]) -> dict[str, Stream]:
    """The streams of one mesh."""
    return {name: compress_stream(stream, is_indices=name == "indices") for name, stream in streams.items()}


def compress_stream(stream: Stream, is_indices: bool = False) -> Stream:
    """The stream with `encoded`, and with `values` read back from it. Triangles may start at another corner."""
    import meshopt

    values, kind = np.ascontiguousarray(stream.values), stream.values.dtype
    if is_indices:
        data = meshopt.encode_gltf_buffer(values.reshape(-1), "TRIANGLES")
        decoded = meshopt.decode_gltf_buffer(data, values.size, values.itemsize, "TRIANGLES")
        return replace(stream, values=decoded.reshape(-1, 1), encoded=data)
    rows = values
    if stream.filter == "OCTAHEDRAL":
        directions = values.astype(np.float32) / float(np.iinfo(kind).max)
        if stream.width == 3:
            directions[:, 3] = 1.0  # the codec keeps w; it means nothing here, so let it be constant
        rows = meshopt.encode_filter_oct(directions, stride=stream.stride, bits=8 * values.itemsize)
    elif stream.filter == "EXPONENTIAL":
        rows = meshopt.encode_filter_exp(values, bits=EXPONENT_BITS, mode="SharedComponent")
    data = meshopt.encode_gltf_buffer(rows, "ATTRIBUTES")
    decoded = meshopt.decode_gltf_buffer(data, len(values), stream.stride, "ATTRIBUTES", stream.filter)
    return replace(stream, values=decoded.view(kind).reshape(values.shape), encoded=data)
