"""Endless terrain: exactness of windows, seconds, memory, and the decoder's arithmetic rate beside this machine's.

    python benchmarks/terrain.py [PAIRS]

Prints one JSON object. Windows: random overlapping pairs of one world, each in a World of its own; posts that differ are counted. Seconds
are CPU seconds of `seedscape sample terrain`, start-up included, one thread. Rates: one decode of a piece against numpy's
float32 matrix product on one thread.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import numpy as np

from seedscape.generation.rng import stream
from seedscape.generation.terrain import CELL, MARGIN, PIECE, World, open_terrain_model, pick_tiles

WIDTHS = (96, 64, 32, 8)  # of the decoder at 1/8, 1/4, 1/2 and full resolution (models/terrain_vae.py)
LATENT = 10


def differing_posts(pairs: int) -> dict[str, int]:
    """Posts that differ where two windows overlap, summed over random pairs."""
    model = open_terrain_model()
    tiles = pick_tiles(model, ("alpine",), 90.0)
    rng = stream(1, "pairs")
    shared = World(5, tiles, model, 90.0)
    different = compared = 0
    for k in range(pairs):
        if k % 50 == 0:
            fresh = World(5, tiles, model, 90.0)  # remembers nothing of what the other was asked for
            base = rng.integers(-(1 << 30), 1 << 30, 2)
        (r0, c0, r1, c1), (h0, w0, h1, w1) = rng.integers(-60, 60, 4), rng.integers(64, 130, 4)
        row, col = int(base[0]), int(base[1])
        a = shared.posts(row + int(r0), col + int(c0), int(h0), int(w0))
        b = fresh.posts(row + int(r1), col + int(c1), int(h1), int(w1))
        top, left = max(r0, r1), max(c0, c1)
        bottom, right = min(r0 + h0, r1 + h1), min(c0 + w0, c1 + w1)
        if top < bottom and left < right:
            first = a[top - r0 : bottom - r0, left - c0 : right - c0]
            second = b[top - r1 : bottom - r1, left - c1 : right - c1]
            different += int((first != second).sum())
            compared += first.size
    return {"pairs": pairs, "posts_compared": compared, "posts_different": different}


def sampling(size: int) -> dict[str, float]:
    """CPU seconds, wall seconds and peak megabytes of one `sample terrain`."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "seedscape", "sample", "terrain", "--seed", "1", "--spacing-m", "90"]
        command += ["--size", str(size)]
        start = time.perf_counter()
        process = subprocess.Popen([*command, "-o", folder], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"sample terrain --size {size} failed")
        return {
            "cpu_s": round(usage.ru_utime + usage.ru_stime, 2), "wall_s": round(time.perf_counter() - start, 2),
            "peak_mb": round(usage.ru_maxrss / 1024, 1),
        }  # fmt: skip


def rates() -> dict[str, float]:
    """GFLOP a second of one decode and of a matrix product, the best of five."""
    model, cells = open_terrain_model(), PIECE // CELL + 2 * MARGIN
    inputs = {
        "latents": np.zeros((1, LATENT, cells, cells), np.float32),
        "low": np.zeros((1, 1, cells, cells), np.float32),
        "noise": np.zeros((1, 1, cells * CELL, cells * CELL), np.float32),
    }
    wide, mid, narrow, thin = WIDTHS
    eighth = 9 * ((LATENT + 2) * wide + 6 * wide * wide) + wide * 4 * mid
    quarter = 9 * 4 * mid * mid + mid * 4 * narrow + 16 * mid
    half = 9 * 2 * narrow * narrow + narrow * 4 * thin + 4 * narrow
    full = 9 * (thin + 2 * thin * thin + thin)
    flops = 2.0 * cells * cells * (eighth + 4 * quarter + 16 * half + 64 * full)
    a = np.ones((1024, 1024), np.float32)
    decode, product = (
        min(_seconds(work) for _ in range(5)) for work in (lambda: model.heights(**inputs), lambda: a @ a)
    )
    ours, machine = flops / decode / 1e9, 2 * 1024**3 / product / 1e9
    return {"decode_gflops": round(ours, 1), "matrix_gflops": round(machine, 1), "share": round(ours / machine, 2)}


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    result = {
        "windows": differing_posts(int(sys.argv[1]) if len(sys.argv) > 1 else 1000),
        "sample_512": sampling(512), "sample_1024": sampling(1024), "sample_2048": sampling(2048), "rates": rates(),
    }  # fmt: skip
    print(json.dumps(result, indent=1))
