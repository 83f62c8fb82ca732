"""Re-arranging a torus of exemplar latents by a seed: image quilting (Efros and Freeman 2001) on latents, wrapped around.

Blocks are laid row by row on a new torus; each is the best of some random offsets by its error over the overlaps with
what already lies there, the wrap included, and is joined along a minimum-error seam, softened over a cell so that
the decoder sees no jump. Latents have zero mean, so the soft part is rescaled to keep the variance.
"""

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.seams import cheapest_path

BLOCK = 12  # cells a side, overlaps included
OVERLAP = 4
CANDIDATES = 32


def arrange(torus: NDArray[np.float32], cells: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(L, n, n) exemplar torus -> (L, cells, cells) new torus."""
    n = torus.shape[1]
    step = BLOCK - OVERLAP
    count = max(1, round(cells / step))
    starts = [round(i * cells / count) for i in range(count)]
    wide = np.pad(torus, [(0, 0), (0, BLOCK), (0, BLOCK)], mode="wrap")
    canvas = np.zeros((torus.shape[0], cells, cells), np.float32)
    filled = np.zeros((cells, cells), bool)
    for r0 in starts:
        for c0 in starts:
            rows = (r0 + np.arange(BLOCK)) % cells
            cols = (c0 + np.arange(BLOCK)) % cells
            old = canvas[:, rows[:, None], cols[None, :]]
            known = filled[rows[:, None], cols[None, :]]
            offsets = rng.integers(0, n, size=(CANDIDATES, 2))
            blocks = np.stack([wide[:, r : r + BLOCK, c : c + BLOCK] for r, c in offsets])
            errors = ((blocks - old) ** 2).sum(1) * known  # (candidates, BLOCK, BLOCK)
            best = int(np.argmin(errors.sum((1, 2))))
            weight = _new_weight(errors[best], known)
            norm = np.sqrt(weight**2 + (1 - weight) ** 2)
            canvas[:, rows[:, None], cols[None, :]] = (weight * blocks[best] + (1 - weight) * old) / norm
            filled[rows[:, None], cols[None, :]] = True
    return canvas


def _new_weight(error: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(BLOCK, BLOCK) share of the new block: 0 on the old side of the minimum-error seams, 1 on the new, soft between."""
    weight = np.ones((BLOCK, BLOCK), np.float32)
    for turns in range(4):  # left, then the other three sides
        side = np.rot90(known, turns)
        if side[:, 0].mean() > 0.5:
            strip = np.rot90(error, turns)[:, :OVERLAP]
            cut = cheapest_path(strip)  # first new column of each row
            ramp = np.clip((np.arange(BLOCK)[None, :] - cut[:, None] + 1.0) / 2.0, 0.0, 1.0)
            weight = np.minimum(weight, np.rot90(ramp, -turns))
    return np.where(known, weight, 1.0).astype(np.float32)
