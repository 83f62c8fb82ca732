"""Many clients that fetch finished files while jobs run: errors, requests a second, and how long /healthz takes meanwhile.

python benchmarks/service_load.py [--clients 200] [--seconds 60] [--pause 0]

The service runs with two workers on real environments, which are asked for so that both always compute. The clients sit in a process
of their own, each on one connection, and fetch GLB, preview and manifest of a finished environment in turn, one request after the
other; the first answer of each is hashed, all are measured in length. A third process asks /healthz 20 times a second, each time on a
new connection. Prints a line and appends it to benchmarks/service_load.csv.
"""

import argparse
import asyncio
import hashlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from table import append_row

from tests.service.running import Service

REAL: dict[str, Any] = {"job": "seedscape.service.work:make", "workers": 2, "max_per_client": 10_000}
FIELDS = (
    "clients", "seconds", "pause_s", "requests", "errors", "megabytes", "jobs_done", "healthz_asked", "healthz_errors",
    "healthz_p50_ms", "healthz_p99_ms", "healthz_max_ms", "load_before", "niceness",
)  # fmt: skip


async def fetch_for_ever(
    port: int, assets: list[dict[str, Any]], until: float, pause: float, sums: dict[str, int]
) -> None:
    """One client."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        turn = 0
        while time.monotonic() < until:
            asset = assets[turn % len(assets)]
            writer.write(f"GET {asset['url']} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            digest, left = hashlib.sha256(), length
            while left:
                data = await reader.read(min(left, 1 << 18))
                if not data:
                    raise OSError("cut off")
                left -= len(data)
                if turn < len(assets):
                    digest.update(data)
            well = head.startswith(b"HTTP/1.1 200") and length == asset["bytes"]
            sums["errors"] += not (well and (turn >= len(assets) or digest.hexdigest() == asset["sha256"]))
            sums["requests"] += 1
            sums["bytes"] += length
            turn += 1
            if pause:
                await asyncio.sleep(pause)
        writer.close()
    except (OSError, ValueError, asyncio.IncompleteReadError) as error:
        print(repr(error), file=sys.stderr)
        sums["errors"] += 1


async def crowd(port: int, assets: list[dict[str, Any]], clients: int, seconds: float, pause: float) -> dict[str, int]:
    """All clients."""
    sums = {"errors": 0, "requests": 0, "bytes": 0}
    until = time.monotonic() + seconds
    await asyncio.gather(*(fetch_for_ever(port, assets, until, pause, sums) for _ in range(clients)))
    return sums


def probe(port: int, seconds: float) -> list[float]:
    """Seconds that /healthz took, -1 for an error."""
    found, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.perf_counter()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/healthz")
            well = connection.getresponse().read() == b'{"status":"ok"}'
            connection.close()
        except OSError:
            well = False
        found.append(time.perf_counter() - began if well else -1.0)
        time.sleep(max(0.0, 0.05 - (time.perf_counter() - began)))
    return found


def keep_busy(service: Service, stop: threading.Event) -> None:
    """Have two jobs waiting beside the two that run, of environments that were never made."""
    seed = 1000
    while not stop.is_set():
        waiting = service.http.get("/readyz").json().get("queued", 0)
        for _ in range(2 - min(2, waiting)):
            seed += 1
            body = {"spec": {"seed": seed, "size_m": 200, "texture_px": 256}, "preview": False}
            service.http.post("/v1/environments", json=body)
        stop.wait(1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        asked = json.loads(arguments.part)
        if asked["kind"] == "probe":
            print(json.dumps(probe(asked["port"], arguments.seconds)))
        else:
            crowd_ = crowd(asked["port"], asked["assets"], arguments.clients, arguments.seconds, arguments.pause)
            print(json.dumps(asyncio.run(crowd_)))
        return
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder), **REAL) as service:
        body = {"spec": {"seed": 42, "size_m": 200, "texture_px": 256}, "preview": True}
        identity = service.http.post("/v1/environments", json=body).json()["id"]
        while (status := service.status(identity))["status"] not in ("done", "failed"):
            time.sleep(0.5)
        assets = list(status["assets"].values())
        stop = threading.Event()
        busy = threading.Thread(target=keep_busy, args=(service, stop))
        busy.start()
        while len(service.logged("job started")) < 3:
            time.sleep(0.2)
        load = os.getloadavg()[0]
        before = len(service.logged("job done"))
        common = [sys.executable, __file__, "--clients", str(arguments.clients), "--seconds", str(arguments.seconds)]
        common += ["--pause", str(arguments.pause), "--part"]
        parts = [{"kind": "crowd", "port": service.port, "assets": assets}, {"kind": "probe", "port": service.port}]
        running = [subprocess.Popen([*common, json.dumps(part)], stdout=subprocess.PIPE) for part in parts]
        sums, times = (json.loads(process.communicate()[0]) for process in running)
        done = len(service.logged("job done")) - before
        stop.set()
        busy.join()
        for environment in service.http.get("/v1/environments?limit=50").json()["environments"]:
            service.http.delete(environment["links"]["self"])
    well = sorted(seconds for seconds in times if seconds >= 0)
    at = [round(1e3 * well[min(len(well) - 1, int(share * len(well)))], 1) for share in (0.5, 0.99, 1.0)]
    values = (
        arguments.clients, arguments.seconds, arguments.pause, sums["requests"], sums["errors"], sums["bytes"] >> 20, done,
        len(times), len(times) - len(well), *at, round(load, 1), os.nice(0),
    )  # fmt: skip
    row = dict(zip(FIELDS, values, strict=True))
    append_row(__file__, row)


if __name__ == "__main__":
    main()
