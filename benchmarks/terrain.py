"""Endless terrain: exactness of windows, seconds, memory, and the decoder's arithmetic rate beside this machine's.

    python benchmarks/terrain.py [PAIRS]

Prints one JSON object. Windows: random overlapping pairs of one world, the two of a pair from two Worlds that were asked for other
windows before, in batches of other sizes (a World here remembers its pieces, so that a thousand pairs take minutes); posts that
differ are counted. Seconds are CPU seconds of `seedscape sample terrain`, start-up included, one thread; peak memory at three
sizes. Rates: one decode of a piece against numpy's float32 matrix product on one thread. Level: one more level of an environment,
posts 0.47 m apart.
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

from seedscape.generation import terrain
from seedscape.generation.refine import refine
from seedscape.generation.rng import stream
from seedscape.generation.terrain import (
    CELL,
    GULLIED_M,
    MARGIN,
    PIECE,
    LandWishes,
    World,
    generate_terrain,
    open_terrain_model,
    pick_tiles,
)
from seedscape.generation.values import Float32

WIDTHS = (96, 64, 32, 8)  # of the decoder at 1/8, 1/4, 1/2 and full resolution (models/terrain_vae.py)
LATENT = 10


class Remembering(World):
    """A world that makes each piece once."""

    def _pieces(self, places: list[tuple[int, int]]) -> list[Float32]:
        known: dict[tuple[int, int], Float32] = self.__dict__.setdefault("known", {})
        missing = [place for place in places if place not in known]
        if missing:
            known.update(zip(missing, super()._pieces(missing), strict=True))
        return [known[place] for place in places]


def differing_posts(pairs: int) -> dict[str, int]:
    """Posts that differ where two windows overlap, summed over random pairs of two landforms, with and without characters of their own."""
    model = open_terrain_model()
    rng = stream(1, "pairs")
    different = compared = asked = 0
    while asked < pairs:
        if asked % 50 == 0:
            tiles = pick_tiles(model, (("alpine", "coast_islands")[asked // 50 % 2],), 90.0)
            wishes = LandWishes(character=None) if asked // 100 % 2 else LandWishes()
            first, second = (Remembering(asked // 100, tiles, model, 90.0, wishes) for _ in range(2))
            base = rng.integers(-(1 << 30), 1 << 30, 2)
            terrain.AT_ONCE = 1
            second.posts(int(base[0]) + int(rng.integers(-300, 300)), int(base[1]), 2, 2)  # knows other blocks already
        (r0, c0, r1, c1), (h0, w0, h1, w1) = rng.integers(-60, 60, 4), rng.integers(64, 130, 4)
        top, left = int(max(r0, r1)), int(max(c0, c1))
        bottom, right = int(min(r0 + h0, r1 + h1)), int(min(c0 + w0, c1 + w1))
        if top >= bottom or left >= right:
            continue
        row, col = int(base[0]), int(base[1])
        terrain.AT_ONCE = 8
        a = first.posts(row + int(r0), col + int(c0), int(h0), int(w0))
        terrain.AT_ONCE = 1
        b = second.posts(row + int(r1), col + int(c1), int(h1), int(w1))
        one, other = (
            a[top - r0 : bottom - r0, left - c0 : right - c0],
            b[top - r1 : bottom - r1, left - c1 : right - c1],
        )
        different += int((one != other).sum())
        compared += one.size
        asked += 1
    return {"pairs": pairs, "posts_compared": compared, "posts_different": different}


def finer_level() -> dict[str, float]:
    """CPU seconds of an environment's terrain, and of its finest level alone."""
    start = time.process_time()
    land = generate_terrain(42, ("alpine",), 300.0, 1000.0)
    between = time.process_time()
    rng, refiner = stream(42, "terrain", "refine", len(land.levels) - 2), open_terrain_model().refiner
    level = refine(land.levels[-2], GULLIED_M, rng, refiner, gullies=True)
    return {
        "terrain_s": round(between - start, 2), "finest_s": round(time.process_time() - between, 2),
        "spacing_m": level.spacing_m, "posts": level.heights_m.size,
    }  # fmt: skip


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
        "sample_512": sampling(512), "sample_1024": sampling(1024), "sample_2048": sampling(2048),
        "sample_4096": sampling(4096), "rates": rates(), "level": finer_level(),
    }  # fmt: skip
    print(json.dumps(result, indent=1))
