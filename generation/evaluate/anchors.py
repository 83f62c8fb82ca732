"""What procedural tools make: noise, noise at the power of real land, and noise after erosion. Evaluation stands beside them."""

import numpy as np

from seedscape.generation.evaluate.flow import Windows, incise
from seedscape.generation.evaluate.geomorphometry import radial_psd
from seedscape.generation.rng import fractions

# The mildest of those tried that drains: position on drainage 0.57 (noise 1), on unevenness 0.09. Strength 0.1 took drainage to 0.78, 0.2
# to 1.07, and hillslope diffusion between the steps made every figure but unevenness worse.
EROSION_STEPS = 3
EROSION_STRENGTH = 0.05


def power_law_noise(real: Windows, rng: np.random.Generator) -> Windows:
    """Gaussian noise with the power-law spectrum fitted to each real window, scaled to its standard deviation."""
    spectrum = radial_psd(real)
    inside = real.shape[1]
    edges = np.geomspace(2.0 / inside, 0.5, spectrum.shape[1] + 1)
    logs = np.log10(np.sqrt(edges[:-1] * edges[1:]))
    centred = logs - logs.mean()
    slopes = (spectrum * centred).sum(axis=1) / (centred**2).sum()
    size = 2 * inside  # a window of a larger torus, so that nothing wraps around
    radius = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None, :])
    radius[0, 0] = np.inf
    windows = []
    for window, slope in zip(real, slopes, strict=True):
        white = sum(fractions(rng, size, size) for _ in range(4)) - 2.0
        field = np.fft.ifft2(np.fft.fft2(white) * radius ** (slope / 2)).real[:inside, :inside]
        windows.append((field - field.mean()) / field.std() * window.std() + window.mean())
    return np.stack(windows)


def at_the_level_of(noise: Windows, real: Windows) -> Windows:
    """The noise with each window brought to the mean log power of the real window beside it."""
    gain = 10.0 ** ((radial_psd(real).mean(axis=1) - radial_psd(noise).mean(axis=1)) / 2)
    middle = noise.mean(axis=(1, 2), keepdims=True)
    return np.asarray((noise - middle) * gain[:, None, None] + middle)


def eroded(noise: Windows) -> Windows:
    """The noise after a few steps of stream-power incision, each window brought back to its standard deviation."""
    carved = incise(noise, EROSION_STEPS, EROSION_STRENGTH)
    gain = noise.std(axis=(1, 2), keepdims=True) / carved.std(axis=(1, 2), keepdims=True)
    return np.asarray(
        (carved - carved.mean(axis=(1, 2), keepdims=True)) * gain + noise.mean(axis=(1, 2), keepdims=True)
    )
