"""Is generated land new? Its nearest place in the training land, and the longest run of posts taken over as they are.

Windows are compared by shape: each less its mean and plane, divided by its deviation; the distance of two is the root mean square
difference, sqrt(2 - 2 correlation): 0 the same shape, 1.41 nothing in common. Every place of every training tile and all 8
orientations are tried: first on 4 x 4 block means at every fourth post, then the best places post by post around each find. (Against an
exhaustive search at every post: see the test.)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.evaluate.flow import Windows

Float32 = NDArray[np.float32]
WINDOW = 64  # posts a side of what is looked for
PROBE = 32  # posts a side of what a verbatim run is looked for by
COARSE = 4  # posts a side of the block means of the first search
ROWS_AT_ONCE = 16  # lines of places a matrix product handles; the best place of each is a candidate
CANDIDATES = 8
QUANTILES = (0.01, 0.05)  # of the distances within real regions: nearer than the first is "too near"
REAL_WINDOWS = 256  # real windows those quantiles are taken from
TOLERANCE = 0.1  # of a probe's deviation: heights that differ less are the same
LEAST_DEVIATION_M = 3.0  # flatter places have no shape


@dataclass(frozen=True)
class Find:
    """Where a window was found: the tile's number, its first post, the orientation (0-7) of the window, the distance."""

    tile: int
    row: int
    col: int
    turn: int
    distance: float


def novelty(
    ours: Windows,
    held: Windows,
    train: Sequence[Float32],
    regions: Sequence[str],
    rng: np.random.Generator,
    real_windows: int = REAL_WINDOWS,
) -> dict[str, Any]:
    """How near `ours` come to the training land, beside land that cannot be taken from it.

    ours, held: (n, size, size) generated and held-out real windows, two WINDOW a side or more; train: heights of the training
    tiles with the region of each. The result's shares: windows nearer to a training place than the QUANTILES of real windows
    are to the rest of their own region (places that share posts with the window left out), for ours and, as a control, for the
    held-out land, which has as much land to be like, more than one region holds; medians; the longest verbatim runs in posts. real_windows: how many the quantiles are taken from.
    """
    within = _within_regions(train, regions, real_windows, rng)
    limits = [float(np.quantile(within, q)) for q in QUANTILES]
    result: dict[str, Any] = {
        "window": WINDOW, "quantiles": list(QUANTILES), "limits": limits, "tolerance": TOLERANCE,
        "median_within_regions": float(np.median(within)),
    }  # fmt: skip
    for name, windows in (("ours", ours), ("held_out", held)):
        distances = np.array([finds[0].distance for finds in nearest(_quarters(windows, WINDOW), train)])
        runs = verbatim_runs(windows, train)
        result[name] = {
            "windows": len(distances), "shares_too_near": [float((distances < limit).mean()) for limit in limits],
            "median": float(np.median(distances)), "smallest": float(distances.min()),
            "longest_run": int(runs.max()), "median_run": float(np.median(runs)),
        }  # fmt: skip
    return result


def _quarters(windows: Windows, size: int) -> Windows:
    """(4 n, size, size) the middles of the four quarters of each window."""
    half = windows.shape[1] // 2
    first = (half - size) // 2
    cuts = [windows[:, r + first :, c + first :][:, :size, :size] for r in (0, half) for c in (0, half)]
    return np.concatenate(cuts)


