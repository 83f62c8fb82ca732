"""Value noise and soft steps: exact arithmetic only, so that every machine draws the same patches."""

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.rng import fractions, stream

Float = NDArray[np.float64]

TABLE = 64  # lattice cells before the noise repeats


def ramp(values: NDArray[np.floating], start: float, full: float) -> Float:
    """0 at `start`, 1 at `full`, a smooth step (3t^2 - 2t^3) between; `full` may be the smaller one."""
    t = np.clip((np.asarray(values, np.float64) - start) / (full - start), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))


def value_noise(seed: int, name: str, x: NDArray[np.floating], z: NDArray[np.floating], cell_m: float, octaves: int = 3) -> Float:
    """Smooth noise 0 .. 1 (mean 0.5) at world points; x and z broadcast. Each octave halves the cell and the weight."""
    total = np.zeros(np.broadcast_shapes(np.shape(x), np.shape(z)))
    weight, weights = 1.0, 0.0
    for octave in range(octaves):
        table = fractions(stream(seed, "noise", name, octave), TABLE, TABLE)
        total += weight * _lattice(table, x, z, cell_m / (1 << octave))
        weights += weight
        weight *= 0.5
    # The sum of octaves crowds around one half; stretch it so that thresholds mean about the same share of the land.
    return np.asarray(np.clip((total / weights - 0.5) * 1.35 + 0.5, 0.0, 1.0))


def _lattice(table: Float, x: NDArray[np.floating], z: NDArray[np.floating], cell_m: float) -> Float:
    """One octave: values on a wrapping lattice, blended with a smooth step."""
    u, v = np.asarray(x, np.float64) / cell_m, np.asarray(z, np.float64) / cell_m
    u0, v0 = np.floor(u), np.floor(v)
    fu, fv = u - u0, v - v0
    fu, fv = fu * fu * (3.0 - 2.0 * fu), fv * fv * (3.0 - 2.0 * fv)
    c0, r0 = u0.astype(np.int64) % TABLE, v0.astype(np.int64) % TABLE
    c1, r1 = (c0 + 1) % TABLE, (r0 + 1) % TABLE
    top = table[r0, c0] * (1.0 - fu) + table[r0, c1] * fu
    bottom = table[r1, c0] * (1.0 - fu) + table[r1, c1] * fu
    return np.asarray(top * (1.0 - fv) + bottom * fv)
