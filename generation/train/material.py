"""Train the material GAN on real texture sets.

Each step takes a few sets and several crops of each. Half of the crops decode one piece of a set's torus as it is (and must
reconstruct it); half decode two pieces joined at a random seam, which only the critic judges: it is this that lets the
decoder heal what re-arranging at generation time will put together.
"""

import copy
import io
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from seedscape.assets.files import write_atomically
from seedscape.generation.models.adversary import discriminator_loss, generator_loss
from seedscape.generation.models.material_gan import (
    CELL,
    MARGIN,
    MaterialConfig,
    MaterialCritic,
    MaterialGenerator,
    principal_blocks,
)
from seedscape.generation.pictures import contact_sheet
from seedscape.generation.rng import stream
from seedscape.generation.train.release import release_material
from seedscape.generation.train.run import Run, average_into, on_device
from seedscape.generation.train.standardise import Standardised, standardise
from seedscape.generation.train.textures import PIXELS, read_sets

CROP = 16  # cells a side that the losses see (128 pixels)
EDGE = 3  # cells cut off again: what lies nearer the rim sees too much padding; fewer than at generation, where exactness counts
WIDE = CROP + 2 * EDGE
CELLS = PIXELS // CELL


@dataclass(frozen=True)
class MaterialTraining:
    """sets, crops: sets a step and crops of each (even). reconstruction fades to a fifth. jitter: noise on the latents."""

    seed: int = 1
    sets: int = 3
    crops: int = 2
    learning_rate: float = 2e-3
    reconstruction: float = 3.0
    statistics: float = 0.5
    gamma: float = 1.0
    jitter: float = 0.1
    average: float = 0.995


def train_material(data: Path, folder: Path, minutes: float, resume: bool = False, device: str = "cpu") -> Run:
    """Train on `data` for `minutes` (earlier ones of a resumed run counted), writing to the run folder `folder`."""
    options = MaterialTraining()
    sets = read_sets(data)
    textures = standardise(sets)
    torch.manual_seed(options.seed)  # initial weights only
    generator = MaterialGenerator(MaterialConfig(sets=len(sets)), CELLS)
    torus, synthesis = principal_blocks(textures.pixels, generator.config.latent)
    with torch.no_grad():
        generator.torus.copy_(torus)
        generator.decoder.pca.weight.copy_(synthesis)
        generator.decoder.pca.bias.zero_()  # type: ignore[union-attr]
    critic = MaterialCritic(len(sets))
    generator, critic = on_device(generator, device), on_device(critic, device)
    average = copy.deepcopy(generator)
    rate = options.learning_rate
    optimizers = {
        "generator_adam": torch.optim.Adam(
            [
                {"params": [p for n, p in generator.named_parameters() if n != "torus"], "scale": 1.0},
                {"params": [generator.torus], "scale": 4.0},  # a cell is seen once in dozens of steps
            ],
            rate, (0.0, 0.98),
        ),
        "critic_adam": torch.optim.Adam([{"params": list(critic.parameters()), "scale": 1.0}], rate, (0.0, 0.98)),
    }  # fmt: skip
    config = {"what": "material", "options": asdict(options), "minutes": minutes, "sets": [item.name for item in sets]}
    networks: dict[str, nn.Module] = {"generator": generator, "critic": critic, "average": average}
    run = Run(folder, config, minutes, networks, optimizers)
    run.open(resume)
    pixels = textures.pixels.to(device)
    while run.progress < 1.0:
        rng = stream(options.seed, "train", "material", run.step)
        noise = torch.Generator().manual_seed(int(rng.integers(1 << 62)))
        decay = 1.0 - 0.9 * max(0.0, (run.progress - 0.6) / 0.4)
        for optimizer in optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = rate * decay * group["scale"] * min(1.0, (run.step + 1) / 50)
        run.note(_step(generator, critic, pixels, options, run.progress, run.step, rng, noise))
        for optimizer in optimizers.values():
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        average_into(average, generator, min(options.average, (1 + run.step) / (10 + run.step)))
        if run.step % 250 == 0:
            write_sheet(run, average, textures)
    run.report()
    run.save()
    write_sheet(run, average, textures)
    release_material(folder, average, sets, textures)
    return run


def _cut(torus: Tensor, row: int, column: int, size: int) -> Tensor:
    """(C, size, size) of a torus (C, n, n), wrapping around."""
    return torch.roll(torus, (-row, -column), (1, 2))[:, :size, :size]


def _seam(rng: np.random.Generator) -> Tensor:
    """(WIDE, WIDE) weight of the first piece, 1 to 0 over 3 cells along a line through the middle part."""
    angle = rng.integers(0, 4096) * (2 * np.pi / 4096)
    y, x = np.meshgrid(np.arange(WIDE) - WIDE / 2, np.arange(WIDE) - WIDE / 2, indexing="ij")
    wiggle = 1.5 * np.sin((x * np.sin(angle) - y * np.cos(angle)) * 0.6 + float(rng.integers(6)))
    distance = x * np.cos(angle) + y * np.sin(angle) + float(rng.integers(-5, 6)) + wiggle
    return torch.from_numpy(np.clip(distance / 3 + 0.5, 0, 1).astype(np.float32))


