"""Windows of real land to compare with: drawn evenly over regions, at one post spacing, and matched in relief."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import RequestError
from seedscape.generation.evaluate.flow import Int, Windows
from seedscape.generation.train.elevation import COARSEST_STEP, Tile, averaged

MOST_FLAT = 0.2  # share of a window that may have one and the same height: sea, lakes
LEAST_DEVIATION_M = 2.0


@dataclass(frozen=True)
class RealWindows:
    """heights (n, size, size) metres; places (n, 3) tile, row and column of each window's first post."""

    heights: Windows
    places: Int

    def take(self, which: Int) -> "RealWindows":
        """Those windows, in that order."""
        return RealWindows(self.heights[which], self.places[which])


def both_sides(
    known: list[Tile], kept_out: list[Tile], spacing_m: float, size: int
) -> tuple[list[Tile], list[Tile]]:  # fmt: skip
    """(training, held out) tiles at one post spacing. RequestError: one of the two is empty."""
    train, held = tiles_at(known, spacing_m, size), tiles_at(kept_out, spacing_m, size)
    if not train or not held:
        raise RequestError(f"expected regions to hold out (three or more of a landform) near {spacing_m:g} m, got none")
    return train, held


def tiles_at(tiles: list[Tile], spacing_m: float, size: int) -> list[Tile]:
    """The tiles with posts about `spacing_m` apart, or a half or third of it and averaged; of `size` posts or more, none of quality C."""
    found = []
    for tile in tiles:
        step = max(1, round(spacing_m / tile.spacing_m))
        near = 0.9 < tile.spacing_m * step / spacing_m < 1.1
        if near and step <= COARSEST_STEP and tile.quality != "C" and min(tile.heights_m.shape) // step >= size:
            found.append(averaged(tile, step))
    return found


def draw_windows(
    tiles: list[Tile], count: int, size: int, rng: np.random.Generator, at_least: int | None = None
) -> RealWindows:
    """`count` windows, as many from each region as it has until the others are used up; neighbours overlap by half at most.

    Mostly flat ones (sea) are left out. RequestError: there are fewer windows than that, or than `at_least`.
    """
    regions: dict[str, list[tuple[int, int, int]]] = {tile.region: [] for tile in tiles}
    for number, tile in enumerate(tiles):
        step = size // 2
        first = [int(rng.integers(min(step, n - size) + 1)) for n in tile.heights_m.shape]
        for row in range(first[0], tile.heights_m.shape[0] - size + 1, step):
            for col in range(first[1], tile.heights_m.shape[1] - size + 1, step):
                regions[tile.region].append((number, row, col))
    left = [[places[i] for i in rng.permutation(len(places))] for _, places in sorted(regions.items())]
    heights: list[NDArray[np.float64]] = []
    chosen: list[tuple[int, int, int]] = []
    while len(chosen) < count:
        if not any(left):
            least = count if at_least is None else at_least
            if len(chosen) >= least:
                break
            raise RequestError(f"expected {least} windows of {size} posts with land, got {len(chosen)}")
        for places in left:
            while places and len(chosen) < count:
                number, row, col = places.pop()
                window = tiles[number].heights_m[row : row + size, col : col + size].astype(np.float64)
                if is_land(window):
                    heights.append(window)
                    chosen.append((number, row, col))
                    break
    return RealWindows(np.stack(heights), np.array(chosen))


def is_land(window: NDArray[np.float64]) -> bool:
    """Not mostly of one height, nor flat."""
    _, counts = np.unique(window, return_counts=True)
    return bool(counts.max() < MOST_FLAT * window.size and window.std() > LEAST_DEVIATION_M)


def match_relief(pool: Windows, real: Windows) -> Int:
    """(n,) for each real window the unused one of `pool` nearest in log standard deviation (greedy, largest relief first)."""
    have, want = (np.log(windows.std(axis=(1, 2)) + 1e-6) for windows in (pool, real))
    free = np.ones(len(pool), bool)
    taken = np.zeros(len(real), np.int64)
    for i in np.argsort(-want, kind="stable"):
        taken[i] = int(np.argmin(np.where(free, np.abs(have - want[i]), np.inf)))
        free[taken[i]] = False
    return taken