def nearest(
    windows: Windows, tiles: Sequence[Float32], without: Sequence[tuple[int, int, int]] | None = None
) -> list[list[Find]]:
    """The nearest places of each (n, size, size) window among all places and orientations in `tiles`, the best first.

    without: tile, row and column of each window; places that share posts with it are passed over.
    """
    size = windows.shape[1]
    coarse = size // COARSE
    shapes = np.stack([_shape(_blocks(turned)) for window in windows for turned in _turns(window)])
    filters = np.concatenate([shapes.reshape(len(shapes), -1), _plane(coarse).reshape(3, -1)]).astype(np.float32)
    scores: list[Float32] = []
    places: list[NDArray[np.int64]] = []
    for number, top, height, width, patches in _places(tiles, coarse):
        products = filters @ patches.T  # (8 n + 3, places)
        energy = np.einsum("ij,ij->i", patches, patches) - (products[-3:] ** 2).sum(axis=0)
        flat = energy < LEAST_DEVIATION_M**2 * coarse**2
        products = products[:-3]
        products *= (1.0 / np.sqrt(np.where(flat, np.inf, energy)))[None, :]
        if without is not None:
            for k, (tile, row, col) in enumerate(without):
                if tile == number:
                    rows = np.abs((top + np.arange(height)) * COARSE - row) < size + COARSE
                    cols = np.abs(np.arange(width) * COARSE - col) < size + COARSE
                    products[8 * k : 8 * k + 8, (rows[:, None] & cols[None, :]).ravel()] = -1.0
        best = products.argmax(axis=1)
        scores.append(products[np.arange(len(best)), best])
        places.append(np.stack([np.full(len(best), number), top + best // width, best % width], axis=1))
    score, place = np.stack(scores), np.stack(places)  # (chunks, 8 n), (chunks, 8 n, 3)
    found = []
    for k, window in enumerate(windows):
        mine = score[:, 8 * k : 8 * k + 8]
        finds = []
        for at in np.argsort(-mine, axis=None, kind="stable")[:CANDIDATES]:
            chunk, turn = divmod(int(at), 8)
            tile, row, col = (int(x) for x in place[chunk, 8 * k + turn])
            skip = without[k] if without is not None and without[k][0] == tile else None
            finds.append(_around(_turns(window)[turn], tiles[tile], tile, row * COARSE, col * COARSE, turn, skip))
        found.append(sorted(finds, key=lambda find: find.distance))
    return found


def _around(
    window: NDArray[np.float64],
    heights: Float32,
    tile: int,
    row: int,
    col: int,
    turn: int,
    skip: tuple[int, int, int] | None,
) -> Find:
    """The best place within COARSE posts of (row, col), at every post."""
    size = len(window)
    top, left = max(0, row - COARSE), max(0, col - COARSE)
    part = heights[top : row + COARSE + size, left : col + COARSE + size].astype(np.float64)
    part = part - part.mean()
    patches = np.lib.stride_tricks.sliding_window_view(part, (size, size))
    shape = patches.shape[:2]
    flat = patches.reshape(-1, size * size)
    products = flat @ np.concatenate([_shape(window)[None], _plane(size)]).reshape(4, -1).T
    energy = np.einsum("ij,ij->i", flat, flat) - (products[:, 1:] ** 2).sum(axis=1)
    correlation = (products[:, 0] / np.sqrt(np.maximum(energy, 1e-9))).reshape(shape)
    if skip is not None:
        rows, cols = (
            np.abs(a + np.arange(n) - b) < size
            for a, n, b in zip((top, left), correlation.shape, skip[1:], strict=True)
        )
        correlation[rows[:, None] & cols[None, :]] = -1.0
    r, c = np.unravel_index(int(correlation.argmax()), correlation.shape)
    return Find(tile, top + int(r), left + int(c), turn, float(np.sqrt(max(0.0, 2.0 - 2.0 * correlation[r, c]))))


def _places(tiles: Sequence[Float32], size: int) -> Iterator[tuple[int, int, int, int, Float32]]:
    """(tile, first line, lines, columns, (places, size * size) block means less their mean) for all places of all tiles."""
    for number, tile in enumerate(tiles):
        blocks = _blocks(tile.astype(np.float64)).astype(np.float32)
        if min(blocks.shape) < size:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(blocks, (size, size))
        for top in range(0, len(windows), ROWS_AT_ONCE):
            part = windows[top : top + ROWS_AT_ONCE]
            patches = part.reshape(-1, size * size)
            yield number, top, part.shape[0], part.shape[1], patches - patches.mean(axis=1, keepdims=True)


def _blocks(heights: NDArray[np.float64]) -> NDArray[np.float64]:
    rows, cols = (n // COARSE for n in heights.shape)
    return heights[: rows * COARSE, : cols * COARSE].reshape(rows, COARSE, cols, COARSE).mean(axis=(1, 3))


def _turns(window: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The 8 orientations of a square window."""
    return [np.rot90(side, k) for side in (window, window.T) for k in range(4)]


def _plane(size: int) -> NDArray[np.float64]:
    """(3, size, size) orthonormal constant, east and south slope."""
    axis = np.arange(size) - (size - 1) / 2
    axis = axis / np.sqrt((axis**2).sum() * size)
    return np.stack([np.full((size, size), 1.0 / size), np.tile(axis, (size, 1)), np.tile(axis[:, None], (1, size))])


def _shape(window: NDArray[np.float64]) -> NDArray[np.float64]:
    """The window less its plane, of norm 1."""
    plane = _plane(len(window))
    apart = window - np.einsum("kij,k->ij", plane, (plane * window).sum(axis=(1, 2)))
    return apart / max(float(np.sqrt((apart**2).sum())), 1e-9)


def _within_regions(
    train: Sequence[Float32], regions: Sequence[str], count: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """(about count,) distances from real windows to the nearest place of their own region that shares no post with them."""
    names = sorted(set(regions))
    distances: list[float] = []
    for name in names:
        tiles = [tile for tile, region in zip(train, regions, strict=True) if region == name]
        areas = np.cumsum([tile.size for tile in tiles])
        windows, places = [], []
        for _ in range(8 * count):
            tile = int(np.searchsorted(areas, int(rng.integers(int(areas[-1]))), side="right"))
            row, col = (int(rng.integers(n - WINDOW + 1)) for n in tiles[tile].shape)
            window = tiles[tile][row : row + WINDOW, col : col + WINDOW].astype(np.float64)
            if window.std() > LEAST_DEVIATION_M:
                windows.append(window)
                places.append((tile, row, col))
                if len(windows) >= -(-count // len(names)):
                    break
        if windows:
            distances.extend(finds[0].distance for finds in nearest(np.stack(windows), tiles, places))
    return np.array(distances)


def verbatim_runs(windows: Windows, tiles: Sequence[Float32]) -> NDArray[np.int64]:
    """(4 n,) side in posts of the largest square that agrees with a training place, for a probe in each quarter of each window.

    Heights agree where they differ by less than TOLERANCE of the probe's deviation, after the training land was fitted to
    the probe by plane and scale; the square may reach beyond the probe, to the whole window.
    """
    probes = _quarters(windows, PROBE)
    n, half = len(windows), windows.shape[1] // 2
    runs = np.zeros(len(probes), np.int64)
    for k, finds in enumerate(nearest(probes, tiles)):
        window = windows[k % n]
        quarter = k // n
        first = (half - PROBE) // 2
        row, col = (quarter // 2) * half + first, (quarter % 2) * half + first
        runs[k] = max(_largest_square(_agreement(window, row, col, find, tiles[find.tile])) for find in finds[:4])
    return runs


def _agreement(window: NDArray[np.float64], row: int, col: int, find: Find, tile: Float32) -> NDArray[np.bool_]:
    """(size, size) where the turned window agrees with the tile it is laid on; False beyond the tile."""
    size = len(window)
    marks = np.zeros((size, size))
    marks[row, col] = marks[row + PROBE - 1, col + PROBE - 1] = 1.0
    turned, at = _turns(window)[find.turn], np.argwhere(_turns(marks)[find.turn] == 1.0).min(axis=0)
    r0, c0 = find.row - int(at[0]), find.col - int(at[1])
    land = np.full((size, size), np.nan)
    rows, cols = (slice(max(0, a), min(a + size, n)) for a, n in zip((r0, c0), tile.shape, strict=True))
    land[rows.start - r0 : rows.stop - r0, cols.start - c0 : cols.stop - c0] = tile[rows, cols]
    probe = np.s_[int(at[0]) : int(at[0]) + PROBE, int(at[1]) : int(at[1]) + PROBE]
    y, x = np.mgrid[:size, :size] / size
    terms = np.stack([land, np.ones_like(land), x, y], axis=-1)
    fit = np.linalg.lstsq(terms[probe].reshape(-1, 4), turned[probe].ravel(), rcond=None)[0]
    plane = np.linalg.lstsq(terms[probe][..., 1:].reshape(-1, 3), turned[probe].ravel(), rcond=None)[0]
    deviation = float((turned[probe] - terms[probe][..., 1:] @ plane).std())
    return np.asarray(np.abs(terms @ fit - turned) < TOLERANCE * deviation)


def _largest_square(same: NDArray[np.bool_]) -> int:
    """Side of the largest all-true square."""
    side, best = same.astype(np.int64), 0
    while side.any():
        best += 1
        side = side[:-1, :-1] & side[1:, :-1] & side[:-1, 1:] & side[1:, 1:]
    return best
