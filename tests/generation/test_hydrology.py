"""Depressions are filled to their spill and water runs down, on grids the eye can check."""

import numpy as np

from seedscape.generation.hydrology import accumulate, flood, receivers


def test_a_pit_is_filled_to_its_lowest_rim() -> None:
    height = np.full((5, 5), 9.0)
    height[2, 2] = 1.0
    height[2, 3], height[2, 4] = 4.0, 3.0  # the way out
    filled, _, _ = flood(height)
    assert filled[2, 2] == 4.0
    assert (filled >= height).all()
    assert filled[2, 4] == 3.0


def test_a_tilted_plane_drains_along_its_columns() -> None:
    height = np.repeat(np.arange(6.0)[::-1, None], 6, axis=1)  # falls to the south
    filled, parents, order = flood(height)
    area = accumulate(receivers(filled, parents, 1.0), order)
    assert np.array_equal(area[1:5, 2], [1, 2, 3, 4])  # the rim keeps to itself; each cell adds to the next
    assert np.array_equal(filled, height)


def test_all_water_leaves_over_the_rim() -> None:
    height = np.random.Generator(np.random.Philox(key=3)).integers(0, 50, (16, 16)).astype(float)
    filled, parents, order = flood(height)
    to = receivers(filled, parents, 1.0)
    area = accumulate(to, order)
    assert area.ravel()[to == -1].sum() == height.size
