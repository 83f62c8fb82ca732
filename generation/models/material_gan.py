"""A GAN for tileable PBR materials: an adversarially trained decoder over spatial exemplar latents on a torus.

Every training set owns a torus of latents (64 channels at 1/8 resolution), first found by principal components of its
overlapping blocks and then trained with the decoder. The seed re-arranges that torus (see generation/arrange.py); the decoder
turns any arrangement into five channels: Y, Co, Cg, height, roughness, each standardised per set. Texture as position on a
latent field follows PSGAN (Bergmann et al. 2017); modulation and demodulation StyleGAN2 (Karras et al. 2020).

The networks pad with zeros; callers wrap the latents around by MARGIN cells first and crop, so results tile exactly.

Legend: B batch, L latent channels, S style size, h w latent cells, H = 8 h, W = 8 w pixels.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CELL = 8
MARGIN = 6  # cells: the decoder reaches 5.6 cells beyond a pixel's own
OUTPUTS = 5
NOISE_LEVELS = (4, 2, 1)  # noise enters at 1/4, 1/2 and full resolution
# Of each convolution, so that what passes keeps its variance through the leaky rectifier (He et al. 2015) and, where rough latents are
# enlarged after it, through the blur. Without them the eight layers pass on a hundredth, and only the linear path learns.
GAIN, GAIN_ENLARGED = 1.4, 2.0
# Deviation of the weights at first: their scale is free, and against it the steps of the optimiser are large.
START = 0.15


@dataclass(frozen=True)
class MaterialConfig:
    """sets: number of exemplar sets. latent: L. style: S. widths: channels at 1/8, 1/4, 1/2 and full resolution."""

    sets: int
    latent: int = 64
    style: int = 16
    widths: tuple[int, int, int, int] = (128, 80, 48, 16)


class Modulated(nn.Module):
    """3 x 3 convolution whose input channels are scaled by the style and whose output is brought back to unit variance.

    Scaling activations before and after a shared convolution equals StyleGAN2's scaled weights, at the cost of one convolution.
    """

    def __init__(self, inputs: int, outputs: int, style: int, gain: float = GAIN) -> None:
        super().__init__()
        self.gain: Tensor
        self.register_buffer("gain", torch.tensor(gain))
        self.weight = nn.Parameter(START * torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.affine = nn.Linear(style, inputs)
        nn.init.normal_(self.affine.weight, std=0.1)
        nn.init.ones_(self.affine.bias)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x (B, inputs, h, w), style (B, S) -> (B, outputs, h, w)."""
        scale = self.affine(style)  # (B, inputs)
        energy = self.weight.square().sum((2, 3))  # (outputs, inputs)
        demodulate = self.gain * (scale.square() @ energy.t() + 1e-8).rsqrt()  # (B, outputs)
        y = F.conv2d(x * scale[:, :, None, None].to(x), self.weight, padding=1)
        return y * demodulate[:, :, None, None].to(y) + self.bias[None, :, None, None].to(y)


def upsample_smooth(x: Tensor, later: bool) -> Tensor:
    """(B, C, h, w) -> (B, C, 2h, 2w) by cubic B-splines, taps 1 4 6 4 1: repeat, then blur by 1 3 3 1.

    Steps from even to odd lines and from odd to even ones are equally strong, in the first and (nearly) the second difference;
    of bilinear interpolation at half-pixel centres every other step is weaker, which the layers after it turn into a weave. The
    picture moves by a quarter of a coarse pixel, up and to the left, or with `later` down and to the right.
    """
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=x.dtype, device=x.device) / 8.0
    kernel = (taps[:, None] * taps[None, :]).expand(x.shape[1], 1, 4, 4) * 1.0
    sides = (2, 1) if later else (1, 2)
    return F.conv2d(F.pad(F.interpolate(x, scale_factor=2, mode="nearest"), sides * 2), kernel, groups=x.shape[1])


