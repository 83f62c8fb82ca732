import dataclasses
import math
import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from seedscape.assets.errors import RequestError
from seedscape.export import export_scene
from seedscape.export.write import write_glb
from seedscape.scene.values import Material, Mesh, Node, Scene, Sound, SpawnPoint
from tests.export.synthetic import ground_mesh, parts, plain, synthetic_scene

SIZES = {5121: 1, 5123: 2, 5125: 4, 5126: 4}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
DTYPES = {5121: "u1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}


def values(document: dict[str, Any], binary: bytes, index: int) -> np.ndarray:
    accessor = document["accessors"][index]
    view = document["bufferViews"][accessor["bufferView"]]
    count = accessor["count"] * WIDTHS[accessor["type"]]
    flat = np.frombuffer(binary, DTYPES[accessor["componentType"]], count, view["byteOffset"])
    return flat if accessor["type"] == "SCALAR" else flat.reshape(accessor["count"], -1)


def drawn(document: dict[str, Any], node_name: str) -> dict[str, Any]:
    """The first primitive of a node's mesh."""
    node = next(node for node in document["nodes"] if node["name"] == node_name)
    primitive: dict[str, Any] = document["meshes"][node["mesh"]]["primitives"][0]
    return primitive


@pytest.fixture(scope="module")
def scene() -> Scene:
    return synthetic_scene()


@pytest.fixture(scope="module")
def glb(scene: Scene) -> bytes:
    return write_glb(scene, "1.2.3")


def test_header_and_chunks_are_as_the_specification_lays_them_out(glb: bytes) -> None:
    assert glb[:4] == b"glTF"
    version, total, json_length, json_kind = struct.unpack_from("<4I", glb, 4)
    assert (version, total, json_kind) == (2, len(glb), 0x4E4F534A)
    assert json_length % 4 == 0
    binary_length, binary_kind = struct.unpack_from("<2I", glb, 20 + json_length)
    assert binary_kind == 0x004E4942 and 28 + json_length + binary_length == len(glb)
    document, _ = parts(glb)
    assert 0 <= binary_length - document["buffers"][0]["byteLength"] < 4


def test_views_are_aligned_packed_and_hold_one_accessor_each(glb: bytes) -> None:
    document, _ = parts(glb)
    end = 0
    for view in document["bufferViews"]:
        assert view["byteOffset"] % 4 == 0 and 0 <= view["byteOffset"] - end < 4
        end = view["byteOffset"] + view["byteLength"]
    assert 0 <= document["buffers"][0]["byteLength"] - end < 4
    for accessor in document["accessors"]:
        size = SIZES[accessor["componentType"]] * WIDTHS[accessor["type"]]
        view = document["bufferViews"][accessor["bufferView"]]
        assert view["byteLength"] == accessor["count"] * size
        assert view["target"] in (34962, 34963)
        if view["target"] == 34962:
            assert size % 4 == 0


def test_geometry_comes_back_exactly(scene: Scene, glb: bytes) -> None:
    document, binary = parts(glb)
    ground = scene.models["ground"][0]
    assert ground.colors is not None
    primitive = drawn(document, "ground")
    attributes = primitive["attributes"]
    assert set(attributes) == {"POSITION", "NORMAL", "TANGENT", "TEXCOORD_0", "COLOR_0"}
    positions = values(document, binary, attributes["POSITION"])
    assert (positions == ground.positions).all()
    assert (values(document, binary, attributes["NORMAL"]) == ground.normals).all()
    assert (values(document, binary, attributes["TEXCOORD_0"]) == ground.uvs).all()
    assert (values(document, binary, primitive["indices"]) == ground.indices.reshape(-1)).all()
    colors = values(document, binary, attributes["COLOR_0"])
    assert colors.dtype == np.uint8 and np.abs(colors / 255.0 - ground.colors).max() <= 0.5 / 255 + 1e-6
    accessor = document["accessors"][attributes["POSITION"]]
    assert np.float32(accessor["min"]).tolist() == positions.min(axis=0).tolist()
    assert np.float32(accessor["max"]).tolist() == positions.max(axis=0).tolist()


def test_an_independent_reader_finds_the_same_scene(scene: Scene, glb: bytes) -> None:
    read = trimesh.load_scene(BytesIO(glb), file_type="glb")
    faces = {name: len(geometry.faces) for name, geometry in read.geometry.items()}
    assert faces["ground"] == len(scene.models["ground"][0].indices)
    assert faces["sky"] == len(scene.models["sky"][0].indices)
    tree = next(node for node in scene.nodes[1].children if node.name == "tree_4")
    matrix, _ = read.graph["tree_4"]
    assert matrix[:3, 3] == pytest.approx(tree.translation, abs=1e-5)
    assert read.geometry["ground"].visual.material.baseColorTexture.size == (64, 64)


def test_indices_are_short_while_they_fit() -> None:
    def index_type(posts: int) -> int:
        ground = dataclasses.replace(ground_mesh(posts, 10.0), material="plain", colors=None)
        document, _ = parts(write_glb(one_mesh(ground, Material()), "1"))
        kind: int = document["accessors"][drawn(document, "it")["indices"]]["componentType"]
        return kind

    assert index_type(255) == 5123  # 65,025 vertices
    assert index_type(257) == 5125  # 66,049


def one_mesh(mesh: Mesh, material: Material) -> Scene:
    empty = Mesh(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint32), "")
    return Scene(
        name="one",
        models={"it": (mesh,)},
        materials={mesh.material: material},
        textures={},
        lights={},
        nodes=(Node("it", model="it"),),
        spawn_points=(SpawnPoint("here", (1.0, 2.0, 3.0), math.pi / 2),),
        walkable=empty,
        collision=empty,
        bounds=((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
        spec={},
    )


def test_nodes_share_the_mesh_of_their_model(scene: Scene, glb: bytes) -> None:
    document, _ = parts(glb)
    trees = [node for node in document["nodes"] if node["name"].startswith("tree_")]
    assert len(trees) == 12 and len({node["mesh"] for node in trees}) == 1
    assert [mesh["name"] for mesh in document["meshes"]] == ["ground", "tree", "sky", "walkable", "collision"]


def test_equal_arrays_and_pictures_are_stored_once(scene: Scene) -> None:
    ground = scene.models["ground"][0]
    overlay = dataclasses.replace(ground, material="snow", colors=np.full((len(ground.positions), 4), 0.5, np.float32))
    copy = dataclasses.replace(scene.textures["soil_color"], pixels=scene.textures["soil_color"].pixels.copy())
    snow = Material("snow_color", alpha_mode="BLEND")
    layered = dataclasses.replace(
        scene,
        models=scene.models | {"ground": (ground, overlay)},
        materials=scene.materials | {"snow": snow},
        textures=scene.textures | {"snow_color": copy},
    )
    document, _ = parts(write_glb(layered, "1"))
    node = next(node for node in document["nodes"] if node["name"] == "ground")
    base, over = document["meshes"][node["mesh"]]["primitives"]
    assert {k: base["attributes"][k] for k in ("POSITION", "NORMAL", "TEXCOORD_0")} == {
        k: over["attributes"][k] for k in ("POSITION", "NORMAL", "TEXCOORD_0")
    }
    assert base["indices"] == over["indices"] and "TANGENT" not in over["attributes"]
    assert len(document["images"]) == 4 and len(document["textures"]) == 5
    walkable = next(node for node in document["nodes"] if node["name"] == "walkable")
    shared = document["meshes"][walkable["mesh"]]["primitives"][0]
    assert shared["attributes"] == {"POSITION": base["attributes"]["POSITION"]}


def test_everything_has_a_name(glb: bytes) -> None:
    document, _ = parts(glb)
    for kind in ("scenes", "nodes", "meshes", "materials", "images", "textures", "samplers"):
        assert all(entry["name"] for entry in document[kind]), kind
    assert document["extensions"]["KHR_lights_punctual"]["lights"][0]["name"] == "sun"
    names = [node["name"] for node in document["nodes"]]
    assert len(names) == len(set(names))


def test_materials_say_what_the_scene_says(glb: bytes) -> None:
    document, _ = parts(glb)
    by_name = {material["name"]: material for material in document["materials"]}
    textures = [texture["name"] for texture in document["textures"]]
    soil = by_name["soil"]
    assert textures[soil["pbrMetallicRoughness"]["baseColorTexture"]["index"]] == "soil_color"
    assert textures[soil["pbrMetallicRoughness"]["metallicRoughnessTexture"]["index"]] == "soil_orm"
    assert textures[soil["occlusionTexture"]["index"]] == "soil_orm"
    assert textures[soil["normalTexture"]["index"]] == "soil_normal"
    assert soil["extras"] == {"licence": "CC0-1.0"} and "alphaMode" not in soil
    assert (by_name["leaf"]["alphaMode"], by_name["leaf"]["alphaCutoff"]) == ("MASK", 0.5)
    assert by_name["leaf"]["doubleSided"] is True
    assert by_name["sky"]["extensions"] == {"KHR_materials_unlit": {}}
    assert by_name["bark"]["pbrMetallicRoughness"] == {
        "baseColorFactor": [0.2, 0.12, 0.07, 1.0],
        "metallicFactor": 0.0,
        "roughnessFactor": 0.9,
    }
    wraps = {texture["name"]: document["samplers"][texture["sampler"]]["wrapS"] for texture in document["textures"]}
    assert wraps == {"soil_color": 10497, "soil_orm": 10497, "soil_normal": 10497, "leaf_color": 33071}


def test_a_material_without_mirror_part_says_so_and_names_its_extension() -> None:
    document, _ = parts(write_glb(one_mesh(plain(ground_mesh(3, 4.0)), Material(specular=0.0)), "1"))
    assert document["materials"][0]["extensions"] == {"KHR_materials_specular": {"specularFactor": 0.0}}
    assert document["extensionsUsed"] == ["KHR_materials_specular", "OMI_spawn_point"]


def test_pictures_inside_are_whole(glb: bytes) -> None:
    document, binary = parts(glb)
    for image in document["images"]:
        view = document["bufferViews"][image["bufferView"]]
        assert "target" not in view
        data = binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
        picture = Image.open(BytesIO(data))
        picture.load()
        assert picture.size == (64, 64) and Image.MIME[picture.format or ""] == image["mimeType"]


def test_undrawn_meshes_stand_in_scenes_of_their_own(scene: Scene, glb: bytes) -> None:
    document, binary = parts(glb)
    assert document["scene"] == 0
    assert [entry["name"] for entry in document["scenes"]] == ["environment", "walkable", "collision"]
    for entry, mesh in ((document["scenes"][1], scene.walkable), (document["scenes"][2], scene.collision)):
        (index,) = entry["nodes"]
        node = document["nodes"][index]
        assert node["name"] == entry["name"] and node["extras"] == {"role": entry["name"]}
        primitive = document["meshes"][node["mesh"]]["primitives"][0]
        assert (values(document, binary, primitive["attributes"]["POSITION"]) == mesh.positions).all()
        assert index not in document["scenes"][0]["nodes"]


@pytest.mark.parametrize("profile", ["playcanvas", "unreal"])
def test_engines_that_draw_every_scene_get_one(scene: Scene, profile: str) -> None:
    document, _ = parts(export_scene(scene, None, profile)[0])
    (drawn,) = document["scenes"]
    by_name = {node.get("name"): (k, node) for k, node in enumerate(document["nodes"])}
    for role in ("walkable", "collision"):
        index, node = by_name[role]
        assert "mesh" in node and node["extras"] == {"role": role} and index not in drawn["nodes"]


def test_empty_walkable_and_collision_leave_a_node_without_a_mesh() -> None:
    document, _ = parts(write_glb(one_mesh(plain(ground_mesh(3, 4.0)), Material()), "1"))
    node = document["nodes"][document["scenes"][1]["nodes"][0]]
    assert node == {"name": "walkable", "extras": {"role": "walkable"}}


def test_spawn_points_are_nodes_that_face_their_heading() -> None:
    document, _ = parts(write_glb(one_mesh(plain(ground_mesh(3, 4.0)), Material()), "1"))
    spawn = next(node for node in document["nodes"] if node["name"] == "spawn_0")
    assert spawn["translation"] == [1.0, 2.0, 3.0]
    assert spawn["rotation"] == pytest.approx([0.0, 0.5**0.5, 0.0, 0.5**0.5], abs=1e-7)  # -Z turned to -X
    assert spawn["extras"] == {"role": "spawn", "label": "here", "heading_deg": 90.0}


def test_the_asset_tells_where_it_comes_from(scene: Scene, glb: bytes) -> None:
    asset = parts(glb)[0]["asset"]
    assert asset["version"] == "2.0" and asset["generator"] == "Seedscape 1.2.3"
    assert asset["extras"]["spec"] == scene.spec and asset["extras"]["scene"] == scene.extras
    assert asset["extras"]["licences"] == {"soil": "CC0-1.0"}


def test_nothing_is_required_of_the_viewer(glb: bytes) -> None:
    document, _ = parts(glb)
    assert document["extensionsUsed"] == ["KHR_lights_punctual", "KHR_materials_unlit", "OMI_spawn_point"]
    assert "extensionsRequired" not in document


def test_smooth_and_dark_colours_get_sixteen_bits(glb: bytes) -> None:
    document, _ = parts(glb)
    assert document["accessors"][drawn(document, "sky")["attributes"]["COLOR_0"]]["componentType"] == 5123
    mesh = dataclasses.replace(plain(ground_mesh(3, 4.0)), colors=np.full((9, 4), 0.01, np.float32))
    document, binary = parts(write_glb(one_mesh(mesh, Material()), "1"))
    colors = values(document, binary, drawn(document, "it")["attributes"]["COLOR_0"])
    assert colors.dtype == np.uint16 and (colors == 655).all()


def test_the_same_scene_gives_the_same_bytes(glb: bytes) -> None:
    assert write_glb(synthetic_scene(), "1.2.3") == glb


def test_extras_that_are_no_json_are_refused(scene: Scene) -> None:
    for value in (float("nan"), {1, 2}, np.float32(1)):
        with pytest.raises(RequestError, match="JSON"):
            write_glb(dataclasses.replace(scene, extras={"bad": value}), "1")


def test_an_unsound_scene_is_refused_before_anything_is_written(scene: Scene, tmp_path: Path) -> None:
    ground = scene.models["ground"][0]
    flat = dataclasses.replace(ground, positions=np.zeros_like(ground.positions))
    with pytest.raises(RequestError, match="triangles with an area"):
        write_glb(dataclasses.replace(scene, models=scene.models | {"ground": (flat,)}), "1")


def test_sounds_are_emitters_that_no_reader_needs() -> None:
    sounds = (Sound("wind", 0.4), Sound("lake", 0.5, (3.0, 1.0, -2.0), 3.0, 50.0))
    document, _ = parts(write_glb(dataclasses.replace(synthetic_scene(), sounds=sounds), "1"))
    assert document["extensions"]["KHR_audio_emitter"]["emitters"] == [
        {"name": "wind", "type": "global", "gain": 0.4},
        {"name": "lake", "type": "positional", "positional": {"refDistance": 3.0, "maxDistance": 50.0}, "gain": 0.5},
    ]
    scene = document["scenes"][0]
    assert scene["extensions"] == {"KHR_audio_emitter": {"emitters": [0]}}
    node = document["nodes"][scene["nodes"][-1]]
    assert node == {
        "name": "sound_1_lake", "translation": [3.0, 1.0, -2.0],
        "extensions": {"KHR_audio_emitter": {"emitter": 1}}, "extras": {"role": "sound", "sound": "lake"},
    }  # fmt: skip
    assert "KHR_audio_emitter" in document["extensionsUsed"]
    assert "KHR_audio_emitter" not in document.get("extensionsRequired", [])
    with pytest.raises(RequestError, match="sound 'lake': expected"):
        write_glb(dataclasses.replace(synthetic_scene(), sounds=(Sound("lake", float("nan")),)), "1")
