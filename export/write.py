"""Scene -> GLB: the `universal` profile, which every glTF 2.0 viewer opens (no required extensions, JPEG and PNG).

Scene 0 is what is drawn, with a node `spawn_0`, `spawn_1`, ... at each spawn point. The scenes "walkable" and "collision"
hold one node each, so that viewers leave them undrawn and a program finds them: gltf.scenes.find(s => s.name == ...).
Nodes that share a model share one glTF mesh. The same Scene gives the same bytes.
"""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from seedscape.export.check import require_sound
from seedscape.export.gltf import ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, Document
from seedscape.export.pictures import encode_picture
from seedscape.export.tangents import vertex_tangents
from seedscape.scene.values import Float32, Light, Material, Mesh, Node, Scene, SpawnPoint

LINEAR, LINEAR_MIPMAP_LINEAR = 9729, 9987
WRAP_MODES = {"repeat": 10497, "clamp": 33071}
RESTART_INDEX_16 = 0xFFFF  # the primitive-restart value may not occur as an index (3.7.2.1)

# Decimals in the JSON: 10 micrometres, and a turn of 1e-7. Rounding also hides the last bit of a platform's sin().
PLACE_DECIMALS, TURN_DECIMALS, SCALE_DECIMALS = 5, 7, 6

# 8-bit linear colour steps are over two display levels (sRGB) below this value, where smooth shades would show bands.
DARK_LINEAR = 0.04


def write_glb(scene: Scene, version: str) -> bytes:
    """The scene as a GLB file. version: of Seedscape, for `asset.generator`. RequestError if the scene is not sound."""
    require_sound(scene)
    return _Writer(scene, version).write()


