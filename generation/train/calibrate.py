"""What a released material model is told of its own pictures: how strong its channels come out, how steep, and how even."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.decoder import CELL, Tuning, evened
from seedscape.generation.maps import smoothed
from seedscape.generation.material import decode_set, open_material_model
from seedscape.generation.rng import stream
from seedscape.generation.values import Float32

SEEDS = 3
MOST_BLURS = 4
MOST_GAIN = 1.4
LEAST_OCTAVE_GAIN, MOST_OCTAVE_GAIN = 0.2, 2.0  # taking away is safe: what is too much is noise
MOST_EVENED = 0.25
HALVINGS, ROUNDS = 12, 5


@dataclass(frozen=True)
class Calibration:
    """Of one set. gains (5,) float32: for each channel, to the deviation of the real set."""

    gains: Float32
    tuning: Tuning


def calibrate(folder: Path, real: NDArray[np.float32]) -> list[Calibration]:
    """Calibrations of the model in `folder`/release, whose bank has none yet. real (K, 5, n, n): standardised channels of its sets.

    A decoder that is not sure of the finest grain leaves some of it out, arranging leaves out what is wider than a block, and
    enlarging leaves a weave: all of that is measured on arrangements, as they are made for users. First the octaves of each
    channel get the strength they have in the real set, then lines are evened, then comes the strength of the whole.
    """
    model = open_material_model.__wrapped__(folder)  # not remembered: the bank will be another
    cells = real.shape[-1] // CELL
    found = []
    for k, goal in enumerate(real):
        made = [decode_set(model, k, cells, stream(seed, "calibrate", k)) for seed in range(SEEDS)]
        scale = np.maximum(model.deviations[k], 1e-6)  # a map that the set did not have may be a constant
        made = [(x - model.means[k][:, None, None]) / scale[:, None, None] for x in made]
        octaves = _octaves(made, goal)
        made = [sum_of_octaves(x, octaves) for x in made]
        evening = (_evening(made, 1), _evening(made, 2))
        made = [evened(np.pad(x, ((0, 0), (1, 1), (1, 1)), mode="wrap"), evening) for x in made]
        strength = np.mean([x.std((1, 2)) for x in made], axis=0)
        gains = np.clip(1.0 / np.maximum(strength, 1e-6), 1.0 / MOST_GAIN, MOST_GAIN).astype(np.float32)
        found.append(Calibration(gains, Tuning(octaves, evening, _smoothing([x[3] for x in made], goal[3]))))
    return found


def _octaves(made: list[Float32], goal: Float32) -> Float32:
    """(5, OCTAVES) gains that bring the octaves' deviations to those of the real set, over the coarsest one's gain.

    Octaves overlap, so they are measured again with the gains that were found, a few times.
    """
    theirs = np.array([x.std((1, 2)) for x in octaves_of(goal)])  # (OCTAVES, 5)
    gains = np.ones_like(theirs)
    for _ in range(ROUNDS):
        tuned = [sum_of_octaves(each, gains.T) for each in made]
        ours = np.mean([[x.std((1, 2)) for x in octaves_of(each)] for each in tuned], axis=0)
        gains *= np.where(theirs > 1e-4, theirs / np.maximum(ours, 1e-6), 1.0)
        gains = np.clip(gains / np.maximum(gains[-1], 1e-6), LEAST_OCTAVE_GAIN, MOST_OCTAVE_GAIN)
    return np.ascontiguousarray(gains.T, np.float32)


def octaves_of(x: Float32) -> list[Float32]:
    """The octaves (C, n, n) of channels (C, n, n) that wrap around, finest first; they add up to the channels."""
    once = np.stack([smoothed(channel, 1) for channel in x])
    twice = np.stack([smoothed(channel, 1) for channel in once])
    return [x - once, once - twice, twice]


def sum_of_octaves(x: Float32, gains: Float32) -> Float32:
    """What `decoder.octave_kernels` make of channels (C, n, n) that wrap around."""
    return np.asarray(sum(gains[:, k, None, None] * part for k, part in enumerate(octaves_of(x))), np.float32)


def _evening(made: list[Float32], axis: int) -> float:
    """The share that makes both kinds of steps of the luminance equally strong, by halving."""
    low, high = -MOST_EVENED, MOST_EVENED
    for _ in range(HALVINGS):
        share = 0.5 * (low + high)
        shares = (share, 0.0) if axis == 1 else (0.0, share)
        stronger = sum(a - b for a, b in _steps(made, shares, axis)) > 0.0
        low, high = (share, high) if stronger else (low, share)
    return round(0.5 * (low + high), 4)


def _steps(made: list[Float32], shares: tuple[float, float], axis: int) -> Iterator[tuple[float, float]]:
    """Energies of the steps from even to odd lines, and from odd to even ones."""
    for x in made:
        y = evened(np.pad(x[:1], ((0, 0), (1, 1), (1, 1)), mode="wrap"), shares)
        step = np.moveaxis(np.diff(y.astype(np.float64), axis=axis) ** 2, axis, 0)
        yield float(step[0::2].mean()), float(step[1::2].mean())


def _smoothing(made: list[Float32], height: Float32) -> int:
    """Blurs after which the decoded heights' steps, relative to their deviation, are nearest to those of the real height."""

    def steepness(x: Float32) -> float:
        steps = np.abs(np.diff(x, axis=0)).mean() + np.abs(np.diff(x, axis=1)).mean()
        return float(np.log(steps + 1e-6) - np.log(x.std() + 1e-6))

    tries = [np.mean([steepness(smoothed(x, passes)) for x in made]) for passes in range(MOST_BLURS + 1)]
    return int(np.argmin(np.abs(np.asarray(tries) - steepness(height))))
