"""Streams of packed meshes by meshoptimizer's codecs (EXT_meshopt_compression, version 0 of the formats)."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from seedscape.export.packed import PackedMesh, Stream
from seedscape.export.passes.each import each_undrawn
from seedscape.scene.values import Mesh, Scene

EXPONENT_BITS = 24


def compress(scene: Scene) -> Scene:
    """Every stream with its compressed bytes; its values become what a viewer decodes from them.

    What the parts of a model have in common (their positions, say) is compressed together: one buffer view in the place of many.
    """
    models = {name: _compressed(parts) for name, parts in scene.models.items()}
    return each_undrawn(replace(scene, models=models), lambda mesh: _compressed((mesh,))[0])


def _compressed(parts: tuple[Mesh, ...]) -> tuple[Mesh, ...]:
    """The parts of one model."""
    pools: dict[tuple[Any, ...], dict[bytes, Stream]] = {}  # alike in kind -> those that differ, in order
    kept: list[dict[str, tuple[tuple[Any, ...], bytes]]] = []
    for mesh in parts:
        places = {}
        for name, stream in mesh.streams.items() if isinstance(mesh, PackedMesh) else ():
            kind = (
                name,
                stream.values.dtype.str,
                stream.values.shape[1],
                stream.filter,
                stream.width,
                stream.normalized,
            )
            content = np.ascontiguousarray(stream.values).tobytes()
            pools.setdefault(kind, {}).setdefault(content, stream)
            places[name] = (kind, content)
        kept.append(places)
    made = {kind: compress_together(list(pool.values()), kind[0] == "indices") for kind, pool in pools.items()}
    found = {kind: dict(zip(pool, made[kind], strict=True)) for kind, pool in pools.items()}
    return tuple(
        replace(mesh, streams={name: found[kind][content] for name, (kind, content) in places.items()})
        if isinstance(mesh, PackedMesh)
        else mesh
        for mesh, places in zip(parts, kept, strict=True)
    )


def compress_together(streams: list[Stream], is_indices: bool = False) -> list[Stream]:
    """Streams of one kind, encoded one after the other as one."""
    whole = compress_stream(replace(streams[0], values=np.concatenate([each.values for each in streams])), is_indices)
    starts = np.cumsum([0] + [len(each.values) for each in streams]).tolist()
    return [replace(whole, values=whole.values[a:b], before=a) for a, b in pairwise(starts)]


def compress_stream(stream: Stream, is_indices: bool = False) -> Stream:
    """The stream with `encoded`, and with `values` read back from it. Triangles may start at another corner."""
    import meshopt

    values, kind = np.ascontiguousarray(stream.values), stream.values.dtype
    if is_indices:
        data = meshopt.encode_gltf_buffer(values.reshape(-1), "TRIANGLES")
        decoded = meshopt.decode_gltf_buffer(data, values.size, values.itemsize, "TRIANGLES")
        return replace(stream, values=decoded.reshape(-1, 1), encoded=data, before=0, total=values.size)
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
    return replace(stream, values=decoded.view(kind).reshape(values.shape), encoded=data, before=0, total=len(values))
