"""The refiner: a height field at half the post spacing, applied again and again down to sub-metre posts.

Land is close to self-similar, so one small network serves every scale: heights are measured in posts, detail in units of the
local relief g. Two back-projections (Irani and Peleg 1991) keep the 2 x 2 means of the result at the heights that came in.

Legend: B batch, h w coarse posts; the result has 2 h x 2 w.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seedscape.generation.models.terrain_vae import Residual, box_mean

NOISE_CHANNELS = 4
FINE_RELIEF_FLOOR = 0.01
MAX_DETAIL = 1.5  # detail is kept within +- this many g, so that cliffs do not shatter


def fine_relief(x: Tensor) -> Tensor:
    """(B, 1, h, w) local slope of heights in posts: root mean square over 5 x 5 posts."""
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    dx = (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]) / 2
    dy = (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]) / 2
    return (box_mean(dx * dx + dy * dy, 5) + FINE_RELIEF_FLOOR**2).sqrt()


def upsample_twice(x: Tensor) -> Tensor:
    """(B, 1, h, w) -> (B, 1, 2h, 2w) by quadratic B-splines."""
    near, own, far = 9 / 32, 22 / 32, 1 / 32  # the spline at a quarter of a post off its centre
    k = x.new_tensor([[near, own, far], [far, own, near]])
    weight = (k[:, None, :, None] * k[None, :, None, :]).reshape(4, 1, 3, 3)
    return F.pixel_shuffle(F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), weight), 2)


class Refiner(nn.Module):
    """(heights in coarse posts, noise) -> heights in coarse posts on the finer grid."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.enter = nn.Conv2d(3 + NOISE_CHANNELS, width, 3, padding=1)
        self.body = nn.Sequential(Residual(width), Residual(width))
        self.leave = nn.Conv2d(width, 4, 3, padding=1)
        with torch.no_grad():
            self.leave.weight.mul_(0.1)

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        """x (B, 1, h, w), noise (B, 4, h, w) of unit variance -> (B, 1, 2h, 2w)."""
        g = fine_relief(x)
        features = torch.cat([(x - box_mean(x, 3)) / g, (x - box_mean(x, 7)) / g, (g.log() + 2.0) * 0.5, noise], dim=1)
        detail = self.leave(F.silu(self.body(self.enter(features))))
        detail = MAX_DETAIL * torch.tanh(detail.float() / MAX_DETAIL) * g  # (B, 4, h, w)
        y = upsample_twice(x) + F.pixel_shuffle(detail, 2)
        for _ in range(2):
            y = y + upsample_twice(x - F.avg_pool2d(y, 2))
        return y
