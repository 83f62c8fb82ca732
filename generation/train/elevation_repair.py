"""What is wrong with elevation data: found, and repaired or refused, with a line for each."""

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.train.elevation_files import Unusable

LOWEST_M, HIGHEST_M = -500.0, 9000.0  # of land on earth, with a margin
MOST_OUTSIDE = 0.5  # share of posts beyond that range above which the whole file is something else
LEAST_DEVIATION_M = 0.5
STEEPEST = 1.5  # median slope above which heights or spacing are in another unit
SPIKE_M, SPIKE_SLOPE = (
    50.0,
    1.5,
)  # a post is a spike that stands above, or below, all its neighbours by this and this slope
SMALL_VOID = 6  # posts from the rim to the middle of a void that is interpolated: about 150 posts in all
COARSE_STEP_M, TERRACES_M = 1.6, 4.5  # steps between heights: SRTM has 1 m; 8 bits over 1,200 m give 4.7 m
BLOCK = 8  # posts; the largest whole rectangle is sought among blocks of this size


def repair(heights: NDArray[np.float32], spacing_m: float) -> tuple[NDArray[np.float32], bool, list[str]]:
    """(heights without voids, whether the steps between them are coarse, what was done), or Unusable with the reason.

    The result is the largest rectangle without a large void; small voids and spikes inside it are interpolated.
    """
    done: list[str] = []
    heights = heights.astype(np.float32)
    missing = ~np.isfinite(heights)
    with np.errstate(invalid="ignore"):
        outside = ~missing & ((heights < LOWEST_M) | (heights > HIGHEST_M))
    inside = heights[~missing & ~outside]
    _refuse_feet(heights[outside])
    if outside.mean() > MOST_OUTSIDE or inside.size == 0:
        raise Unusable(
            f"expected heights in metres between {LOWEST_M:g} and {HIGHEST_M:g}, got {_range(heights[outside])}"
        )
    if outside.any():
        done.append(f"{int(outside.sum())} posts outside {LOWEST_M:g} to {HIGHEST_M:g} m taken as voids")
    coarse = _refuse_terraces(inside, done)
    heights = np.where(outside | missing, np.float32(np.nan), heights)
    heights = _without_spikes(heights, spacing_m, done)
    void = ~np.isfinite(heights)
    if void.any():
        heights = _whole_rectangle(heights, _large(void), done)
        heights = _interpolated(heights, done)
    if float(heights.std(dtype=np.float64)) < LEAST_DEVIATION_M:
        raise Unusable(f"expected land, got flat ground ({_range(heights)}); are the heights in metres?")
    slope = float(np.median(np.abs(np.diff(heights, axis=0)))) / spacing_m
    if slope > STEEPEST:
        raise Unusable(
            f"expected heights and spacing in metres, got a median slope of {slope:.1f} at {spacing_m:g} m posts"
        )
    return heights, coarse, done


def _range(values: NDArray[np.float32]) -> str:
    return f"{float(values.min()):g} to {float(values.max()):g}" if values.size else "no heights at all"


def _refuse_feet(outside: NDArray[np.float32]) -> None:
    """Heights above any mountain that are many different numbers, and would be mountains in feet, are no voids."""
    high = outside[(outside > HIGHEST_M) & (outside * 0.3048 < HIGHEST_M)]
    if len(np.unique(high)) > 20:
        raise Unusable(
            f"expected metres, got heights up to {float(high.max()):g}: feet? give elevation_scale_m 0.3048 in a MANIFEST.json"
        )


def _refuse_terraces(inside: NDArray[np.float32], done: list[str]) -> bool:
    """Whether the steps between neighbouring values are coarse; Unusable where they are terraces."""
    values = np.unique(inside)
    if len(values) < 2 or len(values) > inside.size // 2:
        return False
    step = float(np.median(np.diff(values)))
    if step > TERRACES_M:
        raise Unusable(
            f"expected steps of about 1 m between heights, got {len(values)} levels {step:.1f} m apart: 8-bit data?"
        )
    if step > COARSE_STEP_M:
        done.append(f"heights in steps of {step:.1f} m: not used for fine detail")
        return True
    return False