def _pieces(torus: Tensor, pixels: Tensor, mixed: bool, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Latents (L, WIDE, WIDE) and the pixels (5, 8 CROP, 8 CROP) of the piece they start from, of one set."""
    r, c = int(rng.integers(CELLS)), int(rng.integers(CELLS))
    latents = _cut(torus, r, c, WIDE)
    if mixed:
        seam = _seam(rng).to(torus.device)
        others = [_cut(torus, int(rng.integers(CELLS)), int(rng.integers(CELLS)), WIDE) for _ in range(4)]
        overlap = seam * (1 - seam)
        errors = [float((overlap * (other.detach() - latents.detach()).square().sum(0)).sum()) for other in others]
        other = others[int(np.argmin(errors))]
        norm = (seam.square() + (1 - seam).square()).sqrt()
        latents = (seam * latents + (1 - seam) * other) / norm
    target = _cut(pixels, CELL * (r + EDGE), CELL * (c + EDGE), CELL * CROP)
    return latents, target


def _step(
    generator: MaterialGenerator, critic: MaterialCritic, pixels: Tensor, options: MaterialTraining,
    progress: float, step: int, rng: np.random.Generator, noise: torch.Generator,
) -> dict[str, Tensor]:  # fmt: skip
    """Gradients of one step for both networks."""
    chosen = rng.choice(len(pixels), size=min(options.sets, len(pixels)), replace=False)
    latents, targets, reals, index = [], [], [], []
    for k in chosen:
        for crop in range(options.crops):
            piece, target = _pieces(generator.torus[k], pixels[k], crop % 2 == 1, rng)
            latents.append(piece)
            targets.append(target)
            reals.append(_cut(pixels[k], int(rng.integers(PIXELS)), int(rng.integers(PIXELS)), CELL * CROP))
            index.append(int(k))
    which = torch.tensor(index, device=pixels.device)
    plain = torch.arange(len(index)) % 2 == 0
    z = torch.stack(latents)
    drift = z.square().mean()
    z = z + options.jitter * torch.randn(z.shape, generator=noise).to(z.device)
    grain = [
        torch.randn(len(index), 1, WIDE * CELL // s, WIDE * CELL // s, generator=noise).to(z.device) for s in (4, 2, 1)
    ]
    edge = EDGE * CELL
    with torch.autocast(pixels.device.type, torch.bfloat16):
        fake = generator.decoder(z.to(memory_format=torch.channels_last), generator.styles[which], *grain)
    fake = fake.float()[:, :, edge:-edge, edge:-edge]
    real = torch.stack(reals)
    penalised = step % 3 == 0  # lazy regularisation (Karras et al. 2020)
    with torch.autocast(pixels.device.type, torch.bfloat16):
        if penalised:
            four = which.repeat(4)
            judge = discriminator_loss(lambda x: critic(x, four)[0], real, fake.detach(), 3 * options.gamma, noise)
        else:
            scores = critic(torch.cat([real, fake.detach()]), which.repeat(2))[0].chunk(2)
            judge = generator_loss(scores[1], scores[0])
        judge.backward()
        critic.requires_grad_(False)
        with torch.no_grad():
            real_logits, real_features = critic(real, which)
        fake_logits, fake_features = critic(fake, which)
        fooled = generator_loss(real_logits, fake_logits)
    critic.requires_grad_(True)
    statistics = torch.stack(
        [_statistics(a.float(), b.float()) for a, b in zip(real_features, fake_features, strict=True)]
    ).sum()
    error = (fake[plain] - torch.stack(targets)[plain]).abs().mean()
    weight = options.reconstruction * (1.0 - 0.8 * min(1.0, progress / 0.7))
    (fooled + weight * error + options.statistics * statistics + 0.02 * (drift - 1.0).square()).backward()
    losses = {"critic": judge, "fooled": fooled, "error": error, "statistics": statistics}
    return {name: value for name, value in losses.items() if name != "critic" or not penalised} | {"judge": judge}


def _statistics(a: Tensor, b: Tensor) -> Tensor:
    """Distance of the channels' means and deviations over space."""
    return (a.mean((2, 3)) - b.mean((2, 3))).abs().mean() + (a.std((2, 3)) - b.std((2, 3))).abs().mean()


@torch.no_grad()
def write_sheet(run: Run, generator: MaterialGenerator, textures: Standardised) -> None:
    """RUN/sheets/step.png: a real piece of every set beside one re-arranged by chance, colour only."""
    from PIL import Image

    from seedscape.generation.arrange import arrange

    generator = copy.deepcopy(generator).cpu()
    pictures = []
    for k in range(len(textures.pixels)):
        torus = arrange(generator.torus[k].numpy(), 32, stream(run.step, "sheet", k))
        z = torch.from_numpy(np.pad(torus, [(0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)], mode="wrap"))[None]
        seeded = torch.Generator().manual_seed(k)
        grain = [torch.randn(1, 1, z.shape[2] * CELL // s, z.shape[3] * CELL // s, generator=seeded) for s in (4, 2, 1)]
        made = generator.decoder(z, generator.styles[k : k + 1], *grain)[
            0, :, MARGIN * CELL : -MARGIN * CELL, MARGIN * CELL : -MARGIN * CELL
        ]
        for channels in (textures.pixels[k][:, :256, :256], made):
            values = channels * textures.deviations[k][:, None, None] + textures.means[k][:, None, None]
            y, co, cg = values[:3]
            rgb = torch.stack([y + co - cg, y + cg, y - co - cg], -1)
            pictures.append((rgb.clamp(0, 1) * 255).to(torch.uint8).numpy())
    out = io.BytesIO()
    Image.fromarray(contact_sheet(pictures, 8)).save(out, "PNG")
    write_atomically(run.folder / "sheets" / f"{run.step:06d}.png", out.getvalue())
