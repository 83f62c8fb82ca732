"""Checks of a Scene before it is written: what a glTF reader, or a headset, would stumble over.

All problems are collected; `require_sound` raises the first of them and says how many more there are.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import RequestError
from seedscape.scene.slivers import zero_area
from seedscape.scene.values import Material, Mesh, Node, Scene, Texture

UNIT_TOLERANCE = 5e-4  # of lengths; the Khronos validator's for float32 vectors is of this size


def require_sound(scene: Scene) -> None:
    """Raise RequestError (one line) if the scene cannot become a correct glTF file."""
    problems = list(check_scene(scene))
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise RequestError(f"scene {scene.name!r}: {problems[0]}{more}")


def check_scene(scene: Scene) -> Iterator[str]:
    """One sentence for each problem: where it is, what was expected, what came."""
    for name, texture in scene.textures.items():
        yield from _check_texture(f"texture {name!r}", texture)
    for name, material in scene.materials.items():
        yield from _check_material(f"material {name!r}", material, scene)
    for name, parts in scene.models.items():
        if not parts:
            yield f"model {name!r}: expected at least one mesh, got none"
        for k, mesh in enumerate(parts):
            where = f"model {name!r} mesh {k}"
            if len(mesh.indices) == 0:
                yield f"{where}: expected triangles, got none"
            if mesh.material not in scene.materials:
                yield f"{where}: expected a material of the scene, got {mesh.material!r}"
            yield from check_mesh(where, mesh, scene.materials.get(mesh.material, Material()))
    yield from check_mesh("walkable", scene.walkable, Material())
    yield from check_mesh("collision", scene.collision, Material())
    yield from _check_nodes(scene)
    yield from _check_sounds(scene)


def check_mesh(where: str, mesh: Mesh, material: Material) -> Iterator[str]:
    """Shapes, finite numbers, indices in range, no zero-area triangle, unit normals, what the material needs."""
    n = len(mesh.positions)
    shapes = {"positions": (mesh.positions, 3), "normals": (mesh.normals, 3), "uvs": (mesh.uvs, 2)}
    for field, (values, width) in (shapes | {"colors": (mesh.colors, 4)}).items():
        if values is None:
            continue
        if values.shape != (n, width):
            yield f"{where}: expected {field} of shape ({n}, {width}), got {values.shape}"
            return
        if not np.isfinite(values).all():
            yield f"{where}: expected finite {field}, got NaN or infinity at vertex {_first(~np.isfinite(values))}"
            return
    if mesh.indices.ndim != 2 or mesh.indices.shape[1] != 3 or mesh.indices.dtype.kind not in "ui":
        yield f"{where}: expected indices (m, 3) of whole numbers, got {mesh.indices.shape} {mesh.indices.dtype}"
        return
    if len(mesh.indices) == 0:
        return
    if int(mesh.indices.min()) < 0 or int(mesh.indices.max()) >= n:
        yield f"{where}: expected indices in 0..{n - 1}, got {int(mesh.indices.min())}..{int(mesh.indices.max())}"
        return
    flat = zero_area(mesh)
    if flat.any():
        yield f"{where}: expected triangles with an area, got {int(flat.sum())} without; the first is {_first(flat)}"
    if mesh.normals is not None:
        x, y, z = mesh.normals.T.astype(np.float64)
        squared = x * x + y * y + z * z
        off = np.abs(squared - 1.0) > 2.0 * UNIT_TOLERANCE
        if off.any():
            yield f"{where}: expected unit normals, got length {squared[_first(off)] ** 0.5:.4g} at vertex {_first(off)}"
    if mesh.colors is not None and (mesh.colors.min() < 0.0 or mesh.colors.max() > 1.0):
        yield f"{where}: expected colors in 0..1, got {mesh.colors.min():.4g}..{mesh.colors.max():.4g}"
    if (material.base_color or material.normal or material.orm) and mesh.uvs is None:
        yield f"{where}: expected uvs for the textures of {mesh.material!r}, got none"
    if material.normal and mesh.normals is None:
        yield f"{where}: expected normals for the normal map of {mesh.material!r}, got none"


def _check_texture(where: str, texture: Texture) -> Iterator[str]:
    pixels = texture.pixels
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or 0 in pixels.shape:
        yield f"{where}: expected pixels (h, w, 3 or 4) uint8, got {pixels.shape} {pixels.dtype}"


def _check_material(where: str, material: Material, scene: Scene) -> Iterator[str]:
    for field, usage in (("base_color", "color"), ("normal", "normal"), ("orm", "data")):
        key = getattr(material, field)
        if key is None:
            continue
        if key not in scene.textures:
            yield f"{where}: expected a texture of the scene as {field}, got {key!r}"
        elif scene.textures[key].usage != usage:
            yield f"{where}: expected a texture for {usage!r} as {field}, got one for {scene.textures[key].usage!r}"
    shares = (material.metallic, material.roughness, material.alpha_cutoff, material.specular)
    factors = (*material.base_color_factor, *shares)
    if not all(0.0 <= value <= 1.0 for value in factors):
        yield f"{where}: expected factors in 0..1, got {factors}"


def _check_nodes(scene: Scene) -> Iterator[str]:
    seen: set[str] = set()
    waiting: list[Node] = list(reversed(scene.nodes))
    while waiting:
        node = waiting.pop()
        waiting.extend(reversed(node.children))
        where = f"node {node.name!r}"
        if node.name in seen or not node.name:
            yield f"{where}: expected a name of its own, got one that is empty or taken"
        seen.add(node.name)
        if node.model is not None and node.model not in scene.models:
            yield f"{where}: expected a model of the scene, got {node.model!r}"
        if node.light is not None and node.light not in scene.lights:
            yield f"{where}: expected a light of the scene, got {node.light!r}"
        if not all(np.isfinite((*node.translation, *node.rotation, *node.scale))):
            yield f"{where}: expected a finite place, got NaN or infinity"
        elif abs(sum(value * value for value in node.rotation) - 1.0) > 2.0 * UNIT_TOLERANCE:
            yield f"{where}: expected a unit quaternion, got {node.rotation}"
    for spawn in scene.spawn_points:
        if not all(np.isfinite((*spawn.position, spawn.yaw_rad))):
            yield f"spawn point {spawn.name!r}: expected a finite place, got NaN or infinity"


def _check_sounds(scene: Scene) -> Iterator[str]:
    for sound in scene.sounds:
        numbers = (sound.gain, sound.near_m, sound.far_m, *(sound.position or ()))
        if not all(np.isfinite(numbers)) or sound.gain < 0.0 or sound.near_m <= 0.0 or sound.far_m < 0.0:
            yield f"sound {sound.kind!r}: expected finite numbers, a gain and distances above 0, got {numbers}"


def _first(mask: NDArray[np.bool_]) -> int:
    """Row of the first True."""
    return int(np.argmax(mask.reshape(len(mask), -1).any(axis=1)))
