"""What a world wants at large: altitude, tilt and roughness at every place, beyond the scale that a block of real land shows.

Value noise in octaves: words hashed from lattice nodes, joined by quadratic B-splines, whose slopes are continuous. Long waves are
all it has to give; ridges and valleys come with the land that is chosen to fit it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.rng import fractions, keyed_words, lattice_key, lattice_words, stream

ALTITUDE_WAVES = ((24, 1.0), (48, 1.4), (96, 1.6))  # (cells between nodes, weight)
ROUGHNESS_WAVES = ((20, 1.0), (50, 1.2))
ROUGHNESS_RANGE = 0.6  # between the blandest and the roughest places that one world wants, of all there is
ASKED_RANGE = 0.3  # the same where a centre is asked for
STRONG = 2.0  # the strongest wish for ridges of one direction
WAVES = (
    *(("altitude", cells) for cells, _ in ALTITUDE_WAVES),
    *(("roughness", cells) for cells, _ in ROUGHNESS_WAVES),
)


@dataclass(frozen=True)
class Wish:
    """Wanted at one place. altitude in posts; tilt_x, tilt_y: slope eastwards and southwards in posts a cell.

    roughness, rank (how high among its surroundings): 0 .. 1, uniform over the world. strike_x, strike_y: the direction in which slopes
    should vary most, as `Library.strike` has it, times how much it matters; 0, 0: no matter.
    """

    altitude: float
    tilt_x: float
    tilt_y: float
    roughness: float
    rank: float
    strike_x: float = 0.0
    strike_y: float = 0.0


class Guide(Protocol):
    """Anything that has wishes for the cell at (row, col)."""

    def at(self, row: float, col: float) -> Wish:
        """The wish for one place; must depend on nothing but the place."""
        ...


@dataclass(frozen=True)
class WildGuide:
    """Wishes drawn from a seed. steepness: usual tilt of the land that is at hand, posts a cell.

    roughness: centre of what is wanted, 0 (blandest land of its kind) .. 1; None: drawn from the seed.
    """

    seed: int
    steepness: float
    roughness: float | None = None

    @cached_property
    def _roughness(self) -> tuple[float, float]:
        """Centre and width of the range."""
        if self.roughness is not None:
            return self.roughness, ASKED_RANGE
        drawn = float(fractions(stream(self.seed, "roughness"), 1)[0])
        return ROUGHNESS_RANGE / 2.0 + (1.0 - ROUGHNESS_RANGE) * drawn, ROUGHNESS_RANGE

    def at(self, row: float, col: float) -> Wish:
        """The wish for one place."""
        altitude, tilt_x, tilt_y, energy, height_energy = 0.0, 0.0, 0.0, 0.0, 0.0
        values, across, down = smooth_noises(row, col, self.seed, WAVES)
        for k, (cells, weight) in enumerate(ALTITUDE_WAVES):
            altitude += weight * values[k] * cells
            tilt_x += weight * across[k]
            tilt_y += weight * down[k]
            energy += weight * weight * SLOPE_VARIANCE
            height_energy += (weight * cells) ** 2 * VALUE_VARIANCE
        scale = TILT_SHARE * self.steepness / np.sqrt(energy)
        rough, rough_energy = 0.0, 0.0
        for k, (_, weight) in enumerate(ROUGHNESS_WAVES, len(ALTITUDE_WAVES)):
            rough += weight * values[k]
            rough_energy += weight * weight * VALUE_VARIANCE
        centre, wide = self._roughness
        share = min(1.0, max(0.0, centre + wide * (_quantile(rough / np.sqrt(rough_energy)) - 0.5)))
        rank = _quantile(altitude / np.sqrt(height_energy))
        return Wish(altitude * scale, tilt_x * scale, tilt_y * scale, share, rank)


# Of noise from uniform values in -1 .. 1 (variance 1/3) at the nodes: the squared spline weights of an axis sum to 11/20 on
# average, those of their slope to 1.
VALUE_VARIANCE = (11 / 20) ** 2 / 3
SLOPE_VARIANCE = (11 / 20) / 3
TILT_SHARE = 0.8  # of the usual tilt: the land that is chosen brings some of its own


def smooth_noises(
    row: float, col: float, seed: int, waves: tuple[tuple[str, int], ...]
) -> tuple[list[float], list[float], list[float]]:
    """Values and slopes to the east and to the south (per node) of B-spline noises at one place; waves: name, cells between nodes."""
    keys = np.array([lattice_key(seed, "guide", *wave) for wave in waves])[:, None, None]
    spacings = np.array([float(cells) for _, cells in waves])
    r, c = row / spacings, col / spacings
    r_near, c_near = np.floor(r + 0.5), np.floor(c + 0.5)
    rows, cols = (near.astype(np.int64)[:, None] + np.arange(-1, 2) for near in (r_near, c_near))
    words = keyed_words(rows[:, :, None], cols[:, None, :], keys)
    nodes = (words >> np.uint64(11)).astype(np.float64) * (2.0 / (1 << 53)) - 1.0
    (down, down_slope), (across, across_slope) = _spline(r - r_near), _spline(c - c_near)
    down, down_slope = down.T[:, :, None], down_slope.T[:, :, None]
    across, across_slope = across.T[:, None, :], across_slope.T[:, None, :]
    terms = (nodes * down * across, nodes * down * across_slope, nodes * down_slope * across)
    value, east, south = (term.reshape(len(waves), -1).sum(axis=1).tolist() for term in terms)
    return value, east, south


def noise_window(
    row: int, col: int, rows: int, cols: int, spacing: int, seed: int, *path: str | int
) -> NDArray[np.float64]:  # fmt: skip
    """(rows, cols) the same noise on a window of a grid, nodes `spacing` grid steps apart; bounded by -1 and 1."""
    r, c = np.arange(row, row + rows) / spacing, np.arange(col, col + cols) / spacing
    r_near, c_near = np.floor(r + 0.5).astype(np.int64), np.floor(c + 0.5).astype(np.int64)
    r0, c0 = int(r_near[0]) - 1, int(c_near[0]) - 1
    across = np.arange(c0, int(c_near[-1]) + 2)
    words = lattice_words(np.arange(r0, int(r_near[-1]) + 2)[:, None], across[None, :], seed, "guide", *path)
    nodes = (words >> np.uint64(11)).astype(np.float64) * (2.0 / (1 << 53)) - 1.0
    down_weights, across_weights = _spline(r - r_near)[0], _spline(c - c_near)[0]
    lines = sum(down_weights[k][:, None] * nodes[r_near - r0 + k - 1] for k in range(3))
    return np.asarray(sum(across_weights[k][None, :] * lines[:, c_near - c0 + k - 1] for k in range(3)))


def _spline(t: NDArray[np.float64] | float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(3, ...) quadratic B-spline weights of the previous, own and next node at t in -1/2 .. 1/2 from the own, and their slopes."""
    a, b = 0.5 - t, 0.5 + t
    return np.array([a * a / 2, 0.75 - t * t, b * b / 2]), np.array([-a, -2.0 * t, b])


def _quantile(x: float) -> float:
    """About the share of a standard normal population below x, by + * / and sqrt alone."""
    return float(0.5 + 0.5 * x / np.sqrt(x * x + 1.5))
