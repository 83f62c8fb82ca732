"""Measures of a set of height fields, and distances between two sets: how like real land one set is.

All work on windows of one size and post spacing; heights in metres.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.evaluate.flow import Int, Windows, accumulate, receivers
from seedscape.generation.hydrology import fill, lowest_around
from seedscape.generation.rng import fractions, stream

Float = NDArray[np.float64]
QUANTILES = np.linspace(0.005, 0.995, 100)
PSD_BINS = 16
SCALES = (1, 2, 4)  # posts a side of the block means whose Laplacian is judged
BLOCK = 16  # posts a side of the sub-blocks whose detail is compared within a window
# Columns of `features`: radial bands; every tenth quantile, from 0.005 on, of slope and of curvature over the mean slope, and of drainage.
FEATURES = {"psd": range(16), "slope": range(16, 26), "curvature": range(26, 36), "drainage": range(36, 46)}
SOURCE_STEP_M = 1.0  # SRTM's heights come in whole metres: less detail than that is the source's grain


@dataclass(frozen=True)
class Measures:
    """What is compared. One row a window unless said otherwise.

    psd (n, bins) log10 power a radial band; slope, curvature (n, 100) quantiles; skewness (n, 3) of the Laplacian at three scales;
    unevenness (n,) standard deviation over sub-blocks of the log of their detail energy; drainage (n, 100) quantiles of log2 flow
    accumulation; pits (n,) share of cells without a lower neighbour; fill (n,) mean fill depth over relief;
    patches (k, d) relief-normalised pieces for the sliced Wasserstein distance. places (n, 3) tile, row and column of a real window.
    size: posts a side.
    """

    psd: Float
    slope: Float
    curvature: Float
    skewness: Float
    unevenness: Float
    drainage: Float
    pits: Float
    fill: Float
    patches: Float
    places: Int | None
    size: int


def measure(windows: Windows, spacing_m: float, places: Int | None = None) -> Measures:
    """All measures of a set of windows (n, size, size); `places` for real ones, see `Measures`."""
    dy, dx = np.gradient(windows, spacing_m, axis=(1, 2))
    filled = fill(windows)
    area = accumulate(filled, receivers(filled))
    relief = np.maximum(np.ptp(windows, axis=(1, 2)), 1.0)
    return Measures(
        psd=radial_psd(windows),
        slope=_quantiles(np.sqrt(dx * dx + dy * dy)),
        curvature=_quantiles(_laplacian(windows) / spacing_m),
        skewness=np.stack([_skewness(_laplacian(_coarser(windows, scale))) for scale in SCALES], axis=1),
        unevenness=_unevenness(windows),
        drainage=_quantiles(np.log2(area)),
        pits=(windows < lowest_around(windows))[:, 1:-1, 1:-1].mean(axis=(1, 2)),
        fill=(filled - windows).mean(axis=(1, 2)) / relief,
        patches=_patches(windows),
        places=places,
        size=windows.shape[1],
    )


def _quantiles(values: Windows) -> Float:
    return np.asarray(np.quantile(values.reshape(len(values), -1), QUANTILES, axis=1).T)


def _laplacian(h: Windows) -> Windows:
    return np.asarray(h[:, 1:-1, 2:] + h[:, 1:-1, :-2] + h[:, 2:, 1:-1] + h[:, :-2, 1:-1] - 4 * h[:, 1:-1, 1:-1])


def _coarser(windows: Windows, scale: int) -> Windows:
    """Means of scale x scale posts."""
    n, size = len(windows), windows.shape[1] // scale
    cut = windows[:, : size * scale, : size * scale]
    return np.asarray(cut.reshape(n, size, scale, size, scale).mean(axis=(2, 4)))


def _skewness(values: Windows) -> Float:
    """(n,) third standardised moment; 0 where land and its reverse are alike, as for noise."""
    apart = values - values.mean(axis=(1, 2), keepdims=True)
    variance = (apart**2).mean(axis=(1, 2))
    return np.asarray((apart**3).mean(axis=(1, 2)) / (variance + 1e-12) ** 1.5)


def _unevenness(windows: Windows) -> Float:
    """(n,) how patchy the detail is: valley floors and slopes differ, noise is equally rough everywhere."""
    laplacian = _laplacian(windows)
    size = laplacian.shape[1] // BLOCK * BLOCK
    energy = _coarser(laplacian[:, :size, :size] ** 2, BLOCK) + SOURCE_STEP_M**2
    return np.asarray(np.log(energy).std(axis=(1, 2)))


def radial_psd(windows: Windows) -> Float:
    """(n, PSD_BINS) log10 of the mean power in logarithmic radial bands, Hann-windowed, mean and plane removed."""
    size = windows.shape[1]
    axis = np.arange(size) - (size - 1) / 2
    taper = np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 2
    flat = windows - windows.mean(axis=(1, 2), keepdims=True)
    norm = float((axis**2).sum() * size)
    tilt_x = (flat * axis[None, None, :]).sum(axis=(1, 2)) / norm
    tilt_y = (flat * axis[None, :, None]).sum(axis=(1, 2)) / norm
    flat = flat - tilt_x[:, None, None] * axis[None, None, :] - tilt_y[:, None, None] * axis[None, :, None]
    power = np.abs(np.fft.rfft2(flat * taper[:, None] * taper[None, :])) ** 2
    radius = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    edges = np.geomspace(2.0 / size, 0.5, PSD_BINS + 1)
    bands = [power[:, (radius >= low) & (radius < high)].mean(axis=1) for low, high in pairwise(edges)]
    return np.log10(np.stack(bands, axis=1) + 1e-9)


def _patches(windows: Windows) -> Float:
    """(k, 3 x 64) 8 x 8 pieces at three scales, each less its mean, in units of the window's standard deviation."""
    parts = []
    for scale in SCALES:
        size = windows.shape[1] // scale // 8 * 8
        small = _coarser(windows, scale)[:, :size, :size] / (windows.std(axis=(1, 2))[:, None, None] + 1.0)
        blocks = small.reshape(len(windows), size // 8, 8, size // 8, 8).transpose(0, 1, 3, 2, 4).reshape(-1, 64)
        blocks = blocks - blocks.mean(axis=1, keepdims=True)
        pick = np.linspace(0, len(blocks) - 1, 1024).astype(int)
        parts.append(blocks[pick])
    return np.concatenate(parts, axis=1)


def distances(a: Measures, b: Measures) -> dict[str, float]:
    """The distances of `evaluate terrain` between two sets of the same number of windows; 0 is equal.

    psd: mean absolute difference of mean log10 power. slope, curvature, drainage: Wasserstein-1 of the pooled
    distributions over b's own spread; skewness (mean of the three scales), unevenness, fill: of one value a window. swd: sliced
    Wasserstein distance of patches (Rabin et al. 2011). one_nn: accuracy of a leave-one-out 1-NN classifier between the
    sets (Lopez-Paz and Oquab 2017); 0.5 cannot tell them apart. pits: difference of the mean shares.
    """
    return {
        "psd": float(np.abs(a.psd.mean(axis=0) - b.psd.mean(axis=0)).mean()),
        "slope": _wasserstein(a.slope, b.slope),
        "curvature": _wasserstein(a.curvature, b.curvature),
        "skewness": float(np.mean([_wasserstein(a.skewness[:, k], b.skewness[:, k]) for k in range(len(SCALES))])),
        "unevenness": _wasserstein(a.unevenness, b.unevenness),
        "drainage": _wasserstein(a.drainage, b.drainage),
        "swd": _sliced(a.patches, b.patches),
        "one_nn": one_nn(a, b),
        "pits": float(abs(a.pits.mean() - b.pits.mean())),
        "fill": float(np.abs(np.sort(a.fill) - np.sort(b.fill)).mean()),
    }


def _wasserstein(a: Float, b: Float) -> float:
    """Between the pooled samples, in units of b's standard deviation."""
    n = min(a.size, b.size)
    levels = (np.arange(n) + 0.5) / n
    apart = np.abs(np.quantile(a.ravel(), levels) - np.quantile(b.ravel(), levels)).mean()
    return float(apart / max(float(b.std()), 1e-9))


def _sliced(a: Float, b: Float, directions: int = 256) -> float:
    rng = stream(0, "sliced")
    axes = fractions(rng, directions, a.shape[1]) + fractions(rng, directions, a.shape[1]) - 1.0
    axes /= np.sqrt((axes**2).sum(axis=1, keepdims=True))
    n = min(len(a), len(b))
    return float(np.abs(np.sort(a[:n] @ axes.T, axis=0) - np.sort(b[:n] @ axes.T, axis=0)).mean())


def features(m: Measures) -> Float:
    """(n, 46) what the nearest-neighbour judge sees: shape of the spectrum, and slope, curvature, drainage shapes; see FEATURES."""
    psd = m.psd - m.psd.mean(axis=1, keepdims=True)
    parts = [psd]
    for quantiles in (m.slope, m.curvature):
        scale = m.slope.mean(axis=1, keepdims=True) + 1e-6
        parts.append(quantiles[:, ::10] / scale)
    parts.append(m.drainage[:, ::10])
    return np.concatenate(parts, axis=1)


def one_nn(a: Measures, b: Measures, which: Sequence[int] | slice = np.s_[:]) -> float:
    """Accuracy of the nearest-neighbour judge of `distances`, who sees the features `which` alone (see FEATURES)."""
    fa, fb = (features(m)[:, which] for m in (a, b))
    both = np.concatenate([fa, fb])
    both = (both - fb.mean(axis=0)) / (fb.std(axis=0) + 1e-6)
    apart = ((both[:, None, :] - both[None, :, :]) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    for part, measures in ((np.s_[: len(fa)], a), (np.s_[len(fa) :], b)):
        if measures.places is not None:
            apart[part, part][_overlapping(measures.places, measures.size)] = np.inf
    label = np.arange(len(both)) < len(fa)
    return float((label[apart.argmin(axis=1)] == label).mean())


def _overlapping(places: Int, size: int) -> NDArray[np.bool_]:
    """(n, n) whether two windows share land: one is then half the other and no neighbour of it. Counting such pairs took
    real land against other real land from 0.70 to 0.79 (mean of four draws)."""
    between = np.abs(places[:, None, :] - places[None, :, :])
    return np.asarray((between[..., 0] == 0) & (between[..., 1] < size) & (between[..., 2] < size))
