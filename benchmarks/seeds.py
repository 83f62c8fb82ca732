"""Seeds 1 to 20, each as a user makes it: time, memory, budget, outside judges, same bytes. One CSV row a seed.

    python benchmarks/seeds.py [--seeds 1-20] [-o FOLDER] [--once]

Every seed is generated in a process of its own (seconds and peak memory are that whole process's, child processes included), then
again with one thread and no preview, and the two files compared. The Khronos validator and three.js in Chromium judge the file; three.js' counts
must equal ours. The pictures from the spawn point stay in FOLDER. Exit code 1 if anything is off.
"""

import argparse
import csv
import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.web import judges

LIMITS = {"triangles": 300_000, "draw_calls": 80, "gpu_texture_bytes": 128_000_000, "bytes": 25_000_000}


def generate(seed: int, path: Path, *options: str) -> tuple[float, float]:
    """Seconds and peak MB of `seedscape generate` for one seed, as a fresh process."""
    code = (
        "import resource, subprocess, sys; p = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(p.returncode)"
    )
    command = [sys.executable, "-m", "seedscape", "generate", str(seed), "-o", str(path), *options]
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"seed {seed}: exit code {done.returncode}: {done.stderr[-500:]}")
    return seconds, int(done.stdout) / 1024


def main() -> int:
    """Run, print a table, append to benchmarks/seeds.csv."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1-20", help="first-last")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "out" / "seeds")
    parser.add_argument("--once", action="store_true", help="leave out the second run with one thread")
    arguments = parser.parse_args()
    first, last = (int(part) for part in arguments.seeds.split("-"))
    arguments.output.mkdir(parents=True, exist_ok=True)
    asked = [sys.executable, "-m", "seedscape", "--version"]
    version = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()[-1]
    rows, faults = [], 0
    for seed in range(first, last + 1):
        path = arguments.output / f"{seed}.glb"
        seconds, megabytes = generate(seed, path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        same = "not run"
        if not arguments.once:
            again = arguments.output / f"{seed}-again.glb"
            generate(seed, again, "--threads", "1", "--no-preview")
            same = "yes" if hashlib.sha256(again.read_bytes()).hexdigest() == digest else "NO"
        manifest = json.loads(path.with_suffix(".json").read_text())
        counts = manifest["counts"]
        (verdict,) = judges.validate([path])
        shown = judges.render(path, arguments.output / f"{seed}-three.png")
        row = {
            "version": version, "seed": seed, "biome": manifest["spec"]["biome"], "seconds": round(seconds, 1), "peak_mb": round(megabytes),
            **{name: counts[name] for name in LIMITS}, "errors": verdict["errors"], "warnings": verdict["warnings"],
            "three_draw_calls": shown["calls"], "three_triangles": shown["triangles"], "three_gpu_texture_bytes": shown["gpuTextureBytes"],
            "ground_under_spawn": shown["ground"] is not None, "console": len(shown["console"]), "same_bytes": same, "sha256": digest[:16],
        }  # fmt: skip
        fault = (
            row["errors"] + row["warnings"] + row["console"] > 0 or same == "NO" or not row["ground_under_spawn"]
            or any(counts[name] > limit for name, limit in LIMITS.items())
            or (shown["calls"], shown["triangles"], shown["gpuTextureBytes"]) != tuple(counts[k] for k in ("draw_calls", "triangles", "gpu_texture_bytes"))
        )  # fmt: skip
        faults += fault
        rows.append(row)
        print(
            ("FAULT " if fault else "") + " ".join(f"{key}={value}" for key, value in row.items() if key != "version"),
            flush=True,
        )
    table = ROOT / "benchmarks" / "seeds.csv"
    kept = []
    if table.exists():
        with table.open(newline="") as file:
            kept = [
                old
                for old in csv.DictReader(file)
                if old["version"] != version or int(old["seed"]) not in range(first, last + 1)
            ]
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows([*kept, *rows])
    worst = {name: max(row[name] for row in rows) for name in ("seconds", "peak_mb", *LIMITS)}
    print(f"{len(rows)} seeds, {faults} with a fault; worst: {worst}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
