"""Normals and occlusion from heights whose answers are known."""

import numpy as np

from seedscape.generation.maps import comb_share, cored, finest, normal_from_height, occlusion_from_height, ungridded
from seedscape.generation.rng import fractions, stream


def test_flat_ground_points_straight_up_and_is_open() -> None:
    flat = np.full((16, 16), 3.0, np.float32)
    assert (normal_from_height(flat, 0.01) == [128, 128, 255]).all()
    assert (occlusion_from_height(flat, 0.01) == 255).all()


def test_green_points_to_the_top_of_the_picture_where_ground_rises_downwards() -> None:
    """OpenGL convention: ground that falls towards smaller rows leans its normal that way, and green grows."""
    rows = np.arange(64, dtype=np.float32)[:, None]
    ramp = np.repeat(np.minimum(rows, 64 - rows), 64, axis=1)  # rises with the row in the upper half
    normal = normal_from_height(ramp, 1.0)
    assert (normal[10:20, :, 1] == round(127.5 + 127.5 / np.sqrt(2))).all()
    assert (normal[10:20, :, 0] == 128).all()


def test_red_points_right_where_ground_falls_to_the_right() -> None:
    columns = np.arange(64, dtype=np.float32)[None, :]
    ramp = np.repeat(np.minimum(columns, 64 - columns), 64, axis=0)
    assert (normal_from_height(ramp, 1.0)[:, 40:50, 0] > 200).all()


def test_a_hole_is_darker_than_its_rim() -> None:
    height = np.zeros((32, 32), np.float32)
    height[16, 16] = -1.0
    occlusion = occlusion_from_height(height, 0.1)
    assert occlusion[16, 16] < 40
    assert occlusion[16, 17] == 255


def test_coring_leaves_flats_and_edges_of_even_grain() -> None:
    grain = (fractions(stream(1, "grain"), 64, 64) - 0.5).astype(np.float32) * np.float32(0.01)
    x = grain.copy()
    x[:, 20:40] += 1.0
    made = cored(x, 0.02, 1.0)
    assert finest(made)[:, 28:32].std() < 0.2 * finest(x)[:, 28:32].std()  # the flat
    assert np.abs(np.diff(made, axis=1)).max() > 0.9 * np.abs(np.diff(x, axis=1)).max()  # the edge
    assert abs(float(made.mean() - x.mean())) < 1e-3
    assert cored(x, 0.0, 1.0) is x
    assert np.allclose(finest(cored(grain, 0.0, 0.5)), finest(grain) - 0.5 * finest(finest(grain)), atol=1e-7)


def test_a_comb_of_the_cells_is_taken_out_and_nothing_else() -> None:
    n, cell = 128, 8
    place = np.arange(n, dtype=np.float32)
    comb = ((place % cell) / cell - 0.4375).astype(np.float32)
    comb -= comb.mean()
    grain = (fractions(stream(5, "grain"), n, n) - 0.5).astype(np.float32)
    plain = ungridded(grain, cell)
    assert 0.94 < plain.std() / grain.std() < 1.0
    for lines in (comb[None, :], comb[:, None]):
        assert np.abs(ungridded(grain + 0.2 * lines, cell) - plain).max() < 1e-5
    here = np.where((place > 40) & (place < 100), 1.0, 0.0)[:, None] * comb[None, :]  # a patch of it, as at a joint
    assert np.abs(ungridded(here.astype(np.float32), cell)[64:76]).max() < 0.2 * np.abs(comb).max()
    wave = np.sin(2 * np.pi * place / n).astype(np.float32)[None, :] * np.ones((n, 1), np.float32)
    assert np.abs(ungridded(wave, cell) - wave).max() < 0.02


def test_stripes_of_the_material_itself_are_seen_and_can_be_left() -> None:
    n, cell = 128, 8
    grain = (fractions(stream(6, "grain"), n, n) - 0.5).astype(np.float32)
    brushed = np.repeat(grain[:, :1], n, 1) + 0.1 * grain  # lines along rows, at places of no grid
    (across, down), even = comb_share(brushed, cell), comb_share(grain, cell)
    assert max(even) < 0.1 and across < 0.1 and down > 0.2
    assert np.array_equal(ungridded(brushed, cell, (False, False)), brushed)
    kept, harmed = ungridded(brushed, cell, (True, False)), ungridded(brushed, cell)
    assert kept.std() > 0.99 * brushed.std() > 1.05 * harmed.std()
