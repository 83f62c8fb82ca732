"""`evaluate material`: generated sets beside real ones and spectrum-matched noise.

The judge is a small classifier trained here, in the same run, on one half of every real set (it was never part of the GAN's
loss) and asked about crops of the other half, of generated sets and of noise with the sets' own spectra and histograms.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from seedscape.assets.errors import RequestError
from seedscape.assets.files import write_group
from seedscape.generation.evaluate.plots import jpeg
from seedscape.generation.material import CELL, decode_set, open_material_model
from seedscape.generation.pictures import contact_sheet
from seedscape.generation.rng import fractions, stream
from seedscape.generation.train.textures import TextureSet, read_sets
from seedscape.generation.values import Float32, UInt8

CROP = 96
STEPS = 400

# Columns of the table and their titles. real, ours, noise: share of crops the judge gives to their class. d.floor, d.ours,
# d.noise: distance in the judge's features to the real right half, of the real left half, ours and noise. weave, w.real: step
# energy of even over odd lines. seam: step across the wrap over that inside. copy, seeds: highest circular correlation
# with the training set, and between two seeds.
FIGURES = {
    "recognised_real": "real", "recognised_ours": "ours", "recognised_noise": "noise", "distance_floor": "d.floor",
    "distance_ours": "d.ours", "distance_noise": "d.noise", "weave": "weave", "weave_real": "w.real", "seam": "seam",
    "copy": "copy", "between_seeds": "seeds",
}  # fmt: skip
PIXELS = 512


def evaluate_material(
    data: Path, run: Path | None, out: Path | None, seed: int = 7, steps: int = STEPS
) -> dict[str, Any]:
    """Figures of every set and their means; see `format_material` for what they are. Pictures and JSON go to `out`."""
    model = open_material_model(run)
    names = tuple(str(entry["name"]) for entry in model.sets)
    try:
        sets = read_sets(data, names)
    except RequestError as error:
        raise RequestError(f"expected the sets the model was trained on, got {error}") from error
    real = np.stack([item.channels for item in sets])
    ours = np.stack(
        [decode_set(model, k, PIXELS // CELL, stream(seed, "evaluate", name)) for k, name in enumerate(names)]
    )
    second = np.stack(
        [decode_set(model, k, PIXELS // CELL, stream(seed + 1, "evaluate", name)) for k, name in enumerate(names)]
    )
    noise = np.stack(
        [_phase_noise(channels, stream(seed, "noise", name)) for name, channels in zip(names, real, strict=True)]
    )
    judge = _train_judge(real, sets, seed, steps)
    kinds = [item.material for item in sets]
    recognised = {
        which: _recognised(judge, pixels, real, kinds)
        for which, pixels in (("real", real), ("ours", ours), ("noise", noise))
    }
    distance = {
        "distance_floor": _feature_distances(judge, real, 0, real),
        "distance_ours": _feature_distances(judge, ours, 1, real),
        "distance_noise": _feature_distances(judge, noise, 1, real),
    }
    rows: list[dict[str, Any]] = []
    for k, name in enumerate(names):
        rows.append({
            "set": name, "material": kinds[k],
            **{f"recognised_{which}": values[k] for which, values in recognised.items()},
                **{name: values[k] for name, values in distance.items()},
            "weave": _weave(ours[k]), "weave_real": _weave(real[k]), "seam": _seam(ours[k]),
            "deviation_ratio": [float(a / b) if b > 1e-3 else 1.0 for a, b in zip(ours[k].std((1, 2)), real[k].std((1, 2)), strict=True)],
            "copy": _correlation(ours[k][0], real[k][0]), "between_seeds": _correlation(ours[k][0], second[k][0]),
        })  # fmt: skip
    result: dict[str, Any] = {
        "what": "material", "seed": seed, "sets": rows, "mean": {name: float(np.mean([row[name] for row in rows])) for name in FIGURES},
        "classes_recognised": sorted({row["material"] for row in rows if row["recognised_ours"] >= 0.5}),
    }  # fmt: skip
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        pairs = [
            picture for k in range(len(sets)) for picture in (_rgb(real[k])[:256, :256], _rgb(ours[k])[:256, :256])
        ]
        write_group({
            out / "materials.jpg": jpeg(contact_sheet(pairs, 8)),
            out / "material.json": (json.dumps(result, indent=1) + "\n").encode(),
        })  # fmt: skip
    return result


def format_material(result: dict[str, Any]) -> str:
    """The result as a table, a row a set; the columns are those of `FIGURES`."""
    lines = [f"{'set':24}{'class':14}" + "".join(f"{title:>8}" for title in FIGURES.values())]
    for row in [*result["sets"], {"set": "mean", "material": "", **result["mean"]}]:
        lines.append(f"{row['set']:24}{row['material']:14}" + "".join(f"{row[name]:8.2f}" for name in FIGURES))
    lines.append(
        f"classes recognised in most crops: {len(result['classes_recognised'])}: {', '.join(result['classes_recognised'])}"
    )
    return "\n".join(lines)


class _Judge(nn.Module):
    """Five channels, CROP x CROP -> logits over sets. Every crop is standardised first: colour alone must not give it away."""

    def __init__(self, sets: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for a, b in ((5, 24), (24, 48), (48, 64), (64, 96)):
            layers += [nn.Conv2d(a, b, 4, stride=2, padding=1), nn.BatchNorm2d(b), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.leave = nn.Linear(192, sets)

    def features(self, x: Tensor) -> Tensor:
        """(B, 192) means and deviations of the last layer over space."""
        x = (x - x.mean((2, 3), keepdim=True)) / (x.std((2, 3), keepdim=True) + 1e-3)
        y = self.body(x)
        return torch.cat([y.mean((2, 3)), y.std((2, 3))], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.leave(self.features(x))


def _crops(pixels: NDArray[np.float32], half: int, rng: np.random.Generator, count: int) -> Tensor:
    """(count, 5, CROP, CROP) from the left (0) or right (1) half of a set."""
    cuts = []
    for _ in range(count):
        r = int(rng.integers(PIXELS - CROP + 1))
        c = half * PIXELS // 2 + int(rng.integers(PIXELS // 2 - CROP + 1))
        cuts.append(pixels[:, r : r + CROP, c : c + CROP])
    return torch.from_numpy(np.stack(cuts))


def _train_judge(real: Float32, sets: list[TextureSet], seed: int, steps: int) -> _Judge:
    torch.manual_seed(seed)
    judge = _Judge(len(sets))
    adam = torch.optim.Adam(judge.parameters(), 2e-3)
    for step in range(steps):
        rng = stream(seed, "judge", step)
        which = rng.integers(0, len(sets), size=24)
        x = torch.cat([_crops(real[k], 0, rng, 1) for k in which])
        loss = F.cross_entropy(judge(x), torch.from_numpy(which), label_smoothing=0.05)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return judge.eval()


@torch.no_grad()
def _feature_distances(judge: _Judge, pixels: Float32, half: int, real: Float32) -> list[float]:
    """Of each set: mean absolute difference of the judge's mean features between 24 crops and 24 of the real right half, in
    units of the deviation of those features over all real sets."""
    spread = torch.cat([judge.features(_crops(x, 1, stream(0, "spread"), 4)) for x in real]).std(0) + 1e-6
    distances = []
    for k, x in enumerate(pixels):
        means = [judge.features(_crops(a, h, stream(k, "near", h), 24)).mean(0) for a, h in ((x, half), (real[k], 1))]
        distances.append(float(((means[0] - means[1]).abs() / spread).mean()))
    return distances


@torch.no_grad()
def _recognised(judge: nn.Module, pixels: Float32, real: Float32, kinds: list[str]) -> list[float]:
    """Share of 24 crops of each set's right half that the judge gives to a set of its class."""
    shares = []
    for k, kind in enumerate(kinds):
        guesses = judge(_crops(pixels[k], 1, stream(k, "ask"), 24)).argmax(1).tolist()
        shares.append(sum(kinds[g] == kind for g in guesses) / len(guesses))
    return shares


