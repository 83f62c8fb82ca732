"""Texture sets as one tensor of comparable channels."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seedscape.generation.train.textures import TextureSet


@dataclass(frozen=True)
class Standardised:
    """Texture sets as (K, 5, n, n), zero mean and unit deviation a channel, with the (K, 5) means and deviations."""

    pixels: Tensor
    means: Tensor
    deviations: Tensor


def standardise(sets: list[TextureSet]) -> Standardised:
    """A channel without contrast (a constant roughness) becomes zeros and its deviation 0."""
    pixels = torch.from_numpy(np.stack([item.channels for item in sets]))
    means = pixels.mean((2, 3))
    deviations = pixels.std((2, 3))
    deviations = torch.where(deviations < 1e-3, 0.0, deviations)
    scaled = (pixels - means[..., None, None]) / deviations.clamp_min(1e-3)[..., None, None]
    return Standardised((scaled * (deviations > 0)[..., None, None]).clamp(-5.0, 5.0), means, deviations)
