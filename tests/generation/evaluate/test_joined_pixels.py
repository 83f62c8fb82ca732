"""Real pixels in our arrangement: the anchor that tells what arranging alone costs."""

from types import SimpleNamespace
from typing import cast

import numpy as np

from seedscape.generation.decoder import CELL
from seedscape.generation.evaluate.material import _mean_row, joined_pixels
from seedscape.generation.material import MaterialModel
from seedscape.generation.rng import fractions, stream
from seedscape.generation.train.textures import PIXELS

N = PIXELS // CELL


def test_most_blocks_are_the_sets_own_and_none_stays_where_it_was() -> None:
    latents = (fractions(stream(1, "latents"), 1, 6, N, N) - 0.5).astype(np.float32)
    model = cast(MaterialModel, SimpleNamespace(torus=latents, importance=np.ones(6, np.float32)))
    real = fractions(stream(1, "real"), 5, PIXELS, PIXELS).astype(np.float32)
    made = joined_pixels(model, 0, real, stream(3, "x"))
    assert made.shape == real.shape and abs(made.std() / real.std() - 1.0) < 0.05

    own, new = _cells(real), _cells(made)
    alike = new @ own.T
    assert (alike.max(axis=1) > 0.9).mean() > 0.7
    assert (np.diagonal(alike) < 0.5).mean() > 0.9


def _cells(x: np.ndarray) -> np.ndarray:
    """(N * N, pixels of a cell) of zero mean and unit length."""
    cells = x.reshape(5, N, CELL, N, CELL).transpose(1, 3, 0, 2, 4).reshape(N * N, -1)
    cells = cells - cells.mean(axis=1, keepdims=True)
    return np.asarray(cells / np.sqrt((cells**2).sum(axis=1, keepdims=True)))


def test_figures_are_means_over_seeds_and_the_worst_deviation_counts() -> None:
    rows = [
        {"set": "a", "swd_ratio": value, "deviation": worst, "deviation_ratio": [1.0, worst]}
        for value, worst in ((1.0, 0.9), (2.0, 1.3))
    ]
    assert _mean_row(rows) == {"set": "a", "swd_ratio": 1.5, "deviation": 1.3, "deviation_ratio": [1.0, 1.1]}
