"""How two workers share the making of tiles: seconds of one and of two, and the same bytes.

    python benchmarks/tiles.py [--extent-m 16000] [--seed 3] [--biome alpine]

Wall seconds count on a quiet machine. CPU seconds, which other work disturbs less, give the ratio that two workers can
reach: the CPU seconds of one worker over those of the busier of two. Appends to benchmarks/tiles.csv; exit code
1 when the folders differ, or when neither ratio reaches 1.8.
"""

import argparse
import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from table import append_row

import seedscape
from seedscape.tiles import plan_tiles, write_tiles

LEAST = 1.8


def make(seed: int, extent_m: float, biome: str, workers: int, folder: Path) -> tuple[float, float, float]:
    """(wall seconds, CPU seconds of this process, of its children), in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        start = time.perf_counter()
        write_tiles(plan_tiles(seed, extent_m, 16.0, biome), folder, workers)
        wall, spent = time.perf_counter() - start, os.times()
        own, others = spent.user + spent.system, spent.children_user + spent.children_system
        os.write(writing, f"{wall} {own} {others}".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        wall, own, others = (float(word) for word in pipe.read().split())
    os.waitpid(child, 0)
    return wall, own, others


def digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return total.hexdigest()[:16]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--extent-m", type=float, default=16_000.0)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--biome", default="alpine")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        one, two = Path(home) / "one", Path(home) / "two"
        alone = make(asked.seed, asked.extent_m, asked.biome, 1, one)
        shared = make(asked.seed, asked.extent_m, asked.biome, 2, two)
        same, count = digest(one) == digest(two), len(list(one.rglob("*.glb")))
    wall, cpu = alone[0] / shared[0], alone[1] / max(shared[1:])
    append_row(__file__, {
        "version": seedscape.__version__, "extent_m": asked.extent_m, "seed": asked.seed, "biome": asked.biome, "tiles": count,
        "one_wall_s": round(alone[0], 1), "two_wall_s": round(shared[0], 1), "wall_ratio": round(wall, 2),
        "one_cpu_s": round(alone[1], 1), "two_cpu_s": f"{shared[1]:.1f} + {shared[2]:.1f}", "cpu_ratio": round(cpu, 2),
        "same_bytes": "yes" if same else "NO",
    })  # fmt: skip
    return int(not same or max(wall, cpu) < LEAST)


if __name__ == "__main__":
    sys.exit(main())
