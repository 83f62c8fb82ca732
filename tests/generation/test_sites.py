"""Where in a land to stand: gentle ground, and by the sea where that is wanted."""

import numpy as np
import pytest

from seedscape.generation.guide import Wish
from seedscape.generation.sites import HEADINGS, choose_site, sea_in_view, shore_squares


def test_the_site_is_gentle_ground() -> None:
    r, c = np.indices((120, 120)).astype(float)
    heights = 5.0 * np.abs(r - 60)  # a steep valley along row 60 ...
    heights[np.abs(r - 60) < 3] = 0.0
    heights[(np.abs(r - 52) < 4) & (np.abs(c - 60) < 4)] = 40.0  # ... with one terrace
    (row, col), view = choose_site(heights, 30.0, 600.0, None)
    assert abs(row - 60) < 3 or (abs(row - 52) < 4 and abs(col - 60) < 4)
    assert view == 0.0


def test_on_a_coast_the_site_sees_the_sea() -> None:
    c = np.indices((160, 160))[1].astype(float)
    heights = np.maximum(0.0, (c - 40.0) * 1.5)  # a plain that rises from a shore along column 40
    (_, col), view = choose_site(heights, 30.0, 600.0, None, sea=True)
    assert 40 < col < 50 and view > 0.2


def test_the_sea_is_seen_over_falling_ground_and_not_behind_a_ridge() -> None:
    heights = np.maximum(0.0, (np.indices((41, 41))[1] - 9.0) * 0.5)
    place = np.array([20]), np.array([20])
    open_view = sea_in_view(heights, *place, 30.0, 16)
    assert open_view == pytest.approx(5 / len(HEADINGS))  # west, and the four headings nearest to it
    heights[:, 12] = 12.0
    assert sea_in_view(heights, *place, 30.0, 15) == 0.0
    heights[20, 12] = 1.5  # a gap straight to the west
    assert sea_in_view(heights, *place, 30.0, 15) == pytest.approx(1 / len(HEADINGS))
    assert sea_in_view(heights, *place, 30.0, 8) == 0.0  # too far away


class Ramp:
    """A guide whose rank grows to the east."""

    def at(self, row: float, col: float) -> Wish:
        return Wish(0.0, 0.0, 0.0, 0.5, min(max(0.5 + col / 400.0, 0.0), 1.0))


def test_shores_are_looked_for_where_land_is_wanted_as_low() -> None:
    squares = shore_squares(Ramp(), 0.3, 32)
    assert squares[:3] == [
        (0, -3),
        (-1, -3),
        (1, -3),
    ]  # rank 0.3 is wanted at column -80, in the middle of the third square to the west