class _Writer:
    """The document while it grows, and where each part of the scene went."""

    def __init__(self, scene: Scene, version: str) -> None:
        self.scene = scene
        self.document = Document(_asset(scene, version))
        self.textures: dict[str, int] = {}
        self.materials: dict[str, int] = {}
        self.meshes: dict[str, int] = {}
        self.lights: dict[str, int] = {}

    def write(self) -> bytes:
        scene, document = self.scene, self.document
        document.json["scene"] = 0
        self._add_textures()
        roots = [self._add_node(node) for node in scene.nodes]
        roots += [document.add("nodes", _spawn(k, spawn)) for k, spawn in enumerate(scene.spawn_points)]
        document.add("scenes", {"name": "environment", "nodes": roots})
        for role, mesh in (("walkable", scene.walkable), ("collision", scene.collision)):
            node: dict[str, Any] = {"name": role, "extras": {"role": role}}
            if len(mesh.indices):
                primitive = {"attributes": {"POSITION": self._positions(mesh)}, "indices": self._indices(mesh)}
                node["mesh"] = document.add("meshes", {"name": role, "primitives": [primitive]})
            document.add("scenes", {"name": role, "nodes": [document.add("nodes", node)]})
        extensions: dict[str, Any] = {}
        if self.lights:
            lights = [_light(name, scene.lights[name]) for name in self.lights]
            document.json["extensions"] = {"KHR_lights_punctual": {"lights": lights}}
            extensions["KHR_lights_punctual"] = None
        for written in document.json.get("materials", []):
            extensions |= dict.fromkeys(written.get("extensions", {}))
        if extensions:
            document.json["extensionsUsed"] = sorted(extensions)
        return document.to_glb()

    def _add_textures(self) -> None:
        """Encode the pictures that drawn meshes use, side by side; equal pictures become one image."""
        scene, document = self.scene, self.document
        drawn = [mesh.material for name in _models_in_use(scene) for mesh in scene.models[name]]
        keys: dict[str, None] = {}
        for name in dict.fromkeys(drawn):
            material = scene.materials[name]
            keys |= {key: None for key in (material.base_color, material.orm, material.normal) if key is not None}
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:  # Pillow lets go of the GIL while it encodes
            encoded = pool.map(lambda key: encode_picture(scene.textures[key].pixels, scene.textures[key].usage), keys)
        samplers: dict[str, int] = {}
        images: dict[int, int] = {}
        for key, (data, mime_type) in zip(keys, encoded, strict=True):
            wrap = scene.textures[key].wrap
            if wrap not in samplers:
                mode = WRAP_MODES[wrap]
                filters = {"magFilter": LINEAR, "minFilter": LINEAR_MIPMAP_LINEAR}
                samplers[wrap] = document.add("samplers", {"name": wrap, **filters, "wrapS": mode, "wrapT": mode})
            view = document.add_view(data)
            if view not in images:
                images[view] = document.add("images", {"name": key, "mimeType": mime_type, "bufferView": view})
            texture = {"name": key, "sampler": samplers[wrap], "source": images[view]}
            self.textures[key] = document.add("textures", texture)

    def _add_node(self, node: Node) -> int:
        """Add a node and what it carries; children come after their parent's content and before the parent."""
        value: dict[str, Any] = {"name": node.name}
        if node.model is not None:
            value["mesh"] = self._mesh(node.model)
        if node.light is not None:
            light = self.lights.setdefault(node.light, len(self.lights))
            value["extensions"] = {"KHR_lights_punctual": {"light": light}}
        value |= _place(node.translation, node.rotation, node.scale)
        if node.children:
            value["children"] = [self._add_node(child) for child in node.children]
        if node.extras:
            value["extras"] = node.extras
        return self.document.add("nodes", value)

    def _mesh(self, model: str) -> int:
        if model not in self.meshes:
            primitives = [self._primitive(mesh) for mesh in self.scene.models[model]]
            self.meshes[model] = self.document.add("meshes", {"name": model, "primitives": primitives})
        return self.meshes[model]

    def _primitive(self, mesh: Mesh) -> dict[str, Any]:
        """The attributes the material can use; lighting needs no normals on unlit meshes."""
        material = self.scene.materials[mesh.material]
        attributes = {"POSITION": self._positions(mesh)}
        if mesh.normals is not None and not material.unlit:
            attributes["NORMAL"] = self.document.add_accessor(_float32(mesh.normals), ARRAY_BUFFER)
        if mesh.uvs is not None and (material.base_color or material.normal or material.orm):
            attributes["TEXCOORD_0"] = self.document.add_accessor(_float32(mesh.uvs), ARRAY_BUFFER)
        if material.normal and not material.unlit:
            assert mesh.normals is not None and mesh.uvs is not None  # require_sound has seen to it
            tangents = vertex_tangents(mesh.positions, mesh.normals, mesh.uvs, mesh.indices)
            attributes["TANGENT"] = self.document.add_accessor(tangents, ARRAY_BUFFER)
        if mesh.colors is not None:
            wide = material.unlit or _has_dark_shades(mesh.colors)
            colors = _to_normalized(mesh.colors, np.uint16 if wide else np.uint8)
            attributes["COLOR_0"] = self.document.add_accessor(colors, ARRAY_BUFFER, normalized=True)
        return {"attributes": attributes, "indices": self._indices(mesh), "material": self._material(mesh.material)}

    def _positions(self, mesh: Mesh) -> int:
        return self.document.add_accessor(_float32(mesh.positions), ARRAY_BUFFER, bounds=True)

    def _indices(self, mesh: Mesh) -> int:
        dtype = np.uint16 if len(mesh.positions) <= RESTART_INDEX_16 else np.uint32
        return self.document.add_accessor(mesh.indices.reshape(-1).astype(dtype), ELEMENT_ARRAY_BUFFER)

    def _material(self, name: str) -> int:
        if name not in self.materials:
            value = _material(name, self.scene.materials[name], self.textures)
            self.materials[name] = self.document.add("materials", value)
        return self.materials[name]


def _asset(scene: Scene, version: str) -> dict[str, Any]:
    licences = {name: material.licence for name, material in scene.materials.items() if material.licence}
    extras: dict[str, Any] = {"spec": scene.spec, "scene": scene.extras, "licences": scene.licences | licences}
    extras["bounds"] = [list(corner) for corner in scene.bounds]
    return {
        "version": "2.0",
        "generator": f"Seedscape {version}",
        "copyright": f"{scene.name}, made with Seedscape; licences in asset.extras",
        "extras": extras,
    }


