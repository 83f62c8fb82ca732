"""Memory of the service over minutes of mixed requests: is the last minute within 5 % of the second?

python benchmarks/service_soak.py [--minutes 10] [--rate 40]

The jobs are stubs; requests create, follow, cancel, list, download whole and in parts, draw samples, and are wrong in many ways.
Resident memory is that of the service's own process, and the mean of its workers. Prints a line and
appends it to benchmarks/service_soak.csv.
"""

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from table import append_row

from seedscape.assets.memory import resident_bytes
from tests.service.running import Service

OPTIONS: dict[str, Any] = {"max_queued": 10_000, "max_per_client": 10_000, "keep": 500, "recycle_after": 1_000_000}
FIELDS = (
    "minutes", "requests", "unexpected", "service_mb_second_minute", "service_mb_last_minute", "change_percent",
    "worker_mb_second_minute", "worker_mb_last_minute", "worker_change_percent",
)  # fmt: skip


def requests_for_ever(service: Service) -> Any:
    """Status codes of one request after the other, with the one that was expected."""
    http, asset = service.http, service.create(0, headers={"prefer": "wait=30"}).json()["assets"]["glb"]["url"]
    for k in itertools.count(1):
        identity = service.accepted(k)
        yield 200, http.get(f"/v1/environments/{identity}").status_code
        yield 200, http.get(f"/v1/environments/{identity}/events").status_code
        yield 200, service.create(k, headers={"prefer": "wait=10", "idempotency-key": str(k)}).status_code
        yield 409, service.create(k + 1, headers={"idempotency-key": str(k)}).status_code
        yield (
            200,
            http.delete(f"/v1/environments/{service.accepted(-k % 1000 + 10_000_000 + k, rocks=0.05)}").status_code,
        )
        yield 200, http.get("/v1/environments?limit=20").status_code
        yield 200, http.get(asset).status_code
        yield 206, http.get(asset, headers={"range": "bytes=10-99"}).status_code
        yield 200, http.get(f"/v1/samples/terrain?seed={1000 + k}").status_code
        yield 422, service.create(-k).status_code
        yield (
            400,
            http.post("/v1/environments", content=b"[" * 999, headers={"content-type": "application/json"}).status_code,
        )
        yield (
            413,
            http.post(
                "/v1/environments", content=b" " * 70_000, headers={"content-type": "application/json"}
            ).status_code,
        )
        yield 404, http.get(f"/v1/assets/{k:064x}").status_code
        yield 421, http.get("/healthz", headers={"host": f"h{k}.example"}).status_code
        yield 404, http.get(f"/nothing/{k}").status_code
        yield 405, http.request("BREW", "/v1/spec").status_code
        yield 200, http.get("/metrics").status_code
        yield 200, http.get("/readyz").status_code
        yield 200, http.get("/healthz").status_code


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=40.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder), **OPTIONS) as service:
        pids = service.workers()
        began, readings, wrong = time.monotonic(), list[tuple[float, int, float]](), Counter[tuple[int, int]]()
        for count, (expected, status) in enumerate(requests_for_ever(service), 1):
            if status != expected:
                wrong[expected, status] += 1
            elapsed = time.monotonic() - began
            if not readings or elapsed - readings[-1][0] >= 1.0:
                if len(readings) % 15 == 0:  # a worker whose job was cancelled may have been ended
                    pids = service.workers()
                workers = [size for pid in pids if (size := resident_bytes(pid) >> 20)]
                readings.append(
                    (elapsed, resident_bytes(service.process.pid) >> 20, sum(workers) / max(1, len(workers)))
                )
            if elapsed > 60 * arguments.minutes:
                break
            time.sleep(max(0.0, count / arguments.rate - elapsed))
    last = readings[-1][0]
    means = [
        statistics.mean(reading[which] for reading in readings if low <= reading[0] < high)
        for which in (1, 2)
        for low, high in ((60, 120), (last - 60, last + 1))
    ]
    changes = [round(100 * (means[k + 1] / means[k] - 1), 2) for k in (0, 2)]
    values = (
        arguments.minutes, count, sum(wrong.values()), round(means[0], 1), round(means[1], 1), changes[0],
        round(means[2], 1), round(means[3], 1), changes[1],
    )  # fmt: skip
    row = dict(zip(FIELDS, values, strict=True))
    if wrong:
        print(dict(wrong))
    append_row(__file__, row)


if __name__ == "__main__":
    main()
