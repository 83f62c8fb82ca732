"""The texture of bark and leaves."""

import numpy as np
import pytest

from seedscape.generation.rng import stream
from seedscape.scene.foliage import SIZE, Atlas, leaf_colours, paint_atlas
from tests.scene.worlds import make_materials

BARK = make_materials(("bark",))["bark"]
ALL = ("spruce", "pine", "broadleaf", "birch", "shrub")


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return paint_atlas(stream(1, "foliage"), ALL, "summer", BARK, 0.0)


def cell_pixels(atlas: Atlas, name: str, number: int = 0) -> np.ndarray:
    u0, v0, u1, v1 = (round(v * SIZE) for v in atlas.cells[name][number])
    return atlas.texture.pixels[v0:v1, u0:u1]


def test_each_species_has_cells_that_do_not_overlap(atlas: Atlas) -> None:
    assert set(atlas.cells) == set(ALL)
    used = np.zeros((SIZE, SIZE), int)
    for rects in atlas.cells.values():
        for u0, v0, u1, v1 in rects:
            used[round(v0 * SIZE) : round(v1 * SIZE), round(u0 * SIZE) : round(u1 * SIZE)] += 1
    for start, end in atlas.bark.values():
        used[:, round(start * SIZE) : round(end * SIZE)] += 1
    assert used.max() == 1


@pytest.mark.parametrize("name", ALL)
def test_leaves_fill_a_good_part_and_end_within_the_cell(atlas: Atlas, name: str) -> None:
    alpha = cell_pixels(atlas, name)[..., 3] / 255.0
    assert 0.25 < alpha.mean() < 0.8
    rim = np.concatenate([alpha[0], alpha[1:-1, 0], alpha[1:-1, -1]])
    assert (rim > 0.4).mean() < 0.06  # only the twig enters, from below


def test_clear_texels_have_the_colour_of_leaves(atlas: Atlas) -> None:
    """Filtering mixes neighbours whatever their alpha: a black background would rim every leaf."""
    cell = cell_pixels(atlas, "broadleaf").astype(int)
    clear, leaf = cell[cell[..., 3] == 0][:, :3], cell[cell[..., 3] == 255][:, :3]
    assert np.abs(clear.mean(axis=0) - leaf.mean(axis=0)).max() < 30


def test_bark_strips_are_opaque_and_wrap_upwards(atlas: Atlas) -> None:
    for start, end in atlas.bark.values():
        strip = atlas.texture.pixels[:, round(start * SIZE) : round(end * SIZE)].astype(int)
        assert (strip[..., 3] == 255).all()
        seam = np.abs(strip[0] - strip[-1]).mean()
        assert seam <= 1.5 * np.abs(np.diff(strip, axis=0)).mean(axis=(1, 2)).max()


def test_winter_leaves_broadleaves_bare_and_whitens_spruces() -> None:
    assert leaf_colours("broadleaf", "winter") == ()
    green = paint_atlas(stream(1, "foliage"), ("spruce", "broadleaf"), "winter", BARK, 0.0)
    white = paint_atlas(stream(1, "foliage"), ("spruce", "broadleaf"), "winter", BARK, 0.6)
    assert set(green.cells) == {"spruce"}
    assert cell_pixels(white, "spruce").mean() > cell_pixels(green, "spruce").mean() + 5.0


def test_country_without_bark_gets_a_plain_one() -> None:
    atlas = paint_atlas(stream(1, "foliage"), ("cactus",), "summer", None, 0.0)
    start, end = atlas.bark["pale_bark"]
    red, green, blue = atlas.texture.pixels[:, round(start * SIZE) : round(end * SIZE), :3].reshape(-1, 3).mean(axis=0)
    assert green > red > blue  # a cactus is green


def test_same_stream_same_picture(atlas: Atlas) -> None:
    again = paint_atlas(stream(1, "foliage"), ALL, "summer", BARK, 0.0)
    np.testing.assert_array_equal(atlas.texture.pixels, again.texture.pixels)
