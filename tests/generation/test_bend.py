"""Bent land is the same land at moved places, the same for every window."""

import numpy as np
import pytest

from seedscape.generation import bend


def wide(rows: int, cols: int, row: int = 0, col: int = 0) -> np.ndarray:
    """A smooth surface over a window and the reach around it, by its place in the endless grid."""
    r = np.arange(row - bend.REACH, row + rows + bend.REACH)[:, None]
    c = np.arange(col - bend.REACH, col + cols + bend.REACH)[None, :]
    return np.sin(r / 9.0) * np.cos(c / 7.0) * 5.0 + 0.01 * r


def test_without_strength_nothing_moves() -> None:
    """The splines pass through the posts."""
    inner = wide(20, 30)[bend.REACH : -bend.REACH, bend.REACH : -bend.REACH]
    assert bend.bend(wide(20, 30), 0, 0, 1, strength=0.0) == pytest.approx(inner, abs=1e-4)


def test_windows_of_one_grid_agree() -> None:
    whole = bend.bend(wide(64, 64), 0, 0, 5)
    part = bend.bend(wide(16, 24, 20, 30), 20, 30, 5)
    assert part == pytest.approx(whole[20:36, 30:54], abs=1e-9)


def test_bending_moves_places_and_keeps_heights() -> None:
    flat, bent = wide(96, 96)[bend.REACH : -bend.REACH, bend.REACH : -bend.REACH], bend.bend(wide(96, 96), 0, 0, 2)
    assert np.abs(bent - flat).mean() > 0.3
    assert bent.max() <= flat.max() + 0.6 and bent.min() >= flat.min() - 0.6


def test_no_place_is_looked_at_beyond_the_reach() -> None:
    """The noise is bounded by its nodes, so the farthest move is the sum of the waves'."""
    assert sum(farthest for _, farthest in bend.WAVES) + 2 + bend.FILTER <= bend.REACH


def test_the_map_is_one_to_one() -> None:
    """Moves change by less than a post from one post to the next, so land is stretched and never folded."""
    size = 160
    r = np.broadcast_to(np.arange(-bend.REACH, size + bend.REACH)[:, None] * 1.0, (size + 2 * bend.REACH,) * 2)
    for seed in range(4):
        assert np.diff(bend.bend(r, 0, 0, seed), axis=0).min() > 0.1