def _phase_noise(channels: Float32, rng: np.random.Generator) -> Float32:
    """The set's own spectrum and cross-spectrum with random phases (Galerne et al. 2011): right colours, no structure."""
    white = fractions(rng, PIXELS, PIXELS) - 0.5
    phase = np.fft.fft2(white)
    phase /= np.abs(phase) + 1e-12
    phase[0, 0] = 1.0
    return np.fft.ifft2(np.fft.fft2(channels.astype(np.float64)) * phase).real.astype(np.float32)


def _weave(channels: Float32) -> float:
    """Energy of steps between even and odd lines over that between odd and even ones, the larger over the smaller."""
    ratios = []
    for axis in (0, 1):
        step = np.diff(channels[0].astype(np.float64), axis=axis) ** 2
        even, odd = (step[i::2].mean() if axis == 0 else step[:, i::2].mean() for i in (0, 1))
        ratios.append(max(even, odd) / max(min(even, odd), 1e-12))
    return float(max(ratios))


def _seam(channels: Float32) -> float:
    """Mean absolute step across the wrap over that inside, the worse of the two directions, colour and height."""
    worst = 0.0
    for channel in (channels[0], channels[3]):
        for x in (channel, channel.T):
            inside = float(np.abs(np.diff(x, axis=0)).mean())
            worst = max(worst, float(np.abs(x[0] - x[-1]).mean()) / max(inside, 1e-9))
    return worst


def _correlation(a: Float32, b: Float32) -> float:
    """Highest circular cross-correlation of two luminance maps, after removing what is coarser than a 32nd of the edge."""
    frequency = np.hypot(np.fft.fftfreq(PIXELS)[:, None], np.fft.fftfreq(PIXELS)[None, :]) * PIXELS
    fa, fb = (np.fft.fft2(x.astype(np.float64)) * (frequency > 4) for x in (a, b))
    scale = np.sqrt((np.abs(fa) ** 2).sum() * (np.abs(fb) ** 2).sum()) / PIXELS**2
    return float(np.fft.ifft2(fa * np.conj(fb)).real.max() / max(scale, 1e-12))


def _rgb(channels: Float32) -> UInt8:
    y, co, cg = channels[:3]
    return np.asarray(np.clip(np.stack([y + co - cg, y + cg, y - co - cg], -1) * 255.0, 0, 255), np.uint8)
