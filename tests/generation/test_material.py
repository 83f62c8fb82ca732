"""The shipped material model: shapes, tiling, physical ranges, determinism."""

import numpy as np
import pytest

from seedscape.assets.errors import RequestError
from seedscape.generation.material import decode_set, generate_material, generate_materials, open_material_model
from seedscape.generation.rng import stream

CLASSES = {
    "asphalt", "bark", "brick", "concrete", "dry_grass", "forest_floor", "grass", "gravel", "ice", "lava", "marble", "metal",
    "mossy_rock", "mud", "pavement", "plaster", "rock", "roof_tiles", "sand", "sand_ripple", "snow", "soil", "stone_wall",
    "wood_planks",
}  # fmt: skip


def test_the_classes_scenes_are_made_of_are_there() -> None:
    assert set(open_material_model().materials) >= CLASSES


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_class_tiles_and_keeps_physical_ranges(name: str) -> None:
    maps = generate_material(5, name, 128)
    assert maps.base_color.shape == maps.normal.shape == maps.orm.shape == (128, 128, 3)
    assert maps.height.shape == (128, 128) and maps.height.dtype == np.uint16
    color = maps.base_color.astype(float)
    inside = np.abs(np.diff(color, axis=0)).mean() + np.abs(np.diff(color, axis=1)).mean()
    across = np.abs(color[0] - color[-1]).mean() + np.abs(color[:, 0] - color[:, -1]).mean()
    assert across < 1.6 * inside
    assert maps.base_color.min() >= 40 and maps.base_color.max() <= 243
    assert (maps.orm[..., 2].mean() > 128) == (name == "metal") and maps.orm[..., 1].min() >= 20
    length = np.sqrt(((maps.normal.astype(float) / 127.5 - 1) ** 2).sum(axis=2))
    assert np.abs(length - 1).max() < 0.02
    assert 0 < maps.height_m < 0.3 * maps.size_m


def test_two_seeds_differ_and_one_repeats() -> None:
    a, b = generate_material(1, "gravel", 128), generate_material(1, "gravel", 128)
    assert np.array_equal(a.base_color, b.base_color) and np.array_equal(a.normal, b.normal)
    other = generate_material(2, "gravel", 128)
    assert np.abs(a.base_color.astype(int) - other.base_color).mean() > 4


def test_threads_share_the_work_and_change_no_bit() -> None:
    names = ("rock", "grass", "bark")
    one, three = (generate_materials(9, names, 256, threads) for threads in (1, 3))
    alone = {name: generate_material(9, name, 256) for name in names}
    assert list(one) == list(three) == list(names)
    for name in names:
        for other in (three[name], alone[name]):
            assert np.array_equal(one[name].base_color, other.base_color) and np.array_equal(
                one[name].normal, other.normal
            )
            assert np.array_equal(one[name].orm, other.orm) and np.array_equal(one[name].height, other.height)


def test_pieces_meet_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    """The margin holds all that the decoder sees: cut in pieces or whole, the same picture up to rounding."""
    model = open_material_model()
    whole = decode_set(model, 0, 24, stream(3, "pieces"))
    monkeypatch.setattr("seedscape.generation.material.PIECE", 9)
    assert np.abs(decode_set(model, 0, 24, stream(3, "pieces")) - whole).max() < 1e-4


def test_an_error_in_one_material_ends_the_rest() -> None:
    with pytest.raises(RequestError, match="expected a material among"):
        generate_materials(1, ("grass", "gras", "rock"), 64, 2)


@pytest.mark.parametrize(("name", "size"), [("gras", 128), ("grass", 100), ("grass", 8), ("rock/none", 128)])
def test_what_cannot_be_made_is_refused(name: str, size: int) -> None:
    with pytest.raises(RequestError, match="expected a material"):
        generate_material(1, name, size)


def test_one_exemplar_can_be_named() -> None:
    exemplars = [entry for entry in open_material_model().sets if entry["material"] == "rock"]
    assert len(exemplars) >= 2
    pictures = [generate_material(1, f"rock/{entry['name']}", 64).base_color for entry in exemplars]
    assert np.abs(pictures[0].mean(axis=(0, 1)) - pictures[1].mean(axis=(0, 1))).max() > 5
