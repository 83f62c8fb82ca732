"""Every biome with every purpose: counts, budget, seconds and room to walk, one CSV row an environment.

    python benchmarks/environments.py [--seeds 1-5] [--biomes alpine,coast] [--purposes game] [-o FOLDER] [--validate]

Each is made by `seedscape generate` in a process of its own, without a picture, one after another. `wall_s` are its seconds from
start to end on all cores, `cpu_s` its processor time, `taken` the share of the cores' time that others had meanwhile: other processes, and
a host that gave the cores away (Linux tells). What takes longer than SECONDS is made
again once the machine has been quiet for a moment, up to --tries times, and the last try counts; `tries` says how many those were,
`first_s`, `first_cpu_s` and `first_taken` what the first one took. Exit code 1 where the last one is longer, something is over budget, the
validator finds an error or a warning, or the walkable ground around the spawn point is less than 2,000 m2.
"""

import argparse
import csv
import json
import os
import resource
import struct
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from seedscape.scene.biomes import BIOMES
from seedscape.scene.spec import PURPOSES
from tests.web import judges

LIMITS = {
    "triangles": 300_000,
    "draw_calls": 80,
    "materials": 50,
    "gpu_texture_bytes": 128_000_000,
    "bytes": 25_000_000,
}
WALKABLE_M2 = 2_000.0
SECONDS = 15.0
TAKEN = 0.02
PATIENCE_S, LOOK_S = 300.0, 10.0
PROBE = """
from multiprocessing import Process
work = [Process(target=sum, args=(range(40_000_000),)) for _ in range(2)]
[process.start() for process in work]
[process.join() for process in work]
"""


def walkable_m2(glb: Path) -> float:
    """Horizontal area of the file's walkable mesh."""
    data = glb.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    document, binary = json.loads(data[20 : 20 + length]), data[28 + length :]
    node = next(node for node in document["nodes"] if node["name"] == "walkable")
    if "mesh" not in node:
        return 0.0
    primitive = document["meshes"][node["mesh"]]["primitives"][0]

    def read(index: int, dtype: str, width: int) -> np.ndarray:
        accessor = document["accessors"][index]
        start = document["bufferViews"][accessor["bufferView"]].get("byteOffset", 0)
        return np.frombuffer(binary, dtype, accessor["count"] * width, start).reshape(-1, width)

    kind = {5123: "<u2", 5125: "<u4"}[document["accessors"][primitive["indices"]]["componentType"]]
    corners = read(primitive["attributes"]["POSITION"], "<f4", 3)[read(primitive["indices"], kind, 1).reshape(-1, 3)]
    a, b, c = (corners[:, k].astype(np.float64) for k in range(3))
    cross = (b[:, 0] - a[:, 0]) * (c[:, 2] - a[:, 2]) - (b[:, 2] - a[:, 2]) * (c[:, 0] - a[:, 0])
    return float(np.abs(cross).sum() / 2.0)


@dataclass(frozen=True)
class Try:
    """One run: wall and processor seconds, and the share of the cores' time that others had."""

    wall_s: float
    cpu_s: float
    taken: float


def busy_s() -> tuple[float, float]:
    """Seconds since the start of the machine that its cores worked or were given away by the host, and all of their seconds."""
    try:
        line = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    except OSError:
        return 0.0, 0.0
    # user nice system idle iowait irq softirq steal (proc_stat(5))
    ticks = np.array(line, float) / os.sysconf("SC_CLK_TCK")
    return float(ticks.sum() - ticks[3:5].sum()), float(ticks.sum())


def wait_for_quiet() -> None:
    """Until next to nothing runs, on this machine or beside it, for a few seconds; at most PATIENCE_S. The look itself needs a load: a
    host takes cores from those who use them."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        probe = run([sys.executable, "-c", PROBE])
        if probe.taken <= TAKEN:
            return
        time.sleep(LOOK_S)


def run(command: list[str]) -> Try:
    """Run a command and time it. SystemExit: it failed."""
    before, busy, start = resource.getrusage(resource.RUSAGE_CHILDREN), busy_s(), time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    wall, after, now = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN), busy_s()
    if done.returncode not in (0, 3):
        raise SystemExit(f"{' '.join(command[3:])}: exit code {done.returncode}: {done.stderr[-400:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    taken = max(now[0] - busy[0] - cpu, 0.0) / max(now[1] - busy[1], 1e-9)
    return Try(round(wall, 1), round(cpu, 1), round(taken, 3))


def measure(seed: int, biome: str, purpose: str, glb: Path, most_tries: int) -> dict[str, Any]:
    """One row, whose file is left at `glb`."""
    command = [sys.executable, "-m", "seedscape", "generate", str(seed), "-o", str(glb), "--no-preview"]
    tries: list[Try] = []
    while not tries or (tries[-1].wall_s > SECONDS and len(tries) < most_tries):
        if tries:
            wait_for_quiet()
        tries.append(run([*command, "--biome", biome, "--purpose", purpose]))
    manifest = json.loads(glb.with_suffix(".json").read_text())
    return {
        "seed": seed,
        "biome": biome,
        "purpose": purpose,
        **asdict(tries[-1]),
        "tries": len(tries),
        "first_s": tries[0].wall_s,
        "first_cpu_s": tries[0].cpu_s,
        "first_taken": tries[0].taken,
        "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,  # the largest so far
        **{name: manifest["counts"][name] for name in LIMITS},
        "walkable_m2": round(walkable_m2(glb)),
        "issues": "not run",
    }


def wrong(row: dict[str, Any]) -> bool:
    """Whether a row misses anything."""
    over = any(row[name] > limit for name, limit in LIMITS.items()) or row["wall_s"] > SECONDS
    return over or row["walkable_m2"] < WALKABLE_M2 or row["issues"] not in ("not run", 0)


def main() -> int:
    """Run, print, write benchmarks/environments.csv."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1-5", help="first-last")
    parser.add_argument("--biomes", default=",".join(BIOMES))
    parser.add_argument("--purposes", default=",".join(PURPOSES))
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "out" / "environments")
    parser.add_argument("--tries", type=int, default=12, help="how often what took longer is made, at most")
    parser.add_argument("--validate", action="store_true", help="the Khronos validator too (needs Node)")
    arguments = parser.parse_args()
    first, last = (int(part) for part in arguments.seeds.split("-"))
    arguments.output.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for seed in range(first, last + 1):
        for biome in arguments.biomes.split(","):
            made = {p: arguments.output / f"{biome}-{p}-{seed}.glb" for p in arguments.purposes.split(",")}
            new = [measure(seed, biome, purpose, glb, arguments.tries) for purpose, glb in made.items()]
            if arguments.validate:
                for row, verdict in zip(new, judges.validate(list(made.values())), strict=True):
                    row["issues"] = verdict["errors"] + verdict["warnings"]
            for row, glb in zip(new, made.values(), strict=True):
                glb.unlink()
                print(("FAULT " if wrong(row) else "") + " ".join(f"{k}={v}" for k, v in row.items()), flush=True)
            rows += new
            with (ROOT / "benchmarks" / "environments.csv").open("w", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
    faults = sum(wrong(row) for row in rows)
    worst = {name: max(row[name] for row in rows) for name in ("wall_s", "cpu_s", "taken", "tries", "first_s", *LIMITS)}
    print(f"{len(rows)} environments, {faults} with a fault; worst: {worst}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
