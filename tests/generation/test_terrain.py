"""The shipped terrain model: shapes, scales, determinism, nested levels that meet."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from seedscape.assets.errors import RequestError
from seedscape.generation.library import BankTile
from seedscape.generation.runtime import Network, open_network
from seedscape.generation.terrain import (
    LandWishes,
    generate_terrain,
    open_terrain_model,
    pick_tiles,
    sample_heights,
    sample_world,
)
from seedscape.generation.values import Terrain


@pytest.fixture(scope="module")
def alpine() -> Terrain:
    return generate_terrain(42, ("alpine",), 300.0, 1000.0)


def test_land_reaches_as_far_to_every_side(alpine: Terrain) -> None:
    x0, z0, x1, z1 = alpine.levels[0].extent_m
    assert min(-x0, -z0, x1, z1) >= 8000.0
    far = alpine.height(np.array([7900.0, -7900.0, 0.0, 0.0]), np.array([0.0, 0.0, 7900.0, -7900.0]))
    assert np.isfinite(far).all() and np.ptp(far) > 1.0


def test_samples_are_finite_land_of_the_size_asked_for() -> None:
    field = sample_heights(1, 0, 100, 90.0)
    assert field.heights_m.shape == (100, 100) and field.heights_m.dtype == np.float32
    assert np.isfinite(field.heights_m).all()
    assert 3.0 < np.ptp(field.heights_m) < 9000.0


def test_samples_of_a_seed_differ_and_repeat() -> None:
    a, b = sample_heights(1, 0, 64, 30.0).heights_m, sample_heights(1, 1, 64, 30.0).heights_m
    assert not np.array_equal(a, b)
    assert np.array_equal(a, sample_heights(1, 0, 64, 30.0).heights_m)


def test_bands_are_the_window_cut_in_rows() -> None:
    bands = list(sample_world(1, 0, 30.0).bands(200, -30, 120, 40))
    whole = sample_heights(1, 0, 120, 30.0, corner=(200, -30)).heights_m[:, :40]
    assert np.array_equal(np.concatenate(bands) * np.float32(30.0), whole)


def test_pieces_made_side_by_side_are_those_made_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    together = sample_world(2, 0, 30.0).posts(-20, 236, 40, 40)
    monkeypatch.setattr("seedscape.generation.terrain.AT_ONCE", 1)
    monkeypatch.setattr("seedscape.generation.quilt.KEPT_BLOCKS", 30)  # and with what is forgotten chosen again
    assert np.array_equal(sample_world(2, 0, 30.0).posts(-20, 236, 40, 40), together)


def test_a_world_with_a_character_of_its_own_is_another_and_exact_for_windows() -> None:
    wishes = LandWishes(own_character=True)
    whole = sample_heights(1, 0, 60, 30.0, ("alpine",), wishes=wishes, corner=(230, 10)).heights_m
    part = sample_heights(1, 0, 24, 30.0, ("alpine",), wishes=wishes, corner=(240, 20)).heights_m
    assert np.array_equal(part, whole[10:34, 10:34])
    assert not np.array_equal(part, sample_heights(1, 0, 24, 30.0, ("alpine",), corner=(240, 20)).heights_m)


def test_networks_are_opened_when_they_are_needed() -> None:
    opened = []

    def note(name: str) -> Network:
        opened.append(name)
        return open_network(name)

    model = replace(open_terrain_model(), opened=note)
    sample_heights(1, 0, 16, 30.0, model=model)
    assert not opened
    assert model.refiner is model.refiner and opened == ["terrain-refiner.onnx"]


def test_an_unknown_landform_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RequestError, match="expected landforms among alpine.*got atlantis"):
        sample_heights(1, 0, 64, 30.0, ("atlantis",))


def test_worlds_of_any_land_join_two_landforms_at_most_and_others_those_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    joined: list[set[str]] = []

    def note(seed: int, tiles: list[BankTile], *rest: object) -> None:
        joined.append({tile.landform for tile in tiles})

    monkeypatch.setattr("seedscape.generation.terrain.World", note)
    for index in range(24):
        sample_world(1, index, 90.0)
    assert {len(landforms) for landforms in joined} == {1, 2}
    assert len(set.union(*joined)) > 4
    joined.clear()
    sample_world(1, 0, 90.0, ("alpine", "desert", "plain"))
    assert joined == [{"alpine", "desert", "plain"}]


def test_every_landform_of_the_bank_can_be_made() -> None:
    for landform in open_terrain_model().landforms:
        assert np.isfinite(sample_heights(3, 0, 64, 30.0, (landform,)).heights_m).all()


def test_the_origin_is_on_the_ground_and_levels_meet(alpine: Terrain) -> None:
    assert float(alpine.height(np.zeros(1), np.zeros(1))[0]) == pytest.approx(0.0, abs=1e-3)
    for coarse, fine in zip(alpine.levels[:-1], alpine.levels[1:], strict=True):
        assert fine.spacing_m == coarse.spacing_m / 2
        x0, z0, x1, z1 = fine.extent_m
        along = np.linspace(x0, x1, 97)
        # Between posts the two bilinear surfaces bend at other places.
        between = coarse.sample(along, np.full(97, z0))
        assert fine.sample(along, np.full(97, z0)) == pytest.approx(between, abs=0.15 * coarse.spacing_m)
        posts = x0 + fine.spacing_m * np.arange(fine.heights_m.shape[1])
        edge = coarse.sample(posts, np.full(len(posts), z1))
        assert fine.heights_m[-1] == pytest.approx(edge, abs=2e-3 * max(1.0, float(np.ptp(edge))))


def test_refining_keeps_the_coarse_heights(alpine: Terrain) -> None:
    """2 x 2 means of a finer level are the coarser posts: detail is added, land is not moved."""
    coarse, fine = alpine.levels[1], alpine.levels[2]
    x0, z0 = fine.origin_m
    s = fine.spacing_m
    rows, cols = (n // 2 * 2 for n in fine.heights_m.shape)
    means = fine.heights_m[:rows, :cols].reshape(rows // 2, 2, cols // 2, 2).mean(axis=(1, 3))[8:-8, 8:-8]
    zs = z0 + s / 2 + 2 * s * np.arange(8, rows // 2 - 8)
    xs = x0 + s / 2 + 2 * s * np.arange(8, cols // 2 - 8)
    expected = coarse.sample(xs[None, :], zs[:, None])
    assert np.abs(means - expected).max() < 0.01 * np.ptp(coarse.heights_m)


def test_relief_is_what_was_asked_for() -> None:
    for wanted in (60.0, 400.0):
        terrain = generate_terrain(7, ("mid_mountains",), wanted, 1000.0)
        x, z = np.meshgrid(np.linspace(-500, 500, 101), np.linspace(-500, 500, 101))
        assert 0.6 * wanted < np.ptp(terrain.height(x, z)) < 1.5 * wanted


@pytest.mark.parametrize("seed", [6, 14])
def test_a_fresh_process_makes_the_same_land(seed: int) -> None:
    """These two seeds once differed in last bits between thread counts of the refiner."""
    code = (
        "import hashlib, sys; from seedscape.generation.terrain import generate_terrain; "
        "terrain = generate_terrain(int(sys.argv[1]), ('highland_basins',), 80.0, 1000.0); "
        "print(hashlib.sha256(b''.join(level.heights_m.tobytes() for level in terrain.levels)).hexdigest())"
    )
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    digests = set()
    for threads in ("1", "4"):
        command = [sys.executable, "-c", code, str(seed)]
        limited = environment | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        digests.add(subprocess.run(command, check=True, capture_output=True, text=True, env=limited).stdout)
    terrain = generate_terrain(seed, ("highland_basins",), 80.0, 1000.0)
    own = hashlib.sha256(b"".join(level.heights_m.tobytes() for level in terrain.levels)).hexdigest()
    assert {digest.strip() for digest in digests} == {own}


def test_networks_run_on_one_thread() -> None:
    """More threads cut the sums in other places; the module says what was seen."""
    options = open_terrain_model().refiner._session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)


def test_land_is_made_without_torch() -> None:
    code = (
        "import sys; from seedscape.generation.terrain import sample_heights; from seedscape.generation.material import "
        "generate_material; sample_heights(1, 0, 64, 30.0); generate_material(1, 'grass', 64); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": os.getcwd()})


@pytest.mark.parametrize(("seed", "landform"), [(3, "coast_islands"), (5, "coast_desert")])
def test_a_coast_lies_at_its_shore(seed: int, landform: str) -> None:
    """Wherever the seed's sea is, the site is found beside it: some of the visited square is sea, and most of it is not."""
    terrain = generate_terrain(seed, (landform,), 90.0, 1000.0, sea=True)
    line = np.linspace(-490.0, 490.0, 99)
    x, z = (grid.ravel() for grid in np.meshgrid(line, line))
    wet = terrain.height(x, z) + terrain.altitude_m < 0.35
    assert 0.1 < wet.mean() < 0.7  # without looking for the shore 0.03 and none


def test_of_land_kept_at_two_spacings_the_nearer_one_is_shown() -> None:
    model = open_terrain_model()
    for spacing_m in (30.0, 60.0, 90.0):
        tiles = pick_tiles(model, model.landforms, spacing_m)
        files = [tile.file for tile in tiles]
        assert len(files) == len(set(files)) > 10
    porto = {t.spacing_m for t in pick_tiles(model, ("plain",), 90.0) if t.file == "porto_alegre.png"}
    assert porto == {90.0}
