"""Quilted lattices continue their sources without steps."""

import numpy as np
import pytest

from seedscape.generation.quilt import BankTile, quilt
from seedscape.generation.rng import stream


def tile(seed: int, rows: int = 40, cols: int = 44) -> BankTile:
    noise = stream(seed, "land").integers(-1000, 1000, (rows + 8, cols + 8)).astype(np.float64)
    for _ in range(4):
        noise = (noise[:-2, 1:-1] + noise[2:, 1:-1] + noise[1:-1, :-2] + noise[1:-1, 2:] + noise[1:-1, 1:-1]) / 5
    low = (noise / noise.std()).astype(np.float32)
    latents = np.stack([low, -low, low**2 - 1], axis=2)
    return BankTile(latents, low, np.zeros_like(low), "hills", 30.0)


def test_a_single_tile_that_is_a_plane_gives_the_plane() -> None:
    """Heights are joined by slopes: blocks of a constant slope from anywhere make one plane."""
    r, c = np.indices((30, 30))
    low = (0.25 * r + 0.5 * c).astype(np.float32)
    plane = BankTile(np.zeros((30, 30, 3), np.float32), low, np.zeros_like(low), "hills", 30.0)
    result = quilt([plane], 25, 25, stream(1, "q"), keep_altitude=False).low
    assert np.diff(result, axis=1) == pytest.approx(0.5, abs=0.02)
    assert np.diff(result, axis=0) == pytest.approx(0.25, abs=0.02)


def test_no_step_is_larger_than_the_sources_own() -> None:
    tiles = [tile(1), tile(2)]
    result = quilt(tiles, 48, 40, stream(3, "q"), keep_altitude=False)
    assert result.low.shape == (48, 40) and result.latents.shape == (3, 48, 40)
    steepest = max(np.abs(np.diff(t.low, axis=axis)).max() for t in tiles for axis in (0, 1))
    assert np.abs(np.diff(result.low, axis=0)).max() < 1.3 * steepest
    assert 0.7 < result.latents[0].std() < 1.3


def test_one_stream_one_lattice() -> None:
    a, b = (quilt([tile(1)], 24, 24, stream(3, "q"), keep_altitude=False) for _ in range(2))
    assert np.array_equal(a.low, b.low) and np.array_equal(a.latents, b.latents)
    assert not np.array_equal(a.low, quilt([tile(1)], 24, 24, stream(4, "q"), keep_altitude=False).low)


def test_kept_altitude_keeps_the_sea_level() -> None:
    low = np.maximum(tile(1).low, 0.0)
    coast = BankTile(np.stack([low] * 3, axis=2), low, np.zeros_like(low), "coast", 30.0)
    result = quilt([coast], 30, 30, stream(1, "q"), keep_altitude=True).low
    assert np.abs(np.sort(result.ravel())[: result.size // 4]).max() < 0.35
