"""Re-arranging a torus of exemplar latents by a seed: image quilting (Efros and Freeman 2001) on latents, wrapped around.

Blocks are laid row by row on a new torus. Every offset of the exemplar is tried for each: the error over the overlaps with
what already lies there, the wrap included, is a correlation, found for all offsets at once by Fourier transforms of whole
numbers and rounded, so that it is exact on every machine. Offsets that would merely continue a neighbour's piece are out (the
result would be the exemplar again), what lies there already costs more, and so does what makes a neighbourhood unlike the whole
(pieces that fit best are often the plain ones, and a torus of those has lost contrast), or what is out of step with the first piece
where the exemplar has a period: courses of bricks go through. The seed picks among the best few. Blocks
are joined along minimum-error seams, softened over a cell so that the decoder sees no jump; what is broad in the latents passes
over more slowly than that (multi-band blending, Burt and Adelson 1983), or slopes of the height would end in cliffs. Latents have zero
mean, so the soft parts are rescaled to keep the variance. At last the torus is turned so that its edge lies where least happens: a wall's joint, say, would
be a line that ends there.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.seams import cheapest_path

BLOCK = 36  # cells a side, overlaps included: slabs and cracks of that size stay whole
OVERLAP = 8
RAMP, BROAD = 12, 12  # cells over which what is broad passes to the next block; passes of the blur that finds it
CHANNELS = 12  # of the latents, the most important ones: they decide what fits
BEST = 4
LEVELS = 31  # whole numbers that stand for three deviations of a latent
# Of the median error: what a cell that lies there already costs, and a deviation of the neighbourhood's means. Over 90 arrangements of
# blocks of 28 (30 sets, 3 seeds) the deviations of all channels were within 15 % of the exemplar's on 94 %, without the two on 88.
USED, UNLIKE = 0.5, 2.0
# Cost of being out of step, see `_phase`; share of all moves that a period reaches; correlation from which on it is one.
PHASE, PERIODIC, IN_STEP = 12.0, 0.01, 0.24
NEIGHBOURS = 1.3  # blocks
APART = 6  # cells: nearer than this to a neighbour's continuation, or to a piece already laid, is the same piece


@dataclass(frozen=True)
class _Exemplar:
    """whole (C, n, n): the most important channels as whole numbers, in float64 for the transforms; weights (C,), whole too.
    leaning (2 C, n, n): see `_leaning`. phase (n, n): see `_phase`."""

    whole: NDArray[np.float64]
    weights: NDArray[np.float64]
    spectra: NDArray[np.complex128]
    energy: NDArray[np.complex128]
    leaning: NDArray[np.float64]
    phase: NDArray[np.float64]


def arrange(
    torus: NDArray[np.float32], cells: int, rng: np.random.Generator, importance: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """(L, n, n) exemplar torus -> (L, cells, cells) new torus. importance (L,): weight of each channel in the picture."""
    n = torus.shape[1]
    size = min(BLOCK, max(4, 3 * cells // 4), n)
    overlap = max(2, size * OVERLAP // BLOCK)
    count = -(-cells // (size - overlap))
    starts = [i * cells // count for i in range(count)]
    exemplar = _exemplar(torus, importance, size)
    broad = _broad(torus)
    bands = np.pad(np.stack([torus - broad, broad]), [(0, 0), (0, 0), (0, size), (0, size)], mode="wrap")
    wide_whole = np.pad(exemplar.whole, [(0, 0), (0, size), (0, size)], mode="wrap")
    canvas = np.zeros((2, len(torus), cells, cells), np.float32)
    rough = np.zeros((len(exemplar.whole), cells, cells))
    filled = np.zeros((cells, cells), bool)
    laid: list[tuple[int, int, int, int]] = []  # row and column on the canvas, row and column in the exemplar
    used = np.zeros((n, n), np.int64)  # how often each cell of the exemplar lies on the new torus
    for r0 in starts:
        for c0 in starts:
            place = np.ix_((r0 + np.arange(size)) % cells, (c0 + np.arange(size)) % cells)
            known, near = filled[place], rough[:, *place]
            r, c = _choose(exemplar, near, known, laid, used, (r0, c0), cells, rng)
            laid.append((r0, c0, r, c))
            used[np.ix_((r + np.arange(size)) % n, (c + np.arange(size)) % n)] += ~known
            block, block_whole = bands[..., r : r + size, c : c + size], wide_whole[:, r : r + size, c : c + size]
            error = ((block_whole - near) ** 2 * exemplar.weights[:, None, None]).sum(0) * known
            weight = _new_weight(error, known, overlap)
            shares = np.stack([weight, _slow_weight(known)])[:, None]
            mixed = shares * block + (1 - shares) * canvas[:, :, *place]
            canvas[:, :, *place] = mixed / np.sqrt(shares**2 + (1 - shares) ** 2)
            norm = np.sqrt(weight**2 + (1 - weight) ** 2)
            rough[:, *place] = np.round((weight * block_whole + (1 - weight) * near) / norm)
            filled[place] = True
    rows, columns = (_quietest(rough, exemplar.weights, axis) for axis in (1, 2))
    return np.roll(canvas.sum(0), (-rows, -columns), (1, 2))


def _broad(torus: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is broad in a torus: binomial blurs of 3 cells."""
    for _ in range(BROAD):
        for axis in (1, 2):
            torus = (np.roll(torus, 1, axis) + 2.0 * torus + np.roll(torus, -1, axis)) / np.float32(4.0)
    return np.asarray(torus, np.float32)


