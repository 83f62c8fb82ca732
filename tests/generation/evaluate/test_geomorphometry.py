"""The measures tell apart what differs and not what is the same."""

import numpy as np
import pytest

from seedscape.generation.evaluate.geomorphometry import distances, measure, radial_psd
from seedscape.generation.evaluate.terrain import at_the_level_of, power_law_noise
from seedscape.generation.rng import stream
from tests.generation.data import ridges


@pytest.fixture(scope="module")
def land() -> np.ndarray:
    return np.stack([ridges(k, 128, 90.0) for k in range(8)]).astype(np.float64)


def test_a_set_is_at_distance_zero_from_itself(land: np.ndarray) -> None:
    m = measure(land, 90.0)
    d = distances(m, m)
    assert all(d[name] == 0.0 for name in ("psd", "slope", "curvature", "drainage", "swd", "pits", "fill"))
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