class MaterialDecoder(nn.Module):
    """Latents, style and noise -> five standardised channels."""

    def __init__(self, config: MaterialConfig) -> None:
        super().__init__()
        a, b, c, d = config.widths
        s = config.style
        self.pca = nn.ConvTranspose2d(config.latent, OUTPUTS, 2 * CELL, CELL, CELL // 2)
        self.eighth = nn.ModuleList([Modulated(config.latent, a, s), Modulated(a, a, s)])
        self.quarter = nn.ModuleList([Modulated(a, b, s, GAIN_ENLARGED), Modulated(b, b, s)])
        self.halved = nn.ModuleList([Modulated(b, c, s), Modulated(c, c, s)])
        self.full = nn.ModuleList([Modulated(c, d, s), Modulated(d, d, s)])
        self.leave = nn.Conv2d(d, OUTPUTS, 3, padding=1)
        self.noise = nn.ParameterList([nn.Parameter(torch.full((width,), 0.05)) for width in (b, c, d)])
        nn.init.normal_(self.leave.weight, std=0.006)

    def forward(self, latents: Tensor, style: Tensor, noise4: Tensor, noise2: Tensor, noise1: Tensor) -> Tensor:
        """latents (B, L, h, w), style (B, S), noise (B, 1, ., .) at 1/4, 1/2, full -> (B, 5, H, W)."""
        x = latents
        for conv in self.eighth:
            x = F.leaky_relu(conv(x, style), 0.2)
        levels = zip((self.quarter, self.halved, self.full), self.noise, (noise4, noise2, noise1), strict=True)
        for level, ((narrowing, shaping), strength, noise) in enumerate(levels):
            # Fewer channels first: the full-resolution level is bound by memory. The moves of 2, -1 and -1/2 pixels nearly cancel.
            x = upsample_smooth(narrowing(x, style), level > 0)
            x = F.leaky_relu(x + strength[None, :, None, None].to(x) * noise.to(x), 0.2)
            x = F.leaky_relu(shaping(x, style), 0.2)
        return self.pca(latents) + self.leave(x)


class MaterialGenerator(nn.Module):
    """The decoder with what it has learned of each set: its torus of latents and its style."""

    def __init__(self, config: MaterialConfig, cells: int) -> None:
        super().__init__()
        self.config = config
        self.decoder = MaterialDecoder(config)
        # One parameter a set: a step touches few sets, and the optimiser leaves alone those without a gradient.
        self.toruses = nn.ParameterList([torch.zeros(config.latent, cells, cells) for _ in range(config.sets)])
        self.styles = nn.Parameter(0.5 * torch.randn(config.sets, config.style))


class MaterialCritic(nn.Module):
    """Patch critic with logits at full, 1/2, 1/4 and 1/8; each asks "real?", all but the first "of this set?" (projection, Miyato 2018)."""

    def __init__(self, sets: int, widths: tuple[int, ...] = (16, 48, 96, 128)) -> None:
        super().__init__()
        w = widths
        self.enter = nn.Conv2d(OUTPUTS, w[0], 3, padding=1)
        self.finest = nn.Conv2d(
            w[0], 1, 3, padding=1
        )  # single pixels are judged too: a weave hides from strided layers
        self.downs = nn.ModuleList([nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(w)])
        self.deep = nn.Conv2d(w[-1], w[-1], 3, padding=1)
        self.heads = nn.ModuleList([nn.Linear(width, 1) for width in w[1:]])
        self.sets = nn.ModuleList([nn.Embedding(sets, width) for width in w[1:]])
        for table in self.sets:
            nn.init.normal_(table.weight, std=0.05)  # type: ignore[arg-type]  # torch types its tables loosely

    def forward(self, x: Tensor, index: Tensor) -> tuple[Tensor, list[Tensor]]:
        """x (B, 5, H, W), index (B) of the set -> logits (B, 4 H W), features of the strided levels.

        Coarser levels' logits are repeated to as many as there are pixels, so that every level weighs the same.
        """
        x = F.leaky_relu(self.enter(x), 0.2)
        logits, features = [self.finest(x).flatten(1)], []
        for level, (down, head, table) in enumerate(zip(self.downs, self.heads, self.sets, strict=True)):
            x = F.leaky_relu(down(x), 0.2)
            if level == len(self.downs) - 1:
                x = F.leaky_relu(self.deep(x), 0.2)
            features.append(x)
            judge = (head.weight + table(index))[:, :, None]  # (B, width, 1): of any set, and of this one
            logits.append((x.permute(0, 2, 3, 1).flatten(1, 2) @ judge.to(x)).squeeze(2) + head.bias)
        pixels = logits[0].shape[1]
        return torch.cat([level.repeat(1, pixels // level.shape[1]) for level in logits], 1), features


def principal_blocks(textures: Tensor, latent: int) -> tuple[Tensor, Tensor]:
    """Start values: principal components of windowed 16 x 16 x 5 blocks at every cell.

    textures (K, 5, n, n) standardised -> torus (K, latent, n/8, n/8) of unit variance, synthesis weight (latent, 5, 16, 16)
    for a transposed convolution with stride 8. The window is a sine, whose squares overlap-add to one (Princen-Bradley).
    """
    size = 2 * CELL
    window = torch.sin(torch.pi * (torch.arange(size, dtype=torch.float64) + 0.5) / size)
    window = (window[:, None] * window[None, :]).float()
    pad = CELL // 2
    wrapped = F.pad(textures, (pad, pad, pad, pad), mode="circular")
    blocks = F.unfold(wrapped, size, stride=CELL)  # (K, 5 * 256, cells)
    cells = textures.shape[-1] // CELL
    flat = blocks.permute(0, 2, 1).reshape(-1, OUTPUTS, size, size) * window
    flat = flat.reshape(flat.shape[0], -1)
    covariance = flat.t() @ flat / flat.shape[0]
    values, vectors = torch.linalg.eigh(covariance.double())
    order = values.argsort(descending=True)[:latent]
    basis = vectors[:, order].float()  # (1280, latent)
    scale = values[order].float().clamp_min(1e-8).sqrt()
    torus = (flat @ basis / scale).reshape(textures.shape[0], cells, cells, latent).permute(0, 3, 1, 2).contiguous()
    synthesis = (basis * scale).t().reshape(latent, OUTPUTS, size, size) * window
    return torus, synthesis.contiguous()
