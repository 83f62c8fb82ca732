"""Sketches: what is drawn is what the world follows; what is not a sketch is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seedscape.assets.errors import RequestError
from seedscape.generation.sketch import Sketch, read_sketch
from seedscape.generation.terrain import LandWishes, sample_heights


def test_a_grey_picture_is_read_by_its_darkest_and_lightest(tmp_path: Path) -> None:
    grey = np.linspace(50, 200, 12 * 8).astype(np.uint8).reshape(8, 12)
    Image.fromarray(grey).save(tmp_path / "s.png")
    sketch = read_sketch(tmp_path / "s.png")
    assert sketch.grey.shape == (8, 12) and sketch.sea is None
    assert (sketch.grey.min(), sketch.grey.max()) == (0.0, 1.0)


def test_lines_are_joined_by_a_smooth_surface(tmp_path: Path) -> None:
    drawing = {"ridges": [[[0.0, 0.2], [1.0, 0.2]]], "sea": [[[-0.1, 0.8], [1.1, 0.8], [1.1, 1.1], [-0.1, 1.1]]]}
    (tmp_path / "s.json").write_text(json.dumps(drawing))
    sketch = read_sketch(tmp_path / "s.json")
    half = np.full(5, 0.5)
    down = sketch.at(np.array([0.2, 0.35, 0.5, 0.65, 0.95]), half)
    assert down[0] == pytest.approx(1.0, abs=0.03) and down[-1] == pytest.approx(0.0, abs=0.03)
    assert (np.diff(down) < -0.1).all()
    assert sketch.sea_at(np.array([[0.95]]), np.array([[0.5]])).all()
    assert not sketch.sea_at(np.array([[0.5], [1.2]]), np.array([[0.5]])).any()


@pytest.mark.parametrize(
    "text",
    [
        "[]", "{}", '{"hills": []}', '{"ridges": 3}', '{"ridges": [[[0, 0]]]}', '{"ridges": [[[0, "a"], [1, 1]]]}',
        '{"ridges": [[[0, 1e999], [1, 1]]], "sea": []}', '{"ridges": [[[0, 0], [1, 1]]]}', "[" * 5000, "not json",
    ],
)  # fmt: skip
def test_drawings_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(RequestError, match="expected"):
        read_sketch(tmp_path / "s.json")


def test_pictures_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "s.png").write_bytes(b"no picture")
    with pytest.raises(RequestError, match="expected a sketch"):
        read_sketch(tmp_path / "s.png")
    Image.new("L", (9, 9), 7).save(tmp_path / "flat.png")
    with pytest.raises(RequestError, match="one grey"):
        read_sketch(tmp_path / "flat.png")
    with pytest.raises(RequestError, match="expected a sketch"):
        read_sketch(tmp_path / "absent.png")


def test_the_world_follows_the_sketch() -> None:
    """Block means of the land climb with the drawing, and drawn sea is not above the sea."""
    y, x = np.mgrid[0:32, 0:32] / 31.0
    grey = np.clip(1.3 - 2.0 * np.hypot(x - 0.4, y - 0.5), 0.0, 1.0)
    wishes = LandWishes(sketch=Sketch(grey, grey <= 0.02), sketch_posts=256, relief_m=2000.0)
    heights = sample_heights(4, 0, 256, 90.0, ("alpine",), wishes=wishes).heights_m
    means = heights.reshape(32, 8, 32, 8).mean(axis=(1, 3))
    assert np.corrcoef(means.ravel(), grey.ravel())[0, 1] > 0.9
    assert means[grey > 0.9].mean() > 1200.0
    inside = np.repeat(np.repeat(grey <= 0.02, 8, 0), 8, 1)
    deep = inside & np.roll(inside, 8, 0) & np.roll(inside, -8, 0) & np.roll(inside, 8, 1) & np.roll(inside, -8, 1)
    assert deep.any() and heights[deep].max() <= 0.0