def _quietest(rough: NDArray[np.float64], weights: NDArray[np.float64], axis: int) -> int:
    """The line along which a torus (C, n, n) differs least from the one before: there the picture may begin."""
    steps = (rough - np.roll(rough, 1, axis)) ** 2  # whole numbers: exact in any order
    return int(np.argmin((steps * weights[:, None, None]).sum((0, 3 - axis))))


def _exemplar(torus: NDArray[np.float32], importance: NDArray[np.float32] | None, size: int) -> _Exemplar:
    importance = np.ones(len(torus), np.float32) if importance is None else importance
    chosen = np.sort(np.argsort(-importance, kind="stable")[:CHANNELS])
    weights = np.maximum(np.round(importance[chosen] * (64.0 / importance.max())), 1.0).astype(np.float64)
    whole = np.clip(np.round(torus[chosen].astype(np.float64) * (LEVELS / 3.0)), -127, 127)
    n, weighted = torus.shape[1], whole * weights[:, None, None]
    leaning = _leaning(np.concatenate([whole, whole * whole]), size)
    spectra = np.fft.rfft2(weighted)
    phase = _phase((np.conj(np.fft.rfft2(whole)) * spectra).sum(0), n)
    return _Exemplar(whole, weights, spectra, np.fft.rfft2((whole * weighted).sum(0)), leaning, phase)


def _phase(power: NDArray[np.complex128], n: int) -> NDArray[np.float64]:
    """(n, n) what it costs to lay a piece moved by so many rows and columns against the first one: how far the exemplar's own
    correlation there is below what a few of all moves reach. Courses of bricks stay level. 0 where nothing has a period: a smooth
    exemplar is like itself moved a little, and that says nothing of pieces farther away."""
    likeness = np.round(np.fft.irfft2(power, (n, n)))  # whole numbers, so the same on every machine
    likeness /= max(likeness[0, 0], 1.0)
    away = np.minimum(np.arange(n), n - np.arange(n))
    far = np.sort(likeness[np.maximum(away[:, None], away) >= APART])
    usual = far[-min(int(PERIODIC * n * n) or 1, len(far))] if len(far) else 0.0
    return np.asarray(np.maximum(usual - likeness, 0.0) if usual >= IN_STEP else np.zeros((n, n)))


