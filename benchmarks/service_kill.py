"""kill -9 of the service or a worker, again and again under load: does every accepted job end, and is the database whole?

python benchmarks/service_kill.py [--kills 50] [--seed 1]

Jobs are stubs of 0.2 to 1 s; about half of the kills hit the service's own process, which is then started again.
Prints a line and appends it to benchmarks/service_kill.csv.
"""

import argparse
import contextlib
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from table import append_row

from tests.service.running import Service

FIELDS = (
    "kills",
    "of_service",
    "of_worker",
    "accepted",
    "done",
    "failed",
    "lost",
    "computed_twice",
    "integrity",
    "seconds",
)
OPTIONS: dict[str, Any] = {"workers": 2, "max_queued": 100_000, "max_per_client": 100_000, "attempts": 5}


def run(kills: int, seed: int, folder: Path) -> dict[str, object]:
    """One row of the table."""
    rng, accepted, began = random.Random(seed), {}, time.monotonic()
    hits: Counter[str] = Counter()
    service = Service(folder, **OPTIONS)
    number = 0
    for _ in range(kills):
        until = time.monotonic() + rng.uniform(0.2, 2.0)
        while time.monotonic() < until:
            number += 1
            with contextlib.suppress(httpx.TransportError):
                answer = service.create(
                    number, rocks=round(rng.uniform(0.2, 1.0), 3), headers={"idempotency-key": str(number)}
                )
                if answer.status_code in (200, 202):
                    accepted[number] = answer.json()["id"]
            time.sleep(rng.uniform(0.0, 0.6))
        workers = service.workers()
        if rng.random() < 0.5 and workers:
            hits["worker"] += 1
            with contextlib.suppress(ProcessLookupError):
                os.kill(rng.choice(workers), signal.SIGKILL)
        else:
            hits["service"] += 1
            service.kill()
            service.__exit__()
            service = Service(folder, **OPTIONS)
    statuses: Counter[str] = Counter()
    for identity in accepted.values():
        status = service.wait(identity)
        statuses[status["status"]] += 1
        assert status["status"] == "done" or status["error"]["code"], status
    twice = sum(count > 1 for count in service.counted("ended").values())
    service.__exit__()
    with contextlib.closing(sqlite3.connect(service.store / "jobs.sqlite3")) as database:
        integrity = database.execute("PRAGMA integrity_check").fetchone()[0]
    lost = len(accepted) - statuses["done"] - statuses["failed"]
    row = (
        kills,
        hits["service"],
        hits["worker"],
        len(accepted),
        statuses["done"],
        statuses["failed"],
        lost,
        twice,
        integrity,
    )
    return dict(zip(FIELDS, (*row, round(time.monotonic() - began)), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        row = run(arguments.kills, arguments.seed, Path(folder))
    append_row(__file__, row)


if __name__ == "__main__":
    main()
