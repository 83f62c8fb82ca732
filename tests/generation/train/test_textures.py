"""Material folders are read and completed, and what is missing is said."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seedscape.assets.errors import RequestError
from seedscape.generation.rng import fractions, stream
from seedscape.generation.train import textures
from seedscape.generation.train.textures import integrate_slopes, read_sets, to_ycocg
from tests.generation.data import write_materials


def test_slopes_of_a_known_surface_integrate_back_to_it() -> None:
    n = 64
    y, x = np.mgrid[:n, :n] * (2 * np.pi / n)
    surface = np.sin(x) + 0.5 * np.cos(2 * y)
    slopes = np.stack([np.cos(x), -np.sin(2 * y)]) * (2 * np.pi / n)
    assert integrate_slopes(slopes) == pytest.approx(surface, abs=1e-9)


def test_grey_has_no_chroma_and_its_own_luma() -> None:
    y, co, cg = to_ycocg(np.full((2, 2, 3), 0.25, np.float32))
    assert (y == 0.25).all() and (co == 0).all() and (cg == 0).all()


def test_sets_are_read_scaled_and_completed(tmp_path: Path) -> None:
    dots, stripes = read_sets(write_materials(tmp_path / "materials"))
    assert (dots.name, stripes.name) == ("dots", "stripes")
    assert dots.channels.shape == stripes.channels.shape == (5, 512, 512)
    assert dots.completed == ("height", "roughness") and stripes.completed == ()
    assert (dots.channels[4] == np.float32(0.9)).all()
    assert stripes.channels[3].max() == 1.0 and stripes.channels[3].min() == 0.0
    assert np.corrcoef(stripes.channels[3].ravel(), stripes.channels[4].ravel())[0, 1] < -0.9


def test_height_comes_from_a_normal_map_where_there_is_none(tmp_path: Path) -> None:
    folder = write_materials(tmp_path / "materials")
    n = 128
    x = np.arange(n) * (2 * np.pi / n)
    slope = np.repeat(0.5 * np.cos(x)[None, :], n, axis=0)  # of a ridge along column n / 4
    length = np.sqrt(1 + slope**2)
    normal = np.stack([-slope / length, 0 * slope, 1 / length], axis=2)
    Image.fromarray(np.round(normal * 127.5 + 127.5).astype(np.uint8)).save(folder / "dots" / "normal.png")
    dots = read_sets(folder, ("dots",))[0]
    assert np.argmax(dots.channels[3].mean(axis=0)) == pytest.approx(512 / 4, abs=4)


def test_folders_without_sets_and_odd_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="expected a folder of material sets"):
        read_sets(tmp_path / "none")
    with pytest.raises(RequestError, match="expected sets with a color"):
        read_sets(tmp_path)
    (tmp_path / "odd").mkdir()
    Image.new("RGB", (200, 100)).save(tmp_path / "odd" / "color.png")
    with pytest.raises(RequestError, match="square map"):
        read_sets(tmp_path)


def normal_map(folder: Path, turned: bool) -> np.ndarray:
    """Writes a normal map for the set "stripes" of a known height, and that height; returns the height's slopes along rows."""
    n = 128
    y = np.arange(n) * (2 * np.pi / n)
    height = np.repeat(np.sin(3 * y)[:, None], n, axis=1)
    slope = np.repeat(0.3 * np.cos(3 * y)[:, None], n, axis=1)
    length = np.sqrt(1 + slope**2)
    green = slope / length * (-1 if turned else 1)
    normal = np.stack([0 * slope, green, 1 / length], axis=2)
    Image.fromarray(np.round(normal * 127.5 + 127.5).astype(np.uint8)).save(folder / "stripes" / "normal.png")
    Image.fromarray(np.round(height * 127 + 128).astype(np.uint8)).save(folder / "stripes" / "height.png")
    return slope


@pytest.mark.parametrize("turned", [False, True])
def test_a_directx_normal_map_is_turned(tmp_path: Path, turned: bool) -> None:
    folder = write_materials(tmp_path / "materials")
    slope = normal_map(folder, turned)
    read = textures._read_slopes(folder / "stripes" / "normal.png")
    height = textures._read_grey(folder / "stripes" / "height.png")
    assert read is not None and height is not None
    found = textures._turned_like(read, height)[1]
    assert np.corrcoef(found[::4, ::4].ravel(), slope.ravel())[0, 1] > 0.99


def test_maps_that_say_nothing_count_as_missing(tmp_path: Path) -> None:
    folder = write_materials(tmp_path / "materials")
    Image.new("L", (128, 128), 90).save(folder / "stripes" / "height.png")
    Image.new("RGB", (128, 128), (200, 40, 40)).save(folder / "stripes" / "normal.png")
    assert read_sets(folder, ("stripes",))[0].completed == ("height",)


def test_a_picture_that_does_not_tile_is_mended() -> None:
    ramp = np.asarray(np.repeat(np.linspace(0, 1, 128)[None, :], 128, axis=0), np.float32)
    grain = np.asarray(stream(1, "grain").integers(0, 100, (128, 128)) / 2000, np.float32)
    mended = textures._mended(np.asarray(ramp + grain, np.float32))
    assert np.abs(mended[:, 0] - mended[:, -1]).mean() < 1.5 * np.abs(np.diff(mended, axis=1)).mean()
    assert np.array_equal(textures._mended(grain), grain)


def test_unusable_sets_are_refused_or_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_materials(tmp_path / "materials")
    for name in ("plain", "broken"):
        (folder / name).mkdir()
    Image.new("RGB", (128, 128), (90, 80, 70)).save(folder / "plain" / "color.png")
    (folder / "broken" / "color.png").write_bytes(b"no picture")
    for name, complaint in (("plain", "got one colour"), ("broken", "expected a picture")):
        with pytest.raises(RequestError, match=complaint):
            read_sets(folder, (name,))
        with pytest.raises(RequestError, match=complaint):
            read_sets(folder, (name,), strict=False)
    assert [item.name for item in read_sets(folder, strict=False)] == ["dots", "stripes"]
    assert "left out broken" in capsys.readouterr().err


def test_what_rounding_left_of_a_grey_pictures_chroma_is_taken_away(tmp_path: Path) -> None:
    """A grey scan comes out of JPEG with a few blocks one level off; a faint tint is the material's own."""
    grain = fractions(stream(1, "grey"), 256, 256, 1) * 90 + 80
    grey = np.repeat(grain, 3, axis=2)
    off, tinted = grey.copy(), grey.copy()
    off[64:72, 64:72, 0] += 1.0
    tinted[..., 0] += 4.0 * np.sin(np.arange(256) / 9.0)
    for name, pixels in (("grey", off), ("tinted", tinted)):
        (tmp_path / name).mkdir()
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / name / "color.png")
    by_name = {one.name: one.channels for one in read_sets(tmp_path)}
    assert float(by_name["grey"][1:3].std((1, 2)).max()) < 1e-6
    assert float(by_name["tinted"][1].std()) > 0.004
