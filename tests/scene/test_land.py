import numpy as np

from seedscape.generation.values import HeightField, Terrain
from seedscape.scene.land import grid_heights, level_spacing, normals
from tests.scene.worlds import make_terrain


def test_a_grid_equals_single_points_to_the_last_bit() -> None:
    terrain = make_terrain(seed=5)
    xs, zs = np.linspace(-700.0, 650.0, 211), np.linspace(-5000.0, 5000.0, 173)  # over all levels and beyond the edge
    x, z = np.meshgrid(xs, zs)
    assert np.array_equal(grid_heights(terrain, xs, zs), terrain.height(x, z))


def test_spacing_is_that_of_the_finest_level() -> None:
    terrain = make_terrain()
    assert level_spacing(terrain, np.array([0.0, 200.0, 500.0, 3000.0]), np.zeros(4)).tolist() == [
        0.9375,
        1.875,
        3.75,
        30.0,
    ]


def test_normals_of_a_slope() -> None:
    ramp = np.arange(5, dtype=np.float32)[None, :].repeat(5, axis=0) * 3.0  # rises 3 m in 4 m to the east
    terrain = Terrain((HeightField(ramp, 4.0, (-8.0, -8.0)),), 0.0, "plain")
    np.testing.assert_allclose(normals(terrain, np.zeros(1), np.zeros(1), np.ones(1)), [[-0.6, 0.8, 0.0]], atol=1e-12)
