"""Every profile: what it may contain, and that what was written is what was meant."""

import dataclasses
import threading
from io import BytesIO
from typing import Any

import meshopt
import numpy as np
import pytest
from PIL import Image

from seedscape.assets.errors import MissingPartError, RequestError
from seedscape.export import export_scene
from seedscape.export.packed import EncodedTexture, PackedMesh
from seedscape.export.passes import encode
from seedscape.export.passes.compress import compress
from seedscape.export.passes.encode import encode_texture, encode_textures
from seedscape.export.passes.quantize import quantize, snap
from seedscape.export.profiles import PROFILES, find_profile, require_profile
from seedscape.scene.values import Mesh, Node, Scene, Texture
from tests.export.synthetic import ground_mesh, noise_picture, normal_picture, parts, synthetic_scene
from tests.patience import PATIENCE_S

KINDS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10.0 * np.log10(255.0**2 / np.mean((a.astype(float) - b.astype(float)) ** 2)))


def decode(document: dict[str, Any], binary: bytes, index: int) -> np.ndarray:
    """An accessor's numbers, meshopt undone, normalised ones as fractions: a reader of its own."""
    accessor = document["accessors"][index]
    view = document["bufferViews"][accessor["bufferView"]]
    kind, width = np.dtype(KINDS[accessor["componentType"]]), WIDTHS[accessor["type"]]
    packed = view.get("extensions", {}).get("EXT_meshopt_compression")
    if packed is None:
        stride = view.get("byteStride", kind.itemsize * width)
        raw = binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
    else:
        assert document["buffers"][view["buffer"]]["extensions"]["EXT_meshopt_compression"] == {"fallback": True}
        data = binary[packed["byteOffset"] : packed["byteOffset"] + packed["byteLength"]]
        stride = packed["byteStride"]
        rows = meshopt.decode_gltf_buffer(data, packed["count"], stride, packed["mode"], packed.get("filter"))
        raw = np.ascontiguousarray(rows).tobytes()
    count = accessor["count"]
    start = accessor.get("byteOffset", 0)
    table = np.frombuffer(raw, np.uint8)[start : start + count * stride].reshape(count, stride)
    values = np.ascontiguousarray(table[:, : kind.itemsize * width]).view(kind)
    if accessor.get("normalized"):
        return np.maximum(values / float(np.iinfo(kind).max), -1.0)
    return values


