"""The shipped material model: shapes, tiling, physical ranges, determinism."""

import numpy as np
import pytest

from seedscape.assets.errors import RequestError
from seedscape.generation.material import generate_material, open_material_model
from seedscape.generation.runtime import use_threads

CLASSES = {
    "bark", "dry_grass", "forest_floor", "grass", "gravel", "lava", "mossy_rock", "mud", "rock", "sand", "sand_ripple", "snow",
    "soil",
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
    assert maps.base_color.min() >= 40 and maps.base_color.max() <= 245
    assert (maps.orm[..., 2] == 0).all() and maps.orm[..., 1].min() >= 20
    length = np.sqrt(((maps.normal.astype(float) / 127.5 - 1) ** 2).sum(axis=2))
    assert np.abs(length - 1).max() < 0.02
    assert 0 < maps.height_m < 0.3 * maps.size_m


def test_two_seeds_differ_and_one_repeats() -> None:
    a, b = generate_material(1, "gravel", 128), generate_material(1, "gravel", 128)
    assert np.array_equal(a.base_color, b.base_color) and np.array_equal(a.normal, b.normal)
    other = generate_material(2, "gravel", 128)
    assert np.abs(a.base_color.astype(int) - other.base_color).mean() > 4


def test_threads_do_not_change_a_bit() -> None:
    results = []
    try:
        for threads in (1, 2):
            use_threads(threads)
            results.append(generate_material(9, "rock", 256))
    finally:
        use_threads(None)
    assert np.array_equal(results[0].base_color, results[1].base_color)
    assert np.array_equal(results[0].height, results[1].height)


@pytest.mark.parametrize(("name", "size"), [("gras", 128), ("grass", 100), ("grass", 8), ("rock/none", 128)])
def test_what_cannot_be_made_is_refused(name: str, size: int) -> None:
    with pytest.raises(RequestError, match="expected a material"):
        generate_material(1, name, size)


def test_one_exemplar_can_be_named() -> None:
    exemplars = [entry for entry in open_material_model().sets if entry["material"] == "rock"]
    assert len(exemplars) >= 2
    pictures = [generate_material(1, f"rock/{entry['name']}", 64).base_color for entry in exemplars]
    assert np.abs(pictures[0].mean(axis=(0, 1)) - pictures[1].mean(axis=(0, 1))).max() > 5
