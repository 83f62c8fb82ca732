"""Measures of a set of height fields, and distances between two sets: how like real land one set is.

All work on windows of one size and post spacing; heights in metres.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.hydrology import accumulate, flood, receivers
from seedscape.generation.rng import fractions, stream

Windows = NDArray[np.float64]  # (n, size, size) metres
QUANTILES = np.linspace(0.005, 0.995, 100)
PSD_BINS = 16


@dataclass(frozen=True)
class Measures:
    """What is compared. One row a window unless said otherwise.

    psd (n, bins) log10 power a radial band; slope, curvature (n, 100) quantiles; drainage (n, 100) quantiles of log2 flow
    accumulation; pits (n,) share of cells without a lower neighbour; fill (n,) mean fill depth over relief;
    patches (k, d) relief-normalised pieces for the sliced Wasserstein distance.
    """

    psd: NDArray[np.float64]
    slope: NDArray[np.float64]
    curvature: NDArray[np.float64]
    drainage: NDArray[np.float64]
    pits: NDArray[np.float64]
    fill: NDArray[np.float64]
    patches: NDArray[np.float64]


def measure(windows: Windows, spacing_m: float) -> Measures:
    """All measures of a set of windows."""
    slopes, curvatures, drains, pits, fills = [], [], [], [], []
    for heights in windows:
        dy, dx = np.gradient(heights, spacing_m)
        slopes.append(np.quantile(np.sqrt(dx * dx + dy * dy), QUANTILES))
        h = heights
        laplacian = (h[1:-1, 2:] + h[1:-1, :-2] + h[2:, 1:-1] + h[:-2, 1:-1] - 4 * h[1:-1, 1:-1]) / spacing_m
        curvatures.append(np.quantile(laplacian, QUANTILES))
        filled, parents, order = flood(heights)
        area = accumulate(receivers(filled, parents, spacing_m), order)
        drains.append(np.quantile(np.log2(area), QUANTILES))
        centre = heights[1:-1, 1:-1]
        size = heights.shape[0]
        around = [heights[1 + r : size - 1 + r, 1 + c : size - 1 + c] for r in (-1, 0, 1) for c in (-1, 0, 1) if r or c]
        pits.append(float((centre < np.min(around, axis=0)).mean()))
        fills.append(float((filled - heights).mean() / max(float(np.ptp(heights)), 1.0)))
    return Measures(
        radial_psd(windows), np.array(slopes), np.array(curvatures), np.array(drains), np.array(pits), np.array(fills),
        _patches(windows),
    )  # fmt: skip


def radial_psd(windows: Windows) -> NDArray[np.float64]:
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


def _patches(windows: Windows) -> NDArray[np.float64]:
    """(k, 3 x 64) 8 x 8 pieces at three scales, each less its mean, in units of the window's standard deviation."""
    parts = []
    for scale in (1, 2, 4):
        size = windows.shape[1] // scale // 8 * 8
        small = (
            windows[:, : size * scale, : size * scale].reshape(len(windows), size, scale, size, scale).mean(axis=(2, 4))
        )
        small = small / (windows.std(axis=(1, 2))[:, None, None] + 1.0)
        blocks = small.reshape(len(windows), size // 8, 8, size // 8, 8).transpose(0, 1, 3, 2, 4).reshape(-1, 64)
        blocks = blocks - blocks.mean(axis=1, keepdims=True)
        pick = np.linspace(0, len(blocks) - 1, 1024).astype(int)
        parts.append(blocks[pick])
    return np.concatenate(parts, axis=1)


def distances(a: Measures, b: Measures) -> dict[str, float]:
    """The six distances of `evaluate terrain` between two sets of the same number of windows, and two more; 0 is equal.

    psd: mean absolute difference of mean log10 power. slope, curvature, drainage: Wasserstein-1 of the pooled
    distributions over b's own spread. swd: sliced Wasserstein distance of patches (Rabin et al. 2011). one_nn: accuracy
    of a leave-one-out 1-NN classifier between the sets (Lopez-Paz and Oquab 2017); 0.5 cannot tell them apart.
    """
    return {
        "psd": float(np.abs(a.psd.mean(axis=0) - b.psd.mean(axis=0)).mean()),
        "slope": _wasserstein(a.slope, b.slope),
        "curvature": _wasserstein(a.curvature, b.curvature),
        "drainage": _wasserstein(a.drainage, b.drainage),
        "swd": _sliced(a.patches, b.patches),
        "one_nn": _one_nn(a, b),
        "pits": float(abs(a.pits.mean() - b.pits.mean())),
        "fill": float(abs(a.fill.mean() - b.fill.mean())),
    }


def _wasserstein(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Between the pooled samples of quantiles, in units of b's standard deviation."""
    n = min(a.size, b.size)
    levels = (np.arange(n) + 0.5) / n
    apart = np.abs(np.quantile(a.ravel(), levels) - np.quantile(b.ravel(), levels)).mean()
    return float(apart / max(float(b.std()), 1e-9))


def _sliced(a: NDArray[np.float64], b: NDArray[np.float64], directions: int = 256) -> float:
    rng = stream(0, "sliced")
    axes = fractions(rng, directions, a.shape[1]) + fractions(rng, directions, a.shape[1]) - 1.0
    axes /= np.sqrt((axes**2).sum(axis=1, keepdims=True))
    n = min(len(a), len(b))
    return float(np.abs(np.sort(a[:n] @ axes.T, axis=0) - np.sort(b[:n] @ axes.T, axis=0)).mean())


def _features(m: Measures) -> NDArray[np.float64]:
    """(n, d) what the nearest-neighbour judge sees: shape of the spectrum, and slope, curvature, drainage shapes."""
    psd = m.psd - m.psd.mean(axis=1, keepdims=True)
    parts = [psd]
    for quantiles in (m.slope, m.curvature):
        scale = m.slope.mean(axis=1, keepdims=True) + 1e-6
        parts.append(quantiles[:, ::10] / scale)
    parts.append(m.drainage[:, ::10])
    return np.concatenate(parts, axis=1)


def _one_nn(a: Measures, b: Measures) -> float:
    fa, fb = _features(a), _features(b)
    both = np.concatenate([fa, fb])
    both = (both - fb.mean(axis=0)) / (fb.std(axis=0) + 1e-6)
    apart = ((both[:, None, :] - both[None, :, :]) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    label = np.arange(len(both)) < len(fa)
    return float((label[apart.argmin(axis=1)] == label).mean())
