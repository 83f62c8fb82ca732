"""Every biome with every purpose: counts, budget, seconds and room to walk, one CSV row an environment.

    python benchmarks/environments.py [--seeds 1-5] [--biomes alpine,coast] [--purposes game] [-o FOLDER] [--validate]

Each is made by `seedscape generate` in a process of its own, without a picture. `cpu_s` is that process's processor time, which
does not depend on what else the machine does. Exit code 1 where something is over budget, the validator finds an error or a
warning, or the walkable ground around the spawn point is less than 2,000 m2.
"""

import argparse
import csv
import json
import resource
import struct
import subprocess
import sys
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


def measure(seed: int, biome: str, purpose: str, folder: Path, validate: bool) -> dict[str, Any]:
    """One row."""
    glb = folder / f"{biome}-{purpose}-{seed}.glb"
    command = [sys.executable, "-m", "seedscape", "generate", str(seed), "-o", str(glb), "--no-preview"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*command, "--biome", biome, "--purpose", purpose], cwd=ROOT, capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 3):
        raise SystemExit(f"{glb.name}: exit code {done.returncode}: {done.stderr[-400:]}")
    manifest = json.loads(glb.with_suffix(".json").read_text())
    row = {
        "seed": seed,
        "biome": biome,
        "purpose": purpose,
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "peak_mb": after.ru_maxrss // 1024,  # the largest so far
        **{name: manifest["counts"][name] for name in LIMITS},
        "walkable_m2": round(walkable_m2(glb)),
        "issues": "not run",
    }
    if validate:
        (verdict,) = judges.validate([glb])
        row["issues"] = verdict["errors"] + verdict["warnings"]
    glb.unlink()
    return row


def main() -> int:
    """Run, print, write benchmarks/environments.csv."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1-5", help="first-last")
    parser.add_argument("--biomes", default=",".join(BIOMES))
    parser.add_argument("--purposes", default=",".join(PURPOSES))
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "out" / "environments")
    parser.add_argument("--validate", action="store_true", help="the Khronos validator too (needs Node)")
    arguments = parser.parse_args()
    first, last = (int(part) for part in arguments.seeds.split("-"))
    arguments.output.mkdir(parents=True, exist_ok=True)
    rows, faults = [], 0
    for seed in range(first, last + 1):
        for biome in arguments.biomes.split(","):
            for purpose in arguments.purposes.split(","):
                row = measure(seed, biome, purpose, arguments.output, arguments.validate)
                fault = any(row[name] > limit for name, limit in LIMITS.items()) or row["walkable_m2"] < WALKABLE_M2
                fault = fault or row["issues"] not in ("not run", 0)
                faults += fault
                rows.append(row)
                print(("FAULT " if fault else "") + " ".join(f"{k}={v}" for k, v in row.items()), flush=True)
    with (ROOT / "benchmarks" / "environments.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    worst = {name: max(row[name] for row in rows) for name in ("cpu_s", *LIMITS)}
    print(f"{len(rows)} environments, {faults} with a fault; worst: {worst}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
