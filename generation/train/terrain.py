"""Train the terrain VAE and the refiner on real elevation data.

One loop trains both: each step shows the VAE a batch of windows and the refiner a batch of fine/coarse pairs. The
adversaries join after a third of the time, when reconstruction has settled.
"""

import copy
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn import functional as F

from seedscape.assets.errors import RequestError
from seedscape.assets.files import write_atomically
from seedscape.generation.library import LEAST_TILE
from seedscape.generation.models.adversary import discriminator_loss, generator_loss
from seedscape.generation.models.refiner import NOISE_CHANNELS, Refiner, fine_relief
from seedscape.generation.models.terrain_vae import (
    TerrainConfig,
    TerrainCritic,
    TerrainVAE,
    box_mean,
    local_shape,
    low_features,
)
from seedscape.generation.pictures import contact_sheet, hillshade
from seedscape.generation.rng import stream
from seedscape.generation.train.elevation import Tile, read_tiles, split_tiles
from seedscape.generation.train.release import release_terrain
from seedscape.generation.train.run import Run, average_into, on_device

WINDOW = 160  # posts; losses leave out a margin, which the networks see without its surroundings
MARGIN = 16


@dataclass(frozen=True)
class TerrainTraining:
    """batch: windows a step. kl: weight of the latents' divergence. adversarial: weight of the critics' losses.

    energy: weight of the local power of the two finest octaves. finest: weight of errors in the finest octave, whose phase
    nobody can predict.
    """

    seed: int = 1
    batch: int = 6
    learning_rate: float = 1.2e-3
    kl: float = 1e-3
    adversarial: float = 0.2
    energy: float = 0.2
    finest: float = 0.1
    gamma: float = 0.5
    adversary_from: float = 0.3
    average: float = 0.996


class _Networks(nn.Module):
    """What is trained together."""

    def __init__(self) -> None:
        super().__init__()
        self.vae = TerrainVAE(TerrainConfig())
        self.critic = TerrainCritic()
        self.refiner = Refiner()
        self.refiner_critic = TerrainCritic(16)


def train_terrain(
    data: Path, folder: Path, minutes: float, resume: bool = False, device: str = "cpu", earlier: Path | None = None
) -> Run:
    """Train on `data` for `minutes` (earlier ones of a resumed run counted), writing to the run folder `folder`.

    earlier: a run, or a folder with its released weights, to go on from; the adversaries then join at once.
    """
    options = TerrainTraining()
    train_tiles, held_tiles = split_tiles(read_tiles(data))
    largest = max(min(tile.heights_m.shape) for tile in train_tiles)
    if largest < LEAST_TILE:
        raise RequestError(
            f"expected a tile of at least {LEAST_TILE} posts a side, of which land can be joined, got {largest}"
        )
    torch.manual_seed(options.seed)  # initial weights only; batches come from named streams
    nets = _Networks()
    if earlier is not None:
        _take_weights(nets, earlier)
        options = replace(options, adversary_from=0.02)
    nets = on_device(nets, device)
    vae, refiner = copy.deepcopy(nets.vae), copy.deepcopy(nets.refiner)
    averages: dict[str, nn.Module] = {"vae_average": vae, "refiner_average": refiner}
    optimizers = {
        "vae_adam": torch.optim.Adam([*nets.vae.parameters(), *nets.refiner.parameters()], 1.0, (0.5, 0.98)),
        "critic_adam": torch.optim.Adam(
            [*nets.critic.parameters(), *nets.refiner_critic.parameters()], 1.0, (0.0, 0.98)
        ),
    }
    config = {
        "what": "terrain",
        "options": asdict(options),
        "minutes": minutes,
        "from": None if earlier is None else earlier.name,
        "tiles": [tile.file for tile in train_tiles],
    }
    run = Run(folder, config, minutes, dict(nets.named_children()) | averages, optimizers)
    run.open(resume)
    weights = _tile_weights(train_tiles)
    while run.progress < 1.0:
        rng = stream(options.seed, "train", "terrain", run.step)
        noise = torch.Generator().manual_seed(int(rng.integers(1 << 62)))
        _set_rates(optimizers, options.learning_rate, run.progress, run.step)
        windows = _windows(train_tiles, weights, rng, options.batch, WINDOW, fine=False).to(device)
        adversary = options.adversarial if run.progress > options.adversary_from else 0.0
        losses = _vae_step(nets, windows, options, adversary, noise)
        pairs = _windows(train_tiles, weights, rng, 2 * options.batch, 64, fine=True).to(device)
        losses |= _refiner_step(nets, pairs, options, adversary, noise)
        for optimizer in optimizers.values():
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        average_into(vae, nets.vae, min(options.average, (1 + run.step) / (10 + run.step)))
        average_into(refiner, nets.refiner, min(options.average, (1 + run.step) / (10 + run.step)))
        run.note(losses)
        if run.step % 500 == 0:
            write_sheet(run, vae, refiner, held_tiles or train_tiles)
    run.report()
    run.save()
    write_sheet(run, vae, refiner, held_tiles or train_tiles)
    # The decoder ships as it was trained last: averaged weights lose a third of the finest octave's power. The refiner, applied five
    # times over itself, ships averaged: free of the streaks of a single moment.
    release_terrain(folder, nets.vae, refiner, train_tiles)
    return run


