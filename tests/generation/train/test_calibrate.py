"""A released material model knows how its own pictures come out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seedscape.generation.decoder import plain_equaliser
from seedscape.generation.evaluate.material_measures import weave
from seedscape.generation.maps import cored, finest
from seedscape.generation.material import decode_exemplar, decode_set, open_material_model
from seedscape.generation.models.material_gan import MaterialConfig, MaterialGenerator
from seedscape.generation.rng import fractions, stream
from seedscape.generation.train.calibrate import (
    _enlarged,
    _kurtosis,
    broad_remainder,
    coring_between,
    equalised,
    equaliser_between,
    spectra,
)
from seedscape.generation.train.material_start import start_from_data
from seedscape.generation.train.release import release_material
from seedscape.generation.train.standardise import Standardised, standardise
from seedscape.generation.train.textures import TextureSet
from seedscape.generation.values import Float32

N = 128


def test_pictures_have_the_strength_of_the_real_set_and_no_weave(tmp_path: Path) -> None:
    x = fractions(stream(1, "calibrated"), 5, N, N)
    for _ in range(3):
        x = np.mean([np.roll(x, shift, axis) for axis in (1, 2) for shift in (-1, 0, 1)], axis=0)
    real = (0.2 * x / x.std()).astype(np.float32)
    sets, textures, generator = _started(real, 2)
    with torch.no_grad():
        generator.decoder.pca.weight[:, :, ::2] *= 0.78  # weaker, and every other line the more
        generator.decoder.pca.weight[:, :, 1::2] *= 0.92
    release_material(tmp_path, generator, sets, textures)
    model = open_material_model(tmp_path)
    entry = model.sets[0]
    assert entry["evening"][0] != 0.0
    made = decode_set(model, 0, N // 8, stream(9, "calibrated"))
    assert weave(made) < 1.1
    ratio = made.std((1, 2)) / real.std((1, 2))
    assert (np.abs(ratio - 1.0) < 0.25).all(), ratio


def test_an_equaliser_gives_the_spectra_of_the_set_and_what_channels_have_in_common() -> None:
    grain = np.stack([fractions(stream(3, "goal", k), N, N) - 0.5 for k in range(5)])
    goal = np.stack([grain[0], 0.8 * grain[0] + 0.6 * grain[1], *_blurred(grain[2:])]).astype(np.float32)
    goal /= goal.std((1, 2), keepdims=True)
    apart = np.stack([goal[0], grain[1] / grain[1].std(), *goal[2:]])
    made = [np.roll(0.6 * apart + 0.4 * _blurred(apart), 7 * k, 1).astype(np.float32) for k in range(2)]
    equaliser = equaliser_between(made, goal)
    wanted, before, after = (spectra(x) for x in ([goal], made, [equalised(x, equaliser) for x in made]))
    assert np.abs(after - wanted).mean() < 0.4 * np.abs(before - wanted).mean()
    ours, theirs = (
        float(np.asarray(np.corrcoef(x[:2].reshape(2, -1)))[0, 1]) for x in (equalised(made[0], equaliser), goal)
    )
    assert abs(ours - theirs) < 0.1 and theirs > 0.7
    assert np.allclose(wanted.mean((0, 1)).real, np.cov(goal.reshape(5, -1)), atol=0.05)
    nothing = equaliser_between([goal], goal)
    assert np.allclose(equalised(goal, nothing), goal, atol=0.02)


def test_a_constant_channel_stays_one() -> None:
    goal = np.stack([fractions(stream(4, "goal", k), N, N) - 0.5 for k in range(5)]).astype(np.float32)
    goal[1] = 0.0
    made = equalised(goal, equaliser_between([goal * 0.5], goal))
    assert np.abs(made[1]).max() < 1e-3 < made[0].std()


def test_coring_gives_the_height_the_peaks_of_the_set() -> None:
    even = (fractions(stream(7, "even"), N, N) - 0.5).astype(np.float32)
    peaked = (even * np.abs(even) ** 3).astype(np.float32)
    threshold, gain = coring_between([even], peaked)
    made, wanted = finest(even) + cored(even, threshold, gain) - even, finest(peaked)
    assert (
        abs(_kurtosis(made) / _kurtosis(wanted) - 1.0) < 0.05 < abs(_kurtosis(finest(even)) / _kurtosis(wanted) - 1.0)
    )
    assert abs(made.std() / wanted.std() - 1.0) < 0.05
    threshold, gain = coring_between([peaked], peaked)
    assert threshold < 0.01 * finest(peaked).std() and abs(gain - 1.0) < 0.01


def test_the_broad_remainder_is_what_least_squares_leaves() -> None:
    made, broad = _grain(8).astype(np.float32), (_grain(9)[:, :16, :16] - 0.5).astype(np.float32)
    assert np.allclose(broad_remainder(made, made + _enlarged(broad)), broad, atol=1e-4)
    goal = made + _enlarged(broad) + _grain(10).astype(np.float32)
    best = broad_remainder(made, goal)
    error = [float(((goal - made - _enlarged(x)) ** 2).mean()) for x in (best, best + 0.02, best * 0.98, broad)]
    assert error[0] < min(error[1:])
    goal[4] = 0.0
    assert not broad_remainder(made, goal)[4].any()


def test_an_exemplar_as_it_is_has_the_broad_forms_of_its_set(tmp_path: Path) -> None:
    broad = _grain(11)[:, :16, :16]
    pixels = (np.repeat(np.repeat(broad, 8, 1), 8, 2) + 0.3 * _grain(12)).astype(np.float32)
    sets, textures, generator = _started(pixels, 3)
    with torch.no_grad():
        generator.toruses[0] += 0.5 * torch.randn(generator.toruses[0].shape)
    release_material(tmp_path, generator, sets, textures)
    model = open_material_model.__wrapped__(tmp_path)
    goal = textures.pixels[0].numpy()
    silent = replace(model, torus=np.concatenate([model.torus[:, :-5], 0 * model.torus[:, -5:]], axis=1))
    with_it, without = (
        np.abs(broad_remainder(decode_exemplar(each, 0, stream(1, "grain")), goal)).mean() for each in (model, silent)
    )
    assert with_it < 0.2 * without


def test_the_graph_equalises_as_calibrated(tmp_path: Path) -> None:
    sets, textures, generator = _started(_blurred(_grain(5)).astype(np.float32), 4)
    release_material(tmp_path, generator, sets, textures)
    model = open_material_model.__wrapped__(tmp_path)
    plain = replace(
        model,
        equalisers=plain_equaliser()[None],
        torus=np.concatenate([model.torus[:, :-5], 0 * model.torus[:, -5:]], axis=1),
        sets=({**model.sets[0], "evening": (0.0, 0.0)},),
    )
    other = (0.1 * (fractions(stream(6, "equaliser"), *plain.equalisers.shape) - 0.5)).astype(np.float32)
    before, after = (decode_exemplar(each, 0, stream(9, "same")) for each in (plain, replace(plain, equalisers=other)))
    assert np.allclose(after, equalised(before, other[0]), atol=1e-4)


def _started(pixels: Float32, seed: int) -> tuple[list[TextureSet], Standardised, MaterialGenerator]:
    """One set of these channels, and a generator that begins with its principal components."""
    sets = [TextureSet("a", "kind a", "CC0-1.0", "made", (), pixels, 0.05)]
    textures = standardise(sets)
    torch.manual_seed(seed)
    generator = MaterialGenerator(MaterialConfig(1, 24), N // 8)
    start_from_data(generator, textures)
    return sets, textures, generator


def _grain(seed: int) -> NDArray[np.float64]:
    return fractions(stream(seed, "grain"), 5, N, N)


def _blurred(x: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.mean([np.roll(x, shift, axis) for axis in (1, 2) for shift in (-1, 0, 1)], axis=0), np.float64)
