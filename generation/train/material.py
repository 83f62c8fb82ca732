"""Train the material GAN on real texture sets.

Each step takes a few sets and several crops of each. Half of the crops decode one piece of a set's torus as it is (and must
reconstruct it); half decode two pieces joined at a random seam, which only the critic judges: it is this that lets the
decoder heal what re-arranging at generation time will put together.
"""

import copy
import io
import json
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
)
from seedscape.generation.pictures import contact_sheet
from seedscape.generation.rng import stream
from seedscape.generation.train.material_start import start_from_data, start_from_earlier
from seedscape.generation.train.release import average_weights, release_material
from seedscape.generation.train.run import Run, average_into, on_device, take_step
from seedscape.generation.train.standardise import Standardised, standardise
from seedscape.generation.train.textures import PIXELS, read_sets

CROP = 16  # cells a side that the losses see (128 pixels)
EDGE = 2  # cells cut off again: what lies nearer the rim sees too much padding; fewer than at generation, where exactness counts
WIDE = CROP + 2 * EDGE
CELLS = PIXELS // CELL
CANDIDATES = 12  # pieces of which the best is joined to another, as at generation


@dataclass(frozen=True)
class MaterialTraining:
    """sets, crops: sets a step and crops of each (even). reconstruction fades to two fifths. jitter: noise on the latents.

    statistics weighs the critic's channel means and deviations, features its maps where the crop is to be reconstructed, weave
    the evenness of lines.
    """

    seed: int = 1
    sets: int = 3
    crops: int = 2
    learning_rate: float = 2e-3
    reconstruction: float = 3.0
    statistics: float = 0.5
    features: float = 1.0
    weave: float = 0.5
    gamma: float = 1.0
    jitter: float = 0.1
    average: float = 0.995


