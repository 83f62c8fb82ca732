"""The measures tell apart what differs and not what is the same."""

import numpy as np
import pytest

from seedscape.generation.evaluate.anchors import at_the_level_of, eroded, power_law_noise
from seedscape.generation.evaluate.geomorphometry import FEATURES, distances, features, measure, one_nn, radial_psd
from seedscape.generation.rng import stream
from tests.generation.data import ridges


@pytest.fixture(scope="module")
def land() -> np.ndarray:
    return np.stack([ridges(k, 128, 90.0) for k in range(8)]).astype(np.float64)


def test_a_set_is_at_distance_zero_from_itself(land: np.ndarray) -> None:
    m = measure(land, 90.0)
    d = distances(m, m)
    assert all(value == 0.0 for name, value in d.items() if name != "one_nn")
    assert d["one_nn"] == 0.0  # every window's nearest neighbour is its own copy on the other side


def test_noise_is_farther_from_land_than_other_land_is(land: np.ndarray) -> None:
    other = np.stack([ridges(k + 100, 128, 90.0) for k in range(8)]).astype(np.float64)
    noise = power_law_noise(land, stream(1, "noise"))
    real, floor, far = (measure(windows, 90.0) for windows in (land, other, noise))
    a, b = distances(floor, real), distances(far, real)
    assert b["curvature"] > a["curvature"] and b["swd"] > a["swd"] and b["one_nn"] >= a["one_nn"]


def test_noise_has_the_relief_and_the_spectral_slope_it_was_given(land: np.ndarray) -> None:
    noise = power_law_noise(land, stream(1, "noise"))
    assert noise.std(axis=(1, 2)) == pytest.approx(land.std(axis=(1, 2)))
    bins = np.arange(16)
    want, got = (np.polyfit(bins, radial_psd(x).mean(axis=0), 1)[0] for x in (land, noise))
    assert got == pytest.approx(want, rel=0.25)


def test_noise_can_be_brought_to_the_power_of_the_land(land: np.ndarray) -> None:
    noise = at_the_level_of(power_law_noise(land, stream(1, "noise")), land)
    assert radial_psd(noise).mean(axis=1) == pytest.approx(radial_psd(land).mean(axis=1), abs=1e-6)


def test_a_pure_wave_peaks_in_its_band() -> None:
    x = np.arange(128)
    wave = np.repeat(np.sin(2 * np.pi * x / 8)[None, :], 128, axis=0)[None] * 100.0
    psd = radial_psd(wave)[0]
    edges = np.geomspace(2 / 128, 0.5, 17)
    assert edges[psd.argmax()] <= 1 / 8 <= edges[psd.argmax() + 1]


def test_a_mirror_of_the_heights_turns_the_skewness(land: np.ndarray) -> None:
    assert measure(-land, 90.0).skewness == pytest.approx(-measure(land, 90.0).skewness)


def test_detail_in_one_half_is_uneven() -> None:
    rough = stream(1, "rough").integers(-20, 21, (1, 128, 128)).astype(np.float64)
    half = rough * (np.arange(128) < 64)
    even, uneven = (float(measure(windows, 90.0).unevenness[0]) for windows in (rough, half))
    assert even < 0.2 and uneven > 2.0


def test_a_bowl_is_filled_and_a_slope_is_not() -> None:
    x = np.linspace(-1.0, 1.0, 128)
    bowl = 100.0 * (x[:, None] ** 2 + x[None, :] ** 2)
    slope = np.repeat(100.0 * x[None, :], 128, axis=0)
    inside = measure(np.stack([bowl, slope]), 90.0)
    # Filled to 100 m, the height of the middle of the rim: mean depth of 100 (1 - x^2 - y^2) over the disc, over 200 m of relief.
    assert inside.fill[0] == pytest.approx(np.pi / 8 / 2, rel=0.03) and inside.fill[1] < 1e-9
    assert inside.pits[1] == 0.0


def test_windows_that_share_land_are_no_neighbours(land: np.ndarray) -> None:
    twice = np.concatenate([land, land])
    places = np.stack(
        [np.tile(np.arange(len(land)), 2), np.zeros(2 * len(land), int), np.zeros(2 * len(land), int)], axis=1
    )
    other = measure(np.stack([ridges(k + 50, 128, 90.0) for k in range(16)]).astype(np.float64), 90.0)
    seen, unseen = (distances(other, measure(twice, 90.0, p))["one_nn"] for p in (None, places))
    assert seen >= 0.5 + unseen / 2.0  # every window finds its copy, unless the copy is passed over


def test_the_judge_can_look_at_some_features_alone(land: np.ndarray) -> None:
    real, steeper = measure(land, 90.0), measure(land * 3.0, 90.0)
    columns = [k for group in FEATURES.values() for k in group]
    assert columns == list(range(features(real).shape[1]))
    # The shape of the spectrum and the ways of the water stay when heights are multiplied.
    for name in ("psd", "drainage"):
        assert features(steeper)[:, FEATURES[name]] == pytest.approx(features(real)[:, FEATURES[name]], abs=1e-6)
        assert one_nn(steeper, real, FEATURES[name]) < 0.5
    assert one_nn(steeper, real) == distances(steeper, real)["one_nn"]


def test_erosion_drains_noise_and_keeps_its_relief(land: np.ndarray) -> None:
    noise = power_law_noise(land, stream(1, "noise"))
    carved = eroded(noise)
    assert carved.std(axis=(1, 2)) == pytest.approx(noise.std(axis=(1, 2)))
    before, after = measure(noise, 90.0), measure(carved, 90.0)
    assert after.pits.mean() < before.pits.mean() and after.fill.mean() < before.fill.mean()