def _take_weights(nets: _Networks, folder: Path) -> None:
    """Start from a training master; layers it does not know keep their first values."""
    name = "terrain.safetensors"
    path = folder / "release" / name if (folder / "release" / name).exists() else folder / name
    try:
        tensors = load(path.read_bytes())
        for part, network in (("vae", nets.vae), ("refiner", nets.refiner)):
            known = {k.removeprefix(f"{part}."): v.float() for k, v in tensors.items() if k.startswith(f"{part}.")}
            if network.load_state_dict(known, strict=False).unexpected_keys or not known:
                raise ValueError(f"no weights of the {part}")
    except (OSError, SafetensorError, ValueError, RuntimeError) as error:
        raise RequestError(f"expected the weights of terrain networks in {path}, got {error}"[:300]) from error


def _set_rates(optimizers: Mapping[str, torch.optim.Optimizer], rate: float, progress: float, step: int) -> None:
    """Warm-up over 100 steps, steady, then down to a twentieth over the last 40 %."""
    factor = min(1.0, (step + 1) / 100) * (1.0 - 0.95 * max(0.0, (progress - 0.6) / 0.4))
    for name, optimizer in optimizers.items():
        for group in optimizer.param_groups:
            group["lr"] = rate * factor * (0.5 if name == "critic_adam" else 1.0)


def _tile_weights(tiles: list[Tile]) -> np.ndarray:
    """(tiles,) chance of each: square root of its area, so that small tiles are seen often enough; C tiles half."""
    weights = np.array([np.sqrt(tile.heights_m.size) * (0.5 if tile.quality == "C" else 1.0) for tile in tiles])
    return weights / weights.sum()


def _windows(
    tiles: list[Tile], weights: np.ndarray, rng: np.random.Generator, count: int, size: int, fine: bool
) -> Tensor:
    """(count, 1, size, size) random windows in posts, means removed, in one of the 8 orientations.

    fine: leave out C tiles, whose fine detail is source noise.
    """
    if fine and any(tile.quality != "C" for tile in tiles):
        weights = np.where([tile.quality == "C" for tile in tiles], 0.0, weights)
        weights = weights / weights.sum()
    result = np.empty((count, 1, size, size), np.float32)
    for i in range(count):
        for _ in range(4):  # mostly land: give up on sea after a few tries
            tile = tiles[int(rng.choice(len(tiles), p=weights))]
            rows, cols = tile.heights_m.shape
            r, c = int(rng.integers(rows - size + 1)), int(rng.integers(cols - size + 1))
            window = tile.heights_m[r : r + size, c : c + size]
            if (window == window[0, 0]).mean() < 0.3:
                break
        window = np.rot90(window, int(rng.integers(4)))
        if rng.integers(2):
            window = window.T
        result[i, 0] = (window - window.mean()) / tile.spacing_m
    return torch.from_numpy(result)


def _gradient_loss(error: Tensor, g: Tensor, finest: float) -> Tensor:
    """Absolute differences of the error's slopes at steps of 1 (weight `finest`), 2 and 4 posts, in units of g."""
    total = error.new_zeros(())
    for step, weight in ((1, finest), (2, 1.0), (4, 1.0)):
        whole = error if step == 1 else box_mean(error, 3)
        down = (whole[..., step:, :] - whole[..., :-step, :]) / g[..., step:, :]
        across = (whole[..., :, step:] - whole[..., :, :-step]) / g[..., :, step:]
        total = total + (down.abs().mean() + across.abs().mean()) * (weight / step)
    return total / 3


