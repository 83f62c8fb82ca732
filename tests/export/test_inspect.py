import base64
import json
import os
import struct
import subprocess
import sys
import time
import tracemalloc
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from seedscape.assets.errors import RequestError
from seedscape.export import BUDGETS, GlbError, export_scene, inspect_glb, to_json, to_text
from seedscape.export.report import ExportReport
from tests.export.synthetic import synthetic_scene

SMALL, SMALL_REPORT = export_scene(synthetic_scene(posts=3, picture=16, trees=2))


def pack(document: Any, binary: bytes = b"") -> bytes:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<2I", len(text), 0x4E4F534A) + text
    if binary:
        binary += b"\0" * (-len(binary) % 4)
        chunks += struct.pack("<2I", len(binary), 0x004E4942) + binary
    return struct.pack("<3I", 0x46546C67, 2, 12 + len(chunks)) + chunks


def boxes(**changes: Any) -> dict[str, Any]:
    """A document with two nodes that show one mesh of 100 triangles, without geometry bytes."""
    document: dict[str, Any] = {
        "asset": {"version": "2.0"},
        "scenes": [{"nodes": [0, 1]}],
        "nodes": [{"mesh": 0}, {"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {"count": 50, "type": "VEC3", "componentType": 5126},
            {"count": 300, "type": "SCALAR", "componentType": 5123},
        ],
    }
    return document | changes


def test_our_own_file() -> None:
    assert inspect_glb(SMALL) == SMALL_REPORT
    assert (SMALL_REPORT.draw_calls, SMALL_REPORT.materials, SMALL_REPORT.lights) == (6, 4, 1)
    assert SMALL_REPORT.triangles == 8 + 2 * (7 + 9) + 11 * 32 * 2
    assert SMALL_REPORT.gpu_texture_bytes == 4 * 4 * (256 + 64 + 16 + 4 + 1)
    assert [(t.name, t.width, t.height) for t in SMALL_REPORT.textures] == [
        ("soil_color", 16, 16),
        ("soil_orm", 16, 16),
        ("soil_normal", 16, 16),
        ("leaf_color", 16, 16),
    ]
    assert SMALL_REPORT.extensions_used == ("KHR_lights_punctual", "KHR_materials_unlit", "OMI_spawn_point")
    assert SMALL_REPORT.within_budget and SMALL_REPORT.notes == ()


def test_a_path_gives_what_the_bytes_give(tmp_path: Path) -> None:
    path = tmp_path / "a.glb"
    path.write_bytes(SMALL)
    assert inspect_glb(path) == inspect_glb(str(path)) == SMALL_REPORT


def test_every_node_counts_each_primitive() -> None:
    report = inspect_glb(pack(boxes()))
    assert (report.triangles, report.draw_calls, report.meshes, report.nodes) == (200, 2, 1, 2)


def test_only_the_default_scene_is_drawn() -> None:
    document = boxes(scenes=[{"nodes": [0]}, {"nodes": [1]}], scene=1)
    assert inspect_glb(pack(document)).draw_calls == 1
    report = inspect_glb(pack(boxes(scenes=[])))
    assert report.draw_calls == 0 and report.notes == ("the file has no scene: nothing is drawn",)


def test_blended_double_sides_count_twice() -> None:
    document = boxes(materials=[{"alphaMode": "BLEND", "doubleSided": True}])
    document["meshes"][0]["primitives"][0]["material"] = 0
    report = inspect_glb(pack(document))
    assert (report.triangles, report.draw_calls) == (400, 4) and "twice" in report.notes[0]


def test_instances_are_one_draw_call() -> None:
    node = {"mesh": 0, "extensions": {"EXT_mesh_gpu_instancing": {"attributes": {"TRANSLATION": 0}}}}
    report = inspect_glb(pack(boxes(scenes=[{"nodes": [0]}], nodes=[node])))
    assert (report.triangles, report.draw_calls) == (50 * 100, 1)


@pytest.mark.parametrize(("mode", "triangles"), [(0, 0), (1, 0), (4, 200), (5, 596), (6, 596)])
def test_modes_have_their_own_number_of_triangles(mode: int, triangles: int) -> None:
    document = boxes()
    document["meshes"][0]["primitives"][0]["mode"] = mode
    assert inspect_glb(pack(document)).triangles == triangles


def test_pictures_in_data_uris_and_block_compressed_ones_are_measured() -> None:
    stream = BytesIO()
    Image.new("RGB", (64, 32)).save(stream, "JPEG")
    uri = "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
    ktx2 = b"\xabKTX 20\xbb\r\n\x1a\n" + struct.pack("<9I", 0, 1, 64, 64, 0, 0, 1, 7, 1)
    document = boxes(
        images=[{"uri": uri}, {"bufferView": 0, "mimeType": "image/ktx2"}, {"uri": "https://example.org/a.png"}],
        bufferViews=[{"buffer": 0, "byteLength": len(ktx2)}],
        buffers=[{"byteLength": len(ktx2)}],
    )
    report = inspect_glb(pack(document, ktx2))
    jpeg, compressed, outside = report.textures
    assert (jpeg.width, jpeg.height) == (64, 32) and abs(jpeg.bytes - len(stream.getvalue())) < 3
    assert jpeg.gpu_bytes == 4 * (2048 + 512 + 128 + 32 + 8 + 2 + 1)
    assert compressed.gpu_bytes == 16 * (256 + 64 + 16 + 4 + 1 + 1 + 1)
    assert outside.gpu_bytes == 0 and "unknown" in report.notes[0]


def test_verdicts_follow_the_profile() -> None:
    big = boxes(accessors=[{"count": 3, "type": "VEC3"}, {"count": 1_000_000, "type": "SCALAR"}])
    report = inspect_glb(pack(big), "quest")
    assert not report.within_budget
    assert {verdict.name: verdict.within for verdict in report.verdicts} == {
        "triangles": False,
        "draw_calls": True,
        "materials": True,
        "gpu_texture_bytes": True,
        "texture_px": True,
        "bytes": True,
    }
    assert "OVER" in to_text(report)
    shown = to_json(report)
    assert json.loads(json.dumps(shown)) == shown | {k: list(shown[k]) for k in shown if isinstance(shown[k], tuple)}
    assert shown["within_budget"] is False and shown["verdicts"][0]["limit"] == 300_000


def test_text_shows_no_control_characters_of_a_hostile_file() -> None:
    document = boxes(asset={"version": "2.0", "generator": "\x1b[2Jevil\n\ud800"})
    text = to_text(inspect_glb(pack(document)))
    assert "\x1b" not in text and "evil" in text
    text.encode()


def test_cut_at_every_byte() -> None:
    for length in range(len(SMALL)):
        with pytest.raises(RequestError) as caught:
            inspect_glb(SMALL[:length])
        assert "\n" not in str(caught.value)


def test_cut_at_every_byte_with_the_header_made_to_agree() -> None:
    for length in range(20, len(SMALL) - 4, 7):
        try:
            inspect_glb(SMALL[:8] + struct.pack("<I", length) + SMALL[12:length])
        except RequestError as error:
            assert "\n" not in str(error)
        else:
            raise AssertionError(f"{length} bytes of {len(SMALL)} were taken for a whole file")


JSON_LENGTH = struct.unpack_from("<I", SMALL, 12)[0]


@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), min_size=1, max_size=12))
def test_changed_bytes_give_a_report_or_one_line(changes: list[tuple[int, int]]) -> None:
    data = bytearray(SMALL)
    for at, value in changes:
        data[at % (20 + JSON_LENGTH if value % 4 else len(data))] = value
    assert_report_or_refusal(bytes(data))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_any_value_in_any_place_gives_a_report_or_one_line(data: st.DataObject) -> None:
    document = json.loads(SMALL[20 : 20 + JSON_LENGTH])
    place: Any = document
    while True:
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], (dict, list)) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(JSON_VALUES)
    assert_report_or_refusal(pack(document, SMALL[28 + JSON_LENGTH :]))


