"""Quilted lattices: any window of the endless one, no steps, sources continued, wishes followed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedscape.generation import quilt
from seedscape.generation.guide import WildGuide, Wish
from seedscape.generation.library import (
    BLOCK,
    LEAST_VARIANCE,
    OVERLAP,
    PATCH,
    BankTile,
    Library,
    build_library,
)
from seedscape.generation.quilt import SCREEN, Quilt, _lowest, greens_function
from seedscape.generation.rng import stream


def tile(seed: int, rows: int = 50, cols: int = 54) -> BankTile:
    noise = stream(seed, "land").integers(-1000, 1000, (rows + 8, cols + 8)).astype(np.float64)
    for _ in range(4):
        noise = (noise[:-2, 1:-1] + noise[2:, 1:-1] + noise[1:-1, :-2] + noise[1:-1, 2:] + noise[1:-1, 1:-1]) / 5
    low = (noise / noise.std()).astype(np.float32)
    latents = np.stack([low, -low, low**2 - 1], axis=2)
    return BankTile(latents, low, np.zeros_like(low), "hills", 30.0)


class Slope:
    """A guide that wants a plane rising to the east."""

    def __init__(self, climb: float) -> None:
        self.climb = climb

    def at(self, row: float, col: float) -> Wish:
        return Wish(col * self.climb, self.climb, 0.0, 0.5, 0.5)


LIBRARY = build_library((tile(1), tile(2)))
ENDLESS = Quilt(LIBRARY, WildGuide(3, LIBRARY.steepness), 3)


def test_a_single_tile_that_is_a_plane_gives_the_plane() -> None:
    """Heights are joined by slopes: blocks of a constant slope from anywhere make one plane."""
    r, c = np.indices((40, 40))
    low = (0.5 * c + 0.0 * r).astype(np.float32)
    plane = BankTile(np.zeros((40, 40, 3), np.float32), low, np.zeros_like(low), "hills", 30.0)
    result = Quilt(build_library((plane,)), Slope(0.5), 1).window(-9, 4, 25, 25).low
    assert np.diff(result, axis=1) == pytest.approx(0.5, abs=0.02)
    assert np.diff(result, axis=0) == pytest.approx(0.0, abs=0.02)


def test_no_step_is_larger_than_the_sources_own() -> None:
    result = ENDLESS.window(-20, 5, 48, 40)
    assert result.low.shape == (48, 40) and result.latents.shape == (3, 48, 40)
    steepest = max(np.abs(np.diff(tile(k).low, axis=axis)).max() for k in (1, 2) for axis in (0, 1))
    assert np.abs(np.diff(result.low, axis=0)).max() < 1.3 * steepest
    assert 0.7 < result.latents[0].std() < 1.3


PLACE = st.integers(-60, 60)


@settings(max_examples=15, deadline=None)
@given(PLACE, PLACE, st.integers(1, 24), st.integers(1, 24), PLACE, PLACE)
def test_windows_agree_to_the_bit_in_any_order_of_asking(
    row: int, col: int, rows: int, cols: int, first_row: int, first_col: int
) -> None:
    """A fresh quilt that was asked for somewhere else first gives the same cells as the one all examples share."""
    fresh = Quilt(LIBRARY, WildGuide(3, LIBRARY.steepness), 3)
    fresh.window(first_row, first_col, 3, 3)
    part, whole = fresh.window(row, col, rows, cols), ENDLESS.window(row - 5, col - 3, rows + 7, cols + 9)
    assert np.array_equal(part.low, whole.low[5 : 5 + rows, 3 : 3 + cols])
    assert np.array_equal(part.latents, whole.latents[:, 5 : 5 + rows, 3 : 3 + cols])


def test_another_seed_is_another_land() -> None:
    assert not np.array_equal(
        ENDLESS.window(0, 0, 24, 24).low, Quilt(LIBRARY, WildGuide(3, LIBRARY.steepness), 4).window(0, 0, 24, 24).low
    )


def test_the_land_follows_the_guide() -> None:
    """Over many blocks the ground climbs as the guide does."""
    climb = LIBRARY.steepness
    low = Quilt(LIBRARY, Slope(climb), 1).window(0, 0, 12, 10 * BLOCK).low.mean(axis=0)
    assert np.polyfit(np.arange(len(low)), low, 1)[0] == pytest.approx(climb, rel=0.2)
    level = Quilt(LIBRARY, Slope(0.0), 1).window(0, 0, 12, 10 * BLOCK).low.mean(axis=0)
    assert abs(np.polyfit(np.arange(len(level)), level, 1)[0]) < 0.2 * climb


def test_kept_altitude_keeps_the_sea_level() -> None:
    low = np.maximum(tile(1).low, 0.0)
    coast = BankTile(np.stack([low] * 3, axis=2), low, np.zeros_like(low), "coast", 30.0)
    result = Quilt(build_library((coast,)), WildGuide(1, 1.0), 1, keep_altitude=True).window(0, 0, 40, 40).low
    assert np.abs(np.sort(result.ravel())[: result.size // 4]).max() < 0.1


def test_greens_function_solves_the_screened_equation_near_its_middle() -> None:
    g = greens_function()
    m = g.shape[0] // 2
    assert g == pytest.approx(g[::-1]) and g == pytest.approx(g.T)
    inner = g[m - 3 : m + 4, m - 3 : m + 4]
    laplacian = g[m - 3 : m + 4, m - 2 : m + 5] + g[m - 3 : m + 4, m - 4 : m + 3] - 4 * inner
    laplacian = laplacian + g[m - 2 : m + 5, m - 3 : m + 4] + g[m - 4 : m + 3, m - 3 : m + 4]
    unit = np.zeros((7, 7))
    unit[3, 3] = 1.0
    assert SCREEN * inner - laplacian == pytest.approx(unit, abs=0.05)


def test_blocks_of_tiles_of_any_width_show_their_own_cells() -> None:
    tiles = (tile(1, 30, 54), tile(2, 40, 22))
    library = build_library(tiles)
    inside = np.arange(BLOCK)
    cells = library.cells(np.arange(len(library.start)), np.repeat(inside, BLOCK), np.tile(inside, BLOCK))
    for block in (0, len(library.start) // 2, len(library.start) - 1):
        t, r, c = library.corner[block]
        shown = tiles[t].low[r : r + BLOCK, c : c + BLOCK].ravel()
        assert (library.low[cells[block]] == shown).all()
        assert (library.ground[cells[block]].real == shown).all()
        assert (library.latents[cells[block], 0] == shown).all()


def test_the_lowest_are_those_of_a_stable_sort() -> None:
    cost = stream(5, "cost").integers(0, 40, 300).astype(np.float64)  # many equal ones
    for most in (1, 7, 100, 300, 400):
        assert _lowest(cost, most).tolist() == np.argsort(cost, kind="stable")[:most].tolist()


class Memory:
    """A shelf that counts."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.found = 0

    def get(self, name: str) -> bytes | None:
        self.found += name in self.kept
        return self.kept.get(name)

    def put(self, name: str, data: bytes) -> None:
        assert name not in self.kept
        self.kept[name] = data


