"""`evaluate terrain` and `compare terrain` from end to end, on a few windows of land made here."""

import json
from pathlib import Path

import numpy as np
import pytest

from seedscape.assets.errors import RequestError
from seedscape.generation.evaluate import compare, terrain
from seedscape.generation.evaluate.windows import draw_windows, match_relief, tiles_at
from seedscape.generation.rng import stream
from seedscape.generation.train.elevation import Tile
from tests.generation.data import ridges


def tile(region: str, heights: np.ndarray, spacing_m: float = 90.0, quality: str = "A") -> Tile:
    return Tile(f"{region}.npy", region, "made", spacing_m, quality, "CC0-1.0", heights)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("land")
    for k in range(6):
        np.save(folder / f"region{chr(65 + k)}@90m.npy", ridges(k, 280, 90.0))
    return folder


def test_fine_tiles_are_averaged_and_others_left_out() -> None:
    fine = tile("fine", ridges(1, 402, 30.0), 30.0)
    tiles = [
        fine,
        tile("far", ridges(1, 400), 50.0),
        tile("rough", ridges(1, 200), 90.0, "C"),
        tile("small", ridges(1, 100)),
    ]
    (found,) = tiles_at(tiles, 90.0, 128)
    assert found.spacing_m == 90.0 and found.heights_m.shape == (134, 134)
    assert found.heights_m[5, 7] == pytest.approx(fine.heights_m[15:18, 21:24].mean())


def test_windows_are_shared_out_over_regions_and_lie_where_they_say() -> None:
    tiles = [tile("a", ridges(1, 600)), tile("b", ridges(2, 200)), tile("sea", np.zeros((300, 300), np.float32))]
    found = draw_windows(tiles, 12, 128, stream(1, "draw"))
    number, row, col = found.places[5]
    assert np.array_equal(found.heights[5], tiles[number].heights_m[row : row + 128, col : col + 128])
    assert 1 <= (found.places[:, 0] == 1).sum() <= 4 and (found.places[:, 0] != 2).all()
    with pytest.raises(RequestError, match="expected 500 windows"):
        draw_windows(tiles, 500, 128, stream(1, "draw"))


def test_matching_takes_each_window_once_and_the_nearest_relief() -> None:
    pool = np.stack([ridges(k, 32).astype(np.float64) * (1 + k) for k in range(9)])
    real = pool[[4, 2, 7]] * 1.001
    assert match_relief(pool, real).tolist() == [4, 2, 7]


def test_evaluation_writes_what_it_prints(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("SEAM_SIZE", 256), ("SEAM_WINDOWS", 1), ("NOVELTY", 2), ("FLOORS", 1), ("REAL_WINDOWS", 8)):
        monkeypatch.setattr(terrain, name, value)
    result = terrain.evaluate_terrain(data, None, tmp_path / "out", seeds=(1,), count=4)
    again = json.loads((tmp_path / "out" / "terrain.json").read_text())
    assert again["distances"] == result["distances"] and len(result["held_out"]) == 2
    table = terrain.format_terrain(again)
    assert all(name in table for name in (*terrain.METRICS, "novelty", "lattice lines", "one_nn", "asked"))
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".png", ".json"}
    assert all(bar["met"] == (bar["value"] <= bar["limit"]) for bar in result["bars"]) and len(result["bars"]) == 11


def test_comparison_has_every_prior_and_its_time(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "SEAM_SIZE", 128)
    result = compare.compare_terrain(data, None, tmp_path / "out", seed=1, count=4)
    assert set(result["distances"]) == set(compare.PRIORS)
    assert all(value == 0.0 for value in result["position"]["real"].values())
    assert all(seconds > 0.0 for seconds in result["seconds_per_512"].values()) and len(result["seconds_per_512"]) == 4
    assert (tmp_path / "out" / "compare.txt").read_text().count("\n") == 13
    assert (tmp_path / "out" / "priors.png").stat().st_size > 1000


def test_data_of_another_scale_is_refused(tmp_path: Path) -> None:
    for k in range(3):
        np.save(tmp_path / f"region{chr(65 + k)}@10m.npy", ridges(k, 170, 10.0))
    with pytest.raises(RequestError, match="near 90 m"):
        terrain.evaluate_terrain(tmp_path, None, None, count=8)
    with pytest.raises(RequestError, match="near 90 m"):
        compare.compare_terrain(tmp_path, None, None, count=8)
