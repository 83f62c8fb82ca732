"""The page in Chromium: walk, orbit, phone, headset, foreign and broken files, a world from the form."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seedscape.export import export_scene
from tests.export.synthetic import parts, synthetic_scene
from tests.export.test_profiles import decode
from tests.service.running import Service
from tests.viewer.driver import drive, viewing

pytestmark = pytest.mark.browser
EYE_M = 1.6


class Surface:
    """Heights of the scene "walkable" of a GLB, read here and not by the page."""

    def __init__(self, glb: bytes) -> None:
        document, binary = parts(glb)
        (scene,) = [scene for scene in document["scenes"] if scene["name"] == "walkable"]
        node = document["nodes"][scene["nodes"][0]]
        (mesh,) = document["meshes"][node["mesh"]]["primitives"]
        positions = decode(document, binary, mesh["attributes"]["POSITION"]).astype(float)
        positions = positions * node.get("scale", (1, 1, 1)) + node.get("translation", (0, 0, 0))
        self.corners = positions[decode(document, binary, mesh["indices"]).reshape(-1, 3)]

    def height(self, x: float, z: float) -> float:
        """nan where nobody may stand."""
        a, b, c = self.corners[:, 0], self.corners[:, 1], self.corners[:, 2]
        area = (b[:, 0] - a[:, 0]) * (c[:, 2] - a[:, 2]) - (c[:, 0] - a[:, 0]) * (b[:, 2] - a[:, 2])
        with np.errstate(divide="ignore", invalid="ignore"):
            v = ((x - a[:, 0]) * (c[:, 2] - a[:, 2]) - (c[:, 0] - a[:, 0]) * (z - a[:, 2])) / area
            w = ((b[:, 0] - a[:, 0]) * (z - a[:, 2]) - (x - a[:, 0]) * (b[:, 2] - a[:, 2])) / area
        within = (v >= -1e-4) & (w >= -1e-4) & (v + w <= 1 + 1e-4)
        heights = (a + v[:, None] * (b - a) + w[:, None] * (c - a))[within, 1]
        return float(heights[0]) if len(heights) else float("nan")


def colours(path: Path) -> int:
    with Image.open(path) as picture:
        return len(np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0))


def test_ten_metres_on_foot_stay_on_the_ground(small_world: Path, tmp_path: Path) -> None:
    glb = small_world.read_bytes()
    with viewing(small_world) as server:
        seen = drive("walk", server.url, tmp_path, metres=10)
    assert seen["complaints"] == []
    start, way = seen["start"], np.array(seen["way"])
    assert (start["isEnvironment"], start["mode"], start["name"]) == (True, "walk", "42.glb")
    assert start["feet"] == pytest.approx([0, 0, 0], abs=0.05) and start["eye"][1] == pytest.approx(EYE_M, abs=0.05)
    assert np.hypot(*(way[-1] - way[0])[[0, 2]]) >= 10
    surface = Surface(glb)
    heights = np.array([surface.height(x, z) for x, _, z, _ in way])
    assert not np.isnan(heights).any()  # never off the walkable mesh
    assert np.abs(way[:, 1] - heights).max() < 0.02
    assert (way[:, 3] - heights > 1.2).all()  # the eye is never in the ground
    assert seen["turned"] == pytest.approx(100 * 0.0024 * 1.4, abs=0.02)  # a drag to the right pulls the world along
    assert "Triangles" in seen["figures"] and "Texture memory" in seen["figures"]
    assert seen["names"] == ["42.png", "42.glb"] and (tmp_path / "own.glb").read_bytes() == glb
    assert colours(tmp_path / "own.png") > 1000
    assert seen["orbit"]["mode"] == "orbit" and seen["orbit"]["eye"][1] > seen["end"]["eye"][1] + 5
    assert seen["end"]["feet"] == pytest.approx(way[-1, :3].tolist(), abs=1.0)


def test_a_thumb_walks_on_a_phone(valley: Path, tmp_path: Path) -> None:
    with viewing(valley) as server:
        seen = drive("phone", server.url, tmp_path)
    assert seen["complaints"] == []
    assert seen["overflow"] == 0
    assert np.hypot(seen["end"]["feet"][0], seen["end"]["feet"][2]) > 0.5
    assert seen["end"]["yaw"] != seen["start"]["yaw"]


def test_a_visit_with_an_emulated_quest_3(packed_valley: Path, tmp_path: Path) -> None:
    with viewing(packed_valley) as server:
        seen = drive("vr", server.url, tmp_path)
    assert seen["complaints"] == []
    inside, target, teleported, snapped = (seen[k] for k in ("inside", "teleportTarget", "teleported", "snapped"))
    assert inside["isInVr"] and inside["eye"][1] - inside["feet"][1] == pytest.approx(1.55, abs=0.02)
    away = np.hypot(target[0] - inside["eye"][0], target[2] - inside["eye"][2])
    assert 2 < away < 15
    # the head, not the middle of the room, stands over the target
    assert [teleported["eye"][0], teleported["eye"][2]] == pytest.approx([target[0], target[2]], abs=0.02)
    assert teleported["eye"][1] == pytest.approx(target[1] + 1.55, abs=0.02)
    assert snapped["yaw"] - teleported["yaw"] == pytest.approx(-np.radians(30), abs=1e-3)
    assert snapped["eye"] == pytest.approx(teleported["eye"], abs=0.01)  # turned on the spot
    after = seen["after"]
    assert not after["isInVr"] and after["feet"] == pytest.approx(target, abs=0.3)
    assert colours(tmp_path / "vr.png") > 300


def test_broken_files_are_told_and_foreign_ones_shown(valley: Path, packed_valley: Path, tmp_path: Path) -> None:
    good = packed_valley.read_bytes()
    files = {
        "empty": b"",
        "other": b"PK\x03\x04" + bytes(100),
        "short": good[:-5000],
        "version": good[:4] + struct.pack("<I", 1) + good[8:],
        "wrecked": good[:400] + bytes(400) + good[800:],
        "foreign": triangle(),
        "packed": good,
        "one_scene": export_scene(synthetic_scene(posts=65, picture=64), None, "playcanvas")[0],
    }
    for name, data in files.items():
        (tmp_path / f"{name}.glb").write_bytes(data)
    with viewing(valley) as server:
        seen = drive("files", server.url, tmp_path, files=[str(tmp_path / f"{name}.glb") for name in files])
    assert seen["complaints"] == []
    empty, other, short, version, wrecked, foreign, packed, one_scene = seen["seen"]
    assert empty["message"] == "empty.glb is empty."
    assert other["message"] == "other.glb is not a GLB file (binary glTF); it begins otherwise."
    assert short["message"].startswith("short.glb is cut short: ")
    assert version["message"] == "version.glb is glTF of version 1; version 2 is expected."
    assert wrecked["message"].startswith("wrecked.glb is broken or uses something unknown: ")
    assert wrecked["name"] == "valley.glb"  # what was there stays
    assert (foreign["message"], foreign["name"], foreign["mode"]) == (None, "foreign.glb", "orbit")
    assert not foreign["isEnvironment"] and foreign["triangles"] == 1
    assert (packed["message"], packed["isEnvironment"], packed["mode"]) == (None, True, "walk")
    assert packed["triangles"] > 1000 and packed["textureBytes"] > 0
    assert (one_scene["message"], one_scene["isEnvironment"], one_scene["mode"]) == (None, True, "walk")
    assert one_scene["triangles"] == packed["triangles"]


def test_a_world_from_the_form(valley: Path, tmp_path: Path) -> None:
    secret = tmp_path / "tokens"
    secret.write_text("a-token-of-the-tests\n")
    job: dict[str, Any] = {"job": "tests.viewer.ready_job:make", "workers": 1}
    (tmp_path / "ready.glb").write_bytes(valley.read_bytes())
    with Service(tmp_path / "open", **job) as service:
        seen = drive("form", f"{service.url}/", tmp_path)
    assert seen["complaints"] == []
    assert seen["fault"] == "A seed is a whole number, 0 to 9,007,199,254,740,991."
    assert seen["dice"].isdecimal()
    assert ["Raising the land", "Growing materials", "Laying the ground", "Packing"] == [
        step for step in seen["steps"] if step in ("Raising the land", "Growing materials", "Laying the ground", "Packing")
    ]  # fmt: skip
    assert seen["link"] == f"{service.url}/?seed=42&biome=meadow&time_of_day_h=17.5"
    assert seen["first"]["isEnvironment"] and seen["first"]["name"] == "42.glb"
    assert seen["linked"]["triangles"] == seen["first"]["triangles"]
    with Service(tmp_path / "closed", token_file=str(secret), **job) as service:
        seen = drive("form", f"{service.url}/", tmp_path, token="a-token-of-the-tests")
    assert [
        line for line in seen["complaints"] if "401 (Unauthorized)" not in line
    ] == []  # Chromium tells of the first try
    assert seen["first"]["isEnvironment"]


@pytest.mark.slow
def test_a_real_world_from_the_form_on_foot_and_with_a_headset(tmp_path: Path) -> None:
    """Nothing stands in for anything: the service's own worker makes a small environment while the page waits."""
    fields = {"biome": "desert", "size_m": 200, "texture_px": 256}
    with Service(tmp_path / "service", job="seedscape.service.work:make", workers=1) as service:
        seen = drive("whole", f"{service.url}/", tmp_path, fields=fields, patienceMs=300_000)
        made = service.http.get("/v1/environments").json()["environments"]
        glb = service.http.get(made[0]["assets"]["glb"]["url"]).content
    assert seen["complaints"] == []
    assert [one["status"] for one in made] == ["done"] and fields.items() <= made[0]["spec"].items()
    assert len(set(seen["made"])) >= 3 and seen["made"] == sorted(
        seen["made"]
    )  # progress was shown and never went back
    way = np.array(seen["way"])
    assert np.hypot(*(way[-1] - way[0])[[0, 2]]) >= 10
    surface = Surface(glb)
    heights = np.array([surface.height(x, z) for x, _, z, _ in way])
    assert not np.isnan(heights).any() and np.abs(way[:, 1] - heights).max() < 0.05
    target, teleported = seen["teleportTarget"], seen["teleported"]
    assert seen["inside"]["isInVr"] and not seen["after"]["isInVr"]
    assert [teleported["eye"][0], teleported["eye"][2]] == pytest.approx([target[0], target[2]], abs=0.02)
    assert surface.height(target[0], target[2]) == pytest.approx(target[1], abs=0.05)


def triangle() -> bytes:
    """A GLB of anybody's: one triangle of 2 m, no light, no names."""
    positions = np.array([[-1, 0, 0], [1, 0, 0], [0, 2, 0]], "<f4").tobytes()
    document = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [-1, 0, 0], "max": [1, 2, 0]}
        ],
        "bufferViews": [{"buffer": 0, "byteLength": len(positions)}],
        "buffers": [{"byteLength": len(positions)}],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = (
        struct.pack("<2I", len(text), 0x4E4F534A) + text + struct.pack("<2I", len(positions), 0x004E4942) + positions
    )
    return struct.pack("<3I", 0x46546C67, 2, 12 + len(chunks)) + chunks
