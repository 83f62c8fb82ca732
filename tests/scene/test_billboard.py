"""Pictures of meshes and the planes that show them."""

import numpy as np
import pytest

from seedscape.scene.billboard import CELL, LOW_CELL, TRUNK, Billboard, billboards, paint_billboards, picture, stouter
from seedscape.scene.values import Mesh, Texture
from tests.scene.solids import assert_sound, face_normals

RED = Texture(np.full((4, 4, 4), (255, 0, 0, 255), np.uint8), "color")


def rectangle(x0: float, y0: float, x1: float, y1: float, z: float, shade: float = 1.0) -> Mesh:
    """Faces +Z; its normals lie level, so that sky light does not tint it."""
    corners = np.array([[x0, y0, z], [x1, y0, z], [x1, y1, z], [x0, y1, z]], np.float32)
    return Mesh(
        corners,
        np.array([[0, 1, 2], [0, 2, 3]], np.uint32),
        "m",
        np.tile(np.array([0, 0, 1], np.float32), (4, 1)),
        np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32),
        np.array([[shade, shade, shade, 1.0]] * 4, np.float32),
    )


def both(a: Mesh, b: Mesh) -> Mesh:
    parts = [np.concatenate([getattr(a, f), getattr(b, f)]) for f in ("positions", "normals", "uvs", "colors")]
    return Mesh(parts[0], np.concatenate([a.indices, b.indices + 4]), "m", *parts[1:])


def test_rectangle_covers_exactly_its_pixels() -> None:
    drawn = picture(rectangle(-0.49, 0.01, 0.49, 0.99, 0.0), RED, 0.5, 1.0, 2.0, 16, 16)
    expected = np.zeros((16, 16), np.uint8)
    expected[8:, 4:12] = 255
    np.testing.assert_array_equal(drawn[..., 3], expected)
    assert (drawn[..., 1:3] == 0).all() and (drawn[8:, 4:12, 0] > 240).all()


def test_uncovered_pixels_take_the_mean_colour() -> None:
    drawn = picture(rectangle(-0.49, 0.01, 0.49, 0.99, 0.0), RED, 0.5, 1.0, 2.0, 16, 16)
    assert drawn[0, 0, 0] == drawn[12, 8, 0] and drawn[0, 0, 3] == 0


@pytest.mark.parametrize("order", [1, -1])
def test_the_nearer_one_hides_the_other(order: int) -> None:
    dark, bright = rectangle(-1, 0, 1, 2, -0.5 * order, 0.1), rectangle(-1, 0, 1, 2, 0.5 * order, 1.0)
    drawn = picture(both(dark, bright), RED, 0.5, 1.0, 2.0, 8, 8)
    assert (drawn[..., 0] > 200).all() if order > 0 else (drawn[..., 0] < 120).all()


def test_backs_and_clear_texels_are_not_drawn() -> None:
    front = rectangle(-1, 0, 1, 2, 0.0)
    back = Mesh(front.positions, front.indices[:, ::-1].copy(), "m", front.normals, front.uvs, front.colors)
    assert picture(back, RED, 0.5, 1.0, 2.0, 8, 8)[..., 3].max() == 0
    clear = Texture(np.full((4, 4, 4), (255, 0, 0, 100), np.uint8), "color")
    assert picture(front, clear, 0.5, 1.0, 2.0, 8, 8)[..., 3].max() == 0


def test_atlas_holds_each_model_at_its_size() -> None:
    texture, boards = paint_billboards([rectangle(-1, 0, 1, 3, 0.0), rectangle(-2, 0, 2, 4, 0.0)] * 3, RED, 0.5)
    assert texture.pixels.shape == (2 * CELL, 4 * CELL, 4)
    assert boards[1].half_width_m == pytest.approx(2.0, rel=0.03) and boards[0].height_m == pytest.approx(3.0, rel=0.03)
    for board in boards:
        u0, v0, u1, v1 = board.rect
        middle = texture.pixels[int((v0 + v1) * CELL), int((u0 + u1) * 2 * CELL)]
        assert middle[3] == 255


def test_low_plants_share_a_cell() -> None:
    tall, low = rectangle(-1, 0, 1, 3, 0.0), rectangle(-0.4, 0, 0.4, 0.5, 0.0)
    texture, boards = paint_billboards([tall] * 3 + [low] * 5, RED, 0.5, low=5)
    assert texture.pixels.shape == (CELL, 4 * CELL, 4)
    u0, v0, u1, v1 = np.array([board.rect for board in boards[3:]]).T
    np.testing.assert_allclose((u1 - u0) * 4 * CELL, LOW_CELL - 1.0)
    np.testing.assert_allclose((v1 - v0) * CELL, LOW_CELL - 1.0)
    assert u0.min() > boards[2].rect[2] and len({(u, v) for u, v in zip(u0, v0, strict=True)}) == 5
    for board in boards:
        u, v = (board.rect[0] + board.rect[2]) / 2, (board.rect[1] + board.rect[3]) / 2
        assert texture.pixels[int(v * CELL), int(u * 4 * CELL)].tolist()[3] == 255


def test_crossing_planes_show_on_every_side() -> None:
    board = Billboard((0.0, 0.0, 1.0, 1.0), 2.0, 6.0)
    feet = np.array([[30.0, 1.0, -40.0], [0.0, 0.0, 0.0]])
    mesh = billboards([board], np.zeros(2, np.int64), feet, np.array([1.0, 0.5]), np.ones((2, 3)))
    assert_sound(mesh)
    assert mesh.indices.shape == (16, 3)
    front = face_normals(mesh)[::2][:4]  # a quad, its back, the crossing one, its back
    front /= np.sqrt((front**2).sum(axis=1))[:, None]
    np.testing.assert_allclose(front[0], [-0.6, 0.0, 0.8], atol=1e-5)  # the first faces the spawn point
    for turn in np.linspace(0.0, 2.0 * np.pi, 37):
        facing = front @ np.array([np.cos(turn), 0.0, np.sin(turn)])
        assert facing.max() > 0.7 and (facing > 1e-3).sum() <= 2
    assert mesh.normals is not None
    assert (mesh.normals[:8] @ np.array([0.0, 1.0, 0.0]) > 0.4).all()
    first = mesh.positions[:8]
    assert first[:, 1].min() == 1.0 and first[:, 1].max() == 7.0
    assert mesh.positions[8:, 1].max() == 3.0


def test_thin_trunks_become_stouter_and_crowns_stay() -> None:
    drawn = np.zeros((CELL, CELL, 4), np.uint8)
    drawn[:100, 60:200] = (40, 90, 30, 255)
    drawn[100:, 126:129] = (90, 60, 40, 255)
    made = stouter(drawn)
    width = (made[..., 3] > 0).sum(axis=1)
    assert (width[150:] >= TRUNK).all() and (width[150:] <= TRUNK + 2).all()
    assert (made[200, 122:133, :3] == (90, 60, 40)).all()
    assert np.array_equal(made[:100], drawn[:100])
