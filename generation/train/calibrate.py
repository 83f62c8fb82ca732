"""What a released material model is told of its own pictures: the spectra they should have, how even, and how strong they come out."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.arrange import arrange
from seedscape.generation.decoder import CELL, EQUALISER, SPLINE, Tuning, enlarged, evened, plain_equaliser, spline_taps
from seedscape.generation.maps import finest
from seedscape.generation.material import decode_exemplar, decode_set, open_material_model
from seedscape.generation.rng import stream
from seedscape.generation.values import Float32

SEEDS, DRAWS = 6, 2  # arrangements; grains of the exemplar as it is
WINDOW = 32  # pixels a side of the pieces in which spectra are measured
ROUNDS = 4
LEAST_GAIN, MOST_GAIN = 0.2, 2.5  # taking away is safe: what is too much is noise
SLIGHT = 1e-4  # of a standardised channel's mean density: what is weaker is left as it is
MOST_EVENED = 0.25
MOST_THRESHOLD = 4.0  # deviations of the finest grain
HALVINGS = 12

Spectra = NDArray[np.complex128]
"""(WINDOW, WINDOW, C, C): for each frequency, rows first, a Hermitian matrix over channels."""


@dataclass(frozen=True)
class Calibration:
    """Of one set. gains (5,) float32: for each channel, to the deviation of the real set. broad (5, n / 8, n / 8) float32: see
    `broad_remainder`."""

    gains: Float32
    tuning: Tuning
    broad: Float32


def calibrate(folder: Path, real: NDArray[np.float32]) -> list[Calibration]:
    """Calibrations of the model in `folder`/release, whose bank has none yet. real (K, 5, n, n): standardised channels of its sets.

    A decoder that is not sure of the finest grain leaves some of it out, and of what the channels have in common there the more;
    arranging leaves out what is wider than a block, and enlarging leaves a weave: all of that is measured on arrangements, as they
    are made for users. First the spectra and cross-spectra of the channels get what they are in the real set, then lines are
    evened; then what the exemplar itself, decoded so, lacks of its broad forms is kept beside its latents; then comes the strength
    of the whole, and at last the finest grain of the height gets flats and edges.
    """
    model = open_material_model.__wrapped__(folder)  # not remembered: the bank will be another
    cells = real.shape[-1] // CELL
    found = []
    for k, goal in enumerate(real):
        made = [decode_set(model, k, cells, stream(seed, "calibrate", k)) for seed in range(SEEDS)]
        scale = np.maximum(model.deviations[k], 1e-6)  # a map that the set did not have may be a constant
        made = [(x - model.means[k][:, None, None]) / scale[:, None, None] for x in made]
        equaliser = equaliser_between(made, goal)
        made = [equalised(x, equaliser) for x in made]
        tuning = Tuning(equaliser, (_evening(made, 1), _evening(made, 2)))
        own = [
            _tuned(equalised(decode_exemplar(model, k, stream(seed, "exemplar", k)), equaliser), tuning)
            for seed in range(DRAWS)
        ]
        broad = broad_remainder(np.mean(own, axis=0), goal)
        torus = np.concatenate([model.torus[k, : -len(broad)], broad])
        made = [_tuned(x, tuning) for x in made]
        for seed, x in enumerate(made):
            x += _enlarged(arrange(torus, cells, stream(seed, "calibrate", k), model.importance)[-len(broad) :])
        strength = np.mean([x.std((1, 2)) for x in made], axis=0)
        gains = np.clip(1.0 / np.maximum(strength, 1e-6), 1.0 / MOST_GAIN, MOST_GAIN).astype(np.float32)
        reach = float(scale[3] * gains[3])
        coring = coring_between([x[3] * reach for x in made], goal[3] * float(scale[3]))
        found.append(Calibration(gains, replace(tuning, coring=coring), broad))
    return found


def broad_remainder(made: Float32, goal: Float32) -> Float32:
    """(C, n / 8, n / 8) what is to be added to a picture `made` (C, n, n), enlarged by the decoder, to come nearest to `goal`.

    Colour and height of whole stones, the wear of a wall: the decoder draws them nearly, and in a small network nearly is not
    enough, as an eye, and a judge, compares what is broad before what is fine. By least squares, on the torus.
    """
    n = made.shape[1]
    taps, spline = spline_taps(), np.zeros((n // CELL, CELL, n // CELL))
    for cell in range(n // CELL):
        for t in range(2 * SPLINE + 1):
            spline[cell, :, (cell + t - SPLINE) % (n // CELL)] += taps[:, t]
    inverse = np.linalg.pinv(spline.reshape(n, -1))
    broad = inverse @ (goal - made) @ inverse.T
    broad[goal.std((1, 2)) == 0.0] = 0.0  # a map that the set did not have
    return np.asarray(broad, np.float32)


def _enlarged(broad: Float32) -> Float32:
    return enlarged(np.pad(broad, ((0, 0), (SPLINE, SPLINE), (SPLINE, SPLINE)), mode="wrap"))


def _tuned(x: Float32, tuning: Tuning) -> Float32:
    """What the decoder makes of channels (C, n, n) that wrap around when it is told `tuning`; they are equalised before."""
    return evened(np.pad(x, ((0, 0), (1, 1), (1, 1)), mode="wrap"), tuning.evening)


def equaliser_between(made: list[Float32], goal: Float32) -> Float32:
    """(C, C, EQUALISER, EQUALISER) kernels after which pictures `made`, (C, n, n) that wrap around, have the spectra of `goal`.

    At each frequency the channels are mixed by the map of optimal transport between the two normal distributions (Olkin and
    Pukelsheim 1982, "The distance between two random vectors with given dispersion matrices"): it moves them as little as can be. Cut to
    the size of the kernel that is not quite met, so it is tried a few times. Second-order statistics alone make a texture of noise
    (Galerne et al. 2011); here they set right what the decoder has already drawn.
    """
    have, wanted = spectra(made), spectra([goal])
    kernel = plain_equaliser().astype(np.float64)
    for _ in range(ROUNDS):
        response = _response(kernel)
        now = response @ have @ _adjoint(response)
        left, gains, right = np.linalg.svd(_transport(now, wanted) @ response)
        kernel = _kernel((left * np.clip(gains, LEAST_GAIN, MOST_GAIN)[..., None, :]) @ right)
    return kernel.astype(np.float32)


def equalised(x: Float32, equaliser: Float32) -> Float32:
    """What the decoder's last layer makes of channels (C, n, n) that wrap around."""
    n = x.shape[1]
    response = np.fft.rfft2(_placed(equaliser, n))
    return np.fft.irfft2((response * np.fft.rfft2(x)[None]).sum(1), (n, n)).astype(np.float32)


