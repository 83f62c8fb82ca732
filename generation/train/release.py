"""From a run folder to the files that ship: weights as safetensors, networks as ONNX, banks of latents, a manifest.

    python -m seedscape.generation.train.release RUN [RUN ...] --into assets/weights

The training master (averaged weights) goes into safetensors, the run-time form into ONNX; `--into` takes the files into the
package's own folder and renews its manifest of hashes.
"""

import argparse
import hashlib
import io
import json
import warnings
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from seedscape.assets.errors import RequestError
from seedscape.assets.files import write_atomically
from seedscape.generation.decoder import OUTPUTS, plain_equaliser
from seedscape.generation.library import LEAST_TILE
from seedscape.generation.maps import comb_share
from seedscape.generation.models.material_gan import CELL as MATERIAL_CELL
from seedscape.generation.models.material_gan import (
    MaterialConfig,
    MaterialGenerator,
)
from seedscape.generation.models.refiner import NOISE_CHANNELS, Refiner
from seedscape.generation.models.terrain_vae import CELL, TerrainVAE, low_features, relief, upsample_low
from seedscape.generation.train.calibrate import calibrate
from seedscape.generation.train.elevation import Tile, at_common_spacing
from seedscape.generation.train.material_graph import cells_graph, require_valid, texels_graph
from seedscape.generation.train.standardise import Standardised
from seedscape.generation.train.textures import PIXELS, TextureSet
from seedscape.generation.train.turns import fit_turns

OPSET = 18
LATENT_STEP = 1.0 / 24  # latents are kept as int8 times this: +-5.3, a tenth of the posterior's own deviation or less
MOST_STRIPED = 0.2  # of the fine forms of a height: brushed metal and boards have stripes of their own


class HeightGraph(nn.Module):
    """What runs at run time: (latents, low, noise) -> heights, all in posts."""

    def __init__(self, vae: TerrainVAE) -> None:
        super().__init__()
        self.decoder = vae.decoder

    def forward(self, latents: Tensor, low: Tensor, noise: Tensor) -> Tensor:
        """latents (1, Z, h, w), low (1, 1, h, w), noise (1, 1, 8 h, 8 w) -> (1, 1, 8 h, 8 w)."""
        g = relief(low)
        return upsample_low(low) + upsample_low(g) * self.decoder(latents, low_features(low, g), noise)


class EncoderGraph(nn.Module):
    """What encodes at run time: heights in posts -> mean latents."""

    def __init__(self, vae: TerrainVAE) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, heights: Tensor) -> Tensor:
        """heights (1, 1, H, W) -> (1, Z, h, w)."""
        return self.vae.encode(heights)[0]


def release_terrain(folder: Path, vae: TerrainVAE, refiner: Refiner, tiles: list[Tile]) -> Path:
    """Write RUN/release for the terrain networks; `tiles` are those of training, whose latents make the bank, at two spacings some."""
    release = folder / "release"
    release.mkdir(exist_ok=True)
    # The master keeps half precision, and what runs is made from just that.
    vae, refiner = vae.eval().cpu().half().float(), refiner.eval().cpu().half().float()
    weights = {f"vae.{k}": v for k, v in vae.state_dict().items()} | {
        f"refiner.{k}": v for k, v in refiner.state_dict().items()
    }
    write_atomically(release / "terrain.safetensors", save({k: v.contiguous().half() for k, v in weights.items()}))
    z = vae.config.latent
    inputs = (torch.zeros(1, z, 20, 24), torch.zeros(1, 1, 20, 24), torch.zeros(1, 1, 20 * CELL, 24 * CELL))
    heights = _onnx(HeightGraph(vae), inputs, ["latents", "low", "noise"])
    write_atomically(release / "terrain-heights.onnx", halve_weights(heights))
    encoder = _onnx(EncoderGraph(vae), (torch.zeros(1, 1, 20 * CELL, 24 * CELL),), ["heights"])
    write_atomically(release / "terrain-encoder.onnx", halve_weights(encoder))
    grain = torch.zeros(1, NOISE_CHANNELS, 20, 24)
    refined = _onnx(refiner, (torch.zeros(1, 1, 20, 24), grain), ["x", "noise"])
    write_atomically(release / "terrain-refiner.onnx", halve_weights(refined))
    write_atomically(
        release / "terrain-bank.safetensors", _terrain_bank(vae, tiles + at_common_spacing(tiles, LEAST_TILE))
    )
    return release


