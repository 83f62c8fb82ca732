"""What each engine's file is made of, and the chain of passes that makes it.

No profile carries levels of detail for its engine to switch. The scene already thins out with the distance from where a
visitor starts, within the budget; coarser levels of its land were tried and measured (seed 42, simplified to a third
of their triangles): the surface leaves the first by 3 to 14 m, which is under a pixel of a headset (25 a degree) only from
4.6 to 20 km on. Nor would engines take them: Babylon reads MSFT_lod for progressive loading alone, three.js, PlayCanvas
and glTFast pass over it, and nodes named _LOD1 are drawn on top of each other by all that import glTF.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from seedscape.assets.errors import RequestError
from seedscape.export.budget import find_budget
from seedscape.export.passes.compress import compress
from seedscape.export.passes.dedupe import dedupe
from seedscape.export.passes.encode import KINDS, Kind, encode_textures, require_encoder
from seedscape.export.passes.instance import instance
from seedscape.export.passes.quantize import quantize, snap
from seedscape.export.passes.reorder import reorder
from seedscape.export.passes.weld import weld
from seedscape.scene.values import Scene

Pass = Callable[[Scene], Scene]


@dataclass(frozen=True)
class Profile:
    """quantized: KHR_mesh_quantization; meshopt: EXT_meshopt_compression; instanced: EXT_mesh_gpu_instancing.

    physics: colliders as OMI_physics_shape and OMI_physics_body in the drawn scene, for engines that import them.
    one_scene: the walkable and the collision mesh in no scene. PlayCanvas puts every scene of a file into the world (black ground was what
    one saw), and so does Unreal's Interchange; three.js, A-Frame, Babylon, glTFast and Godot take the one that `scene` names.
    """

    textures: Kind = "jpeg"
    quantized: bool = False
    meshopt: bool = False
    instanced: bool = False
    physics: bool = False
    one_scene: bool = False


PROFILES = {
    "universal": Profile(),
    "quest": Profile("ktx2", quantized=True, meshopt=True, instanced=True),
    "playcanvas": Profile("ktx2", quantized=True, instanced=True, one_scene=True),
    "unity": Profile("ktx2", quantized=True, meshopt=True, instanced=True),
    "godot": Profile(physics=True),
    "unreal": Profile(one_scene=True),
}
NO_WEBP = ("unity", "godot", "unreal", "universal")  # glTFast and Interchange do not read it


def find_profile(name: str, textures: str | None = None) -> Profile:
    """The profile, with another kind of pictures where asked. RequestError: unknown, or pictures its engine cannot read."""
    find_budget(name)
    if textures is None:
        return PROFILES[name]
    for kind in KINDS:
        if (
            kind == textures
            and not (kind == "webp" and name in NO_WEBP)
            and not (kind == "ktx2" and not PROFILES[name].quantized)
        ):
            return replace(PROFILES[name], textures=kind)
    raise RequestError(
        f"--textures: expected {' or '.join(_readable(name))} for profile {name!r}, got {textures[:40]!r}"
    )


def _readable(name: str) -> list[str]:
    quantized = PROFILES[name].quantized
    return [kind for kind in KINDS if kind == "jpeg" or (quantized and not (kind == "webp" and name in NO_WEBP))]


def require_profile(name: str, textures: str | None = None) -> None:
    """Raise what `find_profile` raises, or MissingPartError where the encoder of its pictures is not installed."""
    require_encoder(find_profile(name, textures).textures)


def shape_passes(profile: Profile) -> list[tuple[str, Pass]]:
    """Passes over geometry and nodes, in order; they leave plain values, so budgets can be met after them."""
    chain: list[tuple[str, Pass]] = [("dedupe", dedupe), ("weld", weld)]
    if profile.instanced:
        chain.append(("instance", instance))
    return chain


def pack_passes(profile: Profile, threads: int | None = None) -> list[tuple[str, Pass]]:
    """Passes that bring a scene within its budget into the form of its file. threads: see `encode_textures`."""
    chain: list[tuple[str, Pass]] = []
    if profile.quantized:
        chain.append(("snap", snap))
    chain.append(("reorder", partial(reorder, for_size=profile.meshopt)))
    if profile.quantized:
        chain.append(("quantize", quantize))
    chain.append(("encode", partial(encode_textures, kind=profile.textures, threads=threads)))
    if profile.meshopt:
        chain.append(("compress", compress))
    return chain
