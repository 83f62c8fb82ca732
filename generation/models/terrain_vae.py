"""A variational autoencoder for height fields (Kingma and Welling 2014; adversary after Larsen et al. 2016).

A height field is split into `low`, its 8 x 8 block means, and the detail left after smooth upsampling of `low`. Both are
measured in posts (metres / post spacing) and the detail in units of the local relief g, a slope taken from `low` alone, so
one network serves plains and alps, 30 m and 90 m posts: land is close to self-similar (Turcotte 1997, ch. 7). The networks
see `low` only as differences from a local mean, so absolute altitude cannot leak into shape.

Legend: B batch, Z latent channels, H W posts, h = H / 8, w = W / 8.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CELL = 8  # posts along the edge of one latent cell
RELIEF_FLOOR = 0.004  # slope below which ground counts as flat: SRTM's 1 m steps over 90 m posts and 2-3 posts


@dataclass(frozen=True)
class TerrainConfig:
    """latent: Z. widths: channels at 1/8, 1/4, 1/2 and full resolution."""

    latent: int = 10
    widths: tuple[int, int, int, int] = (96, 64, 32, 8)


def box_mean(x: Tensor, size: int) -> Tensor:
    """(B, C, h, w) mean over size x size neighbours, edges repeated."""
    pad = size // 2
    return F.avg_pool2d(F.pad(x, (pad, pad, pad, pad), mode="replicate"), size, 1)


def relief(low: Tensor) -> Tensor:
    """(B, 1, h, w) local slope of the block means (rise over run): root mean square over 5 x 5 cells."""
    padded = F.pad(low, (1, 1, 1, 1), mode="replicate")
    dx = (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]) / (2 * CELL)
    dy = (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]) / (2 * CELL)
    return (box_mean(dx * dx + dy * dy, 5) + RELIEF_FLOOR**2).sqrt()


def spline_kernel() -> Tensor:
    """(CELL, 3) quadratic B-spline weights of the previous, own and next cell at each post of a cell."""
    t = (torch.arange(CELL, dtype=torch.float64) + 0.5) / CELL
    return torch.stack([(1 - t) ** 2 / 2, 0.5 + t * (1 - t), t**2 / 2], dim=1)


def upsample_low(low: Tensor) -> Tensor:
    """(B, 1, h, w) -> (B, 1, H, W): the smooth base surface, quadratic B-splines over the block means."""
    k = spline_kernel().to(low)
    weight = (k[:, None, :, None] * k[None, :, None, :]).reshape(CELL * CELL, 1, 3, 3)
    maps = F.conv2d(F.pad(low, (1, 1, 1, 1), mode="replicate"), weight)  # (B, 64, h, w)
    return F.pixel_shuffle(maps, CELL)


def low_features(low: Tensor, g: Tensor) -> Tensor:
    """(B, 2, h, w) what the networks see of `low`: height above the local mean in units of g, and log g."""
    return torch.cat([(low - box_mean(low, 7)) / (CELL * g), (g.log() + 2.0) * 0.5], dim=1)


class Residual(nn.Module):
    """x + conv(silu(conv(silu(x)))), no normalisation: windows of any size must agree."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.silu(self.first(F.silu(x))))


