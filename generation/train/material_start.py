"""Start values of a material generator: principal components of the data, or what an earlier training left.

An earlier generator may know other sets and have latents of another size. Sets both know keep their latents and styles where
the sizes agree; where they do not, the earlier first layer is put behind the linear map that best predicts the earlier latents
from the new ones (least squares over all cells of the sets both know), so its later layers go on from what they learned.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from seedscape.assets.errors import RequestError
from seedscape.assets.weights import read_tensors
from seedscape.generation.models.material_gan import CELL, MaterialGenerator, principal_blocks
from seedscape.generation.train.standardise import Standardised
from seedscape.generation.train.textures import TextureSet

RIDGE = 1e-3


@torch.no_grad()
def start_from_data(generator: MaterialGenerator, textures: Standardised) -> None:
    """Latents and the linear path from principal components; the rest stays random."""
    torus, synthesis = principal_blocks(textures.pixels, generator.config.latent)
    for own, latents in zip(generator.toruses, torus, strict=True):
        own.copy_(latents)
    generator.decoder.pca.weight.copy_(synthesis)
    assert generator.decoder.pca.bias is not None
    generator.decoder.pca.bias.zero_()


def start_from_earlier(
    generator: MaterialGenerator, sets: list[TextureSet], textures: Standardised, folder: Path
) -> None:
    """Take what an earlier generator knows; `folder` is a run, or holds material.safetensors and material-bank.safetensors."""
    decoder, bank, entries = _read(folder)
    earlier_torus = bank["torus"].float() * bank["steps"][:, None, None, None]
    places = {str(entry["name"]): k for k, entry in enumerate(entries)}
    common = [(new, places[item.name]) for new, item in enumerate(sets) if item.name in places]
    if not common:
        raise RequestError(f"expected a training in {folder} that knows at least one of these sets, got none")
    olds = torch.tensor([old for _, old in common])
    same_kind = {str(entry["material"]): k for k, entry in enumerate(entries)}
    with torch.no_grad():
        for k, item in enumerate(sets):  # a set that is new to it begins with the style of its class, or of any
            generator.styles[k] = bank["styles"][places.get(item.name, same_kind.get(item.material, k % len(entries)))]
    if earlier_torus.shape[1] == generator.config.latent:
        _load(generator, decoder, folder)
        with torch.no_grad():
            for new, old in common:
                generator.toruses[new].copy_(earlier_torus[old])
        unknown = [k for k, item in enumerate(sets) if item.name not in places]
        if unknown:
            _fit_latents(generator, unknown, textures.pixels)
        return
    start_from_data(generator, textures)
    size = generator.config.latent
    latents = torch.stack([generator.toruses[new].detach() for new, _ in common])
    cells = latents.permute(0, 2, 3, 1).reshape(-1, size).double()
    earlier = earlier_torus[olds].permute(0, 2, 3, 1).reshape(-1, earlier_torus.shape[1]).double()
    ridge = RIDGE * len(cells) * torch.eye(size, dtype=torch.float64)
    to_earlier = torch.linalg.solve(cells.t() @ cells + ridge, cells.t() @ earlier).float()  # (new, earlier)
    scale = F.linear(bank["styles"][olds], decoder["eighth.0.affine.weight"], decoder["eighth.0.affine.bias"]).mean(0)
    weight = torch.einsum("oexy,ne->onxy", decoder["eighth.0.weight"] * scale[None, :, None, None], to_earlier)
    own = generator.decoder.state_dict()
    kept = {name: value for name, value in decoder.items() if not name.startswith(("pca.", "eighth.0.affine."))}
    first = {"eighth.0.weight": weight, "eighth.0.affine.weight": 0.02 * own["eighth.0.affine.weight"]}
    _load(generator, {**own, **kept, **first}, folder)


def _read(folder: Path) -> tuple[dict[str, Tensor], dict[str, Tensor], list[dict[str, Any]]]:
    place = folder / "release" if (folder / "release").is_dir() else folder
    names = ("material.safetensors", "material-bank.safetensors")
    try:
        files = [read_tensors(name, (place / name).read_bytes()) for name in names]
        decoder, bank = ({k: torch.from_numpy(v.copy()) for k, v in tensors.items()} for tensors, _ in files)
        entries: list[dict[str, Any]] = files[1][1]["sets"]
    except (OSError, KeyError) as error:
        raise RequestError(f"expected {' and '.join(names)} in {place}, got {error!r}") from error
    return {name: value.float() for name, value in decoder.items()}, bank, entries


def _load(generator: MaterialGenerator, state: dict[str, Tensor], folder: Path) -> None:
    try:
        generator.decoder.load_state_dict(state)
    except RuntimeError as error:
        raise RequestError(f"expected a decoder of this size in {folder}, got {error}"[:300]) from error


def _fit_latents(generator: MaterialGenerator, which: list[int], pixels: Tensor, steps: int = 150) -> None:
    """Latents of sets that are new to a decoder, so that its linear path comes nearest to their pixels."""
    weight = generator.decoder.pca.weight.detach()
    for k in which:
        latents = torch.zeros_like(generator.toruses[k])[None].requires_grad_()
        adam = torch.optim.Adam([latents], 0.1)
        for _ in range(steps):
            wrapped = F.pad(latents, (1, 1, 1, 1), mode="circular")
            made = F.conv_transpose2d(wrapped, weight, None, CELL, CELL // 2)[..., CELL:-CELL, CELL:-CELL]
            adam.zero_grad()
            ((made - pixels[k : k + 1]).square().mean() + 1e-3 * latents.square().mean()).backward()
            adam.step()
        with torch.no_grad():
            generator.toruses[k].copy_(latents[0])