def _leaning(maps: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """(C, n, n) how far the mean of each map over the piece at every row and column is from that of all, in their deviations."""
    sums = maps
    for axis in (1, 2):
        total = np.cumsum(np.concatenate([sums, np.take(sums, range(size), axis)], axis), axis)
        total = np.insert(total, 0, 0.0, axis)
        sums = np.take(total, range(size, size + maps.shape[1]), axis) - np.take(total, range(maps.shape[1]), axis)
    apart = sums - sums.mean((1, 2), keepdims=True)
    return np.asarray(apart / np.maximum(np.sqrt((apart * apart).mean((1, 2), keepdims=True)), 1e-9))


def _choose(
    exemplar: _Exemplar, near: NDArray[np.float64], known: NDArray[np.bool_], laid: list[tuple[int, int, int, int]],
    used: NDArray[np.int64], at: tuple[int, int], cells: int, rng: np.random.Generator,
) -> tuple[int, int]:  # fmt: skip
    """Row and column of the exemplar's piece for the block `at` (row, column), of which `near` lies there where `known`."""
    n = exemplar.whole.shape[1]
    if not laid:
        return int(rng.integers(n)), int(rng.integers(n))
    cost = _errors(exemplar, near, known)
    dear, size = int(np.median(cost)), len(known)
    leaning = exemplar.leaning.copy()
    for row, column, r, c in laid:
        dr, dc = (at[0] - row + cells // 2) % cells - cells // 2, (at[1] - column + cells // 2) % cells - cells // 2
        if max(abs(dr), abs(dc)) <= NEIGHBOURS * size:
            leaning += exemplar.leaning[:, r, c, None, None]
        if max(abs(dr), abs(dc)) <= size:  # what would continue a neighbour is out
            cost[_around(r + dr, c + dc, n)] += 1000 * dear
    unlike = (leaning * leaning).sum(0) / len(leaning)
    row, column, r, c = laid[0]
    phase = np.roll(exemplar.phase, (r + at[0] - row, c + at[1] - column), (0, 1))
    cost += np.asarray(dear * (USED * _used_cells(used, known) + UNLIKE * unlike + PHASE * phase), np.int64)
    best = np.argsort(cost, axis=None, kind="stable")[:BEST]
    row, column = divmod(int(best[int(rng.integers(BEST))]), n)
    return row, column


def _errors(exemplar: _Exemplar, near: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(n, n): weighted squared error over the known cells with the exemplar's piece at every row and column, but for a constant."""
    n, size = exemplar.whole.shape[1], len(known)
    mask, own = np.zeros((n, n)), np.zeros((len(near), n, n))
    mask[:size, :size] = known
    own[:, :size, :size] = near * known
    cross = (np.conj(np.fft.rfft2(own)) * exemplar.spectra).sum(0)
    errors = np.fft.irfft2(np.conj(np.fft.rfft2(mask)) * exemplar.energy - 2.0 * cross, (n, n))
    constant = (own * own * exemplar.weights[:, None, None]).sum()
    return np.asarray(np.round(errors + constant), np.int64)


def _used_cells(used: NDArray[np.int64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n, n): mean of `used` over those cells of the piece at every row and column that would be new."""
    n, size = len(used), len(known)
    new = np.zeros((n, n))
    new[:size, :size] = ~known
    total = np.fft.irfft2(np.conj(np.fft.rfft2(new)) * np.fft.rfft2(used), (n, n))
    return np.asarray(np.round(total) / max(int((~known).sum()), 1))


def _around(row: int, column: int, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Index of the places of an exemplar that are nearer than APART to one of them, wrapped around."""
    reach = np.arange(1 - APART, APART)
    return ((row + reach) % n)[:, None], (column + reach) % n


def _slow_weight(known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Share of what is broad in the new block: from 0 at each known side to 1 as far inside as that side is known, RAMP at most."""
    weight = np.ones(known.shape, np.float32)
    for turns in range(4):
        across = np.rot90(known, turns)[len(known) // 2]  # in the middle: corners may be known from other sides
        if across[0]:
            reach = min(RAMP, len(across) if across.all() else int(np.argmin(across)))
            t = np.clip((np.arange(len(across), dtype=np.float32) + np.float32(0.5)) / np.float32(reach), 0.0, 1.0)
            ramp = np.broadcast_to(t * t * (3 - 2 * t), known.shape)
            weight = np.minimum(weight, np.rot90(ramp, -turns))
    return np.where(known, weight, 1.0).astype(np.float32)


def _new_weight(error: NDArray[Any], known: NDArray[np.bool_], overlap: int) -> NDArray[np.float32]:
    """Share of the new block: 0 on the old side of the minimum-error seams, 1 on the new, soft between."""
    weight = np.ones(error.shape, np.float32)
    for turns in range(4):  # left, then the other three sides
        if np.rot90(known, turns)[len(known) // 2, 0]:
            strip = np.rot90(error, turns)[:, :overlap]
            cut = cheapest_path(strip)  # first new column of each row
            ramp = np.clip((np.arange(len(error))[None, :] - cut[:, None] + 1.0) / 2.0, 0.0, 1.0)
            weight = np.minimum(weight, np.rot90(ramp, -turns))
    return np.where(known, weight, 1.0).astype(np.float32)
