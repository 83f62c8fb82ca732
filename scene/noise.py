"""Noise over the land: named by seed and part, in world metres, quick on whole grids."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.rng import fractions, stream

Float = NDArray[np.float64]

TABLE = 64  # lattice cells before the noise repeats; a power of two
STRETCH = 1.35  # a sum of octaves crowds around one half; stretched, a threshold means about that share of the land


def land_noise(
    seed: int, name: str, x: NDArray[np.floating], z: NDArray[np.floating], cell_m: float, octaves: int = 3
) -> Float:
    """Smooth value noise 0 .. 1 (mean 0.5) at world points; x and z broadcast. Each octave halves the cell and the weight.

    A row x (1, cols) with a column z (rows, 1) is a whole grid, which is blended axis by axis: some twenty times faster.
    """
    total = np.zeros(np.broadcast_shapes(np.shape(x), np.shape(z)))
    weight, weights = 1.0, 0.0
    for octave in range(octaves):
        total += weight * _lattice(
            _table(seed, name, octave), np.asarray(x, np.float64), np.asarray(z, np.float64), cell_m / (1 << octave)
        )
        weights += weight
        weight *= 0.5
    return np.asarray(np.clip((total / weights - 0.5) * STRETCH + 0.5, 0.0, 1.0))


def vein_noise(
    seed: int, name: str, x: NDArray[np.floating], z: NDArray[np.floating], cell_m: float, octaves: int = 3
) -> Float:
    """Noise that is 1 along winding lines and falls to 0 between them; the lines make loops about as wide as a cell."""
    return np.asarray(1.0 - np.abs(2.0 * land_noise(seed, f"vein {name}", x, z, cell_m, octaves) - 1.0))


@lru_cache(maxsize=256)  # 32 KB each; what paints in bands asks for the same one dozens of times
def _table(seed: int, name: str, octave: int) -> Float:
    """(TABLE + 1, TABLE + 1): the last row and column are the first ones again."""
    table = np.pad(fractions(stream(seed, "noise", name, octave), TABLE, TABLE), (0, 1), mode="wrap")
    table.flags.writeable = False
    return table


def _lattice(table: Float, x: Float, z: Float, cell_m: float) -> Float:
    """One octave: values on a wrapping lattice, blended with a smooth step."""
    col, fu = _blend(x / cell_m)
    row, fv = _blend(z / cell_m)
    gu, gv = 1.0 - fu, 1.0 - fv
    if x.ndim == 2 and z.ndim == 2 and x.shape[0] == 1 and z.shape[1] == 1:
        across = table[:, col[0]] * gu + table[:, col[0] + 1] * fu
        return np.asarray(across[row[:, 0]] * gv + across[row[:, 0] + 1] * fv)
    flat, width = table.ravel(), TABLE + 1
    at = row * width + col
    top = flat.take(at) * gu + flat[1:].take(at) * fu
    bottom = flat[width:].take(at) * gu + flat[width + 1 :].take(at) * fu
    return np.asarray(top * gv + bottom * fv)


def _blend(u: Float) -> tuple[NDArray[np.int64], Float]:
    """The lattice line before each place, and the smooth share of the one after it."""
    base = np.floor(u)
    f = u - base
    return base.astype(np.int64) & (TABLE - 1), f * f * (3.0 - 2.0 * f)
