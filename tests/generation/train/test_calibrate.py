"""A released material model knows how its own pictures come out."""

from pathlib import Path

import numpy as np
import torch

from seedscape.generation.evaluate.material_measures import weave
from seedscape.generation.material import decode_set, open_material_model
from seedscape.generation.models.material_gan import MaterialConfig, MaterialGenerator
from seedscape.generation.rng import fractions, stream
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
