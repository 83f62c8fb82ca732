"""The process that draws a preview: GLB on standard input, PNG on standard output (see `preview`).

python -m seedscape.export.filament 960 540 < a.glb > a.png
"""

import json
import math
import struct
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedscape.export.preview import find_spawn
from seedscape.export.sky_light import encode_sky_light

FOV_Y_DEG = 60.0
NEAR_M, FAR_M = 0.1, 20_000.0
# Filament's exposure is 1 / (1.2 * 2^EV): at this EV lights count as written, in three.js's units.
NEUTRAL_EV = math.log2(1.0 / 1.2)
GROUND_BOUNCE = 0.25  # of the sky's mean, from below the horizon: the reflectance of soil and grass
SHADOW_MAP_PX = 2048
COMPONENTS = {5121: ("u1", 255.0), 5123: ("<u2", 65535.0), 5126: ("<f4", 1.0)}  # dtype, value that stands for 1


def draw(glb: bytes, width: int, height: int) -> bytes:
    """PNG of the view from spawn_0."""
    import filly
    from PIL import Image

    filly.set_log_level("off")
    (json_length,) = struct.unpack_from("<I", glb, 12)
    document: dict[str, Any] = json.loads(glb[20 : 20 + json_length])
    eye, heading = find_spawn(document.get("nodes", []))
    with filly.Renderer() as renderer:
        scene = renderer.create_scene()
        model = scene.load(glb)
        scene.tone_mapping = "aces_legacy"  # nearest to the ACES filmic curve of three.js
        scene.msaa = 4
        scene.shadows = True
        for light in model.lights:
            light.casts_shadows = True
            light.shadow_map_size = SHADOW_MAP_PX
        directions, colors = sky_samples(document, glb[20 + json_length + 8 :], np.array(eye))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sky.ktx"
            path.write_bytes(encode_sky_light(directions, colors, colors.mean(axis=0) * GROUND_BOUNCE))
            scene.environment = renderer.load_environment_ktx(path)
        scene.environment_intensity = 1.0
        camera = renderer.create_camera()
        camera.exposure = NEUTRAL_EV
        camera.set_perspective(fov_y_deg=FOV_Y_DEG, near=NEAR_M, far=FAR_M)
        camera.position = eye
        camera.look_at([a + b for a, b in zip(eye, heading, strict=True)])
        scene.camera = camera
        target = renderer.create_render_target(width=width, height=height)
        renderer.render(scene, target)
        pixels = target.read()[:, :, :3]
    png = BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    return png.getvalue()


def sky_samples(
    document: dict[str, Any], binary: bytes, eye: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(directions (n, 3), linear colours (n, 3)) of the vertices of unlit meshes, seen from the eye; mid grey without any."""
    directions, colors = [np.array([[0.0, 1.0, 0.0]])], [np.array([[0.4, 0.4, 0.4]])]
    for node in document.get("nodes", []):
        mesh = document["meshes"][node["mesh"]] if "mesh" in node else {"primitives": []}
        for primitive in mesh["primitives"]:
            material = document["materials"][primitive["material"]] if "material" in primitive else {}
            attributes = primitive["attributes"]
            if "KHR_materials_unlit" not in material.get("extensions", {}) or "COLOR_0" not in attributes:
                continue
            factor = material.get("pbrMetallicRoughness", {}).get("baseColorFactor", [1.0, 1.0, 1.0, 1.0])
            position = _read(document, binary, attributes["POSITION"]) * node.get("scale", [1.0, 1.0, 1.0])
            away = position + node.get("translation", [0.0, 0.0, 0.0]) - eye
            directions.append(away / np.sqrt((away * away).sum(axis=1, keepdims=True)))
            colors.append(_read(document, binary, attributes["COLOR_0"])[:, :3] * factor[:3])
    if len(directions) > 1:
        directions, colors = directions[1:], colors[1:]
    return np.concatenate(directions), np.concatenate(colors)


def _read(document: dict[str, Any], binary: bytes, index: int) -> NDArray[np.float64]:
    """An accessor as our writer lays it out: one tightly packed view."""
    accessor = document["accessors"][index]
    view = document["bufferViews"][accessor["bufferView"]]
    dtype, top = COMPONENTS[accessor["componentType"]]
    width = {"VEC3": 3, "VEC4": 4}[accessor["type"]]
    values = np.frombuffer(binary, dtype, accessor["count"] * width, view["byteOffset"]).reshape(-1, width)
    return values.astype(np.float64) / (top if accessor.get("normalized") else 1.0)


def main() -> None:
    try:
        png = draw(sys.stdin.buffer.read(), int(sys.argv[1]), int(sys.argv[2]))
    except Exception as error:  # noqa: BLE001 - whatever the driver does, the parent shows the last line
        sys.exit(f"{type(error).__name__}: {error}")
    sys.stdout.buffer.write(png)


if __name__ == "__main__":
    main()
