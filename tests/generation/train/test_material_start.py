"""A training starts from principal components, or from what an earlier one left, whatever its sets and latents."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from seedscape.assets.errors import RequestError
from seedscape.generation.models.material_gan import MaterialConfig, MaterialGenerator
from seedscape.generation.rng import fractions, stream
from seedscape.generation.train.material_start import start_from_data, start_from_earlier
from seedscape.generation.train.release import release_material
from seedscape.generation.train.standardise import Standardised, standardise
from seedscape.generation.train.textures import TextureSet

N = 64
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning:torch")


def made_sets(names: str) -> list[TextureSet]:
    sets = []
    for name in names:
        x = fractions(stream(1, name), 5, N, N)
        for _ in range(3):
            x = np.mean([np.roll(x, shift, axis) for axis in (1, 2) for shift in (-1, 0, 1)], axis=0)
        sets.append(TextureSet(name, f"kind {name}", "CC0-1.0", "made", (), (x / x.std()).astype(np.float32), 0.05))
    return sets


def generator(sets: list[TextureSet], latent: int) -> tuple[MaterialGenerator, Standardised]:
    torch.manual_seed(len(sets))
    return MaterialGenerator(MaterialConfig(len(sets), latent), N // 8), standardise(sets)


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> tuple[MaterialGenerator, Path]:
    sets = made_sets("ab")
    network, textures = generator(sets, 24)
    start_from_data(network, textures)
    folder = tmp_path_factory.mktemp("run")
    release_material(folder, network, sets, textures)
    return network, folder


def linear_error(network: MaterialGenerator, textures: Standardised, k: int) -> float:
    wrapped = F.pad(network.toruses[k].detach()[None], (2, 2, 2, 2), mode="circular")
    with torch.no_grad():
        made = network.decoder.pca(wrapped)[..., 16:-16, 16:-16]
    return float((made - textures.pixels[k : k + 1]).square().mean())


def test_the_same_kind_goes_on_and_new_sets_are_fitted(earlier: tuple[MaterialGenerator, Path]) -> None:
    old, folder = earlier
    sets = made_sets("bc")
    network, textures = generator(sets, 24)
    start_from_earlier(network, sets, textures, folder)
    for name, value in network.decoder.state_dict().items():
        assert torch.allclose(value, old.decoder.state_dict()[name], atol=2e-3, rtol=2e-3), name
    assert torch.allclose(network.toruses[0], old.toruses[1], atol=0.05)
    assert linear_error(network, textures, 1) < 0.7  # of 1: another set's components serve it less well


def test_larger_latents_feed_the_earlier_first_layer_alike(earlier: tuple[MaterialGenerator, Path]) -> None:
    old, folder = earlier
    sets = made_sets("ab")
    network, textures = generator(sets, 40)
    start_from_earlier(network, sets, textures, folder)
    assert linear_error(network, textures, 0) < linear_error(old, textures, 0)
    with torch.no_grad():
        first = [
            own.decoder.eighth[0](own.toruses[0][None], style[None])
            for own, style in ((old, old.styles[0]), (network, network.styles[0]))
        ]
    assert np.corrcoef(first[0].flatten().numpy(), first[1].flatten().numpy())[0, 1] > 0.8


def test_strangers_and_empty_folders_are_refused(earlier: tuple[MaterialGenerator, Path], tmp_path: Path) -> None:
    sets = made_sets("xy")
    network, textures = generator(sets, 24)
    with pytest.raises(RequestError, match="at least one of these sets"):
        start_from_earlier(network, sets, textures, earlier[1])
    with pytest.raises(RequestError, match=r"expected material\.safetensors"):
        start_from_earlier(network, sets, textures, tmp_path)
