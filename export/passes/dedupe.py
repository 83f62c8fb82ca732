"""Equal models, materials and textures become one, and what nothing shows is left out."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from seedscape.export.passes.each import each_mesh, each_node, models_in_use
from seedscape.scene.values import Scene


def dedupe(scene: Scene) -> Scene:
    """The same place with each picture, material and model once; the first name of equals stays."""
    kept = _first_of_equals(scene.textures)
    materials = {
        name: replace(
            material,
            base_color=kept.get(material.base_color or ""),
            normal=kept.get(material.normal or ""),
            orm=kept.get(material.orm or ""),
        )
        for name, material in scene.materials.items()
    }
    same = _first_of_equals(materials)
    scene = each_mesh(scene, lambda mesh: replace(mesh, material=same.get(mesh.material, mesh.material)))
    models = _first_of_equals(scene.models)
    scene = each_node(scene, lambda node: replace(node, model=models.get(node.model or "")))
    used = {name: scene.models[name] for name in models_in_use(scene)}
    shown = {mesh.material for parts in used.values() for mesh in parts}
    materials = {name: material for name, material in materials.items() if name in shown}
    keys = {getattr(material, field) for material in materials.values() for field in TEXTURES}
    textures = {key: texture for key, texture in scene.textures.items() if key in keys}
    return replace(scene, models=used, materials=materials, textures=textures)


TEXTURES = ("base_color", "normal", "orm")


def _first_of_equals(values: dict[str, Any]) -> dict[str, str]:
    """Each name -> the first name whose value is equal. Only values that look alike are compared in full."""
    alike: dict[Any, list[str]] = {}
    for name, value in values.items():
        alike.setdefault(_key(value, HEAD), []).append(name)
    first: dict[Any, str] = {}
    several = {name for names in alike.values() if len(names) > 1 for name in names}
    return {name: first.setdefault(_key(value), name) if name in several else name for name, value in values.items()}


HEAD = 16  # rows of an array that tell most apart


def _key(value: Any, rows: int | None = None) -> Any:
    """Something that is equal and hashable exactly when the values are equal; rows: of arrays, only the first so many."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value[:rows].tobytes()
    if isinstance(value, tuple):
        return tuple(_key(item, rows) for item in value)
    if is_dataclass(value):
        return type(value), tuple(_key(getattr(value, field.name), rows) for field in fields(value))
    return value
