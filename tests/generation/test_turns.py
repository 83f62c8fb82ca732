"""Turned land: latents of whole numbers, detail that turns with the land, blocks that know where they come from."""

import numpy as np
import pytest

from seedscape.generation.guide import WildGuide
from seedscape.generation.library import BLOCK, BankTile, build_library
from seedscape.generation.quilt import Quilt
from seedscape.generation.rng import stream
from seedscape.generation.terrain import open_terrain_model, pick_tiles
from seedscape.generation.turns import REACH, TURNS, Turner, turned

MODEL = open_terrain_model()


def tile(rows: int, cols: int) -> BankTile:
    """Land of which every cell has a height of its own, turned by taking the cell itself."""
    low = stream(rows, cols).permutation(rows * cols).reshape(rows, cols).astype(np.float32)
    weights = np.zeros((TURNS - 1, (2 * REACH + 1) ** 2, 1), np.float32)
    weights[:, len(weights[0]) // 2] = 1.0
    latents = np.round(low % 100)[..., None]
    return BankTile(latents, low, np.zeros_like(low), "hills", 90.0, "a.png", Turner(weights, 1.0, 1.0))


def test_there_are_eight_different_turns() -> None:
    square = np.arange(9).reshape(3, 3)
    assert len({turned(square, turn).tobytes() for turn in range(TURNS)}) == TURNS
    assert turned(square, 1)[0].tolist() == [2, 5, 8]
    assert turned(square, 4)[0].tolist() == [2, 1, 0]


def test_sums_are_those_of_whole_numbers() -> None:
    rng = stream(3, "turns")
    weights = rng.integers(-700, 700, (TURNS - 1, (2 * REACH + 1) ** 2 * 2, 2))
    latents = rng.integers(-127, 128, (9, 7, 2))
    turner = Turner(weights.astype(np.float32), 0.5, 0.25)
    for turn, made in enumerate(turner.latents((latents * 0.25).astype(np.float32)), 1):
        wide = np.pad(turned(latents, turn), ((REACH, REACH), (REACH, REACH), (0, 0)), mode="edge")
        for row, col in ((0, 0), (3, 5), (6, 6), (4, 2)):
            around = wide[row : row + 2 * REACH + 1, col : col + 2 * REACH + 1].ravel()
            assert (made[row, col] == (around @ weights[turn - 1]) * 0.125).all()


def test_the_shipped_weights_keep_every_sum_exact() -> None:
    turner = MODEL.bank[0].turner
    assert turner is not None
    assert turner.weights.shape == (TURNS - 1, (2 * REACH + 1) ** 2 * 10, 10)
    assert np.abs(turner.weights).sum(axis=1).max() * 127 < 1 << 24


@pytest.mark.parametrize("turn", range(1, TURNS))
def test_detail_of_turned_land_is_the_detail_of_the_land_turned(turn: int) -> None:
    land = max(pick_tiles(MODEL, ("alpine",), 90.0), key=lambda tile: min(tile.low.shape)).turns()

    def detail(view: BankTile, rows: slice, cols: slice) -> np.ndarray:
        latents = np.ascontiguousarray(view.latents[rows, cols].transpose(2, 0, 1))[None]
        low = np.ascontiguousarray(view.low[rows, cols] - view.low[rows, cols].mean())[None, None]
        noise = np.zeros((1, 1, 8 * low.shape[2], 8 * low.shape[3]), np.float32)
        heights = MODEL.heights(latents=latents, low=low, noise=noise)[0, 0]
        means = heights.reshape(low.shape[2], 8, low.shape[3], 8).mean(axis=(1, 3))
        return np.asarray(heights - np.kron(means, np.ones((8, 8), np.float32)))[64:-64, 64:-64]

    whole = land[0].low.shape
    middle = slice(whole[0] // 2 - 20, whole[0] // 2 + 20), slice(whole[1] // 2 - 20, whole[1] // 2 + 20)
    marked = np.zeros(whole, bool)
    marked[middle] = True
    rows, cols = (np.flatnonzero(turned(marked, turn).any(axis=axis)) for axis in (1, 0))
    there = detail(land[turn], slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1))
    here = turned(detail(land[0], *middle), turn)
    assert np.corrcoef(there.ravel(), here.ravel())[0, 1] > 0.93
    assert np.corrcoef(there.ravel(), detail(land[0], *middle).ravel())[0, 1] < 0.5


def test_blocks_of_turned_land_know_the_cells_they_show() -> None:
    land = tile(40, 33)
    library = build_library((land,))
    assert len(library.start) == TURNS * (40 - BLOCK + 1) * (33 - BLOCK + 1)
    places = np.arange(BLOCK)
    cells = library.cells(np.arange(len(library.start)), np.repeat(places, BLOCK), np.tile(places, BLOCK))
    for block in stream(1, "blocks").integers(0, len(library.start), 60):
        _, row, col = library.corner[block]
        shown = library.low[cells[block]].reshape(BLOCK, BLOCK)
        there = land.low[row : row + BLOCK, col : col + BLOCK]
        assert any(np.array_equal(shown, turned(there, turn)) for turn in range(TURNS))
        assert (library.latents[cells[block], 0] == np.round(shown.ravel() % 100)).all()


def test_no_piece_lies_beside_itself_in_any_turn() -> None:
    tiles = tuple(pick_tiles(MODEL, ("mid_mountains",), 90.0))
    library = build_library(tiles)

    quilt = Quilt(library, WildGuide(5, library.steepness), 5)
    chosen = {(i, j): quilt._block(i, j).number for i in range(6) for j in range(6)}
    corners = {place: library.corner[number] for place, number in chosen.items()}
    beside = [(a, b) for a in corners for b in corners if a < b and max(abs(a[0] - b[0]), abs(a[1] - b[1])) == 1]
    assert len(beside) == 110
    for a, b in beside:
        apart = np.abs(corners[a] - corners[b])
        assert apart[0] or (apart[1:] >= BLOCK // 2).any()
