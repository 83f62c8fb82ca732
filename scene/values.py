"""What the scene room hands on: one environment in memory, engine-neutral.

Frame: metres, right-handed, +X east, +Y up, +Z south, -Z forward. Triangles wind counter-clockwise seen from their front.
Texture coordinates as in glTF: (0, 0) is the upper left corner of the picture, V grows downwards.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
UInt32 = NDArray[np.uint32]
UInt8 = NDArray[np.uint8]
Vec3 = tuple[float, float, float]
Quat = tuple[float, float, float, float]  # x, y, z, w


@dataclass(frozen=True)
class Mesh:
    """Triangles of one material.

    positions (n, 3) float32; indices (m, 3) uint32; normals (n, 3) float32 unit; uvs (n, 2) float32;
    colors (n, 4) float32 linear RGBA in 0..1, multiplied with the base colour (alpha counts with BLEND and MASK).
    Tangents are not kept here: the exporter derives them where the material has a normal map.
    """

    positions: Float32
    indices: UInt32
    material: str
    normals: Float32 | None = None
    uvs: Float32 | None = None
    colors: Float32 | None = None


@dataclass(frozen=True)
class Texture:
    """A picture. pixels (h, w, 3 or 4) uint8; usage "color" is sRGB, "normal" and "data" are linear."""

    pixels: UInt8
    usage: Literal["color", "normal", "data"]
    wrap: Literal["repeat", "clamp"] = "repeat"


@dataclass(frozen=True)
class Material:
    """Metallic-roughness material; texture fields are keys into Scene.textures.

    orm: red occlusion, green roughness, blue metallic. unlit: shown as is, no lighting (sky).
    specular: strength of the mirror part, 0 for leaves whose normals are bent (they would gleam at their rims).
    """

    base_color: str | None = None
    base_color_factor: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    normal: str | None = None
    normal_scale: float = 1.0
    orm: str | None = None
    metallic: float = 0.0
    roughness: float = 1.0
    specular: float = 1.0
    alpha_mode: Literal["OPAQUE", "MASK", "BLEND"] = "OPAQUE"
    alpha_cutoff: float = 0.5
    double_sided: bool = False
    unlit: bool = False
    licence: str | None = None


@dataclass(frozen=True)
class Light:
    """A directional light (the sun or the moon); shines along the -Z axis of its node, as in glTF.

    color: linear RGB in 0..1. intensity: renderer units (three.js and Babylon take it as it is; 3 is a high sun);
    illuminance_lux: the physical value, for the extras.
    """

    color: Vec3
    intensity: float
    illuminance_lux: float


@dataclass(frozen=True)
class Node:
    """A place in the scene graph. `model` is a key into Scene.models, `light` into Scene.lights.

    extras go into the file as they are (JSON values only). Names are unique over the scene.
    """

    name: str
    model: str | None = None
    light: str | None = None
    translation: Vec3 = (0.0, 0.0, 0.0)
    rotation: Quat = (0.0, 0.0, 0.0, 1.0)
    scale: Vec3 = (1.0, 1.0, 1.0)
    children: tuple["Node", ...] = ()
    extras: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SpawnPoint:
    """Where a visitor starts: feet position on the ground, and the heading (0 looks along -Z, counter-clockwise seen from above)."""

    name: str
    position: Vec3
    yaw_rad: float


@dataclass(frozen=True)
class Sound:
    """Where something is to be heard, and how loudly; which recording plays is for the developer to choose.

    kind: "wind", "stream", "lake", "surf", "birds" or "crickets". position: None is everywhere. gain: linear, 1 is the
    recording's own loudness. near_m: up to there it is not damped; far_m: beyond, it is not heard.
    """

    kind: str
    gain: float
    position: Vec3 | None = None
    near_m: float = 1.0
    far_m: float = 0.0


@dataclass(frozen=True)
class Scene:
    """A whole environment.

    models:    name -> its parts; nodes share models, that is how instances are kept.
    walkable:  ground a visitor may stand on or teleport to; collision: what stops a body. Neither is drawn.
    bounds:    (min, max) corners of the visited square.
    spec:      the resolved SceneSpec as plain JSON values.
    extras:    figures about the scene (terrain error in metres, counts ...), JSON values only.
    licences:  of the result and of the data it was learned from, JSON values only.
    sounds:    what is heard, and where from.
    """

    name: str
    models: dict[str, tuple[Mesh, ...]]
    materials: dict[str, Material]
    textures: dict[str, Texture]
    lights: dict[str, Light]
    nodes: tuple[Node, ...]
    spawn_points: tuple[SpawnPoint, ...]
    walkable: Mesh
    collision: Mesh
    bounds: tuple[Vec3, Vec3]
    spec: dict[str, Any]
    extras: dict[str, Any] = field(default_factory=dict)
    licences: dict[str, Any] = field(default_factory=dict)
    sounds: tuple[Sound, ...] = ()