def coring_between(made: list[Float32], goal: Float32) -> tuple[float, float]:
    """Threshold and gain after which the finest grain of heights `made` is as peaked (by its kurtosis), and as strong, as in `goal`."""
    ours, theirs = np.stack([finest(x) for x in made]).astype(np.float64), finest(goal).astype(np.float64)
    low, high = 0.0, MOST_THRESHOLD * float(ours.std())
    for _ in range(HALVINGS if _kurtosis(ours) < _kurtosis(theirs) else 0):
        threshold = 0.5 * (low + high)
        low, high = (threshold, high) if _kurtosis(_cored(ours, threshold)) < _kurtosis(theirs) else (low, threshold)
    gain = min(float(theirs.std() / max(float(_cored(ours, low).std()), 1e-9)), MOST_GAIN)
    return round(low, 7), round(gain, 4)


def _cored(steps: NDArray[np.float64], threshold: float) -> NDArray[np.float64]:
    return steps**3 / (steps**2 + max(threshold, 1e-12) ** 2)


def _kurtosis(x: NDArray[np.floating[Any]]) -> float:
    return float((x**4).mean() / max((x**2).mean() ** 2, 1e-30))


def spectra(pictures: list[Float32]) -> Spectra:
    """Cross-spectral densities of channels (C, n, n) that wrap around; their mean over frequencies is the channels' covariance.

    Averaged over pieces under a Hann window that overlap by half (Welch 1967).
    """
    step = WINDOW // 2
    fade = np.hanning(WINDOW + 1)[:WINDOW]
    window = fade[:, None] * fade
    total, count = np.zeros((WINDOW, WINDOW, len(pictures[0]), len(pictures[0])), np.complex128), 0
    for x in pictures:
        centred = np.asarray(x - x.mean((1, 2), keepdims=True), np.float64)
        wide = np.pad(centred, ((0, 0), (0, step), (0, step)), mode="wrap")
        pieces = np.lib.stride_tricks.sliding_window_view(wide, (WINDOW, WINDOW), (1, 2))[:, ::step, ::step]
        for row in np.moveaxis(pieces, 1, 0):  # (C, pieces, WINDOW, WINDOW)
            waves = np.fft.fft2(row * window).transpose(2, 3, 0, 1)
            total += waves @ _adjoint(waves)
            count += waves.shape[-1]
    return total / (count * float((window**2).sum()))


def _transport(have: Spectra, wanted: Spectra) -> Spectra:
    slight = SLIGHT * np.eye(have.shape[-1])
    have, wanted = have + slight, wanted + slight
    root, inverse = _power(have, 0.5), _power(have, -0.5)
    return np.asarray(inverse @ _power(root @ wanted @ root, 0.5) @ inverse)


def _power(matrices: Spectra, exponent: float) -> Spectra:
    """Of Hermitian positive definite matrices."""
    values, vectors = np.linalg.eigh(matrices)
    return np.asarray((vectors * np.maximum(values, SLIGHT**2)[..., None, :] ** exponent) @ _adjoint(vectors))


def _adjoint(matrices: Spectra) -> Spectra:
    return np.asarray(np.conj(np.swapaxes(matrices, -1, -2)))


def _response(kernel: NDArray[np.float64]) -> Spectra:
    """What a kernel (C, C, k, k) of a layer does at each frequency."""
    return np.fft.fft2(_placed(kernel, WINDOW)).transpose(2, 3, 0, 1)


def _placed(kernel: NDArray[np.floating[Any]], n: int) -> NDArray[np.float64]:
    """(C, C, n, n) with a layer's kernel around the corner, turned: a layer correlates, a product of spectra convolves."""
    half, wide = EQUALISER // 2, np.zeros((*kernel.shape[:2], n, n))
    wide[:, :, :EQUALISER, :EQUALISER] = kernel[:, :, ::-1, ::-1]
    return np.roll(wide, (-half, -half), (2, 3))


def _kernel(response: Spectra) -> NDArray[np.float64]:
    """The kernel (C, C, k, k) that does it, but for what is farther from its middle."""
    half = EQUALISER // 2
    wide = np.roll(np.fft.ifft2(response, axes=(0, 1)).real, (half, half), (0, 1))[:EQUALISER, :EQUALISER]
    return np.ascontiguousarray(wide[::-1, ::-1].transpose(2, 3, 0, 1))


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
