import dataclasses
from typing import Any

import numpy as np
import pytest

from seedscape.assets.errors import RequestError
from seedscape.export.check import check_mesh, check_scene, require_sound
from seedscape.scene.values import Material, Mesh, Node, Texture
from tests.export.synthetic import synthetic_scene

CORNERS = np.array([[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 1]], np.float32)
TRIANGLES = np.array([[0, 1, 2], [2, 1, 3]], np.uint32)
UP = np.array([[0, 1, 0]] * 4, np.float32)
UVS = np.zeros((4, 2), np.float32)


def problems(material: Material | None = None, **changes: Any) -> list[str]:
    mesh = dataclasses.replace(Mesh(CORNERS, TRIANGLES, "soil", UP, UVS), **changes)
    return list(check_mesh("m", mesh, material or Material()))


def with_value(values: np.ndarray, at: tuple[int, int], value: float) -> np.ndarray:
    changed = values.copy()
    changed[at] = value
    return changed


def test_a_sound_mesh_and_scene_pass() -> None:
    assert problems() == []
    assert list(check_scene(synthetic_scene(posts=9, picture=16))) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"positions": with_value(CORNERS, (2, 1), np.nan)}, "NaN or infinity at vertex 2"),
        ({"positions": with_value(CORNERS, (0, 0), np.inf)}, "NaN or infinity at vertex 0"),
        ({"uvs": with_value(UVS, (3, 1), np.nan)}, "finite uvs, got NaN or infinity at vertex 3"),
        ({"indices": np.array([[0, 1, 4]], np.uint32)}, "indices in 0..3, got 0..4"),
        ({"indices": np.array([[0, -1, 2]], np.int64)}, "indices in 0..3, got -1..2"),
        ({"indices": np.array([[0.0, 1.0, 2.0]])}, "whole numbers"),
        ({"indices": np.array([0, 1, 2], np.uint32)}, "indices (m, 3)"),
        ({"indices": np.array([[0, 1, 2], [1, 1, 3]], np.uint32)}, "got 1 without; the first is 1"),
        ({"positions": CORNERS * np.array([1, 1, 0], np.float32)}, "got 2 without; the first is 0"),
        ({"normals": UP * np.float32(1.01)}, "unit normals, got length 1.01"),
        ({"normals": UP[:3]}, "normals of shape (4, 3)"),
        ({"colors": np.full((4, 4), 1.5, np.float32)}, "colors in 0..1, got 1.5..1.5"),
    ],
)
def test_a_mesh_that_would_break_a_viewer_is_named(changes: dict[str, Any], said: str) -> None:
    assert any(said in problem for problem in problems(**changes)), problems(**changes)


def test_textures_ask_for_uvs_and_normal_maps_for_normals() -> None:
    assert "expected uvs" in problems(Material(base_color="a"), uvs=None)[0]
    assert "expected normals" in problems(Material(normal="a"), normals=None)[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"materials": {}}, "material of the scene, got 'soil'"),
        ({"textures": {}}, "texture of the scene as base_color, got 'soil_color'"),
        ({"nodes": (Node("a"), Node("b", children=(Node("a"),)))}, "node 'a': expected a name of its own"),
        ({"nodes": (Node("a", model="nothing"),)}, "model of the scene, got 'nothing'"),
        ({"nodes": (Node("a", light="nothing"),)}, "light of the scene, got 'nothing'"),
        ({"nodes": (Node("a", rotation=(0.0, 0.0, 0.0, 0.5)),)}, "unit quaternion"),
        ({"nodes": (Node("a", translation=(0.0, float("nan"), 0.0)),)}, "finite place"),
        ({"models": {"empty": ()}}, "at least one mesh"),
    ],
)
def test_a_scene_that_does_not_hang_together_is_named(changes: dict[str, Any], said: str) -> None:
    scene = dataclasses.replace(synthetic_scene(posts=9, picture=16), **changes)
    assert any(said in problem for problem in check_scene(scene)), list(check_scene(scene))


def test_a_texture_for_another_use_is_named() -> None:
    scene = synthetic_scene(posts=9, picture=16)
    wrong = Texture(scene.textures["soil_normal"].pixels, "color")
    changed = dataclasses.replace(scene, textures=scene.textures | {"soil_normal": wrong})
    assert "a texture for 'normal' as normal, got one for 'color'" in next(check_scene(changed))


def test_the_error_is_one_line_with_the_first_problem_and_the_number_of_others() -> None:
    scene = dataclasses.replace(synthetic_scene(posts=9, picture=16), materials={})
    with pytest.raises(RequestError, match=r"\(and 3 more\)$") as caught:
        require_sound(scene)
    assert "\n" not in str(caught.value)
