"""The process that draws a preview: GLB on standard input, PNG on standard output (see `preview`).

python -m seedscape.export.filament 960 540 < a.glb > a.png
"""

import json
import math
import struct
import sys
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedscape.export.gltf import pack_glb
from seedscape.export.preview import find_spawn
from seedscape.export.sky_light import encode_sky_light

FOV_Y_DEG = 60.0
NEAR_M, FAR_M = 0.1, 20_000.0
# Filament's exposure is 1 / (1.2 * 2^EV): at this EV lights count as written, in three.js's units.
NEUTRAL_EV = math.log2(1.0 / 1.2)
GROUND_BOUNCE = 0.25  # of the sky's mean, from below the horizon: the reflectance of soil and grass
SHADOW_MAP_PX = 2048
# Drawn larger and shrunk. Multisampling (4x) took half as long again on a software renderer and left white sparks on
# foliage, whose cut-out edges it smooths no better.
OVERSIZE = 1.25
MAX_SKY_SAMPLES = 600
COMPONENTS = {5121: ("u1", 255.0), 5123: ("<u2", 65535.0), 5126: ("<f4", 1.0)}  # dtype, value that stands for 1


def draw(read: Callable[[], bytes], width: int, height: int) -> bytes:
    """PNG of the view from spawn_0 of the GLB that `read` gives, which is asked for once the renderer stands ready."""
    import filly
    from PIL import Image

    filly.set_log_level("off")
    with filly.Renderer() as renderer:
        document, binary = suit_filament(read())
        eye, heading = find_spawn(document.get("nodes", []))
        scene = renderer.create_scene()
        model = scene.load(pack_glb(document, binary))
        scene.tone_mapping = "aces_legacy"  # nearest to the ACES filmic curve of three.js
        scene.shadows = True
        for light in model.lights:
            light.casts_shadows = True
            light.shadow_map_size = SHADOW_MAP_PX
        directions, colors = sky_samples(document, binary, np.array(eye))
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
        target = renderer.create_render_target(width=round(width * OVERSIZE), height=round(height * OVERSIZE))
        renderer.render(scene, target)
        pixels = target.read()[:, :, :3]
    png = BytesIO()
    Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS).save(png, "PNG", compress_level=4)
    return png.getvalue()


def suit_filament(glb: bytes) -> tuple[dict[str, Any], bytes]:
    """(document, binary chunk) of a copy that Filament's glTF loader shows as other viewers show the original.

    It draws the nodes of every scene, so only the default one keeps its meshes; and it multiplies blended vertex colours by
    no alpha (0.5 over dark came out as if opaque), so they are handed over multiplied.
    """
    (json_length,) = struct.unpack_from("<I", glb, 12)
    document: dict[str, Any] = json.loads(glb[20 : 20 + json_length])
    binary = bytearray(glb[28 + json_length :])
    nodes = document.get("nodes", [])
    drawn: set[int] = set()
    waiting = list(document["scenes"][document.get("scene", 0)].get("nodes", []))
    while waiting:
        index = waiting.pop()
        drawn.add(index)
        waiting += nodes[index].get("children", [])
    for index, node in enumerate(nodes):
        if index not in drawn:
            node.pop("mesh", None)
    materials = document.get("materials", [])
    for primitive in [primitive for mesh in document.get("meshes", []) for primitive in mesh["primitives"]]:
        blended = "material" in primitive and materials[primitive["material"]].get("alphaMode") == "BLEND"
        if not blended or "COLOR_0" not in primitive["attributes"]:
            continue
        colors = _read(document, bytes(binary), primitive["attributes"]["COLOR_0"])
        colors[:, :3] *= colors[:, 3:]
        view = {"buffer": 0, "byteOffset": len(binary), "byteLength": 16 * len(colors), "target": 34962}
        binary += colors.astype("<f4").tobytes()
        document["bufferViews"].append(view)
        accessor = {"bufferView": len(document["bufferViews"]) - 1, "componentType": 5126, "type": "VEC4"}
        document["accessors"].append(accessor | {"count": len(colors)})
        primitive["attributes"]["COLOR_0"] = len(document["accessors"]) - 1
    document["buffers"][0]["byteLength"] = len(binary)
    return document, bytes(binary)


def sky_samples(
    document: dict[str, Any], binary: bytes, eye: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(directions (n, 3), linear colours (n, 3)) of the vertices of unlit meshes, seen from the eye; mid grey without any."""
    directions, colors = [], []
    for node in document.get("nodes", []):
        mesh = document["meshes"][node["mesh"]] if "mesh" in node else {"primitives": []}
        for primitive in mesh["primitives"]:
            material = document["materials"][primitive["material"]] if "material" in primitive else {}
            if "KHR_materials_unlit" not in material.get("extensions", {}):
                continue
            attributes = primitive["attributes"]
            position = _read(document, binary, attributes["POSITION"]) * node.get("scale", [1.0, 1.0, 1.0])
            away = position + node.get("translation", [0.0, 0.0, 0.0]) - eye
            directions.append(away / np.sqrt((away * away).sum(axis=1, keepdims=True)))
            surface = material["pbrMetallicRoughness"]
            color = np.ones((len(away), 3)) * surface.get("baseColorFactor", [1.0, 1.0, 1.0])[:3]
            if "COLOR_0" in attributes:
                color *= _read(document, binary, attributes["COLOR_0"])[:, :3]
            if "baseColorTexture" in surface:
                uvs = _read(document, binary, attributes["TEXCOORD_0"])
                color *= _sample(document, binary, surface["baseColorTexture"]["index"], uvs)
            colors.append(color)
    if not directions:
        return np.array([[0.0, 1.0, 0.0]]), np.array([[0.4, 0.4, 0.4]])
    step = 1 + sum(map(len, directions)) // MAX_SKY_SAMPLES
    return np.concatenate(directions)[::step], np.concatenate(colors)[::step]


def _sample(document: dict[str, Any], binary: bytes, texture: int, uvs: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 3) linear colours of a picture, made small first: ambient light knows no detail."""
    from PIL import Image

    view = document["bufferViews"][document["images"][document["textures"][texture]["source"]]["bufferView"]]
    picture = Image.open(BytesIO(binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]))
    picture.draft("RGB", (256, 64))  # lets the JPEG decoder leave out most of the work
    small = np.asarray(picture.convert("RGB").resize((64, 16), Image.Resampling.BOX)) / 255.0
    rows = np.floor((uvs[:, 1] % 1.0) * small.shape[0]).astype(int)
    columns = np.floor((uvs[:, 0] % 1.0) * small.shape[1]).astype(int)
    srgb = small[rows, columns]
    return np.asarray(np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4))


def _read(document: dict[str, Any], binary: bytes, index: int) -> NDArray[np.float64]:
    """An accessor as our writer lays it out: one tightly packed view."""
    accessor = document["accessors"][index]
    view = document["bufferViews"][accessor["bufferView"]]
    dtype, top = COMPONENTS[accessor["componentType"]]
    width = {"VEC2": 2, "VEC3": 3, "VEC4": 4}[accessor["type"]]
    values = np.frombuffer(binary, dtype, accessor["count"] * width, view["byteOffset"]).reshape(-1, width)
    return values.astype(np.float64) / (top if accessor.get("normalized") else 1.0)


def main() -> None:
    try:
        png = draw(sys.stdin.buffer.read, int(sys.argv[1]), int(sys.argv[2]))
    except Exception as error:  # noqa: BLE001 - whatever the driver does, the parent shows the last line
        sys.exit(f"{type(error).__name__}: {error}")
    sys.stdout.buffer.write(png)


if __name__ == "__main__":
    main()
