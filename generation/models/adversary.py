"""The adversarial game both generators are trained with.

Relativistic pairing loss (Jolicoeur-Martineau 2018; Huang et al. 2024, "The GAN is dead; long live the GAN!") with zero-centred
gradient penalties on real and fake samples. We take the penalties as finite differences along one random direction,
(D(x + s e) - D(x))^2 / s^2, whose mean over e is the squared gradient norm: no double backward, which bfloat16
convolutions on a CPU do not support.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """How far the fakes are from outscoring the reals they are paired with."""
    return F.softplus(real_logits.float() - fake_logits.float()).mean()


def discriminator_loss(
    discriminate: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, gamma: float, generator: torch.Generator
) -> Tensor:
    """Pairing loss plus R1 and R2; `fake` must be detached. gamma weights the penalties. One pass over 4 B samples."""
    sigma = 0.02
    direction = torch.randn(real.shape, generator=generator).to(real.device)
    stack = torch.cat([real, fake, real + sigma * direction, fake + sigma * direction])
    real_logits, fake_logits, real_moved, fake_moved = discriminate(stack).float().chunk(4)
    # Each logit of the map is a judge of its own patch: the penalty is the mean over them.
    r1 = ((real_moved - real_logits) / sigma).square().mean()
    r2 = ((fake_moved - fake_logits) / sigma).square().mean()
    return F.softplus(fake_logits - real_logits).mean() + 0.5 * gamma * (r1 + r2)