def _energy_loss(made: Tensor, real: Tensor, g: Tensor, block: int) -> Tensor:
    """Squared difference of log local power (Laplacian squared, over blocks of posts, in units of g) in the two finest octaves."""
    total = made.new_zeros(())
    for octave in (1, 2):
        logs = []
        for x in (made, real):
            x = x if octave == 1 else F.avg_pool2d(x, 2)
            unit = g if octave == 1 else F.avg_pool2d(g, 2)
            c = x[..., 1:-1, 1:-1]
            laplacian = x[..., 1:-1, 2:] + x[..., 1:-1, :-2] + x[..., 2:, 1:-1] + x[..., :-2, 1:-1] - 4 * c
            power = F.avg_pool2d((laplacian / unit[..., 1:-1, 1:-1]).square(), block // octave, block // (2 * octave))
            logs.append((power + 1e-4).log())
        total = total + (logs[0] - logs[1]).square().mean()
    return total


def _vae_step(
    nets: _Networks, x: Tensor, options: TerrainTraining, adversary: float, noise: torch.Generator
) -> dict[str, Tensor]:
    """Gradients of one VAE step; x (B, 1, H, W) in posts."""
    vae, critic = nets.vae, nets.critic
    low, g, base, g_full = vae.split(x)
    features = low_features(low, g)
    with torch.autocast(x.device.type, torch.bfloat16):
        mean, log_variance = vae.encoder((x - base) / g_full, features)
        latents = mean + (0.5 * log_variance).exp() * torch.randn(mean.shape, generator=noise).to(x.device)
        detail = vae.decoder(latents, features, torch.randn(x.shape, generator=noise).to(x.device))
    y = base + g_full * detail.float()
    kl = 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).sum(1)
    inner = (..., slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    error, g_in = (y - x)[inner], g_full[inner]
    l1, slopes = (box_mean(error, 3) / g_in).abs().mean(), _gradient_loss(error, g_in, options.finest)
    energy = _energy_loss(y[inner], x[inner], g_in, 32)
    loss = l1 + slopes + options.energy * energy + options.kl * kl.mean()
    losses = {"l1": l1, "slopes": slopes, "energy": energy, "kl": kl.mean()}
    if adversary:
        real, fake = local_shape(x, g_full)[inner], local_shape(y, g_full)[inner]
        with torch.autocast(x.device.type, torch.bfloat16):
            judge = discriminator_loss(critic, real, fake.detach(), options.gamma, noise)
            judge.backward()
            critic.requires_grad_(False)
            fooled = generator_loss(critic(real), critic(fake))
        loss = loss + adversary * fooled
        losses |= {"critic": judge, "fooled": fooled}
    loss.backward()
    critic.requires_grad_(True)
    return losses


def _refiner_step(
    nets: _Networks, fine: Tensor, options: TerrainTraining, adversary: float, noise: torch.Generator
) -> dict[str, Tensor]:
    """Gradients of one refiner step; fine (B, 1, H, W) in fine posts. Half of the batch is shown one octave coarser."""
    refiner, critic = nets.refiner, nets.refiner_critic
    half = fine.shape[0] // 2
    octave = F.avg_pool2d(fine[half:], 2) / 2.0
    losses: dict[str, Tensor] = {}
    total = fine.new_zeros(())
    for x in (fine[:half], octave):
        coarse = F.avg_pool2d(x, 2) / 2.0  # heights in coarse posts
        grain = torch.randn(coarse.shape[0], NOISE_CHANNELS, *coarse.shape[2:], generator=noise).to(x.device)
        with torch.autocast(x.device.type, torch.bfloat16):
            y = 2.0 * refiner(coarse, grain)
        g = F.interpolate(fine_relief(coarse), scale_factor=2, mode="nearest")
        inner = (..., slice(4, -4), slice(4, -4))
        error = ((y - x) / g)[inner].abs().mean()
        energy = _energy_loss(y[inner], x[inner], g[inner], 16)
        total = total + error * (0.25 if adversary else 1.0) + options.energy * energy
        losses["refine"] = losses.get("refine", 0.0) + error
        losses["refine_energy"] = losses.get("refine_energy", 0.0) + energy
        if adversary:
            real, fake = local_shape(x, g)[inner], local_shape(y, g)[inner]
            with torch.autocast(x.device.type, torch.bfloat16):
                discriminator_loss(critic, real, fake.detach(), options.gamma, noise).backward()
                critic.requires_grad_(False)
                fooled = generator_loss(critic(real), critic(fake))
            total = total + 1.5 * adversary * fooled
            losses["refine_fooled"] = losses.get("refine_fooled", 0.0) + fooled
            critic.requires_grad_(True)
    critic.requires_grad_(False)
    total.backward()
    critic.requires_grad_(True)
    return losses


@torch.no_grad()
def write_sheet(run: Run, vae: TerrainVAE, refiner: Refiner, tiles: list[Tile]) -> None:
    """RUN/sheets/step.png: held-out windows above, their reconstructions, then one refined twice from 1/4 resolution."""
    from PIL import Image

    vae, refiner = copy.deepcopy(vae).cpu(), copy.deepcopy(refiner).cpu()
    rng = stream(0, "sheet")
    x = _windows(tiles, _tile_weights(tiles), rng, 8, WINDOW, fine=False)
    low, g, base, g_full = vae.split(x)
    mean, _ = vae.encoder((x - base) / g_full, low_features(low, g))
    grain = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    y = base + g_full * vae.decoder(mean, low_features(low, g), grain)
    z = F.avg_pool2d(x, 4) / 4.0
    for _ in range(2):
        z = 2.0 * refiner(
            z, torch.randn(z.shape[0], NOISE_CHANNELS, *z.shape[2:], generator=torch.Generator().manual_seed(0))
        )
    shades = [
        hillshade(picture[0, MARGIN:-MARGIN, MARGIN:-MARGIN].numpy(), 1.0) for part in (x, y, z) for picture in part
    ]
    stream_out = io.BytesIO()
    Image.fromarray(contact_sheet(shades, 8)).save(stream_out, "PNG")
    write_atomically(run.folder / "sheets" / f"{run.step:06d}.png", stream_out.getvalue())