def test_blocks_from_a_shelf_give_the_same_land() -> None:
    shelf = Memory()
    for kept in (False, True):
        before = dict(shelf.kept)
        quilt = Quilt(LIBRARY, WildGuide(3, LIBRARY.steepness), 3, shelf=shelf)
        window, alone = quilt.window(-20, 5, 24, 20), ENDLESS.window(-20, 5, 24, 20)
        assert (window.low == alone.low).all() and (window.latents == alone.latents).all()
        assert (shelf.found > 0) == kept and (shelf.kept == before) == kept


def repeats(made: Quilt, places: int) -> int:
    """Pairs of blocks two apart, within a square of so many, that show mostly the same land."""
    corner = {(i, j): LARGE.corner[made._block(i, j).number] for i in range(places) for j in range(places)}
    pairs = [((i, j), (i + di, j + dj)) for i, j in corner for di, dj in ((0, 2), (2, 0)) if (i + di, j + dj) in corner]
    apart = [np.abs(corner[a] - corner[b]) for a, b in pairs]
    return sum(int(d[0] == 0 and (d[1:] < SHOWN).all()) for d in apart)


LARGE = build_library((tile(1, 110, 130),))
SHOWN = 4  # cells: less apart is the same piece


def test_what_lies_two_blocks_apart_is_chosen_from_other_land(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that cannot know of each other would choose the same piece where the same is wanted; a share each keeps them apart."""
    assert repeats(Quilt(LARGE, Slope(LARGE.steepness), 1), 4) == 0
    monkeypatch.setattr(quilt, "LEAST_SHARE", len(LARGE.start))  # all choose from all
    assert repeats(Quilt(LARGE, Slope(LARGE.steepness), 1), 4) > 0


def two_kinds() -> BankTile:
    """Plain in the west, mountains in the east, and the same again: texture of two kinds."""
    land = tile(5, 60, 120)
    rough = np.where(np.arange(120) // 30 % 2 == 1, 1.0, 0.05).astype(np.float32)
    relief = np.broadcast_to(np.log(rough), land.low.shape).astype(np.float32)
    return BankTile(land.latents * rough[:, None], land.low * rough, np.ascontiguousarray(relief), "hills", 30.0)


def test_texture_is_that_of_the_cells_beside_the_overlap() -> None:
    """Mean log relief and log deviations of latents, patch by patch along each side, as slices of the tile give them."""
    land = two_kinds()
    library = build_library((land,))
    number = int(np.flatnonzero((library.corner == (0, 7, 20)).all(axis=1))[0])
    relief = land.log_relief[7 : 7 + BLOCK, 20 : 20 + BLOCK]
    latents = land.latents[7 : 7 + BLOCK, 20 : 20 + BLOCK].astype(np.float64)
    near, far = slice(OVERLAP, OVERLAP + PATCH), slice(BLOCK - OVERLAP - PATCH, BLOCK - OVERLAP)
    for side, across in enumerate((near, near, far, far)):
        found = library.insides(np.array([number]), side)[0]
        for k in range(BLOCK // PATCH):
            along = slice(k * PATCH, (k + 1) * PATCH)
            where = (along, across) if side % 2 == 0 else (across, along)
            deviation = np.maximum(latents[where].reshape(-1, latents.shape[2]).std(axis=0), LEAST_VARIANCE**0.5)
            assert found[k, 0] == pytest.approx(relief[where].mean(), abs=1e-3)
            assert found[k, 1:] == pytest.approx(np.log(deviation), abs=2e-3)


def changes(land: Library, weights: tuple[float, float], patch: pytest.MonkeyPatch) -> float:
    """Mean squared change of log relief from inside to inside over the joints of 36 blocks."""
    patch.setattr(quilt, "CHANGE_WEIGHTS", weights)
    made = Quilt(land, WildGuide(3, land.steepness), 3)
    found = []
    for i in range(6):
        for j in range(6):
            one, right = (
                land.insides(np.array([made._block(i, c).number]), s)[0, :, 0] for c, s in ((j, 2), (j + 1, 0))
            )
            found.append(float(((one - right) ** 2).mean()))
    return float(np.mean(found))


def test_texture_goes_on_from_block_to_block(monkeypatch: pytest.MonkeyPatch) -> None:
    land = build_library((two_kinds(),))
    assert changes(land, quilt.CHANGE_WEIGHTS, monkeypatch) < 0.6 * changes(land, (0.0, 0.0), monkeypatch)