@torch.no_grad()
def _terrain_bank(vae: TerrainVAE, tiles: list[Tile]) -> bytes:
    """Latents (int8) and block means (uint16 between each tile's extremes) of all cells of all tiles, one after the other; and what
    makes latents of the same land turned.
    """
    latents, lows, entries = [], [], []
    for tile in tiles:
        rows, cols = (n // CELL * CELL for n in tile.heights_m.shape)
        posts = torch.from_numpy(tile.heights_m[:rows, :cols] / np.float32(tile.spacing_m))[None, None]
        centre = posts.mean()
        mean, _ = vae.encode(posts - centre)
        low = torch.nn.functional.avg_pool2d(posts, CELL)[0, 0].double().numpy()
        offset, scale = float(low.min()), float(max(np.ptp(low), 1e-3) / 65535)
        lows.append(np.round((low - offset) / scale).astype(np.uint16).ravel())
        values = (mean[0] / LATENT_STEP).round().clamp(-127, 127).to(torch.int8)
        latents.append(values.permute(1, 2, 0).reshape(-1, values.shape[0]).numpy())
        entries.append({
            "file": tile.file, "landform": tile.landform, "spacing_m": tile.spacing_m, "rows": rows // CELL, "cols": cols // CELL,
            "low_offset": offset, "low_scale": scale, "licence": tile.licence,
        })  # fmt: skip
    turns, turn_step = fit_turns(vae, tiles, LATENT_STEP)
    tensors = {
        "latents": torch.from_numpy(np.ascontiguousarray(np.concatenate(latents))),
        "low": torch.from_numpy(np.concatenate(lows)),
        "turns": torch.from_numpy(turns),
    }
    steps = {"latent_step": json.dumps(LATENT_STEP), "turn_step": json.dumps(turn_step)}
    return save(tensors, {"tiles": json.dumps(entries), **steps})


def release_material(folder: Path, generator: nn.Module, sets: list[TextureSet], textures: Standardised) -> Path:
    """Write RUN/release for the material generator: decoder, styles, and each set's torus of latents."""
    release = folder / "release"
    release.mkdir(exist_ok=True)
    decoder: Any = generator.get_submodule("decoder").eval().cpu().half().float()  # what runs is what the master keeps
    write_atomically(
        release / "material.safetensors", save({k: v.contiguous().half() for k, v in decoder.state_dict().items()})
    )
    config = generator.config
    assert isinstance(config, MaterialConfig)
    write_atomically(release / "material-cells.onnx", require_valid(cells_graph(config)))
    write_atomically(release / "material-texels.onnx", require_valid(texels_graph(config)))
    assert isinstance(generator, MaterialGenerator)
    torus = torch.stack([latents.detach().cpu() for latents in generator.toruses])
    steps = torus.abs().amax((1, 2, 3)) / 127
    tensors = {
        "torus": (torus / steps[:, None, None, None]).round().to(torch.int8).contiguous(),
        "steps": steps.contiguous(),
        "importance": decoder.pca.weight.detach().square().sum((1, 2, 3)).contiguous(),
        "styles": generator.get_parameter("styles").detach().cpu().contiguous(),
        "means": textures.means.contiguous(),
        "deviations": textures.deviations.contiguous(),
        "equalisers": torch.from_numpy(np.stack([plain_equaliser()] * len(sets))),
        "broad": torch.zeros((len(sets), OUTPUTS, *torus.shape[2:]), dtype=torch.int8),
        "broad_steps": torch.zeros((len(sets), OUTPUTS)),
    }
    entries: list[dict[str, Any]] = [
        {
            "name": s.name,
            "material": s.material,
            "licence": s.licence,
            "publisher": s.publisher,
            "completed": list(s.completed),
            "relief": s.relief,
            "ungrid": [share < MOST_STRIPED for share in comb_share(s.channels[3], MATERIAL_CELL)],
        }
        for s in sets
    ]

    def write_bank() -> None:
        metadata = {"sets": json.dumps(entries), "cells": json.dumps(PIXELS // MATERIAL_CELL)}
        write_atomically(release / "material-bank.safetensors", save(tensors, metadata))

    write_bank()
    found = calibrate(folder, textures.pixels.numpy())
    tensors["deviations"] = textures.deviations * torch.from_numpy(np.stack([one.gains for one in found]))
    tensors["equalisers"] = torch.from_numpy(np.stack([one.tuning.equaliser for one in found]))
    broad = torch.from_numpy(np.stack([one.broad for one in found]))
    tensors["broad_steps"] = (broad.abs().amax((2, 3)) / 127).clamp_min(1e-9)
    tensors["broad"] = (broad / tensors["broad_steps"][..., None, None]).round().to(torch.int8).contiguous()
    for entry, one in zip(entries, found, strict=True):
        entry |= {"evening": list(one.tuning.evening), "coring": list(one.tuning.coring)}
    write_bank()
    return release


def _onnx(module: nn.Module, inputs: tuple[Tensor, ...], names: list[str]) -> bytes:
    """An ONNX file of one graph whose picture axes may be of any size; weights inside."""
    import onnx

    pictures = [name for name, value in zip(names, inputs, strict=True) if value.ndim == 4]
    dynamic = {name: {2: f"{name}_rows", 3: f"{name}_columns"} for name in pictures}
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this exporter is the older one, and of its own shape inference
        torch.onnx.export(  # the tracing exporter: no further package needed, and it writes to memory
            module.eval(), inputs, cast(Any, buffer), input_names=names, output_names=["y"], dynamic_axes=dynamic, opset_version=OPSET, dynamo=False
        )  # fmt: skip
    model = onnx.load_from_string(buffer.getvalue())
    onnx.checker.check_model(model)
    model.producer_name, model.producer_version = "seedscape", ""
    return model.SerializeToString(deterministic=True)


def halve_weights(data: bytes) -> bytes:
    """The same network with its large weights kept as float16 and cast when it is loaded: half the file, the same values."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(data)
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or int(np.prod(tensor.dims)) < 256:
            continue
        values = numpy_helper.to_array(tensor)
        half = values.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), values):
            continue  # not a weight of the master: constants of the graph stay as they are
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    for node in reversed(casts):
        model.graph.node.insert(0, node)
    onnx.checker.check_model(model)
    return cast(bytes, model.SerializeToString(deterministic=True))


def average_weights(run: Path, prefix: str) -> dict[str, Tensor]:
    """The averaged weights `prefix` of a run's checkpoint."""
    with safe_open(str(run / "checkpoint.safetensors"), "pt") as file:
        return {k.removeprefix(prefix + "/"): file.get_tensor(k) for k in file.keys() if k.startswith(prefix + "/")}  # noqa: SIM118


def install(runs: list[Path], into: Path) -> None:
    """Take the release files of `runs` into a weights folder and renew its manifest."""
    for run in runs:
        files = sorted(path for path in (run / "release").glob("*") if path.suffix in (".onnx", ".safetensors"))
        if not files:
            raise RequestError(f"expected a finished run with release files, got {run}")
        for path in files:
            write_atomically(into / path.name, path.read_bytes())
    shipped = sorted(path for path in into.iterdir() if path.suffix in (".onnx", ".safetensors"))
    listing = {
        p.name: {"sha256": hashlib.sha256(p.read_bytes()).hexdigest(), "bytes": p.stat().st_size} for p in shipped
    }
    write_atomically(into / "manifest.json", (json.dumps({"files": listing}, indent=1) + "\n").encode())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Install the release files of finished runs.")
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--into", type=Path, required=True)
    arguments = parser.parse_args()
    install(arguments.runs, arguments.into)
