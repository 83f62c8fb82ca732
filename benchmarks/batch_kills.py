"""Kill -9 at random during a batch: the whole process tree or one worker; start again; compare with an undisturbed run.

    python benchmarks/batch_kills.py --jobs 200 --kills 30             # jobs that wait, as environments would work
    python benchmarks/batch_kills.py --jobs 12 --kills 6 --real        # small environments

Prints and appends to batch_kills.csv: good files, jobs begun more than once (against the most that were in flight), orphan
files, whether the catalogue is that of the undisturbed run.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from table import append_row

from seedscape import __version__
from seedscape.assets.batch import Batch
from seedscape.assets.job import ENTRY, Job, Made
from seedscape.assets.store import json_sha256

FIELDS = ["version", "jobs", "real", "workers", "kills", "tree_kills", "good", "begun_again", "at_most", "orphans", "same_catalogue", "seconds"]  # fmt: skip
SMALL = {"size_m": 200, "texture_px": 256, "preview": False}


def make(values: dict[str, Any], threads: int) -> Made:
    """Note that the job begins, then make it."""
    with Path(values["log"]).open("a") as log:
        log.write(f"{values['spec']['seed']}\n")
    if values["real"]:
        from seedscape.jobs import make_job

        return make_job(values, threads)
    seed = values["spec"]["seed"]
    time.sleep(values["job_s"])
    data = random.Random(seed).randbytes(300_000)
    links = {"glb": f"{seed}.glb"}
    return Made({f"{seed}.glb": data}, {"links": links, "figures": {"bytes": len(data)}}, tuple(map(float, data[:64])))


def plan(count: int, real: bool, job_s: float, log: Path) -> list[Job]:
    extra = {"log": "", "real": real, "job_s": job_s}
    if real:
        from seedscape.jobs import plan_jobs

        jobs = plan_jobs([{"seeds": f"1-{count}", **SMALL}])
    else:
        specs = [{"seed": seed, "biome": "stub"} for seed in range(count)]
        jobs = [
            Job(f"{spec['seed']}-stub", json_sha256(spec), {"spec": spec, "profile": "universal"}) for spec in specs
        ]
    return [Job(job.name, job.key, job.values | extra | {"log": str(log)}) for job in jobs]


def run(arguments: argparse.Namespace) -> None:
    """One start of the batch, in a process of its own."""
    jobs = plan(arguments.jobs, arguments.real, arguments.job_s, Path(arguments.log))
    summary = Batch(arguments.folder, jobs, make=make, workers=arguments.workers).run()
    sys.exit(0 if summary.complete else 1)


def start(arguments: argparse.Namespace, folder: Path, log: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, __file__, "--folder", str(folder), "--log", str(log), "--jobs", str(arguments.jobs)]
    command += ["--workers", str(arguments.workers), "--job-s", str(arguments.job_s)] + ["--real"] * arguments.real
    return subprocess.Popen(command, start_new_session=True)


def workers_of(pid: int) -> list[int]:
    """Process numbers of the spawned workers of a batch."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"spawn_main" in path.with_name("cmdline").read_bytes():
                found.append(int(path.parent.name))
    return found


def digest(folder: Path) -> dict[str, str]:
    """What the catalogue and the environments are, but for what tells the log's path and the seconds of a run."""
    entries = json.loads((folder / "catalog.json").read_text())["environments"]
    found = {"catalogue": json_sha256(entries), "page": json_sha256((folder / "index.html").read_text())}
    for path in sorted(folder.glob("environments/*/*.glb")):
        found[path.name] = json_sha256(path.read_bytes().hex())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--job-s", type=float, default=0.3)
    parser.add_argument("--between", type=float, default=3.0, help="jobs that are made between two kills, on average")
    parser.add_argument("--real", action="store_true", help="small environments in place of jobs that wait")
    parser.add_argument("--number", type=int, default=0, help="other moments")
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--log", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.folder:
        run(arguments)
    chance = random.Random(arguments.number)
    base = Path(tempfile.mkdtemp(prefix="batch-kills-"))
    since = time.monotonic()
    if start(arguments, base / "undisturbed", base / "log0").wait() != 0:
        sys.exit("the undisturbed run failed")
    whole_s = time.monotonic() - since

    folder, log, trees = base / "killed", base / "log", 0
    since = time.monotonic()
    process = start(arguments, folder, log)
    for _ in range(arguments.kills):
        before = len(list(folder.glob(f"environments/*/{ENTRY}")))
        begun = log.stat().st_size if log.exists() else 0
        while process.poll() is None and (not log.exists() or log.stat().st_size <= begun):
            time.sleep(0.01)  # a start that makes nothing shows nothing
        wait_s = chance.uniform(0.0, 2.0) * whole_s / arguments.jobs * arguments.between
        until = time.monotonic() + wait_s
        while process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        if process.poll() is not None:
            print("complete before the last kill")
            break
        living = workers_of(process.pid)
        if chance.random() < 0.5 and living:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(living), signal.SIGKILL)
        else:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            trees += 1
            process = start(arguments, folder, log)
        print(f"killed {wait_s:.2f} s after a job began; {before} done before", flush=True)
    process.wait()
    if start(arguments, folder, log).wait() != 0:
        sys.exit("the killed batch is not complete")
    seconds = time.monotonic() - since

    begun = log.read_text().split()
    expected, found = digest(base / "undisturbed"), digest(folder)
    good = sum(found.get(name) == sha for name, sha in expected.items() if name.endswith(".glb"))
    orphans = [path for path in folder.rglob("*") if "seedscape-tmp" in path.name]
    orphans += [*(folder / ".claims").iterdir(), *(folder / "failed").iterdir()]
    row = {
        "version": __version__, "jobs": arguments.jobs, "real": arguments.real, "workers": arguments.workers,
        "kills": arguments.kills, "tree_kills": trees, "good": good, "begun_again": len(begun) - arguments.jobs,
        "at_most": trees * arguments.workers + (arguments.kills - trees), "orphans": len(orphans),
        "same_catalogue": all(expected[name] == found[name] for name in ("catalogue", "page")), "seconds": round(seconds, 1),
    }  # fmt: skip
    append_row(__file__, row)
    for path in orphans:
        print("orphan:", path)
    shutil.rmtree(base)
    ok = good == arguments.jobs and not orphans and row["same_catalogue"] and row["begun_again"] <= row["at_most"]
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
