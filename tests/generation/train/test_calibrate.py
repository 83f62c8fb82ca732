"""A released material model knows how its own pictures come out."""

from pathlib import Path

import numpy as np
import torch

from seedscape.generation.decoder import octave_kernels
from seedscape.generation.evaluate.material_measures import weave
from seedscape.generation.material import decode_set, open_material_model
from seedscape.generation.models.material_gan import MaterialConfig, MaterialGenerator
from seedscape.generation.rng import fractions, stream
from seedscape.generation.train.calibrate import _octaves, octaves_of, sum_of_octaves
from seedscape.generation.train.material_start import start_from_data
from seedscape.generation.train.release import release_material
from seedscape.generation.train.standardise import standardise
from seedscape.generation.train.textures import TextureSet

N = 128


def test_pictures_have_the_strength_of_the_real_set_and_no_weave(tmp_path: Path) -> None:
    x = fractions(stream(1, "calibrated"), 5, N, N)
    for _ in range(3):
        x = np.mean([np.roll(x, shift, axis) for axis in (1, 2) for shift in (-1, 0, 1)], axis=0)
    real = (0.2 * x / x.std()).astype(np.float32)
    sets = [TextureSet("a", "kind a", "CC0-1.0", "made", (), real, 0.05)]
    textures = standardise(sets)
    torch.manual_seed(2)
    generator = MaterialGenerator(MaterialConfig(1, 24), N // 8)
    start_from_data(generator, textures)
    with torch.no_grad():
        generator.decoder.pca.weight[:, :, ::2] *= 0.78  # weaker, and every other line the more
        generator.decoder.pca.weight[:, :, 1::2] *= 0.92
    release_material(tmp_path, generator, sets, textures)
    model = open_material_model(tmp_path)
    entry = model.sets[0]
    assert entry["evening"][0] != 0.0 and 0 <= entry["smoothing"] <= 4
    made = decode_set(model, 0, N // 8, stream(9, "calibrated"))
    assert weave(made) < 1.1
    ratio = made.std((1, 2)) / real.std((1, 2))
    assert (np.abs(ratio[[0, 1, 2, 4]] - 1.0) < 0.25).all(), ratio


def test_octaves_get_the_strength_of_the_real_set() -> None:
    goal = np.stack([fractions(stream(3, "goal", k), N, N) for k in range(5)]).astype(np.float32)
    gains = np.array([[1.6, 0.8, 1.0], [0.6, 1.2, 1.0], [1.0, 1.0, 1.0], [0.5, 0.6, 1.0], [1.5, 1.0, 1.0]], np.float32)
    weak = sum_of_octaves(goal, 1.0 / gains)
    restored = sum_of_octaves(weak, _octaves([weak], goal))
    for ours, theirs in zip(octaves_of(restored), octaves_of(goal), strict=True):
        ratio = ours.std((1, 2)) / theirs.std((1, 2))
        assert np.abs(ratio / ratio[2] - 1.0).max() < 0.2  # the third is as it was
    assert np.allclose(sum(octaves_of(goal)), goal, atol=1e-5)


def test_the_kernels_weigh_the_same_octaves() -> None:
    x = fractions(stream(4, "kernel"), 1, 24, 24).astype(np.float32)
    gains = np.array([[1.7, 0.6, 1.1]], np.float32)
    (kernel,) = octave_kernels(gains)[0]
    rolled = sum(
        kernel[2 + r, 2 + c] * np.roll(x[0], (r, c), (0, 1)) for r in range(-2, 3) for c in range(-2, 3)
    )  # symmetric, so a correlation is a convolution
    assert np.allclose(rolled, sum_of_octaves(x, gains)[0], atol=1e-5)
