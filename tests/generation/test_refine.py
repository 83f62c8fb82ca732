"""Half-metre posts: the finest level once more, true to the coarser one, with gullies where water runs."""

import numpy as np
import pytest

from seedscape.generation.refine import GULLY_SHARE, with_gullies
from seedscape.generation.rng import fractions, stream
from seedscape.generation.terrain import generate_terrain
from seedscape.generation.values import Terrain


@pytest.fixture(scope="module")
def fine() -> Terrain:
    return generate_terrain(42, ("alpine",), 300.0, 1000.0)


def test_posts_are_half_a_metre_apart_and_the_site_stays_at_nought(fine: Terrain) -> None:
    assert fine.levels[-1].spacing_m < 0.5 and len(fine.levels) == 7
    x0, z0, x1, z1 = fine.levels[-1].extent_m
    assert x0 < -55 and z0 < -55 and x1 > 55 and z1 > 55
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


def cut(heights: np.ndarray) -> np.ndarray:
    """What gullies take off the ground, as means of 2 x 2 posts."""
    lower = heights - with_gullies(heights, 1.0, stream(2, "gullies"))
    return np.asarray(lower.reshape(heights.shape[0] // 2, 2, heights.shape[1] // 2, 2).mean(axis=(1, 3)))


def test_gullies_lie_along_the_water_and_nothing_is_cut_deeper_than_said() -> None:
    r, c = np.indices((96, 96)).astype(float)
    heights = 0.1 * r + 0.3 * np.abs(c - 48) + 0.01 * fractions(stream(1, "land"), 96, 96)  # a valley down column 48
    taken = cut(heights)
    assert taken.max() <= GULLY_SHARE * np.ptp(heights) + 0.02
    middle, sides = taken[:24, 23:25].max(axis=1).mean(), taken[:24, 4:16].mean()
    assert middle > 4.0 * sides


def test_an_even_slope_gets_branching_gullies_and_no_steps() -> None:
    r, c = np.indices((128, 128)).astype(float)
    slope = 0.4 * r + 0.0 * c
    shaped = with_gullies(slope, 1.0, stream(2, "gullies"))
    assert shaped.std(axis=1).max() > 0.02  # it is cut ...
    rows = (slope - shaped)[20:108]
    straight = (rows > 0.05).mean(axis=0).max()
    assert straight < 0.85  # ... but by no line that keeps to a column
    columns = np.diff(shaped, axis=0)[20:108]
    odd, even = columns[0::2].mean(), columns[1::2].mean()
    assert odd == pytest.approx(even, abs=0.02)  # falls within and between pairs of posts are alike


def test_level_ground_has_no_gullies() -> None:
    assert np.abs(cut(np.zeros((64, 64)))).max() == 0.0


def test_detail_is_stronger_along_water() -> None:
    r, c = np.indices((96, 96)).astype(float)
    bumps = 0.02 * (((r + c) % 2) - 0.5)
    heights = 0.1 * r + 0.3 * np.abs(c - 48) + bumps

    def roughness(field: np.ndarray) -> np.ndarray:
        around = (field[:-2, 1:-1] + field[2:, 1:-1] + field[1:-1, :-2] + field[1:-1, 2:]) / 4.0
        return np.asarray(np.abs(field[1:-1, 1:-1] - around))

    gain = roughness(with_gullies(heights, 1.0, stream(2, "gullies"))) / roughness(heights)
    assert (
        np.median(gain[4:40, 47]) > 1.15 and np.median(gain[8:80, 2:8]) < 1.0
    )  # the outer columns drain next to nothing
