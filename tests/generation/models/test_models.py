"""The networks' contracts: sizes, consistency, and the run-time form that equals the trained one."""

import numpy as np
import pytest
import torch

from seedscape.generation.models.material_gan import MaterialConfig, MaterialDecoder, principal_blocks
from seedscape.generation.models.refiner import NOISE_CHANNELS, Refiner, upsample_twice
from seedscape.generation.models.terrain_vae import CELL, TerrainVAE, spline_kernel, upsample_low
from seedscape.generation.rng import stream

torch.manual_seed(0)


def test_spline_weights_sum_to_one() -> None:
    assert torch.allclose(spline_kernel().sum(dim=1), torch.ones(CELL, dtype=torch.float64))


def test_a_plane_upsamples_to_the_plane() -> None:
    r, c = torch.meshgrid(torch.arange(8.0), torch.arange(9.0), indexing="ij")
    plane = (2 * r + 3 * c)[None, None]
    up = upsample_low(plane)[0, 0, 8:-8, 8:-8]
    assert torch.allclose(up.diff(dim=0), torch.tensor(2.0 / CELL), atol=1e-5)
    assert torch.allclose(upsample_twice(plane)[0, 0, 2:-2, 2:-2].diff(dim=1), torch.tensor(1.5), atol=1e-5)


def test_reconstruction_has_the_size_of_the_input_and_ignores_altitude() -> None:
    vae = TerrainVAE().eval()
    x = torch.randn(2, 1, 64, 80).cumsum(2).cumsum(3) * 0.01
    mean, log_variance = vae.encode(x)
    assert mean.shape == log_variance.shape == (2, vae.config.latent, 8, 10)
    assert torch.allclose(vae.encode(x + 1000.0)[0], mean, atol=2e-2)


def test_the_refiner_keeps_two_by_two_means() -> None:
    refiner = Refiner().eval()
    x = torch.randn(1, 1, 24, 24).cumsum(2).cumsum(3) * 0.05
    y = refiner(x, torch.randn(1, NOISE_CHANNELS, 24, 24))
    assert y.shape == (1, 1, 48, 48)
    before = (torch.nn.functional.avg_pool2d(upsample_twice(x), 2) - x).abs().mean()
    after = (torch.nn.functional.avg_pool2d(y, 2) - x)[..., 2:-2, 2:-2].abs().mean()
    assert after < 0.5 * before


def test_principal_blocks_rebuild_what_they_were_taken_from() -> None:
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    waves = torch.stack([torch.sin(x * 6.2832 / 32), torch.cos(y * 6.2832 / 64), torch.sin((x + y) * 6.2832 / 64)])
    textures = torch.cat([waves, waves[:2]])[None]
    torus, synthesis = principal_blocks(textures, 32)
    padded = torch.nn.functional.pad(torus, (2, 2, 2, 2), mode="circular")
    rebuilt = torch.nn.functional.conv_transpose2d(padded, synthesis, stride=8, padding=4)[..., 16:-16, 16:-16]
    assert torch.allclose(rebuilt, textures, atol=1e-3)


def test_a_window_decodes_as_the_whole_does() -> None:
    """Zero padding reaches MARGIN cells at most: beyond it a cut-out equals the whole."""
    decoder_config = MaterialConfig(sets=1)
    decoder = MaterialDecoder(decoder_config).eval()
    z = torch.randn(1, decoder_config.latent, 20, 20)
    noise = [torch.randn(1, 1, 160 // s, 160 // s) for s in (4, 2, 1)]
    style = torch.randn(1, 16)
    with torch.no_grad():
        whole = decoder(z, style, *noise)
        part = decoder(
            z[..., :14, :14], style, *(n[..., : 112 // s, : 112 // s] for n, s in zip(noise, (4, 2, 1), strict=True))
        )
    assert torch.allclose(whole[..., 48:64, 48:64], part[..., 48:64, 48:64], atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_the_runtime_form_equals_the_network() -> None:
    from seedscape.generation.runtime import Network
    from seedscape.generation.train.release import HeightGraph, _onnx

    graph = HeightGraph(TerrainVAE()).eval()
    latents, low, noise = torch.randn(1, 10, 12, 12), torch.randn(1, 1, 12, 12), torch.randn(1, 1, 96, 96)
    part = (latents[..., :10], low[..., :10], noise[..., :80])
    network = Network(_onnx(graph, part, ["latents", "low", "noise"]), "test")
    with torch.no_grad():
        expected = graph(latents, low, noise).numpy()
    assert np.abs(network(latents=latents.numpy(), low=low.numpy(), noise=noise.numpy()) - expected).max() < 1e-3


def test_the_material_that_runs_equals_the_decoder() -> None:
    """Scaled weights in two graphs instead of scaled activations in one network: the same pictures, whatever the style."""
    from seedscape.generation import decoder as runtime
    from seedscape.generation.train.material_graph import cells_graph, require_valid, texels_graph

    config = MaterialConfig(sets=1)
    decoder = MaterialDecoder(config).eval()
    master = {name: value.detach().numpy() for name, value in decoder.state_dict().items()}
    cells, texels = (require_valid(graph(config)) for graph in (cells_graph, texels_graph))
    running = runtime.MaterialDecoder(cells, texels, master)
    cell = runtime.CELL
    cut, edge = runtime.REACH * cell, (runtime.REACH + runtime.TEXELS_REACH) * cell
    rows, columns = 5, 7
    latents = torch.randn(1, 64, rows + 2 * edge // cell, columns + 2 * edge // cell)
    broad = stream(4, "broad").integers(-2, 3, (5, *latents.shape[2:])).astype(np.float32)
    noise = {s: torch.randn(1, 1, latents.shape[2] * cell // s, latents.shape[3] * cell // s) for s in (4, 2, 1)}
    inner = {s: grain[0, :, cut // s : -cut // s, cut // s : -cut // s].numpy() for s, grain in noise.items()}
    for style in (torch.zeros(1, 16), torch.randn(1, 16)):
        with torch.no_grad():
            expected = decoder(latents, style, *noise.values())[0, :, edge:-edge, edge:-edge].numpy()
        expected += runtime.enlarged(broad)[:, 5 * cell : -5 * cell, 5 * cell : -5 * cell]
        made = running.styled(style[0].numpy(), rows, columns)(np.concatenate([latents[0].numpy(), broad]), inner)
        assert made.shape == (5, rows * cell, columns * cell)
        assert np.abs(made - expected).max() < 1e-4