def drawn(document: dict[str, Any], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The node that shows a mesh, the child of the named one where the scale of quantised positions needs it; a primitive."""
    node = next(node for node in document["nodes"] if node["name"] == name)
    if "mesh" not in node:
        node = document["nodes"][node["children"][0]]
    return node, document["meshes"][node["mesh"]]["primitives"][0]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return synthetic_scene()


@pytest.fixture(scope="module", params=list(PROFILES))
def written(request: pytest.FixtureRequest, scene: Scene) -> tuple[str, bytes]:
    return request.param, export_scene(scene, None, request.param, None)[0]


def test_each_profile_requires_what_its_engines_know(written: tuple[str, bytes]) -> None:
    name, glb = written
    document, _ = parts(glb)
    quantised = {"EXT_mesh_gpu_instancing", "KHR_mesh_quantization", "KHR_texture_basisu"}
    wanted: dict[str, set[str]] = {
        "quest": quantised | {"EXT_meshopt_compression"},
        "playcanvas": quantised,
        "unity": quantised | {"EXT_meshopt_compression"},
    }
    assert set(document.get("extensionsRequired", [])) == wanted.get(name, set())
    assert ("OMI_physics_body" in document["extensionsUsed"]) == (name == "godot")
    kinds = {image["mimeType"] for image in document["images"]}
    assert kinds == ({"image/ktx2"} if name in wanted else kinds - {"image/ktx2", "image/webp"})
    spawns = [node for node in document["nodes"] if "OMI_spawn_point" in node.get("extensions", {})]
    assert [node["name"] for node in spawns] == ["spawn_0", "spawn_1"]


def test_positions_come_back_within_the_quantum_and_triangles_exactly(scene: Scene, written: tuple[str, bytes]) -> None:
    _, glb = written
    document, binary = parts(glb)
    node, primitive = drawn(document, "ground")
    stored = decode(document, binary, primitive["attributes"]["POSITION"]).astype(float)
    place = np.array(node.get("translation", [0.0, 0.0, 0.0]))
    world = stored * np.array(node.get("scale", [1.0, 1.0, 1.0])) + place
    quantum = node.get("scale", [0.0])[0] / 2.0
    ground = scene.models["ground"][0]
    corners = world[decode(document, binary, primitive["indices"]).reshape(-1, 3)]
    meant = ground.positions[ground.indices].astype(float)
    # the order of triangles, and the corner they start at, are free
    near = {tuple(np.round(corner.mean(axis=0)[[0, 2]], 1)): corner for corner in corners}
    assert len(corners) == len(meant) == len(near)
    for triangle in meant:
        found = near[tuple(np.round(triangle.mean(axis=0)[[0, 2]], 1))]
        turns = [np.abs(np.roll(found, k, axis=0) - triangle).max() for k in range(3)]
        assert min(turns) <= quantum + 1e-6


def test_directions_and_coordinates_come_back(scene: Scene, written: tuple[str, bytes]) -> None:
    name, glb = written
    document, binary = parts(glb)
    _, primitive = drawn(document, "ground")
    attributes = primitive["attributes"]
    normals = decode(document, binary, attributes["NORMAL"])
    lengths = np.sqrt((normals.astype(float) ** 2).sum(axis=1))
    assert np.abs(lengths - 1.0).max() < (0.02 if PROFILES[name].quantized else 1e-5)
    ground = scene.models["ground"][0]
    assert ground.uvs is not None
    uvs = decode(document, binary, attributes["TEXCOORD_0"])
    assert np.abs(np.sort(uvs, axis=0) - np.sort(ground.uvs, axis=0)).max() <= 0.5 / 2048


def test_instances_stand_where_their_nodes_stood(scene: Scene) -> None:
    document, binary = parts(export_scene(scene, None, "quest", "webp")[0])
    node = next(node for node in document["nodes"] if node["name"] == "tree_instances")
    attributes = node["extensions"]["EXT_mesh_gpu_instancing"]["attributes"]
    moves, sizes = (decode(document, binary, attributes[key]).astype(float) for key in ("TRANSLATION", "SCALE"))
    primitive = document["meshes"][node["mesh"]]["primitives"][0]
    low, high = (np.array(document["accessors"][primitive["attributes"]["POSITION"]][key]) for key in ("min", "max"))
    bark = scene.models["tree"][0].positions
    for tree, move, size in zip(scene.nodes[1].children, moves, sizes, strict=True):
        where = np.array(tree.translation)
        assert np.abs(low * size + move - (bark.min(axis=0) + where)).max() < 1e-3
        assert np.abs(high * size + move - (bark.max(axis=0) + where)).max() < 1e-3
    assert node["extras"]["instances"] == [tree.name for tree in scene.nodes[1].children]


def test_chunks_of_land_share_their_border_to_the_bit(scene: Scene) -> None:
    """A small chunk beside a large one: the grids differ, the common vertices do not."""
    near, far = ground_mesh(9, 20.0), ground_mesh(9, 900.0)
    border = near.positions[near.positions[:, 0] == 10.0]
    joined = dataclasses.replace(far, positions=np.concatenate([far.positions[:-9], border + np.float32(0)]))
    two = dataclasses.replace(
        scene, models={"near": (near,), "far": (joined,)}, nodes=(Node("near", "near"), Node("far", "far"))
    )
    packed = quantize(snap(two))
    sets = []
    for name in ("near", "far"):
        mesh = packed_mesh(packed.models[name][0])
        stored = mesh.streams["POSITION"].values[:, :3] * mesh.step_m + np.array(mesh.origin_m)
        assert (stored == mesh.positions).all()
        sets.append({tuple(row) for row in stored.tolist()})
    assert packed_mesh(packed.models["near"][0]).step_m < packed_mesh(packed.models["far"][0]).step_m
    assert len({point for point in sets[0] & sets[1] if point[0] == 10.0}) == 9


def test_meshopt_streams_say_what_a_viewer_decodes(scene: Scene) -> None:
    packed = quantize(snap(scene))
    squeezed = compress(packed)
    for name, meshes in packed.models.items():
        for before, after in zip(meshes, squeezed.models[name], strict=True):
            same_triangles(before, after)
            streams, coded = packed_mesh(before).streams, packed_mesh(after).streams
            assert (streams["POSITION"].values == coded["POSITION"].values).all()
            if "TEXCOORD_0" in streams:
                assert (streams["TEXCOORD_0"].values == coded["TEXCOORD_0"].values).all()
            if "NORMAL" in streams:
                turned = streams["NORMAL"].values[:, :3].astype(float) - coded["NORMAL"].values[:, :3]
                assert np.abs(turned).max() <= 2.0  # of 127: under a degree


def packed_mesh(mesh: Mesh) -> PackedMesh:
    assert isinstance(mesh, PackedMesh)
    return mesh


def same_triangles(before: Mesh, after: Mesh) -> None:
    a, b = (packed_mesh(mesh).streams["indices"].values.reshape(-1, 3) for mesh in (before, after))
    turned = [np.roll(b, k, axis=1) for k in range(3)]
    assert np.any([(a == each).all(axis=1) for each in turned], axis=0).all()


@pytest.mark.parametrize(("usage", "decibels"), [("color", 24.0), ("normal", 28.0), ("data", 24.0)])
def test_compressed_pictures_read_back_by_another_transcoder(usage: Any, decibels: float) -> None:
    import opengl_basisu

    grey = noise_picture(4, 128, 40, 220)
    pixels = normal_picture(grey) if usage == "normal" else grey
    encoded = encode_texture(Texture(pixels, usage), "ktx2")
    picture = opengl_basisu.open(encoded.data)
    assert (picture.width, picture.height, picture.levels, picture.srgb) == (128, 128, 8, usage == "color")
    assert picture.codec.name == ("UASTC_LDR_4x4" if usage == "normal" else "ETC1S")
    shown = picture.transcode("rgba8").data[..., :3]
    assert psnr(shown, pixels) > decibels
    again = encode_texture(Texture(pixels, usage), "ktx2")
    assert again.data == encoded.data


@pytest.mark.parametrize(("usage", "decibels"), [("color", 29.0), ("normal", 33.0), ("data", 29.0)])
def test_webp_pictures_read_back(usage: Any, decibels: float) -> None:
    grey = noise_picture(4, 512, 40, 220)
    pixels = normal_picture(grey) if usage == "normal" else grey
    encoded = encode_texture(Texture(pixels, usage), "webp")
    assert encoded.mime_type == ("image/jpeg" if usage == "normal" else "image/webp")
    assert psnr(np.asarray(Image.open(BytesIO(encoded.data)).convert("RGB")), pixels) > decibels


def test_pictures_an_engine_cannot_read_are_refused() -> None:
    assert find_profile("quest", "webp").textures == "webp"
    for name, kind in (("unity", "webp"), ("universal", "ktx2"), ("quest", "gif")):
        with pytest.raises(RequestError, match="--textures: expected jpeg"):
            find_profile(name, kind)


def test_a_missing_encoder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "alktx2", None)
    with pytest.raises(MissingPartError, match=r"pip install 'seedscape\[ktx2\]', or ask for --textures webp"):
        require_profile("quest")
    require_profile("quest", "webp")


def test_the_same_scene_gives_the_same_bytes(written: tuple[str, bytes]) -> None:
    name, glb = written
    assert export_scene(synthetic_scene(), None, name)[0] == glb


def test_one_colour_on_meshes_of_different_size_is_not_one_accessor() -> None:
    """It packs to the same bytes for 9 and for 16 vertices."""
    scene = synthetic_scene(posts=9, picture=16, trees=1)
    grounds: dict[str, tuple[Mesh, ...]] = {}
    for posts in (3, 4):
        mesh = ground_mesh(posts, 10.0)
        grey = np.full((posts * posts, 4), 0.5, np.float32)
        grounds[f"grey_{posts}"] = (dataclasses.replace(mesh, colors=grey),)
    nodes = tuple(Node(name, model=name) for name in grounds)
    glb, _ = export_scene(dataclasses.replace(scene, models=grounds, nodes=nodes), None, "quest", "webp")
    document, binary = parts(glb)
    for name, posts in (("grey_3", 3), ("grey_4", 4)):
        _, primitive = drawn(document, name)
        counts = {key: document["accessors"][index]["count"] for key, index in primitive["attributes"].items()}
        assert set(counts.values()) == {posts * posts}
        assert len(decode(document, binary, primitive["attributes"]["COLOR_0"])) == posts * posts


def test_as_many_pictures_at_once_as_there_are_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = synthetic_scene(posts=3, picture=32, trees=2)
    assert len(scene.textures) > 1
    names: set[str] = set()
    meeting = threading.Barrier(1)  # each thread's first picture waits until all threads have one

    def watched(texture: Texture, kind: encode.Kind) -> EncodedTexture:
        if threading.current_thread().name not in names:
            names.add(threading.current_thread().name)
            meeting.wait(PATIENCE_S)
        return encode_texture(texture, kind)

    monkeypatch.setattr(encode, "encode_texture", watched)
    alone = encode_textures(scene, "jpeg", threads=1)
    assert len(names) == 1
    names.clear()
    meeting = threading.Barrier(2)
    beside = encode_textures(scene, "jpeg", threads=2)
    assert len(names) == 2 and list(alone.textures) == list(beside.textures)
    for one, two in zip(alone.textures.values(), beside.textures.values(), strict=True):
        assert isinstance(one, EncodedTexture) and isinstance(two, EncodedTexture)
        assert one.data == two.data