def _without_spikes(heights: NDArray[np.float32], spacing_m: float, done: list[str]) -> NDArray[np.float32]:
    """Isolated posts far above or below all their neighbours become voids."""
    centre = heights[1:-1, 1:-1]
    rows, cols = heights.shape
    lowest, highest = np.full(centre.shape, np.inf, np.float32), np.full(centre.shape, -np.inf, np.float32)
    for r in range(3):
        for c in range(3):
            if (r, c) != (1, 1):
                near = heights[r : rows - 2 + r, c : cols - 2 + c]
                np.fmin(lowest, near, out=lowest)
                np.fmax(highest, near, out=highest)
    limit = max(SPIKE_M, SPIKE_SLOPE * spacing_m)
    spikes: NDArray[np.bool_] = (centre - highest > limit) | (lowest - centre > limit)
    if not spikes.any():
        return heights
    done.append(f"{int(spikes.sum())} spikes interpolated")
    heights = heights.copy()
    heights[1:-1, 1:-1][spikes] = np.nan
    return heights


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """With the four neighbours of every post."""
    wide = mask.copy()
    wide[1:] |= mask[:-1]
    wide[:-1] |= mask[1:]
    wide[:, 1:] |= mask[:, :-1]
    wide[:, :-1] |= mask[:, 1:]
    return wide


def _large(void: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The voids that are more than SMALL_VOID posts deep, whole."""
    core = void
    for _ in range(SMALL_VOID):
        core = ~_grown(~core)
    while True:
        wider = _grown(core) & void
        if np.array_equal(wider, core):
            return core
        core = wider


def _whole_rectangle(heights: NDArray[np.float32], large: NDArray[np.bool_], done: list[str]) -> NDArray[np.float32]:
    """The largest rectangle of whole blocks without a post of `large` (largest rectangle under a histogram, line by line)."""
    if not large.any():
        return heights
    rows, cols = (n // BLOCK for n in heights.shape)
    blocks = large[: rows * BLOCK, : cols * BLOCK].reshape(rows, BLOCK, cols, BLOCK)
    free = np.asarray(~blocks.any(axis=(1, 3)))
    best, place = 0, (0, 0, 0, 0)
    depth = np.zeros(cols, np.int64)
    for row in range(rows):
        depth = np.where(free[row], depth + 1, 0)
        stack: list[tuple[int, int]] = []  # (first column, depth), deeper and deeper
        for col, now in enumerate([*depth.tolist(), 0]):
            first = col
            while stack and stack[-1][1] > now:
                first, tall = stack.pop()
                if tall * (col - first) > best:
                    best, place = tall * (col - first), (row + 1 - tall, row + 1, first, col)
            if now and (not stack or stack[-1][1] < now):
                stack.append((first, now))
    top, bottom, left, right = (BLOCK * n for n in place)
    done.append(
        f"cut to {bottom - top} x {right - left} posts of {heights.shape[0]} x {heights.shape[1]}, clear of large voids"
    )
    return heights[top:bottom, left:right]


def _interpolated(heights: NDArray[np.float32], done: list[str]) -> NDArray[np.float32]:
    """Voids filled from their rims inwards, then relaxed towards the mean of their neighbours."""
    void = ~np.isfinite(heights)
    if not void.any():
        return heights
    if void.all():
        raise Unusable("expected heights, got voids alone")
    done.append(f"{int(void.sum())} posts of voids interpolated")
    filled = np.where(void, np.nan, heights.astype(np.float64))
    r, c = np.nonzero(void)
    rows, cols = heights.shape
    up, down = np.maximum(r - 1, 0), np.minimum(r + 1, rows - 1)
    left, right = np.maximum(c - 1, 0), np.minimum(c + 1, cols - 1)
    while np.isnan(filled[r, c]).any():
        near = np.stack([filled[up, c], filled[down, c], filled[r, left], filled[r, right]])
        known = np.isfinite(near).sum(axis=0)
        mean = np.where(np.isfinite(near), near, 0.0).sum(axis=0) / np.maximum(known, 1)
        reached = np.isnan(filled[r, c]) & (known > 0)
        filled[r[reached], c[reached]] = mean[reached]
    for _ in range(4 * SMALL_VOID**2):
        filled[r, c] = (filled[up, c] + filled[down, c] + filled[r, left] + filled[r, right]) / 4
    return filled.astype(np.float32)