def assert_report_or_refusal(data: bytes) -> None:
    try:
        report = inspect_glb(data)
    except RequestError as error:
        assert "\n" not in str(error) and len(str(error)) < 300
    else:
        assert isinstance(report, ExportReport)
        json.dumps(to_json(report))
        to_text(report).encode()


@pytest.mark.parametrize(
    "data",
    [
        pack(boxes(nodes=[{"children": [1]}, {"children": [0]}])),  # a cycle
        pack(boxes(nodes=[{"children": [0]}, {}])),
        pack(boxes(nodes=[{"mesh": 0, "children": [1]}, {"mesh": 0}])),  # two parents
        pack(boxes(scenes=[{"nodes": [7]}])),
        pack(boxes(scenes=[{"nodes": [True]}])),
        pack(boxes(scene=-1)),
        pack(boxes(accessors=[{"count": 10**30}, {"count": 10**30}])),
        pack(boxes(accessors=[{"count": -1}, {"count": 3.5}])),
        pack(
            boxes(
                accessors=[{"count": 10**6, "type": "VEC3", "componentType": 5126, "bufferView": 0}, {"count": 3}],
                bufferViews=[{"buffer": 0, "byteLength": 4}],
                buffers=[{"byteLength": 4}],
            ),
            b"abcd",
        ),
        pack(
            boxes(
                images=[{"bufferView": 0}],
                bufferViews=[{"buffer": 0, "byteLength": 1 << 40}],
                buffers=[{"byteLength": 1 << 41}],
            ),
            b"abcd",
        ),
        pack(b"[" * 1_000_000),
        pack(b'{"asset":' * 200_000),
        pack(b'{"asset":{"version":"2.0"},"a":' + b"9" * 100_000 + b"}"),
        pack(b'{"asset":{"version":"2.0"},"a":NaN}'),
        pack(b"\xff\xfe"),
        pack([]),
        pack({}),
        pack(boxes(asset={"version": "1.0"})),
        struct.pack("<5I", 0x46546C67, 2, 20, 0xFFFFFFFF, 0x4E4F534A),
        struct.pack("<5I", 0x46546C67, 1, 20, 0, 0x4E4F534A),
        b"glTF",
        b"\x89PNG\r\n\x1a\n" + bytes(50),
        b"",
    ],
)
def test_hostile_files_are_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(RequestError) as caught:
        inspect_glb(data)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_many_nodes_with_a_costly_mesh_are_counted_in_no_time() -> None:
    primitive = {"attributes": {"POSITION": 0}, "indices": 1}
    document = boxes(
        nodes=[{"mesh": 0}] * 100_000,
        scenes=[{"nodes": list(range(100_000))}],
        meshes=[{"primitives": [primitive] * 20_000}],
    )
    start = time.process_time()
    assert inspect_glb(pack(document)).draw_calls == 2_000_000_000
    assert time.process_time() - start < 5.0


