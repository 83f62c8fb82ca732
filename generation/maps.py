"""Normal and occlusion maps from height, on the torus (every map wraps around)."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.decoder import SPLINE, spline_taps
from seedscape.generation.values import UInt8

OCCLUSION_STEPS = (1, 2, 4, 8, 16)  # texels
BAND = 64  # rows


def ungridded(x: NDArray[np.float32], cell: int, axes: Sequence[bool] = (True, True)) -> NDArray[np.float32]:
    """(n, n) without what repeats from cell to cell, n a multiple of `cell`, an even number of texels.

    Where latents go over into others of another level, a decoder draws the slope in steps of its cells, stripes that run on for
    many texels: a comb in the light. axes: whether to look along rows (for upright stripes) and along columns.
    """
    for wanted in axes:  # the second time turned
        x = (x - _comb(x, cell) if wanted else x).T
    return np.ascontiguousarray(x)


def comb_share(x: NDArray[np.float32], cell: int) -> tuple[float, float]:
    """What `ungridded` would take of the fine forms of a picture (n, n) that has no grid, along rows and columns, as energy."""
    shares = []
    for turned in (x, x.T):
        fine = turned - _cell_mean(turned, cell)
        shares.append(float((_comb(turned, cell) ** 2).mean() / max(float((fine**2).mean()), 1e-12)))
    return shares[0], shares[1]


def _comb(x: NDArray[np.float32], cell: int) -> NDArray[np.float32]:
    """What a mean over one cell of a row takes away, averaged at the same place of three cells, and over some four cells of rows: of
    grain that is tied to no grid next to nothing."""
    n = len(x)
    across = x.reshape(n // cell, cell, n).mean(1)
    comb = (across - _cell_mean(across, cell)).reshape(n // cell, n // cell, cell)
    for axis in (0, 1):
        comb = np.float32(0.25) * (np.roll(comb, 1, axis) + 2 * comb + np.roll(comb, -1, axis))
    comb, taps = comb.reshape(n // cell, 1, n), spline_taps()
    wide = np.zeros((n // cell, cell, n), np.float32)
    for t in range(2 * SPLINE + 1):
        wide += np.roll(comb, SPLINE - t, 0) * taps[:, t, None]
    return wide.reshape(n, n)


def _cell_mean(x: NDArray[np.float32], cell: int) -> NDArray[np.float32]:
    near = np.float32(0.5) * (np.roll(x, cell // 2, 1) + np.roll(x, -(cell // 2), 1))
    for shift in range(1 - cell // 2, cell // 2):
        near += np.roll(x, shift, 1)
    return near / np.float32(cell)


def cored(x: NDArray[np.float32], threshold: float, gain: float) -> NDArray[np.float32]:
    """(n, n) with its finest steps cored: those well below the threshold all but vanish, others are multiplied by the gain.

    What counts as finest is what two binomial blurs take. Noise coring (Simoncelli and Adelson 1996): grain that is evenly strong
    everywhere becomes grain with flats and edges. threshold 0, gain 1: nothing happens.
    """
    if threshold == 0.0 and gain == 1.0:
        return x
    steps = finest(x)
    weight = steps * steps
    weight /= weight + np.float32(max(threshold, 1e-12)) ** 2
    return x + steps * (np.float32(gain) * weight - np.float32(1.0))


def finest(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, n) what two binomial 3 x 3 blurs on the torus take away."""
    blurred = x
    for axis in (0, 1, 0, 1):
        beside = np.roll(blurred, 1, axis)
        beside += np.roll(blurred, -1, axis)
        beside *= np.float32(0.25)
        blurred = np.float32(0.5) * blurred
        blurred += beside
    return x - blurred


def normal_from_height(height_m: NDArray[np.float32], texel_m: float) -> UInt8:
    """(n, n) metres -> (n, n, 3) tangent-space normals, OpenGL (+Y towards smaller rows), glTF 2.0 section 3.9.3.

    Slopes are Scharr's (1 : 3.33 : 1), which favour no direction.
    """
    made = np.empty((*height_m.shape, 3), np.uint8)
    near, own, half = np.float32(3.0 / 16.0), np.float32(10.0 / 16.0), np.float32(0.5 / texel_m)
    for rows, h in _bands(height_m, 1):
        dx = (h[:, 2:] - h[:, :-2]) * half
        dy = (h[2:] - h[:-2]) * half
        dx = own * dx[1:-1] + near * (dx[:-2] + dx[2:])
        dy = own * dy[:, 1:-1] + near * (dy[:, :-2] + dy[:, 2:])
        length = np.sqrt(dx * dx + dy * dy + np.float32(1.0))
        for channel, part in enumerate((-dx / length, dy / length, np.float32(1.0) / length)):
            made[rows, :, channel] = np.round(part * np.float32(127.5) + np.float32(127.5))
    return made


def occlusion_from_height(height_m: NDArray[np.float32], texel_m: float) -> UInt8:
    """(n, n) metres -> (n, n) open sky, 255 all of it: mean over 8 directions of the horizon's cosine-weighted share.

    Horizon-based (Max 1988) with a few geometric steps; the share of the sky above elevation a is 1 - sin(a)^2.
    """
    made = np.empty(height_m.shape, np.uint8)
    m = OCCLUSION_STEPS[-1]
    for rows, h in _bands(height_m, m):
        inner = h[m:-m, m:-m]
        n, width = inner.shape
        total = np.zeros_like(inner)
        steepest, rise = np.empty_like(inner), np.empty_like(inner)
        for dr, dc in ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)):
            reach = texel_m * float(np.sqrt(dr * dr + dc * dc))
            steepest.fill(0.0)
            for step in OCCLUSION_STEPS:
                r, c = m + dr * step, m + dc * step
                np.subtract(h[r : r + n, c : c + width], inner, out=rise)
                rise *= np.float32(1.0 / (reach * step))
                np.maximum(steepest, rise, out=steepest)
            total += np.float32(1.0) / (np.float32(1.0) + steepest * steepest)  # 1 - sin^2 of the horizon's elevation
        made[rows] = np.round(total * np.float32(255.0 / 8.0))
    return made


def _bands(x: NDArray[np.float32], margin: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Some rows at a time, so that what is computed of them stays in the processor's cache: (the rows, they and all columns with a
    margin around, wrapped)."""
    n = len(x)
    for start in range(0, n, BAND):
        stop = min(start + BAND, n)
        inner = x[np.arange(start - margin, stop + margin) % n]
        yield slice(start, stop), np.concatenate([inner[:, -margin:], inner, inner[:, :margin]], axis=1)