def _material(name: str, material: Material, textures: dict[str, int]) -> dict[str, Any]:
    """glTF multiplies: factor x texture, so `metallic` scales the blue channel of orm and `roughness` its green."""
    surface: dict[str, Any] = {}
    if material.base_color_factor != (1.0, 1.0, 1.0, 1.0):
        surface["baseColorFactor"] = list(material.base_color_factor)
    if material.base_color is not None:
        surface["baseColorTexture"] = {"index": textures[material.base_color]}
    surface |= {"metallicFactor": material.metallic, "roughnessFactor": material.roughness}
    value: dict[str, Any] = {"name": name, "pbrMetallicRoughness": surface}
    if material.orm is not None:
        surface["metallicRoughnessTexture"] = {"index": textures[material.orm]}
        value["occlusionTexture"] = {"index": textures[material.orm]}
    if material.normal is not None:
        value["normalTexture"] = {"index": textures[material.normal]}
        if material.normal_scale != 1.0:
            value["normalTexture"]["scale"] = material.normal_scale
    if material.alpha_mode != "OPAQUE":
        value["alphaMode"] = material.alpha_mode
    if material.alpha_mode == "MASK":
        value["alphaCutoff"] = material.alpha_cutoff
    if material.double_sided:
        value["doubleSided"] = True
    if material.unlit:
        value["extensions"] = {"KHR_materials_unlit": {}}
    elif material.specular != 1.0:
        value["extensions"] = {"KHR_materials_specular": {"specularFactor": material.specular}}
    if material.licence:
        value["extras"] = {"licence": material.licence}
    return value


def _light(name: str, light: Light) -> dict[str, Any]:
    value: dict[str, Any] = {"name": name, "type": "directional", "color": list(light.color)}
    return value | {"intensity": light.intensity, "extras": {"illuminance_lux": light.illuminance_lux}}


def _spawn(k: int, spawn: SpawnPoint) -> dict[str, Any]:
    turn = (0.0, math.sin(spawn.yaw_rad / 2.0), 0.0, math.cos(spawn.yaw_rad / 2.0))
    extras = {"role": "spawn", "label": spawn.name, "heading_deg": round(math.degrees(spawn.yaw_rad), 3)}
    return {"name": f"spawn_{k}", **_place(spawn.position, turn, (1.0, 1.0, 1.0)), "extras": extras}


def _place(
    translation: tuple[float, ...], rotation: tuple[float, ...], scale: tuple[float, ...]
) -> dict[str, list[float]]:
    """translation, rotation and scale, each left out where it changes nothing."""
    place = {
        "translation": [round(float(value), PLACE_DECIMALS) + 0.0 for value in translation],
        "rotation": [round(float(value), TURN_DECIMALS) + 0.0 for value in rotation],
        "scale": [round(float(value), SCALE_DECIMALS) + 0.0 for value in scale],
    }
    resting = {"translation": [0.0, 0.0, 0.0], "rotation": [0.0, 0.0, 0.0, 1.0], "scale": [1.0, 1.0, 1.0]}
    return {field: values for field, values in place.items() if values != resting[field]}


def _models_in_use(scene: Scene) -> list[str]:
    """Models some node shows, in the order of the nodes."""
    found: dict[str, None] = {}
    waiting = list(reversed(scene.nodes))
    while waiting:
        node = waiting.pop()
        waiting.extend(reversed(node.children))
        if node.model is not None:
            found[node.model] = None
    return list(found)


def _float32(values: Float32) -> Float32:
    return np.ascontiguousarray(values, dtype=np.float32)


def _has_dark_shades(colors: Float32) -> bool:
    rgb = colors[:, :3]
    return bool(((rgb > 0.0) & (rgb < DARK_LINEAR)).any())


def _to_normalized(colors: Float32, dtype: type[np.uint8] | type[np.uint16]) -> np.ndarray:
    """0..1 as 0..255 or 0..65535, rounded to nearest (3.11, normalized integers)."""
    top = float(np.iinfo(dtype).max)
    return np.floor(colors.astype(np.float64) * top + 0.5).astype(dtype)
