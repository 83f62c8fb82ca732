"""Scene -> GLB, as packed as the passes made it.

Scene 0 is what is drawn, with a node `spawn_0`, `spawn_1`, ... at each spawn point. The scenes "walkable" and "collision"
hold one node each, so that viewers leave them undrawn and a program finds them: gltf.scenes.find(s => s.name == ...). For engines
that draw every scene of a file they are among the nodes alone.
Nodes that share a model share one glTF mesh. The same Scene gives the same bytes.

Quantised meshes need a scale and an offset: they go into the node where it is a leaf with nothing else to say, into the
places of instances, and otherwise into a child node, so that a node keeps the place its scene gave it.
"""

import math
from typing import Any

import numpy as np

from seedscape.export.check import require_sound
from seedscape.export.gltf import ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, MESHOPT, Document
from seedscape.export.material import material_json
from seedscape.export.packed import EncodedTexture, InstancedNode, PackedMesh, Stream
from seedscape.export.passes.compress import compress_stream
from seedscape.export.passes.each import models_in_use, turned
from seedscape.export.passes.encode import encode_texture
from seedscape.export.streams import index_stream, plain_streams
from seedscape.scene.values import Light, Mesh, Node, Scene, Sound, SpawnPoint

LINEAR, LINEAR_MIPMAP_LINEAR = 9729, 9987
WRAP_MODES = {"repeat": 10497, "clamp": 33071}
TEXTURE_EXTENSIONS = {"image/webp": "EXT_texture_webp", "image/ktx2": "KHR_texture_basisu"}
AUDIO = "KHR_audio_emitter"
INSTANCING, QUANTIZATION = "EXT_mesh_gpu_instancing", "KHR_mesh_quantization"
# A viewer that does not know these would show nothing, or something wrong.
REQUIRED = {MESHOPT, INSTANCING, QUANTIZATION, *TEXTURE_EXTENSIONS.values()}

# Decimals in the JSON: 10 micrometres, and a turn of 1e-7. Rounding also hides the last bit of a platform's sin().
PLACE_DECIMALS, TURN_DECIMALS, SCALE_DECIMALS = 5, 7, 6


def write_glb(scene: Scene, version: str, physics: bool = False, one_scene: bool = False) -> bytes:
    """The scene as a GLB file. version: of Seedscape, for `asset.generator`. RequestError if the scene is not sound.

    physics: the collision mesh as a static body of the drawn scene too (OMI_physics_shape, OMI_physics_body). one_scene: the nodes
    of the walkable and the collision mesh in no scene.
    """
    require_sound(scene)
    return write_sound(scene, version, physics, one_scene)


def write_sound(scene: Scene, version: str, physics: bool = False, one_scene: bool = False) -> bytes:
    """The same of a scene that has been checked; passes leave a sound scene sound."""
    return _Writer(scene, version, physics, one_scene).write()


