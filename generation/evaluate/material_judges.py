"""Two small networks that judge materials, trained in the evaluation itself and unknown to the GAN's training.

The recogniser learns which set a crop is from, and noise with the sets' own spectra as a class of its own: spectra alone do not
pass. The feature net learns to tell apart the *other* sets of the folder, those the GAN was not trained on, and only lends its
features; where there are no others it takes what there is. Both see left halves alone, and every crop is standardised, so that
mean colours give nothing away.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seedscape.generation.rng import stream
from seedscape.generation.train.textures import PIXELS
from seedscape.generation.values import Float32

CROP = 96
BATCH = 24
CROPS = 24  # that a set is recognised by
HALF_CROPS = 64  # of each half, whose features are averaged
OPPOSITE = (1, 0, 3, 2)  # of the left, right, upper and lower half
COPIES = 0.9  # correlation of two halves from which on they are the same pixels


class Judge(nn.Module):
    """Five channels, CROP x CROP -> logits over classes."""

    def __init__(self, classes: int, widths: tuple[int, ...], kernel: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for a, b in zip((5, *widths), widths, strict=False):
            layers += [nn.Conv2d(a, b, kernel, stride=2, padding=(kernel - 1) // 2), nn.BatchNorm2d(b), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.leave = nn.Linear(2 * widths[-1], classes)

    def features(self, x: Tensor) -> Tensor:
        """(B, F) means and deviations of the last layer over space."""
        x = (x - x.mean((2, 3), keepdim=True)) / (x.std((2, 3), keepdim=True) + 1e-3)
        y = self.body(x)
        return torch.cat([y.mean((2, 3)), y.std((2, 3))], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.leave(self.features(x))


def crops(pixels: Float32, half: int, rng: np.random.Generator, count: int) -> Tensor:
    """(count, 5, CROP, CROP) from the left (0) or right (1) half of a set."""
    cuts = []
    for _ in range(count):
        r = int(rng.integers(PIXELS - CROP + 1))
        c = half * PIXELS // 2 + int(rng.integers(PIXELS // 2 - CROP + 1))
        cuts.append(pixels[:, r : r + CROP, c : c + CROP])
    return torch.from_numpy(np.stack(cuts))


def train_judge(judge: Judge, sets: list[Float32], classes: list[int], seed: int, steps: int) -> Judge:
    """Train on crops of the left halves; classes[k] is what crops of sets[k] are."""
    adam = torch.optim.Adam(judge.parameters(), 2e-3)
    for step in range(steps):
        rng = stream(seed, "judge", step)
        which = rng.integers(0, len(sets), size=BATCH)
        x = torch.cat([crops(sets[k], 0, rng, 1) for k in which])
        target = torch.tensor([classes[k] for k in which])
        loss = F.cross_entropy(judge(x), target, label_smoothing=0.05)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return judge.eval()


def recogniser(real: list[Float32], noise: list[Float32], seed: int, steps: int) -> Judge:
    """Knows every real set, and noise of any of their spectra as one class, the last."""
    torch.manual_seed(seed)
    judge = Judge(len(real) + 1, (24, 48, 64, 96), 4)
    several = 3  # times as many real crops as of noise
    classes = [*range(len(real))] * several + [len(real)] * len(noise)
    return train_judge(judge, [*(real * several), *noise], classes, seed, steps)


def feature_net(others: list[Float32], seed: int, steps: int) -> Judge:
    """Of another shape and start than the recogniser, trained on other sets."""
    torch.manual_seed(seed + 1)
    return train_judge(Judge(len(others), (32, 48, 80), 5), others, list(range(len(others))), seed + 1, steps)


@torch.no_grad()
def feature_distances(judge: Judge, pixels: list[Float32], real: list[Float32]) -> list[float]:
    """Of each set: mean absolute difference of mean features between each half of `pixels` (left, right, upper, lower) and the
    opposite half of the real set, in units of the deviation of those features over all real sets.

    So the real sets themselves are compared with parts they do not share, half with half: that is the floor. All four pairs and many
    crops, because one pair of halves is one draw, and a scan merely moved around on its torus would often be beyond it. Some scans
    are one picture laid twice side by side: between such halves there is no distance to compare with, and only the other way of
    halving counts, see `halves_apart`.
    """
    spread = torch.cat([judge.features(crops(x, 1, stream(0, "spread"), 4)) for x in real]).std(0) + 1e-6
    distances = []
    for k, (made, own) in enumerate(zip(pixels, real, strict=True)):
        ours, theirs = (_half_features(judge, x, stream(k, "halves", which)) for which, x in enumerate((made, own)))
        apart = [(ours[i] - theirs[OPPOSITE[i]]).abs() / spread for i in halves_apart(own)]
        distances.append(float(torch.stack(apart).mean()))
    return distances


def halves_apart(pixels: Float32) -> list[int]:
    """Which of the left, right, upper and lower half are no copy of the one opposite; all of them where every one is."""
    y, half = pixels[0], PIXELS // 2
    alike = [
        float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) for a, b in ((y[:, :half], y[:, half:]), (y[:half], y[half:]))
    ]
    return [which for which in range(4) if alike[which // 2] < COPIES] or [*range(4)]


def _half_features(judge: Judge, pixels: Float32, rng: np.random.Generator) -> list[Tensor]:
    """Mean features of crops of the left, right, upper and lower half."""
    half = PIXELS // 2
    found = []
    for side in (pixels[:, :, :half], pixels[:, :, half:], pixels[:, :half], pixels[:, half:]):
        rows, columns = (rng.integers(0, n - CROP + 1, HALF_CROPS) for n in side.shape[1:])
        cuts = [side[:, r : r + CROP, c : c + CROP] for r, c in zip(rows, columns, strict=True)]
        found.append(judge.features(torch.from_numpy(np.stack(cuts))).mean(0))
    return found


@torch.no_grad()
def recognised(judge: Judge, pixels: list[Float32], kinds: list[str]) -> list[float]:
    """Share of CROPS crops of each set's right half that the recogniser gives to a set of its class."""
    shares = []
    for k, kind in enumerate(kinds):
        guesses = judge(crops(pixels[k], 1, stream(k, "ask"), CROPS)).argmax(1).tolist()
        shares.append(sum(g < len(kinds) and kinds[g] == kind for g in guesses) / len(guesses))
    return shares
