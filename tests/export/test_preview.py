import dataclasses
import struct
import subprocess
import sys
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seedscape.assets.errors import MissingPartError, RequestError
from seedscape.export import export_scene, inspect_glb, render_preview
from seedscape.export.filament import sky_samples, suit_filament
from seedscape.export.gltf import pack_glb
from seedscape.export.preview import PreviewRenderer, find_spawn
from seedscape.export.sky_light import encode_sky_light
from seedscape.scene.values import Material, Texture
from tests.export.synthetic import synthetic_scene


@pytest.fixture(scope="module")
def glb() -> bytes:
    return export_scene(synthetic_scene(posts=65, picture=64))[0]


def test_the_picture_shows_sky_over_lit_ground(glb: bytes) -> None:
    picture = Image.open(BytesIO(render_preview(glb, 320, 180)))
    assert (picture.format, picture.size) == ("PNG", (320, 180))
    pixels = np.asarray(picture.convert("RGB")).astype(float)
    sky, ground = pixels[:30].mean(axis=(0, 1)), pixels[-40:]
    assert sky[2] > sky[0] + 15 and sky.min() > 60  # blue, and bright
    assert 40 < ground.mean() < 220 and ground.std() > 8  # its texture is there, neither black nor burnt out


def test_only_the_default_scene_is_handed_to_the_renderer(glb: bytes) -> None:
    document, binary = suit_filament(glb)
    report = inspect_glb(pack_glb(document, binary))
    assert (report.triangles, report.draw_calls) == (inspect_glb(glb).triangles, inspect_glb(glb).draw_calls)
    assert all("mesh" not in node for node in document["nodes"] if node["name"] in ("walkable", "collision"))


def test_half_transparent_vertices_let_half_of_the_ground_through() -> None:
    scene = synthetic_scene(posts=9, picture=16, trees=1, yaw_rad=0.0)
    ground = scene.models["ground"][0]
    corners = np.ones((len(ground.positions), 4), np.float32)

    def brightness(alpha: float | None) -> float:
        """Of the picture's lower edge: black ground, with a white overlay of this opacity."""
        parts = [dataclasses.replace(ground, material="black", colors=None)]
        if alpha is not None:
            colors = corners * np.array([1, 1, 1, alpha], np.float32)
            parts.append(dataclasses.replace(ground, material="white", colors=colors))
        materials = {"black": Material(base_color_factor=(0.0, 0.0, 0.0, 1.0)), "white": Material(alpha_mode="BLEND")}
        changed = dataclasses.replace(
            scene, models=scene.models | {"ground": tuple(parts)}, materials=scene.materials | materials
        )
        pixels = np.asarray(Image.open(BytesIO(render_preview(export_scene(changed)[0], 96, 54))).convert("RGB"))
        return float(((pixels[-6:] / 255.0) ** 2.2).mean())  # linear, near enough

    nothing, half, whole = brightness(None), brightness(0.25), brightness(1.0)
    assert nothing < 0.05 < half < 0.75 * whole
    assert abs(brightness(0.0) - nothing) < 0.02


def test_a_sky_is_sampled_from_its_vertex_colours_and_its_picture(glb: bytes) -> None:
    directions, colors = sky_samples(*suit_filament(glb), np.array([0.0, 1.6, 0.0]))
    assert (directions**2).sum(axis=1) == pytest.approx(1.0)
    high, low = colors[directions[:, 1] > 0.9].mean(axis=0), colors[np.abs(directions[:, 1]) < 0.1].mean(axis=0)
    assert high[2] > high[0] + 0.3 and low[0] > high[0] + 0.3  # deep blue above, pale at the horizon
    scene = synthetic_scene(posts=9, picture=16)
    sky = scene.models["sky"][0]
    uvs = np.zeros((len(sky.positions), 2), np.float32)
    uvs[:, 1] = sky.positions[:, 1] < 0.0  # the upper half of the picture above the horizon
    picture = np.zeros((16, 32, 3), np.uint8)
    picture[:8] = (255, 0, 0)
    painted = dataclasses.replace(
        scene,
        models=scene.models | {"sky": (dataclasses.replace(sky, uvs=uvs * 0.9, colors=None),)},
        materials=scene.materials | {"sky": Material("sky", unlit=True)},
        textures=scene.textures | {"sky": Texture(picture, "color")},
    )
    directions, colors = sky_samples(*suit_filament(export_scene(painted)[0]), np.zeros(3))
    assert colors[directions[:, 1] > 0.1][0] == pytest.approx([1.0, 0.0, 0.0], abs=0.02)
    assert colors[directions[:, 1] < -0.1][0] == pytest.approx([0.0, 0.0, 0.0], abs=0.02)


def test_the_eye_is_above_the_spawn_point_and_looks_along_its_heading() -> None:
    half = 0.5**0.5
    eye, heading = find_spawn([{"name": "spawn_0", "translation": [1, 2, 3], "rotation": [0, half, 0, half]}])
    assert eye == (1, 3.6, 3)
    assert heading == pytest.approx((-1.0, 0.0, 0.0))  # a quarter turn to the left of -Z
    assert find_spawn([{"name": "spawn_0"}])[1] == (0.0, 0.0, -1.0)
    with pytest.raises(RequestError, match="spawn_0"):
        find_spawn([{"name": "other"}])


def test_a_renderer_that_cannot_run_is_a_missing_part(glb: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    start = subprocess.Popen

    def crash(command: list[str], **options: Any) -> "subprocess.Popen[bytes]":
        return start([sys.executable, "-c", "import sys; sys.exit('first\\nno EGL display')"], **options)

    monkeypatch.setattr(subprocess, "Popen", crash)
    with pytest.raises(MissingPartError, match=r"no EGL display .*filly") as caught:
        render_preview(glb)
    assert caught.value.exit_code == 4 and "\n" not in str(caught.value)


def test_a_renderer_that_cannot_start_is_a_missing_part(glb: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(MissingPartError, match="to start Python"):
        render_preview(glb)


def test_a_renderer_that_is_not_needed_after_all_is_ended() -> None:
    with pytest.raises(KeyError), PreviewRenderer() as renderer:
        raise KeyError
    assert renderer._process is not None and renderer._process.poll() is not None


def test_an_even_sky_lights_evenly() -> None:
    up = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, -1.0]])
    even = encode_sky_light(up, np.full((5, 3), 0.5), np.full(3, 0.5))
    assert diffuse(even) == pytest.approx(np.array([[0.5] * 3] + [[0.0] * 3] * 8), abs=2e-3)
    dark_below = diffuse(encode_sky_light(up, np.full((5, 3), 0.5), np.zeros(3)))
    assert dark_below[0] == pytest.approx([0.25] * 3, abs=0.01)  # half the directions
    assert dark_below[1] == pytest.approx([0.25] * 3, abs=0.02)  # facing up sees all, facing down nothing


def diffuse(ktx: bytes) -> np.ndarray:
    assert ktx[:12] == b"\xabKTX 11\xbb\r\n\x1a\n"
    entry = ktx[68 : 68 + struct.unpack_from("<I", ktx, 64)[0]]
    assert entry.startswith(b"sh\0") and entry.endswith(b"\0")
    return np.array([float(word) for word in entry[3:-1].split()]).reshape(9, 3)