def test_memory_stays_near_the_size_of_the_json() -> None:
    bomb = pack(boxes(extras=[[]] * 500_000))  # the smallest text for the largest value
    tracemalloc.start()
    inspect_glb(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * len(bomb)
    with pytest.raises(RequestError, match="at most"):
        inspect_glb(pack(b" " * (17 << 20)))


def test_paths_that_are_no_file_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty.glb").write_bytes(b"")
    for path in (tmp_path / "none.glb", tmp_path, tmp_path / "pipe", tmp_path / "empty.glb", "/dev/zero", "a\0b"):
        with pytest.raises(RequestError, match="expected a GLB file, got"):
            inspect_glb(path)


def test_inspecting_loads_neither_pillow_nor_a_renderer() -> None:
    program = (
        "import sys, seedscape.export; print([m for m in ('PIL', 'filly', 'torch', 'onnxruntime') if m in sys.modules])"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "[]\n"


def test_random_bytes_are_no_glb() -> None:
    rng = np.random.Generator(np.random.Philox(1))
    for _ in range(200):
        with pytest.raises(RequestError):
            inspect_glb(b"glTF\2\0\0\0" + rng.integers(0, 256, 60, dtype=np.uint8).tobytes())


def test_all_that_is_wrong_is_listed_with_code_and_place() -> None:
    document = boxes(
        scenes=[{"nodes": [0, 1, 2, 2, 9]}],
        nodes=[{"mesh": 0}, {"mesh": 5}, {"children": [2]}],
        images=[{"bufferView": 3}],
    )
    document["accessors"][1]["count"] = -1
    with pytest.raises(GlbError) as caught:
        inspect_glb(pack(document))
    found = {(issue.code, issue.severity, issue.pointer) for issue in caught.value.issues}
    assert found == {
        ("RANGE", "error", "/accessors/1/count"),
        ("REFERENCE", "error", "/nodes/1/mesh"),
        ("GRAPH", "error", "/nodes/2"),
        ("REFERENCE", "error", "/scenes"),
        ("REFERENCE", "error", "/images/0/bufferView"),
    }
    assert json.loads(json.dumps(caught.value.to_json()))["issues"][0]["code"]
    with pytest.raises(GlbError) as cut:
        inspect_glb(SMALL[:-1])
    assert [issue.code for issue in cut.value.issues] == ["CONTAINER"]


def test_the_heaviest_are_named_and_every_profile_has_a_verdict() -> None:
    document = boxes(nodes=[{"mesh": 0, "name": "light"}, {"mesh": 1, "name": "heavy"}])
    document["meshes"].append({"primitives": [{"attributes": {"POSITION": 0}, "indices": 2}]})
    document["accessors"].append({"count": 1_200_000, "type": "SCALAR", "componentType": 5125})
    report = inspect_glb(pack(document))
    assert report.over == dict.fromkeys(BUDGETS, ("triangles",))
    heaviest = report.offenders[0]
    assert (heaviest.line, heaviest.pointer, heaviest.name, heaviest.value) == (
        "triangles",
        "/nodes/1",
        "heavy",
        400_000,
    )
    text = to_text(report)
    (row,) = [line for line in text.splitlines() if line.startswith("  triangles")]
    words = ["triangles", "400,100", *[">", "300,000"] * len(BUDGETS), "/nodes/1", "heavy,", "400,000"]
    assert row.split() == words
    assert ["OVER"] * len(BUDGETS) in [line.split() for line in text.splitlines()]
    profiles = to_json(report)["profiles"]
    assert set(profiles) == set(BUDGETS)
    assert profiles["quest"][0] == {"name": "triangles", "value": 400_100, "limit": 300_000, "within": False, "pointer": "/nodes/1"}  # fmt: skip


def test_a_file_for_some_profiles_says_which() -> None:
    """12 MB: too many for `quest`, whose row of the table says so."""
    data = pack(boxes(buffers=[{"byteLength": 12_000_000}]), b"\0" * 12_000_000)
    text = to_text(inspect_glb(data, "quest")).splitlines()
    (row,) = [line for line in text if line.startswith("  bytes")]
    assert row.count("> 10.00 MB") == 1 and row.count("ok") == len(BUDGETS) - 1
    assert ["fits", "OVER", "fits", "fits", "fits", "fits"] in [line.split() for line in text]


def test_a_meshopt_bomb_is_refused() -> None:
    view = {"buffer": 1, "byteLength": 1 << 30, "byteStride": 4, "extensions": {"EXT_meshopt_compression": {"buffer": 0, "byteLength": 4}}}  # fmt: skip
    document = boxes(bufferViews=[view], buffers=[{"byteLength": 4}, {"byteLength": 1 << 30}])
    document["accessors"][0] = {"count": 1 << 28, "type": "SCALAR", "componentType": 5126, "bufferView": 0}
    with pytest.raises(GlbError, match="expected 4 packed bytes to unpack to less"):
        inspect_glb(pack(document, b"abcd"))
