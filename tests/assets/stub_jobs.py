"""Jobs that cost nothing, in place of environments; what they do is in their values."""

import errno
import os
import signal
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from seedscape.assets.errors import RequestError
from seedscape.assets.job import Job, Made
from seedscape.assets.store import json_sha256

MAKE = "tests.assets.stub_jobs:make"
PLAN = "tests.assets.stub_jobs:plan"


def stub(seed: int, do: str = "", **values: Any) -> Job:
    values = {"spec": {"seed": seed, "biome": "alpine", "size_m": 200.0}, "profile": "universal", "do": do, **values}
    key = json_sha256({"seed": seed})  # what a job does wrong does not change what it is
    return Job(f"{seed}-alpine-{key[:10]}", key, values)


def stubs(count: int, **values: Any) -> list[Job]:
    return [stub(seed, **values) for seed in range(count)]


def plan(jobs: Iterable[Mapping[str, Any]]) -> list[Job]:
    return [stub(**job) for job in jobs]


def _fail(fd: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def make(values: dict[str, Any], threads: int) -> Made:
    seed = values["spec"]["seed"]
    if "log" in values:  # a line for each time that it is begun
        with Path(values["log"]).open("a") as file:
            file.write(f"{seed} {os.getpid()} {threads}\n")
    time.sleep(values.get("seconds", 0.0))
    match values["do"]:
        case "raise":
            raise ValueError(f"seed {seed} does not like\nthis")
        case "refuse":
            raise RequestError("expected another seed, got this one")
        case "exit":
            raise SystemExit(3)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "die once" if not Path(values["mark"]).exists():
            Path(values["mark"]).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(1000)
        case "eat":
            eaten = [bytearray(b"x" * 10_000_000) for _ in range(1000)]
            time.sleep(len(eaten))
        case "failing disk":
            os.fsync = _fail  # of this worker, for all that it writes
        case "bad name":
            return Made({"../escape": b""}, {})
    data = f"environment {seed} ".encode() * values.get("repeat", 1000)
    entry = {
        "links": {"glb": f"{seed}.glb", "manifest": f"{seed}.json"},
        "figures": {"triangles": seed * 10, "bytes": len(data), "within_budget": seed % 5 != 0},
        "colors": {"sky": "#88aaff", "ground": "#446622"},
    }
    features = tuple(float((seed * k) % 17) for k in range(1, 9))
    return Made({f"{seed}.json": b"{}\n", f"{seed}.glb": data}, entry, features)
