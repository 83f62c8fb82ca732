import numpy as np
import pytest

from seedscape.scene.noise import land_noise
from seedscape.scene.textures import halve, mean_color, shrink, texture_set, tiled_material, to_srgb
from tests.scene.worlds import make_materials


def test_halving_rounds_exact_means() -> None:
    pixels = np.array([[0, 1, 10, 10], [1, 1, 10, 11]], np.uint8)[..., None].repeat(3, axis=2)
    assert halve(pixels)[..., 0].tolist() == [[1, 10]]  # 3/4 and 41/4


def test_pictures_are_shrunk_to_the_edge_asked_for() -> None:
    assert shrink(np.zeros((64, 64, 3), np.uint8), 16).shape == (16, 16, 3)
    assert shrink(np.zeros((16, 16, 3), np.uint8), 64).shape == (16, 16, 3)


def test_srgb_there_and_back() -> None:
    for value in (0, 1, 12, 55, 128, 200, 255):
        linear = mean_color(np.full((4, 4, 3), value, np.uint8))
        assert abs(int(to_srgb(np.array(linear))[0]) - value) <= 1
    assert mean_color(np.full((2, 2, 3), 128, np.uint8))[0] == pytest.approx(0.2158605, abs=1e-6)


def test_a_set_is_named_after_its_material_and_duller_than_it_came() -> None:
    maps = make_materials(("grass",))["grass"]
    textures = texture_set(maps)
    assert sorted(textures) == ["grass_color", "grass_normal", "grass_orm"]
    assert [textures[f"grass_{kind}"].usage for kind in ("color", "normal", "orm")] == ["color", "normal", "data"]
    assert (textures["grass_orm"].pixels[..., 1] > maps.orm[..., 1]).all()
    assert np.array_equal(textures["grass_orm"].pixels[..., [0, 2]], maps.orm[..., [0, 2]])
    material = tiled_material("grass", blend=True)
    assert {material.base_color, material.normal, material.orm} == set(textures)
    assert material.alpha_mode == "BLEND"


def test_noise_of_a_grid_is_that_of_its_points() -> None:
    line = np.linspace(-300.0, 500.0, 41)
    x, z = np.meshgrid(line, line)
    grid = land_noise(9, "test", line[None, :], line[:, None], 37.0)
    assert np.array_equal(grid, land_noise(9, "test", x, z, 37.0))
    assert 0.0 <= grid.min() and grid.max() <= 1.0 and abs(grid.mean() - 0.5) < 0.1
    assert not np.array_equal(grid, land_noise(9, "other", x, z, 37.0))
