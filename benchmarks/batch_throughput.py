"""Batches with one worker and with two: jobs a minute, and the same bytes.

    python benchmarks/batch_throughput.py [--jobs 200] [--ones 60] [--alone 2]      # small environments
    python benchmarks/batch_throughput.py --jobs 20 --wait 2 --ray      # jobs that wait 2 s: local workers beside a Ray cluster

Each batch runs in a process of its own; the first job of each worker, which loads everything, is not counted. Two workers have one
thread each on two cores. `ratio` sets them against one worker of one thread: what a second worker brings. `ratio_default` sets them
against what one worker does by itself, which takes both cores for its threads where it can. --ones: the single workers make the
first N jobs only, --no-default leaves the second of them out. `cpu_s` is processor time a job, loading included, which depends less
on what else the machine does. --alone: how many of them are compared with `seedscape generate` too.
Appends a row to batch_throughput.csv; exit code 1 where bytes differ.
"""

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from table import append_row

from seedscape import __version__
from seedscape.assets import batch as batch_module
from seedscape.assets.batch import Batch
from seedscape.assets.job import Job, Made
from seedscape.assets.store import json_sha256

SMALL = {"size_m": 200, "texture_px": 256, "preview": False}


def wait(values: dict[str, Any], threads: int) -> Made:
    """A job of so many seconds."""
    time.sleep(values["wait_s"])
    return Made({"a.glb": b"glTF"}, {"links": {"glb": "a.glb"}})


def make(values: dict[str, Any], threads: int) -> Made:
    if "wait_s" in values:
        return wait(values, threads)
    from seedscape.jobs import make_job

    return make_job(values, threads)


def plan(count: int, wait_s: float | None) -> list[Job]:
    if wait_s is None:
        from seedscape.jobs import plan_jobs

        return plan_jobs([{"seeds": f"1-{count}", **SMALL}])
    specs = [{"seed": seed, "wait_s": wait_s} for seed in range(count)]
    return [Job(f"job-{spec['seed']}", json_sha256(spec), {"spec": spec, "wait_s": wait_s}) for spec in specs]


def run_one(arguments: argparse.Namespace) -> None:
    """A batch in this process; its figures as JSON. The first job of each worker is not counted: it loads everything."""
    ended: list[float] = []

    def note(status: Any) -> None:
        ended.extend([time.monotonic()] * (status.done - len(ended)))

    jobs = plan(arguments.jobs, arguments.wait)
    if arguments.one_thread:
        batch_module.usable_cores = lambda: 1
    cluster = None
    if arguments.ray:
        os.environ |= {
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_raylet_start_wait_time_s": "120",
        }
        from ray.cluster_utils import Cluster

        node = {"num_cpus": 1, "node_ip_address": "127.0.0.1"}
        cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
        cluster.add_node(**node)
    address = None if cluster is None else cluster.address
    summary = Batch(arguments.folder, jobs, make=make, workers=None if cluster else arguments.workers, ray=address).run(
        note
    )
    first = arguments.workers
    rate = (len(ended) - first) / max(ended[-1] - ended[first - 1], 1e-9)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {
        "complete": summary.complete,
        "seconds": summary.seconds,
        "per_s": rate,
        "cpu_s": usage.ru_utime + usage.ru_stime,
    }
    print(json.dumps(figures), flush=True)
    if cluster is not None:
        cluster.shutdown()


def run(arguments: argparse.Namespace, folder: Path, workers: int, jobs: int, *flags: str) -> dict[str, Any]:
    command = [
        sys.executable,
        __file__,
        "--folder",
        str(folder),
        "--workers",
        str(workers),
        "--jobs",
        str(jobs),
        *flags,
    ]
    command += [] if arguments.wait is None else ["--wait", str(arguments.wait)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert figures["complete"], "the batch is not complete"
    print(f"{workers} workers {' '.join(flags)}: {60 * figures['per_s']:.2f} jobs a minute", flush=True)
    return figures


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*.glb"))}


def differs_alone(base: Path, digest: dict[str, str], count: int) -> int:
    """How many of `seedscape generate`'s files are others."""
    options = ["--set", "texture_px=256", "--size-m", "200", "--no-preview"]
    different = 0
    for seed in range(1, count + 1):
        path = base / f"{seed}.glb"
        command = [sys.executable, "-m", "seedscape", "generate", str(seed), "-o", str(path), *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        different += digest[path.name] != hashlib.sha256(path.read_bytes()).hexdigest()
    return different


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--alone", type=int, default=2)
    parser.add_argument("--wait", type=float, help="seconds that a job waits, in place of an environment")
    parser.add_argument("--ray", action="store_true", help="two Ray nodes in place of one worker")
    parser.add_argument("--ones", type=int, help="jobs of the single workers; all of them by default")
    parser.add_argument("--no-default", action="store_true", help="leave out one worker with all threads")
    parser.add_argument("--one-thread", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        run_one(arguments)
        return
    base = Path(tempfile.mkdtemp(prefix="batch-throughput-"))
    load = os.getloadavg()[0]
    ones = min(arguments.jobs, arguments.ones or arguments.jobs)
    two = run(arguments, base / "two", 2, arguments.jobs)
    if arguments.ray:
        ones, others = arguments.jobs, [run(arguments, base / "ray", 2, arguments.jobs, "--ray")]
    else:
        others = [run(arguments, base / "one", 1, ones, "--one-thread")]
        if arguments.wait is None and not arguments.no_default:
            others.append(run(arguments, base / "default", 1, ones))
    digest = digests(base / "two")
    different = 0
    if arguments.wait is None:
        for name in ("ray",) if arguments.ray else ("one", "default")[: len(others)]:
            different += sum(digest[file] != sha for file, sha in digests(base / name).items())
        different += differs_alone(base, digest, arguments.alone)
    shutil.rmtree(base)
    row = {
        "version": __version__, "jobs": arguments.jobs, "kind": "environment" if arguments.wait is None else f"{arguments.wait:g} s",
        "against": "ray, 2 nodes" if arguments.ray else "1 worker", "two_workers_per_min": round(two["per_s"] * 60, 3),
        "other_per_min": round(others[0]["per_s"] * 60, 3), "ratio": round(two["per_s"] / others[0]["per_s"], 3),
        "two_workers_cpu_s_per_job": round(two["cpu_s"] / arguments.jobs, 3),
        "other_cpu_s_per_job": round(others[0]["cpu_s"] / ones, 3), "different_files": different,
        "load_average": round(load, 1), "jobs_of_one": ones,
    } | (
        {"default_per_min": round(others[1]["per_s"] * 60, 3), "ratio_default": round(two["per_s"] / others[1]["per_s"], 3)}
        if len(others) > 1
        else {}
    )  # fmt: skip
    append_row(__file__, row)
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
