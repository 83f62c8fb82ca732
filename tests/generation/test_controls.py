"""Going over into another material, tint, wetness and scale do what they say, and still tile."""

from typing import Any

import numpy as np
import pytest

from seedscape.assets.errors import RequestError
from seedscape.generation.controls import Controls, share_map, tinted, wetted
from seedscape.generation.material import generate_material
from seedscape.generation.rng import stream

SIZE = 128


def color(name: str, size: int = SIZE, **wishes: Any) -> np.ndarray:
    return generate_material(4, name, size, controls=Controls(**wishes)).base_color.astype(float)


def test_defaults_change_nothing() -> None:
    assert np.array_equal(color("soil"), generate_material(4, "soil", SIZE).base_color)


def test_the_middle_is_the_other_one_and_the_edges_tile() -> None:
    """Snow is far lighter than soil: left and right edges stay soil, the middle is snow, and the wrap is no step."""
    across = color("soil", 256, toward="snow", across=True).mean(axis=2)
    assert across[:, 120:136].mean() > 200
    assert across[:, :8].mean() < 90 and across[:, -8:].mean() < 90
    inside = np.abs(np.diff(color("soil").mean(axis=2), axis=1)).mean()
    assert np.abs(across[:, 0] - across[:, -1]).mean() < 1.6 * inside


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_the_share_is_the_area(share: float) -> None:
    assert share_map(Controls("snow", share), 64, stream(1, "share")).mean() == pytest.approx(share, abs=0.06)


def test_style_moves_the_colours_to_the_other() -> None:
    soil, snow = (color(name).mean() for name in ("soil", "snow"))
    half, whole = (color("soil", toward="snow", style=style).mean() for style in (0.5, 1.0))
    assert soil < half < whole == pytest.approx(snow, abs=8)


def test_tint_multiplies_linear_light() -> None:
    grey = np.full((2, 2, 3), 188, np.uint8)  # 0.503 in linear light
    assert tinted(grey, (0.5, 1.0, 1.5))[0, 0].tolist() == pytest.approx([137, 188, 225], abs=1)


def test_wet_ground_is_darker_and_smoother_and_water_is_level() -> None:
    height = np.asarray(stream(1, "height").integers(0, 1000, (32, 32)) / 1000, np.float32)
    dry = np.full((32, 32, 3), 150, np.uint8), np.full((32, 32), 230, np.uint8)
    dark, smooth, level, water = wetted(*dry, height, 1.0)
    assert dark.max() < 150 and smooth.max() < 120
    assert 0.1 < water.mean() < 0.25 and np.ptp(level[water]) == 0 and (level >= height).all()
    assert (wetted(*dry, height, 0.4)[3] == 0).all()


def test_scale_is_the_edge_and_slopes_stay() -> None:
    usual = generate_material(4, "rock", SIZE)
    small = generate_material(4, "rock", SIZE, controls=Controls(size_m=usual.size_m / 4))
    assert small.size_m == usual.size_m / 4 and small.height_m == pytest.approx(usual.height_m / 4)
    assert np.abs(small.normal.astype(int) - usual.normal).max() <= 1


@pytest.mark.parametrize(
    "wishes",
    [
        {"share": 0.5}, {"toward": "snow", "share": 1.5}, {"wetness": float("nan")}, {"tint": (0.0, 1.0, 1.0)},
        {"size_m": 0.0}, {"across": True},
    ],
)  # fmt: skip
def test_wishes_out_of_range_are_refused(wishes: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="expected"):
        Controls(**wishes)


def test_an_unknown_other_is_refused() -> None:
    with pytest.raises(RequestError, match="expected a material among"):
        generate_material(1, "soil", 64, controls=Controls("soup", 0.5))
