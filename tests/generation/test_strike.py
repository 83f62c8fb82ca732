"""Strike: measured as the structure tensor has it, wished for by a sketch, followed by the land."""

import numpy as np
import pytest

from seedscape.generation.guide import STRONG, WildGuide, Wish
from seedscape.generation.library import BLOCK, BankTile, Library, build_library
from seedscape.generation.quilt import Quilt
from seedscape.generation.sketch import Sketch, SketchGuide


def waves(down: float, across: float, rows: int = 40, cols: int = 40) -> BankTile:
    r, c = np.indices((rows, cols))
    low = np.sin(down * r + across * c).astype(np.float32)
    return BankTile(np.zeros((rows, cols, 2), np.float32), low, np.zeros_like(low), "hills", 90.0)


def strike(tile: BankTile) -> np.ndarray:
    return build_library((tile,)).strike


@pytest.mark.parametrize(
    "down,across,expected", [(0.0, 1.1, (1, 0)), (1.1, 0.0, (-1, 0)), (0.8, 0.8, (0, 1)), (-0.8, 0.8, (0, -1))]
)
def test_strike_points_where_slopes_vary(down: float, across: float, expected: tuple[int, int]) -> None:
    assert strike(waves(down, across)) == pytest.approx(np.array([expected] * 17 * 17), abs=0.12)


def test_level_ground_and_planes_have_none() -> None:
    plane = waves(0.0, 0.0)
    plane.low[...] = np.arange(40) * 0.5
    assert (strike(plane) == 0.0).all() and (strike(waves(0.0, 0.0)) == 0.0).all()


class Wants:
    """A guide for ridges alone."""

    def __init__(self, x: float, y: float) -> None:
        self._wish = Wish(0.0, 0.0, 0.0, 0.5, 0.5, x, y)

    def at(self, row: float, col: float) -> Wish:
        return self._wish


def test_the_land_has_the_strike_that_is_wanted() -> None:
    library = build_library((waves(0.0, 0.9), waves(0.9, 0.0)))

    def easting(guide: Wants) -> float:
        dy, dx = np.gradient(Quilt(library, guide, 2).window(0, 0, 90, 90).low)
        return float((dx**2).sum() / ((dx**2).sum() + (dy**2).sum()))

    assert easting(Wants(2.0, 0.0)) > 0.9 and easting(Wants(-2.0, 0.0)) < 0.1


def test_no_wish_costs_nothing() -> None:
    library: Library = build_library((waves(0.3, 0.9),))
    every = np.arange(len(library.start))
    quilt = Quilt(library, Wants(0.0, 0.0), 1)
    assert (quilt._off_strike(every, Wish(0.0, 0.0, 0.0, 0.5, 0.5)) == 0.0).all()
    assert (quilt._off_strike(every, Wish(0.0, 0.0, 0.0, 0.5, 0.5, 1.0, -0.7)) >= -1e-6).all()


def test_ridges_of_a_sketch_are_wanted_along_what_is_drawn() -> None:
    grey = np.repeat(np.abs(np.linspace(-1.0, 1.0, 32))[None], 32, axis=0)  # a valley from north to south
    guide = SketchGuide(Sketch(grey), 4.0 * BLOCK, 60.0, WildGuide(1, 1.0))
    wish = guide.at(40.0, 20.0)
    assert wish.strike_x == pytest.approx(0.8 * STRONG, rel=0.03) and wish.strike_y == pytest.approx(0.0, abs=1e-9)
    turned = SketchGuide(Sketch(grey.T), 4.0 * BLOCK, 60.0, WildGuide(1, 1.0)).at(20.0, 40.0)
    assert turned.strike_x == pytest.approx(-0.8 * STRONG, rel=0.03)
    level = guide.at(40.0, 48.0)  # its floor
    assert np.hypot(level.strike_x, level.strike_y) < 0.1 * STRONG
