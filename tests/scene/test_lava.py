"""Lava flows: where they lie, how thick, how rough, and that the visitor's own place stays free."""

import numpy as np

from seedscape.scene.biomes import Flows, make_biome
from seedscape.scene.lava import CLEAR_M, lava_flows
from seedscape.scene.noise import vein_noise
from seedscape.scene.relief import sculpt
from tests.scene.worlds import make_terrain

FLOWS = Flows()
LINE = np.arange(-60.0, 60.0, 0.47)
X, Z = LINE[None, :], LINE[:, None]


def test_lava_lies_along_its_veins_and_nowhere_else() -> None:
    height, line = lava_flows(3, FLOWS, X, Z, 0.47), vein_noise(3, FLOWS.material, X, Z, FLOWS.patch_m)
    far = X * X + Z * Z > CLEAR_M[1] ** 2
    assert (height[line < FLOWS.veins[0]] == 0.0).all()
    assert height[far & (line > FLOWS.veins[1])].min() > 0.1
    assert 0.5 < height.max() < 2.0
    assert 0.03 < (height > 0.0).mean() < 0.6


def test_the_visitor_stands_on_bare_ground() -> None:
    for seed in range(6):
        height = lava_flows(seed, FLOWS, X, Z, 0.47)
        assert (height[X * X + Z * Z < CLEAR_M[0] ** 2] == 0.0).all()


def test_clinker_is_on_fine_posts_alone_and_far_posts_are_bare() -> None:
    def rough(spacing: float) -> float:
        height = lava_flows(3, FLOWS, X, Z, spacing)
        return float(np.abs(height[1:-1, 1:-1] * 2.0 - height[:-2, 1:-1] - height[2:, 1:-1]).mean())

    assert rough(0.47) > 2.0 * rough(2.0) > 0.0
    assert rough(15.0) == 0.0


def test_the_ground_of_the_lava_layer_is_the_ground_that_is_raised() -> None:
    biome = make_biome("volcanic")
    layer = next(layer for layer in biome.overlays if layer.material == FLOWS.material)
    assert biome.flows is not None and layer.veins is not None
    assert layer.patch_m == biome.flows.patch_m
    assert biome.flows.veins[0] < layer.veins[0] and layer.veins[1] < biome.flows.veins[1]  # the skin covers the flanks


def test_volcanic_land_still_starts_at_zero_and_its_levels_meet() -> None:
    shaped = sculpt(make_terrain(2), 7, make_biome("volcanic"))
    assert abs(float(shaped.height(np.zeros(1), np.zeros(1))[0])) < 1e-3
    outer, inner = shaped.levels[-2:]
    x0, z0, x1, _ = inner.extent_m
    x, z = x0 + (x1 - x0) * np.linspace(0.0, 1.0, 400), np.full(400, z0)
    np.testing.assert_allclose(inner.sample(x, z), outer.sample(x, z), atol=0.02)
