"""Half-metre posts: the finest level once more, true to the coarser one, with gullies where water runs."""

import numpy as np
import pytest

from seedscape.generation.refine import GULLY_SHARE, add_level, with_gullies
from seedscape.generation.rng import fractions, stream
from seedscape.generation.terrain import generate_terrain
from seedscape.generation.values import Terrain


@pytest.fixture(scope="module")
def fine() -> Terrain:
    return add_level(generate_terrain(42, ("alpine",), 300.0, 1000.0), 42)


def test_posts_are_half_a_metre_apart_and_the_site_stays_at_nought(fine: Terrain) -> None:
    assert fine.levels[-1].spacing_m < 0.5 and len(fine.levels) == 7
    x0, z0, x1, z1 = fine.levels[-1].extent_m
    assert x0 < -35 and z0 < -35 and x1 > 35 and z1 > 35
    assert float(fine.height(np.zeros(1), np.zeros(1))[0]) == pytest.approx(0.0, abs=1e-3)


def test_box_means_stay_within_a_hundredth_of_the_relief(fine: Terrain) -> None:
    coarse, level = fine.levels[-2:]
    rows, cols = (n // 2 * 2 for n in level.heights_m.shape)
    means = level.heights_m[:rows, :cols].astype(np.float64).reshape(rows // 2, 2, cols // 2, 2).mean(axis=(1, 3))
    s = level.spacing_m
    xs = level.origin_m[0] + s / 2 + 2 * s * np.arange(cols // 2)
    zs = level.origin_m[1] + s / 2 + 2 * s * np.arange(rows // 2)
    apart = np.abs(means - coarse.sample(xs[None, :], zs[:, None]))[8:-8, 8:-8]  # the rim passes into the coarser level
    assert 0.0 < apart.max() < 0.01 * np.ptp(level.heights_m)


def test_gullies_lie_along_the_water_and_nothing_is_cut_deeper_than_said() -> None:
    r, c = np.indices((96, 96)).astype(float)
    heights = 0.1 * r + 0.3 * np.abs(c - 48) + 0.01 * fractions(stream(1, "land"), 96, 96)  # a valley down column 48
    blocks = heights.reshape(48, 2, 48, 2)
    cut = (blocks - with_gullies(heights, 1.0).reshape(blocks.shape)).mean(axis=(1, 3))
    assert cut.min() > -1e-9 and cut.max() <= GULLY_SHARE * np.ptp(heights) + 1e-9
    middle, sides = cut[:24, 23:25].max(axis=1).mean(), cut[:24, 4:16].mean()
    assert middle > 4.0 * sides


def test_detail_is_stronger_along_water() -> None:
    r, c = np.indices((96, 96)).astype(float)
    bumps = 0.02 * (((r + c) % 2) - 0.5)
    heights = 0.1 * r + 0.3 * np.abs(c - 48) + bumps

    def roughness(field: np.ndarray) -> np.ndarray:
        return np.asarray(field.reshape(48, 2, 48, 2).std(axis=(1, 3)))

    gain = roughness(with_gullies(heights, 1.0)) / roughness(heights)
    assert gain[4:20, 23:25].mean() > 1.2
    assert gain[4:44, :2].mean() < 0.95  # the outermost columns drain next to nothing
