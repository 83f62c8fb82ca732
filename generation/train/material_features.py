"""What the pictures of a set have in common, for a network that has learned to tell sets apart: the statistics a texture must have.

Means and deviations over space of the features of a few convolutions (Gatys et al. 2015 took their products, of a network trained on
photographs; ours are of two small ones, trained here on the very sets). A single crop may be lighter or rougher than its set, so
no crop is compared by itself: what counts is the running mean over the crops that were made of a set.
"""

from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seedscape.generation.models.material_gan import OUTPUTS
from seedscape.generation.rng import stream

CROP = 128
BATCH = 16
RATE = 2e-3
REAL_CROPS = 64  # by which a set is known
SHARE = 0.2  # of a step's crops in the running mean
SHAPES = (((24, 48, 96, 96), 3), ((32, 64, 96), 5))  # widths and kernel of each network


class FeatureNet(nn.Module):
    """(B, 5, H, W) -> the features of each of its strided layers."""

    def __init__(self, sets: int, widths: tuple[int, ...], kernel: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, kernel, 2, kernel // 2), nn.BatchNorm2d(b), nn.ReLU())
            for a, b in zip((OUTPUTS, *widths), widths, strict=False)
        )
        self.leave = nn.Linear(2 * widths[-1], sets)

    def describe(self, x: Tensor) -> list[Tensor]:
        """Of each layer (B, 2 C) means and deviations over space; crops are standardised, so mean colour tells nothing."""
        x = (x - x.mean((2, 3), keepdim=True)) / (x.std((2, 3), keepdim=True) + 0.05)
        found = []
        for layer in self.layers:
            x = layer(x)
            y = x.float()
            variance = (y.square().mean((2, 3)) - y.mean((2, 3)).square()).clamp_min(0.0)
            found.append(torch.cat([y.mean((2, 3)), (variance + 1e-4).sqrt()], 1))
        return found

    def forward(self, x: Tensor) -> Tensor:
        """(B, sets) logits."""
        return cast(Tensor, self.leave(self.describe(x)[-1]))


class SetFeatures(nn.Module):
    """Networks, what they see in each real set, and the running mean of what they see in ours. All of it is kept with a run."""

    def __init__(self, sets: int) -> None:
        super().__init__()
        self.nets = nn.ModuleList(FeatureNet(sets, *shape) for shape in SHAPES)
        count = sum(2 * width for widths, _ in SHAPES for width in widths)
        self.real: Tensor
        self.spread: Tensor
        self.ours: Tensor
        self.register_buffer("real", torch.zeros(sets, count))
        self.register_buffer("spread", torch.ones(count))
        self.register_buffer("ours", torch.zeros(sets, count))

    def learn(self, pixels: Tensor, seed: int, steps: int) -> None:
        """Train the networks to tell the sets (K, 5, n, n) apart, and look at each."""
        adam = torch.optim.Adam(self.nets.parameters(), RATE)
        for step in range(steps):
            rng = stream(seed, "features", step)
            which = rng.integers(0, len(pixels), size=BATCH)
            crops = torch.stack([_crop(pixels[int(k)], rng) for k in which])
            loss = torch.stack(
                [F.cross_entropy(net(crops), torch.from_numpy(which).to(crops.device), label_smoothing=0.05) for net in self.nets]
            ).sum()  # fmt: skip
            adam.zero_grad()
            loss.backward()
            adam.step()
        self.requires_grad_(False)
        self.eval()
        for k, item in enumerate(pixels):
            rng = stream(seed, "features", "real", k)
            looks = [torch.stack([_crop(item, rng) for _ in range(BATCH)]) for _ in range(REAL_CROPS // BATCH)]
            self.real[k] = torch.cat([self.describe(crops) for crops in looks]).mean(0)
        self.spread.copy_(self.real.std(0) + 0.05 * self.real.std(0).mean() if len(pixels) > 1 else self.spread)
        self.ours.copy_(self.real)

    def describe(self, x: Tensor) -> Tensor:
        """(B, features) of all layers of all networks."""
        return torch.cat([each for net in self.nets for each in cast(FeatureNet, net).describe(x)], 1)

    def forward(self, made: Tensor, which: Tensor) -> Tensor:
        """How far the running means of the sets `which` (B,) are from the real ones with the crops `made` (B, 5, H, W) in them, in
        units of what sets differ by; its gradient is that of a crop's own features towards the side the mean is off to."""
        seen = self.describe(made)
        losses = []
        for k in which.unique().tolist():
            mean = (1.0 - SHARE) * self.ours[k] + SHARE * seen[which == k].mean(0)
            losses.append(((mean - self.real[k]).abs() / self.spread).mean())
            self.ours[k] = mean.detach()
        return torch.stack(losses).mean()


def _crop(pixels: Tensor, rng: np.random.Generator) -> Tensor:
    """(5, CROP, CROP) of a set (5, n, n), which wraps around."""
    n = pixels.shape[1]
    rows, cols = (torch.arange(CROP, device=pixels.device).add(int(rng.integers(n))) % n for _ in range(2))
    return pixels.index_select(1, rows).index_select(2, cols)
