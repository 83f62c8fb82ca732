"""Every biome with every purpose: counts, budget, seconds and room to walk, one CSV row an environment.

    python benchmarks/environments.py [--seeds 1-5] [--biomes alpine,coast] [--purposes game] [-o FOLDER] [--validate]

Each is made by `seedscape generate` in a process of its own, without a picture, one after another, each once the machine has been quiet for a
moment (at most --patience-s are waited for that). `wall_s` are its seconds from start to end on all cores, `cpu_s` its processor time, `taken`
the share of the cores' time that others had meanwhile: other processes, and a host that gave the cores away (Linux tells). When all are
made, those that took longer than SECONDS are made again, round after round up to --tries times, and the last try counts; `tries` says
how many those were, `first_wall_s`, `first_cpu_s` and `first_taken` what the first one took.

Every try is noted in FOLDER/tries.jsonl with the hash of the code that made it; stopped and started again, the run goes on with those of the
same code. Exit code 1 where the last try is longer, something is over budget, the validator finds an error or a warning, the walkable ground
around the spawn point is less than 2,000 m2, or two tries differ by a byte.
"""

import argparse
import csv
import hashlib
import json
import os
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
LOOK_S = 10.0
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
    """One run: wall and processor seconds, the share of the cores' time that others had, and the largest process in MB."""

    wall_s: float
    cpu_s: float
    taken: float
    peak_mb: int


def busy_s() -> tuple[float, float]:
    """Seconds since the start of the machine that its cores worked or were given away by the host, and all of their seconds."""
    try:
        line = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    except OSError:
        return 0.0, 0.0
    # user nice system idle iowait irq softirq steal (proc_stat(5))
    ticks = np.array(line, float) / os.sysconf("SC_CLK_TCK")
    return float(ticks.sum() - ticks[3:5].sum()), float(ticks.sum())


def wait_for_quiet(patience_s: float) -> None:
    """Until next to nothing runs, on this machine or beside it, for a few seconds. The look itself needs a load: a host takes cores from
    those who use them."""
    deadline = time.monotonic() + patience_s
    while run([sys.executable, "-c", PROBE]).taken > TAKEN and time.monotonic() < deadline:
        time.sleep(LOOK_S)


def run(command: list[str]) -> Try:
    """Run a command and time it. SystemExit: it failed."""
    busy, start = busy_s(), time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        error = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall, now = time.perf_counter() - start, busy_s()
    if process.returncode not in (0, 3):
        raise SystemExit(f"{' '.join(command[3:])}: exit code {process.returncode}: {error[-400:]}")
    cpu = used.ru_utime + used.ru_stime
    taken = max(now[0] - busy[0] - cpu, 0.0) / max(now[1] - busy[1], 1e-9)
    return Try(round(wall, 1), round(cpu, 1), round(taken, 3), used.ru_maxrss // 1024)


def measure(seed: int, biome: str, purpose: str, glb: Path, validate: bool) -> dict[str, Any]:
    """One try, noted."""
    command = [sys.executable, "-m", "seedscape", "generate", str(seed), "-o", str(glb), "--no-preview"]
    took = run([*command, "--biome", biome, "--purpose", purpose])
    manifest = json.loads(glb.with_suffix(".json").read_text())
    verdict = judges.validate([glb])[0] if validate else None
    return {
        "seed": seed,
        "biome": biome,
        "purpose": purpose,
        **asdict(took),
        **{name: manifest["counts"][name] for name in LIMITS},
        "walkable_m2": round(walkable_m2(glb)),
        "issues": verdict["errors"] + verdict["warnings"] if verdict else "not run",
        "sha256": hashlib.sha256(glb.read_bytes()).hexdigest(),
    }


def code_sha256() -> str:
    """Of everything that an environment is made of: the package's modules and weights."""
    digest = hashlib.sha256()
    for room in ("generation", "scene", "export", "assets", "seedscape"):
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix in (".py", ".onnx", ".safetensors"):
                digest.update(f"{path.relative_to(ROOT)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def row_of(tries: list[dict[str, Any]]) -> dict[str, Any]:
    """The row of an environment: its last try, beside the first."""
    first, last = tries[0], {key: value for key, value in tries[-1].items() if key not in ("sha256", "code")}
    peak = {"peak_mb": max(one["peak_mb"] for one in tries)}
    same = len({one["sha256"] for one in tries}) == 1
    firsts = {f"first_{key}": first[key] for key in ("wall_s", "cpu_s", "taken")}
    return last | peak | {"tries": len(tries), **firsts, "same_bytes": same}


def wrong(row: dict[str, Any]) -> bool:
    """Whether a row misses anything."""
    over = any(row[name] > limit for name, limit in LIMITS.items()) or row["wall_s"] > SECONDS
    over |= row["walkable_m2"] < WALKABLE_M2 or not row["same_bytes"]
    return over or row["issues"] not in ("not run", 0)


def main() -> int:
    """Run, print, write benchmarks/environments.csv."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1-5", help="first-last")
    parser.add_argument("--biomes", default=",".join(BIOMES))
    parser.add_argument("--purposes", default=",".join(PURPOSES))
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "out" / "environments")
    parser.add_argument("--tries", type=int, default=12, help="how often what took longer is made, at most")
    parser.add_argument(
        "--patience-s", type=float, default=600.0, help="how long a quiet moment is waited for before a try"
    )
    parser.add_argument("--validate", action="store_true", help="the Khronos validator too (needs Node)")
    arguments = parser.parse_args()
    first, last = (int(part) for part in arguments.seeds.split("-"))
    wanted = [
        (seed, biome, purpose)
        for seed in range(first, last + 1)
        for biome in arguments.biomes.split(",")
        for purpose in arguments.purposes.split(",")
    ]
    arguments.output.mkdir(parents=True, exist_ok=True)
    notes, code = arguments.output / "tries.jsonl", code_sha256()
    tries: dict[tuple[int, str, str], list[dict[str, Any]]] = {key: [] for key in wanted}
    for line in notes.read_text().splitlines() if notes.exists() else ():
        one = json.loads(line)
        if one["code"] == code and not (arguments.validate and one["issues"] == "not run"):
            tries.setdefault((one["seed"], one["biome"], one["purpose"]), []).append(one)

    def left() -> list[tuple[int, str, str]]:
        new = [key for key in wanted if not tries[key]]
        slow = [key for key in wanted if tries[key] and tries[key][-1]["wall_s"] > SECONDS]
        return new or [key for key in slow if len(tries[key]) < arguments.tries]

    while todo := left():
        for seed, biome, purpose in todo:
            wait_for_quiet(arguments.patience_s)
            glb = arguments.output / f"{biome}-{purpose}-{seed}.glb"
            one = measure(seed, biome, purpose, glb, arguments.validate) | {"code": code}
            glb.unlink()
            glb.with_suffix(".json").unlink()
            tries[seed, biome, purpose].append(one)
            with notes.open("a") as file:
                file.write(json.dumps(one) + "\n")
            row = row_of(tries[seed, biome, purpose])
            print(("FAULT " if wrong(row) else "") + " ".join(f"{k}={v}" for k, v in row.items()), flush=True)
    rows = [row_of(tries[key]) for key in wanted]
    with (ROOT / "benchmarks" / "environments.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    faults = sum(wrong(row) for row in rows)
    names = ("wall_s", "cpu_s", "taken", "tries", "first_wall_s", "peak_mb", *LIMITS)
    worst = {name: max(row[name] for row in rows) for name in names}
    once = sum(row["tries"] == 1 for row in rows)
    print(f"{len(rows)} environments, {faults} with a fault, {once} made once; worst: {worst}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
