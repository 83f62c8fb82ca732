"""Seams on a lattice: does land change more, or less, along lines at a fixed period than elsewhere?

First and second differences across each grid line are taken against those of the lines around it, so that neither steep country nor
a single ridge counts. The profile over the lines is folded at every period and phase; a synthesiser that lays blocks or runs a
network in pieces shows at the period of its lattice, real land at none. Straight lines only: seams that wander are for the eye.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.evaluate.flow import Windows

AROUND = 6  # lines to either side that a line is compared with
SHORTEST = 4  # posts
LEAST_LINES = 4  # of a period within a window
CLIPPED = 3.0  # deviations; one cliff along a line is no lattice
# 97 of 106 real windows of 512 posts stay below, half of them below 4.5. The nine above are of three tiles of quality B, with stripes in
# their sources. A step of 1 % of the window's deviation at every 64th post gives 7.6.
LIMIT = 5.5


@dataclass(frozen=True)
class Seam:
    """The most conspicuous lattice of a window: z in deviations of chance, period and phase in posts, excess of difference (-1 ..)."""

    z: float
    period: int
    phase: int
    across: str  # "rows" or "columns"
    excess: float


def seam(window: NDArray[np.float64]) -> Seam:
    """The strongest lattice in one (size, size) window; more than LIMIT deviations means that there is one."""
    best = Seam(0.0, 0, 0, "columns", 0.0)
    for across, heights in (("columns", window), ("rows", window.T)):
        for order in (1, 2):
            ratios = _profile(heights, order)
            middle = float(np.median(ratios))
            spread = 1.4826 * float(np.median(np.abs(ratios - middle))) + 1e-9
            lines = np.clip((ratios - middle) / spread, -CLIPPED, CLIPPED)
            for period in range(SHORTEST, len(lines) // LEAST_LINES + 1):
                phases = np.arange(len(lines)) % period
                count = np.bincount(phases, minlength=period)
                z = np.bincount(phases, lines, period) / np.sqrt(count)
                phase = int(np.abs(z).argmax())
                if abs(z[phase]) > best.z:
                    excess = float(ratios[phase::period].mean() / middle - 1.0)
                    best = Seam(float(abs(z[phase])), period, phase + AROUND + 1, across, excess)
    return best


def _profile(heights: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """(lines,) mean over the rows of the change across each grid line, over the change across the lines around it."""
    change = np.abs(np.diff(heights, order, axis=1))
    if order == 1:
        change = change[:, :-1]  # line j: between posts j and j + 1; second differences: around post j + 1
    wide = np.lib.stride_tricks.sliding_window_view(change, 2 * AROUND + 1, axis=1)
    around = (wide.sum(axis=2) - wide[:, :, AROUND]) / (2 * AROUND)
    floor = 0.01 * float(change.mean()) + 1e-9  # flat ground says nothing
    return np.asarray(((wide[:, :, AROUND] + floor) / (around + floor)).mean(axis=0))


def seams(windows: Windows) -> dict[str, object]:
    """Of a set of windows: the mean and largest z, how many are over LIMIT, and the strongest lattice."""
    found = [seam(window) for window in windows]
    worst = max(found, key=lambda one: one.z)
    return {
        "windows": len(found), "mean_z": float(np.mean([one.z for one in found])), "largest_z": worst.z,
        "over_limit": sum(one.z > LIMIT for one in found), "limit": LIMIT,
        "strongest": {"period": worst.period, "phase": worst.phase, "across": worst.across, "excess": worst.excess},
    }  # fmt: skip