class Upsample(nn.Module):
    """x2 by sub-pixel convolution, initialised so that the four sub-pixels start equal (ICNR, Aitken et al. 2017)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, 4 * outputs, 1)
        with torch.no_grad():
            self.conv.weight.copy_(self.conv.weight[::4].repeat_interleave(4, dim=0))

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(self.conv(x), 2)


class Encoder(nn.Module):
    """Detail and base -> mean and log-variance of the latents."""

    def __init__(self, config: TerrainConfig) -> None:
        super().__init__()
        wide, mid = config.widths[:2]
        self.enter = nn.Conv2d(16, mid, 3, padding=1)
        self.at_quarter = Residual(mid)
        self.down = nn.Conv2d(4 * mid, wide, 1)
        self.join = nn.Conv2d(wide + 2, wide, 3, padding=1)
        self.at_eighth = nn.Sequential(Residual(wide), Residual(wide))
        self.leave = nn.Conv2d(wide, 2 * config.latent, 1)

    def forward(self, detail: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """detail (B, 1, H, W) in units of g, features (B, 2, h, w) -> mean, log-variance, each (B, Z, h, w)."""
        x = self.at_quarter(self.enter(F.pixel_unshuffle(detail, 4)))  # (B, mid, H/4, W/4)
        x = self.down(F.pixel_unshuffle(x, 2))  # (B, wide, h, w)
        x = self.at_eighth(self.join(torch.cat([x, features.to(x)], dim=1)))
        mean, log_variance = self.leave(F.silu(x)).float().chunk(2, dim=1)
        return mean, log_variance.clamp(-10.0, 4.0)


class Decoder(nn.Module):
    """Latents, base and noise -> detail in units of g.

    The finest octave of land is mostly unpredictable from its surroundings: without noise to shape (as in StyleGAN, Karras et
    al. 2019) a decoder can only leave it out. The same grain enters at three resolutions, folded into channels.
    """

    def __init__(self, config: TerrainConfig) -> None:
        super().__init__()
        wide, mid, narrow, thin = config.widths
        self.enter = nn.Conv2d(config.latent + 2, wide, 3, padding=1)
        self.at_eighth = nn.Sequential(Residual(wide), Residual(wide), Residual(wide))
        self.up4 = Upsample(wide, mid)
        self.at_quarter = nn.Sequential(Residual(mid), Residual(mid))
        self.up2 = Upsample(mid, narrow)
        self.at_half = Residual(narrow)
        self.up1 = Upsample(narrow, thin)
        self.at_full = Residual(thin)
        self.leave = nn.Conv2d(thin, 1, 3, padding=1)
        self.grain2 = nn.Conv2d(16, mid, 1, bias=False)
        self.grain1 = nn.Conv2d(4, narrow, 1, bias=False)
        self.grain0 = nn.Conv2d(1, thin, 3, padding=1, bias=False)
        with torch.no_grad():
            for layer in (self.grain2, self.grain1, self.grain0):
                layer.weight.mul_(0.1)

    def forward(self, latents: Tensor, features: Tensor, noise: Tensor) -> Tensor:
        """latents (B, Z, h, w), features (B, 2, h, w), noise (B, 1, H, W) of unit variance -> (B, 1, H, W)."""
        noise = noise.to(latents)
        x = self.at_eighth(self.enter(torch.cat([latents, features.to(latents)], dim=1)))
        x = self.at_quarter(self.up4(F.silu(x)) + self.grain2(F.pixel_unshuffle(noise, 4)))  # (B, mid, H/4, W/4)
        x = self.at_half(self.up2(F.silu(x)) + self.grain1(F.pixel_unshuffle(noise, 2)))  # (B, narrow, H/2, W/2)
        x = self.at_full(self.up1(F.silu(x)) + self.grain0(noise))  # (B, thin, H, W)
        return self.leave(F.silu(x))


class TerrainVAE(nn.Module):
    """Both halves; heights go in and out in posts (metres / spacing)."""

    def __init__(self, config: TerrainConfig | None = None) -> None:
        super().__init__()
        self.config = config or TerrainConfig()
        self.encoder = Encoder(self.config)
        self.decoder = Decoder(self.config)

    def split(self, heights: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(B, 1, H, W) -> low, g (B, 1, h, w), base (B, 1, H, W), g at full resolution (B, 1, H, W)."""
        low = F.avg_pool2d(heights, CELL)
        g = relief(low)
        return low, g, upsample_low(low), upsample_low(g)

    def encode(self, heights: Tensor) -> tuple[Tensor, Tensor]:
        """Latent mean and log-variance of real heights."""
        low, g, base, g_full = self.split(heights)
        return self.encoder((heights - base) / g_full, low_features(low, g))


class TerrainCritic(nn.Module):
    """Judges the local shape: slopes and Laplacian in units of g, at full resolution first, a logit a cell."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        w = width
        layers: list[nn.Module] = []
        for i, (a, b, stride) in enumerate([(4, w, 1), (w, 2 * w, 2), (2 * w, 3 * w, 2), (3 * w, 4 * w, 2)]):
            layers += [nn.Conv2d(a, b, 3 if i == 0 else 4, stride, 1), nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*layers, nn.Conv2d(4 * w, 4 * w, 3, padding=1), nn.LeakyReLU(0.2))
        self.leave = nn.Conv2d(4 * w, 1, 1)

    def forward(self, shape: Tensor) -> Tensor:
        """(B, 4, H, W) from `local_shape` -> (B, 1, H/8, W/8) logits."""
        return self.leave(self.body(shape))


def local_shape(heights: Tensor, g: Tensor) -> Tensor:
    """(B, 4, H - 2, W - 2): both slopes, Laplacian and detail at two scales, in units of g (B, 1, H, W)."""
    g = g[:, :, 1:-1, 1:-1]
    x = heights
    centre = x[:, :, 1:-1, 1:-1]
    dx = (x[:, :, 1:-1, 2:] - x[:, :, 1:-1, :-2]) / 2
    dy = (x[:, :, 2:, 1:-1] - x[:, :, :-2, 1:-1]) / 2
    laplacian = x[:, :, 1:-1, 2:] + x[:, :, 1:-1, :-2] + x[:, :, 2:, 1:-1] + x[:, :, :-2, 1:-1] - 4 * centre
    wide = centre - box_mean(centre, 9)
    return torch.cat([dx / g, dy / g, 2.0 * laplacian / g, 0.5 * wide / g], dim=1).clamp(-8.0, 8.0)