class _Writer:
    """The document while it grows, and where each part of the scene went."""

    def __init__(self, scene: Scene, version: str, physics: bool, one_scene: bool) -> None:
        self.scene = scene
        self.physics, self.one_scene = physics, one_scene
        self.document = Document(_asset(scene, version))
        self.extensions: set[str] = set()
        self.textures: dict[str, int] = {}
        self.materials: dict[str, int] = {}
        self.meshes: dict[str, int] = {}
        self.lights: dict[str, int] = {}

    def write(self) -> bytes:
        scene, document = self.scene, self.document
        document.json["scene"] = 0
        self._add_textures()
        roots = [self._add_node(node) for node in scene.nodes]
        for k, spawn in enumerate(scene.spawn_points):
            roots.append(self._add("nodes", _spawn(k, spawn)))
        environment: dict[str, Any] = {"name": "environment", "nodes": roots}
        if scene.sounds:
            environment |= self._add_sounds(roots)
        document.add("scenes", environment)
        for role, mesh in (("walkable", scene.walkable), ("collision", scene.collision)):
            place: dict[str, Any] = {}
            index = None
            if len(mesh.indices):
                index = document.add("meshes", {"name": role, "primitives": [self._undrawn(mesh)]})
                place = _leaf(mesh)
            value = {"name": role, "extras": {"role": role}} | ({} if index is None else {"mesh": index}) | place
            node = document.add("nodes", value)
            if not self.one_scene:
                document.add("scenes", {"name": role, "nodes": [node]})
            if role == "collision" and self.physics and index is not None:
                roots.append(self._add_body(index, place))
        if self.lights:
            lights = [_light(name, scene.lights[name]) for name in self.lights]
            document.json.setdefault("extensions", {})["KHR_lights_punctual"] = {"lights": lights}
            self.extensions.add("KHR_lights_punctual")
        if self.extensions:
            document.json["extensionsUsed"] = sorted(self.extensions)
        if required := sorted(self.extensions & REQUIRED):
            document.json["extensionsRequired"] = required
        return document.to_glb()

    def _add_sounds(self, roots: list[int]) -> dict[str, Any]:
        """Emitters without recordings (KHR_audio_emitter, a draft: used, never required), a node at each place; those
        that are everywhere belong to the scene. Nodes say the kind in their extras too, for who does not read emitters."""
        emitters: list[dict[str, Any]] = []
        everywhere: list[int] = []
        for k, sound in enumerate(self.scene.sounds):
            emitters.append(_emitter(sound))
            if sound.position is None:
                everywhere.append(k)
                continue
            value: dict[str, Any] = {"name": f"sound_{k}_{sound.kind}"}
            value |= _place(sound.position, (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0))
            value["extensions"] = {AUDIO: {"emitter": k}}
            roots.append(self._add("nodes", value | {"extras": {"role": "sound", "sound": sound.kind}}))
        self.document.json.setdefault("extensions", {})[AUDIO] = {"emitters": emitters}
        self.extensions.add(AUDIO)
        return {"extensions": {AUDIO: {"emitters": everywhere}}} if everywhere else {}

    def _add(self, kind: str, value: dict[str, Any]) -> int:
        """Document.add, taking note of the extensions of the value."""
        self.extensions |= set(value.get("extensions", {}))
        return self.document.add(kind, value)

    def _add_textures(self) -> None:
        """The pictures that drawn meshes use; equal ones become one image."""
        scene, document = self.scene, self.document
        drawn = [mesh.material for name in models_in_use(scene) for mesh in scene.models[name]]
        keys: dict[str, None] = {}
        for name in dict.fromkeys(drawn):
            material = scene.materials[name]
            keys |= {key: None for key in (material.base_color, material.orm, material.normal) if key is not None}
        samplers: dict[str, int] = {}
        images: dict[int, int] = {}
        for key in keys:
            texture = scene.textures[key]
            encoded = texture if isinstance(texture, EncodedTexture) else encode_texture(texture, "jpeg")
            if texture.wrap not in samplers:
                mode = WRAP_MODES[texture.wrap]
                filters = {"magFilter": LINEAR, "minFilter": LINEAR_MIPMAP_LINEAR}
                samplers[texture.wrap] = document.add(
                    "samplers", {"name": texture.wrap, **filters, "wrapS": mode, "wrapT": mode}
                )
            view = document.add_view(encoded.data)
            if view not in images:
                images[view] = document.add("images", {"name": key, "mimeType": encoded.mime_type, "bufferView": view})
            value: dict[str, Any] = {"name": key, "sampler": samplers[texture.wrap]}
            extension = TEXTURE_EXTENSIONS.get(encoded.mime_type)
            if extension is None:
                value["source"] = images[view]
            else:
                value["extensions"] = {extension: {"source": images[view]}}
            self.textures[key] = self._add("textures", value)

    def _add_node(self, node: Node) -> int:
        """Add a node and what it carries; children come after their parent's content and before the parent."""
        value: dict[str, Any] = {"name": node.name}
        extensions: dict[str, Any] = {}
        children: list[int] = []
        place = _place(node.translation, node.rotation, node.scale)
        if node.model is not None:
            mesh = self._mesh(node.model)
            first = self.scene.models[node.model][0]
            if isinstance(node, InstancedNode):
                value["mesh"] = mesh
                extensions[INSTANCING] = {"attributes": self._instances(node, first)}
            elif not isinstance(first, PackedMesh):
                value["mesh"] = mesh
            elif node.children or node.light or node.extras:
                children.append(self.document.add("nodes", {"name": f"{node.name}_mesh", "mesh": mesh} | _leaf(first)))
            else:
                value["mesh"] = mesh
                place = _leaf(first, node)
        if node.light is not None:
            light = self.lights.setdefault(node.light, len(self.lights))
            extensions["KHR_lights_punctual"] = {"light": light}
        if extensions:
            value["extensions"] = extensions
        value |= place
        children += [self._add_node(child) for child in node.children]
        if children:
            value["children"] = children
        if node.extras:
            value["extras"] = node.extras
        return self._add("nodes", value)

    def _instances(self, node: InstancedNode, first: Mesh) -> dict[str, int]:
        """Places of instances with the scale and offset of a quantised mesh inside."""
        translations, scales = node.translations.astype(np.float64), node.scales.astype(np.float64)
        if isinstance(first, PackedMesh):
            translations = translations + turned(node.rotations, scales * np.array(first.origin_m))
            scales = scales * first.step_m
        turns = np.floor(node.rotations.astype(np.float64) * 32767.0 + 0.5).astype(np.int16)
        streams = {
            "TRANSLATION": Stream(translations.astype(np.float32), 3),
            "ROTATION": Stream(turns, 4, normalized=True),
            "SCALE": Stream(scales.astype(np.float32), 3),
        }
        packed = isinstance(first, PackedMesh) and first.streams["POSITION"].encoded is not None
        return {
            name: self.document.add_stream(compress_stream(stream) if packed else stream)
            for name, stream in streams.items()
        }

    def _add_body(self, mesh: int, place: dict[str, Any]) -> int:
        """The node of the collision mesh as a body that never moves."""
        shapes = {"shapes": [{"type": "trimesh", "trimesh": {"mesh": mesh}}]}
        self.document.json.setdefault("extensions", {})["OMI_physics_shape"] = shapes
        self.extensions.add("OMI_physics_shape")
        body = {"motion": {"type": "static"}, "collider": {"shape": 0}}
        return self._add("nodes", {"name": "collision_body", "extensions": {"OMI_physics_body": body}} | place)

    def _mesh(self, model: str) -> int:
        if model not in self.meshes:
            primitives = [self._primitive(mesh) for mesh in self.scene.models[model]]
            self.meshes[model] = self.document.add("meshes", {"name": model, "primitives": primitives})
        return self.meshes[model]

    def _primitive(self, mesh: Mesh) -> dict[str, Any]:
        if isinstance(mesh, PackedMesh):
            streams = dict(mesh.streams)
        else:
            streams = plain_streams(mesh, self.scene.materials[mesh.material])
        return self._accessors(streams) | {"material": self._material(mesh.material)}

    def _undrawn(self, mesh: Mesh) -> dict[str, Any]:
        streams = (
            mesh.streams if isinstance(mesh, PackedMesh) else {"POSITION": _floats(mesh), "indices": index_stream(mesh)}
        )
        return self._accessors({name: streams[name] for name in ("POSITION", "indices")})

    def _accessors(self, streams: dict[str, Stream]) -> dict[str, Any]:
        indices = self.document.add_stream(streams.pop("indices"), ELEMENT_ARRAY_BUFFER)
        for stream in streams.values():
            self.extensions |= {MESHOPT} if stream.encoded is not None else set()
        if streams["POSITION"].values.dtype != np.float32:
            self.extensions.add(QUANTIZATION)
        attributes = {
            name: self.document.add_stream(stream, ARRAY_BUFFER, bounds=name == "POSITION")
            for name, stream in streams.items()
        }
        return {"attributes": attributes, "indices": indices}

    def _material(self, name: str) -> int:
        if name not in self.materials:
            value = material_json(name, self.scene.materials[name], self.textures)
            self.materials[name] = self._add("materials", value)
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


