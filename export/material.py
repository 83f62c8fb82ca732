"""Materials as glTF has them."""

from typing import Any

from seedscape.scene.values import Material


def material_json(name: str, material: Material, textures: dict[str, int]) -> dict[str, Any]:
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
