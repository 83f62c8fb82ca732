"""What was copied is found, wherever and however it was turned; what was not is not."""

import numpy as np
import pytest

from seedscape.generation.evaluate.novelty import nearest, novelty, verbatim_runs
from seedscape.generation.rng import stream
from tests.generation.data import ridges


@pytest.fixture(scope="module")
def land() -> list[np.ndarray]:
    return [ridges(k, 208, 90.0) for k in range(3)]


@pytest.mark.parametrize(("row", "col", "turn"), [(40, 80, 0), (41, 82, 3), (63, 119, 6)])
def test_a_copied_window_is_found_at_any_post_and_turn(land: list[np.ndarray], row: int, col: int, turn: int) -> None:
    window = land[1][row : row + 64, col : col + 64].astype(np.float64)
    copy = np.rot90(window.T if turn >= 4 else window, turn % 4)
    x = np.arange(64)
    copy = 0.7 * copy + 2.0 * x[None, :] - 3.0 * x[:, None] + 500.0  # another relief, tilt and altitude
    (finds,) = nearest(copy[None], land)
    assert (finds[0].tile, finds[0].row, finds[0].col) == (1, row, col) and finds[0].distance < 1e-3


def test_no_place_is_nearer_than_the_one_found(land: list[np.ndarray]) -> None:
    """Against every post and orientation by plain loops, on land that holds no copy."""
    window = ridges(9, 64, 90.0).astype(np.float64)
    tile = land[0][:96, :96]
    (finds,) = nearest(window[None], [tile])

    def shape(w: np.ndarray) -> np.ndarray:
        y, x = np.mgrid[:64, :64]
        terms = np.stack([np.ones(64 * 64), x.ravel(), y.ravel()], axis=1)
        rest = w.ravel() - terms @ np.linalg.lstsq(terms, w.ravel(), rcond=None)[0]
        return np.asarray(rest / np.sqrt((rest**2).sum()))

    turns = np.stack([shape(np.rot90(side, k)) for side in (window, window.T) for k in range(4)])
    places = [(r, c) for r in range(33) for c in range(33)]
    best = max(float((turns @ shape(tile[r : r + 64, c : c + 64].astype(np.float64))).max()) for r, c in places)
    assert finds[0].distance == pytest.approx(np.sqrt(2 - 2 * best), abs=1e-3)


def test_a_verbatim_piece_is_as_long_as_it_is(land: list[np.ndarray]) -> None:
    window = ridges(20, 128, 90.0).astype(np.float64)
    assert verbatim_runs(window[None], land).max() < 24
    piece = land[2][50:110, 60:120]
    window[2:62, 2:62] = piece - piece.mean() + window[2:62, 2:62].mean()
    assert 58 <= verbatim_runs(window[None], land).max() <= 64


def test_copies_are_reported_and_new_land_is_not(land: list[np.ndarray]) -> None:
    new = np.stack([ridges(k, 128, 90.0) for k in (30, 31)]).astype(np.float64)
    copied = np.stack([tile[:128, :128] for tile in land[:2]]).astype(np.float64)
    result = novelty(copied, new, land, ["a", "b", "c"], stream(1, "novelty"), real_windows=12)
    assert result["ours"]["shares_too_near"] == [1.0, 1.0] and result["ours"]["smallest"] < 1e-3
    assert result["held_out"]["shares_too_near"][0] < 0.5 and result["ours"]["longest_run"] == 128