def _light(name: str, light: Light) -> dict[str, Any]:
    value: dict[str, Any] = {"name": name, "type": "directional", "color": list(light.color)}
    return value | {"intensity": light.intensity, "extras": {"illuminance_lux": light.illuminance_lux}}


def _emitter(sound: Sound) -> dict[str, Any]:
    value: dict[str, Any] = {"name": sound.kind, "type": "global" if sound.position is None else "positional"}
    if sound.position is not None:
        value["positional"] = {"refDistance": sound.near_m} | ({"maxDistance": sound.far_m} if sound.far_m else {})
    return value | {"gain": sound.gain}


def _spawn(k: int, spawn: SpawnPoint) -> dict[str, Any]:
    turn = (0.0, math.sin(spawn.yaw_rad / 2.0), 0.0, math.cos(spawn.yaw_rad / 2.0))
    extras = {"role": "spawn", "label": spawn.name, "heading_deg": round(math.degrees(spawn.yaw_rad), 3)}
    spot = {"OMI_spawn_point": {"title": spawn.name}}
    return {"name": f"spawn_{k}", **_place(spawn.position, turn, (1.0, 1.0, 1.0)), "extensions": spot, "extras": extras}


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


def _leaf(mesh: Mesh, node: Node | None = None) -> dict[str, list[float]]:
    """The place of a node that shows `mesh`, with the scale and offset of a quantised one inside. Steps stay exact."""
    node = node or Node("")
    place = _place(node.translation, node.rotation, node.scale)
    if not isinstance(mesh, PackedMesh):
        return place
    scale = np.array(place.get("scale", [1.0, 1.0, 1.0]))
    turn = np.array([place.get("rotation", [0.0, 0.0, 0.0, 1.0])])
    offset = turned(turn, (scale * np.array(mesh.origin_m))[None])[0] + np.array(place.get("translation", [0.0] * 3))
    place["translation"] = [round(float(value), 9) + 0.0 for value in offset]
    place["scale"] = [float(value) for value in scale * mesh.step_m]
    return place


def _floats(mesh: Mesh) -> Stream:
    return Stream(np.ascontiguousarray(mesh.positions, dtype=np.float32), 3)