def train_material(
    data: Path, folder: Path, minutes: float, resume: bool = False, device: str = "cpu", earlier: Path | None = None
) -> Run:
    """Train on `data` for `minutes` (earlier ones of a resumed run counted), writing to the run folder `folder`.

    earlier: a run, or a folder with its released weights, to go on from with these sets (see material_start.py).
    """
    options = MaterialTraining()
    sets = read_sets(data, strict=False)
    textures = standardise(sets)
    torch.manual_seed(options.seed)  # initial weights only
    generator = MaterialGenerator(MaterialConfig(sets=len(sets)), CELLS)
    if resume and (folder / "checkpoint.safetensors").exists():
        pass  # what is restored needs no start values
    elif earlier is None:
        start_from_data(generator, textures)
    else:
        start_from_earlier(generator, sets, textures, earlier)
    critic = MaterialCritic(len(sets))
    generator, critic = on_device(generator, device), on_device(critic, device)
    average = copy.deepcopy(generator)
    rate = options.learning_rate
    optimizers = {
        "generator_adam": torch.optim.Adam(
            [
                {"params": [p for n, p in generator.named_parameters() if not n.startswith("toruses")], "scale": 1.0},
                {"params": list(generator.toruses), "scale": 3.0},  # a cell is seen once in dozens of steps
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
            take_step(optimizer)
        average_into(average, generator, min(options.average, (1 + run.step) / (10 + run.step)))
        if run.step % 250 == 0:
            write_sheet(run, average, textures)
    run.report()
    run.save()
    write_sheet(run, average, textures)
    release_material(folder, average, sets, textures)
    return run


def release_checkpoint(data: Path, folder: Path) -> Path:
    """Write RUN/release from the averaged weights of the last checkpoint of a run on `data`, finished or not."""
    config = json.loads((folder / "config.json").read_text())
    sets = read_sets(data, tuple(config["sets"]))
    generator = MaterialGenerator(MaterialConfig(sets=len(sets)), CELLS)
    generator.load_state_dict(average_weights(folder, "average"))
    return release_material(folder, generator, sets, standardise(sets))


def _cut(torus: Tensor, row: int, column: int, size: int) -> Tensor:
    """(C, size, size) of a torus (C, n, n), wrapping around."""
    n = torus.shape[1]
    rows = (
        torch.arange(row, row + size, device=torus.device) % n,
        torch.arange(column, column + size, device=torus.device) % n,
    )
    return torus.index_select(1, rows[0]).index_select(2, rows[1])


def _seam(rng: np.random.Generator) -> Tensor:
    """(WIDE, WIDE) weight of the first piece, 1 to 0 over 3 cells along a line through the middle part."""
    angle = rng.integers(0, 4096) * (2 * np.pi / 4096)
    y, x = np.meshgrid(np.arange(WIDE) - WIDE / 2, np.arange(WIDE) - WIDE / 2, indexing="ij")
    wiggle = 1.5 * np.sin((x * np.sin(angle) - y * np.cos(angle)) * 0.6 + float(rng.integers(6)))
    distance = x * np.cos(angle) + y * np.sin(angle) + float(rng.integers(-5, 6)) + wiggle
    return torch.from_numpy(np.clip(distance / 3 + 0.5, 0, 1).astype(np.float32))


def _pieces(
    torus: Tensor, pixels: Tensor, importance: Tensor, mixed: bool, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Latents (L, WIDE, WIDE) and the pixels (5, 8 CROP, 8 CROP) of the piece they start from, of one set."""
    r, c = int(rng.integers(CELLS)), int(rng.integers(CELLS))
    latents = _cut(torus, r, c, WIDE)
    if mixed:
        seam = _seam(rng).to(torus.device)
        places = [(int(rng.integers(CELLS)), int(rng.integers(CELLS))) for _ in range(CANDIDATES)]
        with torch.no_grad():
            overlap = seam * (1 - seam) * importance[:, None, None]
            errors = [float((overlap * (_cut(torus, *place, WIDE) - latents).square()).sum()) for place in places]
        other = _cut(torus, *places[int(np.argmin(errors))], WIDE)
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
    importance = generator.decoder.pca.weight.detach().square().sum((1, 2, 3))  # of each latent channel to the picture
    latents, reals, index = [], [], []
    for k in chosen:
        for crop in range(options.crops):
            mixed = crop % 2 == 1
            piece, target = _pieces(generator.toruses[int(k)], pixels[k], importance, mixed, rng)
            other = _cut(pixels[k], int(rng.integers(PIXELS)), int(rng.integers(PIXELS)), CELL * CROP)
            latents.append(piece)
            reals.append(other if mixed else target)
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
            passes: list[list[Tensor]] = []

            def discriminate(x: Tensor) -> Tensor:
                logits, features = critic(x, which.repeat(4))
                passes.append([logits, *features])
                return logits

            judge = discriminator_loss(discriminate, real, fake.detach(), 3 * options.gamma, noise)
        else:
            logits, features = critic(torch.cat([real, fake.detach()]), which.repeat(2))
            passes = [[logits, *features]]
            judge = generator_loss(*reversed(logits.chunk(2)))
        judge.backward()
        real_logits, *real_features = (x.detach()[: len(index)] for x in passes[0])
        critic.requires_grad_(False)
        fake_logits, fake_features = critic(fake, which)
        fooled = generator_loss(real_logits, fake_logits)
    critic.requires_grad_(True)
    statistics = torch.stack(
        [_statistics(a.float(), b.float()) for a, b in zip(real_features, fake_features, strict=True)]
    ).sum()
    matched = torch.stack(
        [(a[plain].float() - b[plain].float()).abs().mean() for a, b in zip(real_features, fake_features, strict=True)]
    ).sum()
    error = (fake[plain] - real[plain]).abs().mean()
    weave = unevenness(fake)
    weight = options.reconstruction * (1.0 - 0.6 * min(1.0, progress / 0.7))
    faithful = weight * (error + options.features / options.reconstruction * matched)
    (
        fooled + faithful + options.statistics * statistics + options.weave * weave + 0.02 * (drift - 1.0).square()
    ).backward()
    losses = {
        "critic": judge, "fooled": fooled, "error": error, "statistics": statistics, "features": matched, "weave": weave,
    }  # fmt: skip
    return {name: value for name, value in losses.items() if name != "critic" or not penalised} | {"judge": judge}


def _statistics(a: Tensor, b: Tensor) -> Tensor:
    """Distance of the channels' means and deviations over space."""
    means = [x.mean((2, 3)) for x in (a, b)]
    deviations = [
        (x.square().mean((2, 3)) - m.square()).clamp_min(1e-6).sqrt() for x, m in zip((a, b), means, strict=True)
    ]
    return (means[0] - means[1]).abs().mean() + (deviations[0] - deviations[1]).abs().mean()


def unevenness(x: Tensor) -> Tensor:
    """Variance, over the eight places of a line within its cell, of the log energy of the steps between lines: 0 where no grid
    shows. x (B, 5, H, W) with H and W multiples of 8; energies are pooled over the batch, each crop weighing the same."""
    total = x.new_zeros(())
    for axis in (2, 3):
        energy = (x - torch.roll(x, 1, axis)).square().mean((1, 5 - axis))  # (B, lines)
        energy = (
            energy[:, CELL:-CELL].reshape(x.shape[0], -1, CELL).mean(1)
        )  # the first line's step would be the wrap's
        total = total + (energy / (energy.mean(1, keepdim=True) + 1e-6)).mean(0).add(1e-6).log().var()
    return total


@torch.no_grad()
def write_sheet(run: Run, generator: MaterialGenerator, textures: Standardised) -> None:
    """RUN/sheets/step.png: a real piece of every set beside one re-arranged by chance, colour only."""
    from PIL import Image

    from seedscape.generation.arrange import arrange

    generator = copy.deepcopy(generator).cpu()
    pictures = []
    for k in range(len(textures.pixels)):
        torus = arrange(generator.toruses[k].detach().numpy(), 32, stream(run.step, "sheet", k))
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
