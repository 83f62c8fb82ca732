"""Figures of material channels (5, n, n): Y, Co, Cg, height, roughness. None of them is learned."""

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.rng import fractions, stream
from seedscape.generation.values import Float32, UInt8

PATCH = 48  # pixels a side of a patch that is looked for in the training set
PATCHES = 24
SAME = 0.8  # correlation from which on a patch counts as a copy


def phase_noise(channels: Float32, rng: np.random.Generator) -> Float32:
    """The set's own spectrum and cross-spectrum with random phases (Galerne et al. 2011): right colours, no structure."""
    n = channels.shape[1]
    phase = np.fft.fft2(fractions(rng, n, n) - 0.5)
    phase /= np.abs(phase) + 1e-12
    phase[0, 0] = 1.0
    return np.fft.ifft2(np.fft.fft2(channels.astype(np.float64)) * phase).real.astype(np.float32)


def weave(channels: Float32) -> float:
    """Energy of steps between even and odd lines over that between odd and even ones, the larger over the smaller."""
    ratios = []
    for axis in (0, 1):
        step = np.diff(channels[0].astype(np.float64), axis=axis) ** 2
        even, odd = (step[i::2].mean() if axis == 0 else step[:, i::2].mean() for i in (0, 1))
        ratios.append(max(even, odd) / max(min(even, odd), 1e-12))
    return float(max(ratios))


def seam(channels: Float32) -> float:
    """Mean absolute step across the wrap over that inside, the worse of the two directions, colour and height."""
    worst = 0.0
    for channel in (channels[0], channels[3]):
        for x in (channel, channel.T):
            inside = float(np.abs(np.diff(x, axis=0)).mean())
            worst = max(worst, float(np.abs(x[0] - x[-1]).mean()) / max(inside, 1e-9))
    return worst


def deviation_ratios(made: Float32, real: Float32) -> list[float]:
    """Standard deviation of each channel over that of the real set; 1 where the real channel is a constant."""
    return [float(a / b) if b > 1e-3 else 1.0 for a, b in zip(made.std((1, 2)), real.std((1, 2)), strict=True)]


def correlation(a: Float32, b: Float32) -> float:
    """Highest circular cross-correlation of two luminance maps, after removing what is coarser than an eighth of the edge."""
    n = a.shape[0]
    frequency = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.fftfreq(n)[None, :]) * n
    fa, fb = (np.fft.rfft2(x.astype(np.float64)) * (frequency[:, : n // 2 + 1] > 4) for x in (a, b))
    xa, xb = (np.fft.irfft2(f, (n, n)) for f in (fa, fb))
    scale = float(np.sqrt((xa * xa).sum() * (xb * xb).sum()))
    return float(np.fft.irfft2(fa * np.conj(fb), (n, n)).max() / max(scale, 1e-12))


def copied(made: Float32, real: Float32, seed: int) -> float:
    """Share of PATCHES random patches of luminance whose best normalised correlation with any place of the real set is SAME or more."""
    n = real.shape[0]
    rng = stream(seed, "copied")
    spectrum, squares = (np.conj(np.fft.rfft2(x)) for x in (real.astype(np.float64), real.astype(np.float64) ** 2))
    box = np.zeros((n, n))
    box[:PATCH, :PATCH] = 1.0
    window = np.fft.rfft2(box)
    sums, energies = (np.fft.irfft2(np.conj(f) * np.conj(window), (n, n)) for f in (spectrum, squares))
    deviation = np.sqrt(np.maximum(energies - sums**2 / PATCH**2, 1e-9))
    count = 0
    for _ in range(PATCHES):
        r, c = (int(rng.integers(n - PATCH + 1)) for _ in range(2))
        patch = made[r : r + PATCH, c : c + PATCH].astype(np.float64)
        patch = patch - patch.mean()
        box[:PATCH, :PATCH] = patch
        match = np.fft.irfft2(np.conj(spectrum) * np.conj(np.fft.rfft2(box)), (n, n))
        best = (match / deviation).max() / max(float(np.sqrt((patch**2).sum())), 1e-9)
        count += bool(best >= SAME)
    return count / PATCHES


def sliced_wasserstein(a: Float32, b: Float32, seed: int) -> float:
    """Mean sliced Wasserstein-1 distance of 8 x 8 patches of all channels, each standardised by b, over 64 random directions."""
    size, count = 8, 2048
    rng = stream(seed, "sliced")
    directions = rng.integers(-1000, 1001, (5 * size * size, 64)).astype(np.float64)
    directions /= np.sqrt((directions**2).sum(0))
    mean, deviation = b.mean((1, 2))[:, None, None], np.maximum(b.std((1, 2)), 1e-3)[:, None, None]
    projected = []
    for x in (a, b):
        rows, columns = (rng.integers(0, length - size + 1, count) for length in x.shape[1:])
        places = zip(rows, columns, strict=True)
        patches = np.stack([((x[:, r : r + size, c : c + size] - mean) / deviation).ravel() for r, c in places])
        projected.append(np.sort(patches @ directions, axis=0))
    return float(np.abs(projected[0] - projected[1]).mean())


def light_direction(channels: Float32) -> float:
    """How far luminance follows one direction of the slope, 0 .. 1: the multiple correlation of luminance with the height's two
    derivatives. A picture with sun from one side has it; a clean base colour does not."""
    height, y = channels[3].astype(np.float64), channels[0].astype(np.float64)
    if height.std() < 1e-6:
        return 0.0
    slopes = [np.roll(height, -1, axis) - np.roll(height, 1, axis) for axis in (0, 1)]
    x = np.stack([(s - s.mean()).ravel() for s in slopes], 1)
    target = (y - y.mean()).ravel()
    gram, side = x.T @ x + 1e-12 * np.eye(2), x.T @ target
    explained = side @ np.linalg.solve(gram, side)
    return float(np.sqrt(np.clip(explained / max(float(target @ target), 1e-12), 0.0, 1.0)))


def albedo_outside(channels: Float32) -> float:
    """Share of texels with a colour outside 0.02 .. 0.9 of linear light before generation clips it (sRGB 0.151 .. 0.955)."""
    rgb = rgb_of(channels)
    return float(((rgb < 0.151) | (rgb > 0.955)).any(axis=2).mean())


def rgb_of(channels: Float32) -> Float32:
    """(n, n, 3) sRGB 0 .. 1 of YCoCg."""
    y, co, cg = channels[:3]
    return np.asarray(np.stack([y + co - cg, y + cg, y - co - cg], -1), np.float32)


def rgb8(channels: Float32) -> UInt8:
    """(n, n, 3) uint8 sRGB."""
    return np.asarray(np.clip(rgb_of(channels) * 255.0, 0, 255), np.uint8)


def relit(color: UInt8, normal: UInt8, orm: UInt8, azimuth: tuple[float, float]) -> UInt8:
    """(n, n, 3) sRGB under a sun 35 degrees high from (right, up), Lambert and a little sky; azimuth of unit length."""
    n = normal.astype(np.float32) / 127.5 - 1.0
    sun = np.array([0.82 * azimuth[0], 0.82 * azimuth[1], 0.57], np.float32)
    shade = np.clip((n * sun).sum(2), 0.0, None)
    sky = 0.22 * orm[..., 0].astype(np.float32) / 255.0
    light: NDArray[np.float32] = (1.35 * shade + sky)[..., None]
    linear = (color.astype(np.float32) / 255.0) ** 2.2
    return np.asarray(np.clip((linear * light) ** (1 / 2.2) * 255.0, 0, 255), np.uint8)
