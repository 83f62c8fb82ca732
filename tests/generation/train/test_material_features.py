"""Networks that know sets by their statistics."""

import numpy as np
import torch

from seedscape.generation.rng import fractions, stream
from seedscape.generation.train.material_features import SetFeatures

N = 160


def two_sets() -> torch.Tensor:
    """(2, 5, N, N) standardised: fine grain, and the same blurred."""
    fine = fractions(stream(1, "grain"), 5, N, N) - 0.5
    coarse = fine
    for _ in range(2):
        coarse = np.mean([np.roll(coarse, shift, axis) for axis in (1, 2) for shift in (-1, 0, 1)], axis=0)
    return torch.from_numpy(np.stack([x / x.std() for x in (fine, coarse)]).astype(np.float32))


def test_the_mean_over_crops_counts_and_pulls_towards_the_set() -> None:
    torch.manual_seed(1)
    features, pixels = SetFeatures(2), two_sets()
    features.learn(pixels, 1, 24)
    crops = pixels[:, :, :128, :128]
    assert not any(p.requires_grad for p in features.parameters())
    assert float(features(crops, torch.tensor([0, 1]))) < 0.3  # the very sets
    wrong = crops.flip(0).clone().requires_grad_()
    losses = [float(features(wrong.detach(), torch.tensor([0, 1]))) for _ in range(12)]
    assert losses[-1] > 2.0 * losses[0] > 0.0  # one crop says little, a dozen do
    for _ in range(20):
        loss = features(wrong, torch.tensor([0, 1]))
        (slope,) = torch.autograd.grad(loss, wrong)
        wrong = (wrong - 3.0 * slope / slope.abs().mean() * 0.02).detach().requires_grad_()
    assert float(features(wrong.detach(), torch.tensor([0, 1]))) < losses[-1]


def test_it_is_kept_with_a_run() -> None:
    torch.manual_seed(1)
    features = SetFeatures(2)
    features.learn(two_sets(), 1, 2)
    again = SetFeatures(2)
    again.load_state_dict(features.state_dict())
    again.eval()
    crops, which = two_sets()[:, :, :128, :128], torch.tensor([0, 1])
    assert torch.equal(again(crops, which), features(crops, which))
