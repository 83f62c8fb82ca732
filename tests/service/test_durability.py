"""The service keeps its word: kill -9 of whatever process, restarts, SIGTERM, and limits on what a job may take."""

import os
import signal
import socket
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE_S
from tests.service.running import Service
from tests.service.stub import DIES, GREEDY, HELD


def alive(pid: int) -> bool:
    """Whether a process lives; one that has ended but was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pids: list[int]) -> bool:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if not any(map(alive, pids)):
            return True
        time.sleep(0.02)
    return False


def sound(store: Path) -> bool:
    with sqlite3.connect(store / "jobs.sqlite3") as database:
        found = database.execute("PRAGMA integrity_check").fetchone()[0]
    database.close()
    return bool(found == "ok")


def test_a_killed_worker_loses_no_job(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        done = service.wait(service.accepted(1))
        identities = [service.accepted(seed, water=HELD) for seed in range(2, 6)]
        for identity in identities[:2]:
            service.wait(identity, "running")
        for pid in service.workers():
            os.kill(pid, signal.SIGKILL)
        service.let_go("all")
        assert {service.wait(identity)["status"] for identity in identities} == {"done"}
        assert service.status(done["id"]) == done
        assert len(service.logged("job given up")) == 2
        assert set(service.counted("ended").values()) == {1}


@pytest.mark.slow
def test_a_killed_service_loses_no_job_and_repeats_none_that_finished(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        done = [service.wait(service.accepted(seed)) for seed in (1, 2)]
        identities = [service.accepted(seed, rocks=1) for seed in range(3, 8)]
        service.wait(identities[0], "running")
        workers = service.workers()
        assert len(workers) == 2 and all(map(alive, workers))
        service.kill()
        assert gone(workers), "workers must not outlive their service"
    for _ in range(2):  # killed again while it catches up
        with Service(tmp_path) as service:
            service.wait(identities[1], "running", "done")
            service.kill()
    with Service(tmp_path) as service:
        assert {service.wait(identity)["status"] for identity in identities} == {"done"}
        assert [service.status(status["id"]) for status in done] == done
        assert set(service.counted("ended").values()) == {1}
        service.create(1)
        assert set(service.counted("began")) == set(service.counted("ended")) and len(service.counted("ended")) == 7
    assert sound(service.store)


def test_sigterm_finishes_what_runs_and_keeps_what_waits(tmp_path: Path) -> None:
    with Service(tmp_path, workers=1) as service:
        running, waiting = service.accepted(1, water=HELD), service.accepted(2, rocks=0.5)
        service.wait(running, "running")
        service.process.terminate()
        refused = service.create(3)
        assert (refused.status_code, refused.json()["code"]) == (503, "draining")
        assert refused.headers["retry-after"] and service.http.get("/readyz").json()["code"] == "draining"
        assert service.http.get("/healthz").status_code == 200
        service.let_go(1)
        events = service.http.get(f"/v1/environments/{running}/events").text
        assert "event: end" in events and '"status":"done"' in events
        assert service.process.wait(PATIENCE_S) == 0
    with Service(tmp_path, workers=1) as service:
        assert service.status(running)["status"] == "done"
        assert service.wait(waiting)["status"] == "done"
        assert set(service.counted("began").values()) == {1}


@pytest.mark.slow
def test_a_job_that_outlasts_the_grace_is_done_after_the_restart(tmp_path: Path) -> None:
    with Service(tmp_path, workers=1, grace_s=0.2) as service:
        identity = service.accepted(1, water=HELD)
        service.wait(identity, "running")
        workers = service.workers()
        service.process.terminate()
        assert service.process.wait(PATIENCE_S) == 0 and gone(workers)
        assert service.counted("ended") == {}
    with Service(tmp_path, workers=1) as service:
        assert service.wait(identity)["status"] == "done"


@pytest.mark.slow
def test_a_worker_that_is_stopped_loses_its_lease(tmp_path: Path) -> None:
    with Service(tmp_path, workers=1, lease_s=4.0) as service:
        identity = service.accepted(1, water=HELD)
        service.wait(identity, "running")
        os.kill(service.workers()[0], signal.SIGSTOP)
        service.let_go(1)
        assert service.wait(identity)["status"] == "done"
        assert len(service.logged("job given up")) == 1


@pytest.mark.slow
def test_workers_are_replaced_after_some_jobs(tmp_path: Path) -> None:
    with Service(tmp_path, workers=1, recycle_after=2) as service:
        for seed in range(5):
            assert service.wait(service.accepted(seed))["status"] == "done"
        assert len(service.logged("worker started")) >= 3
        assert {line["code"] for line in service.logged("worker ended")} == {0}


FATES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "worker_died": ({"water": DIES}, {"attempts": 2}),
    "time_limit": ({"water": HELD}, {"job_seconds": 1.0}),
    "memory_limit": ({"water": GREEDY}, {"job_memory_mb": 256}),
}


@pytest.mark.slow
@pytest.mark.parametrize("code", FATES)
def test_a_job_beyond_its_limits_fails_by_name_and_the_next_is_done(tmp_path: Path, code: str) -> None:
    fields, options = FATES[code]
    with Service(tmp_path, workers=1, **options) as service:
        assert service.wait(service.accepted(1, **fields))["error"]["code"] == code
        # What takes no time is over it too where others have the cores, but not again and again.
        assert any(service.wait(service.accepted(seed))["status"] == "done" for seed in range(2, 12))


@pytest.mark.slow
def test_the_queue_and_the_clients_have_bounds(tmp_path: Path) -> None:
    with Service(tmp_path, workers=1, max_queued=2, max_per_client=3) as service:
        running = service.accepted(1, water=HELD)
        service.wait(running, "running")
        service.accepted(2)
        first = service.accepted(3)
        refused = service.create(4)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_jobs")
        service.http.delete(f"/v1/environments/{running}")
        service.http.delete(f"/v1/environments/{first}")
        assert service.wait(service.accepted(4))["status"] == "done"
    with Service(tmp_path / "second", workers=1, max_queued=2, requests_per_minute=5) as service:
        running = service.accepted(1, water=HELD)
        service.wait(running, "running")
        answers = [service.create(seed) for seed in range(2, 8)]
        assert [answer.status_code for answer in answers] == [202, 202, 503, 503, 429, 429]
        assert answers[2].json()["code"] == "queue_full" and answers[2].headers["retry-after"] == "10"
        assert answers[4].json()["code"] == "too_many_requests" and int(answers[4].headers["retry-after"]) >= 1


@pytest.mark.slow
def test_connections_and_streams_are_bounded(tmp_path: Path) -> None:
    with Service(tmp_path, workers=1, max_connections=5, max_streams=1, write_s=0.5) as service:
        identity = service.accepted(1, water=HELD)
        with service.http.stream("GET", f"/v1/environments/{identity}/events") as stream:
            lines = stream.iter_lines()  # httpx closes the stream when this goes
            assert next(lines) == "retry: 1000"
            second = service.http.get(f"/v1/environments/{identity}/events")
            assert (second.status_code, second.json()["code"]) == (503, "too_many_connections")
        idle = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(8)]
        answer = service.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 503") and b"too_many_connections" in answer
        for connection in idle:
            connection.close()
        service.http.close()


@pytest.mark.slow
def test_a_full_disk_fails_the_job_and_not_the_service(tmp_path: Path) -> None:
    """A store that cannot be written to any more stands for it."""
    with Service(tmp_path, workers=1) as service:
        service.wait(service.accepted(1))
        (service.store / "objects").rename(service.store / "gone")
        (service.store / "objects").write_bytes(b"")
        assert service.wait(service.accepted(2))["status"] == "failed"
        (service.store / "objects").unlink()
        (service.store / "gone").rename(service.store / "objects")
        assert service.wait(service.accepted(2))["status"] == "done"


def test_the_store_keeps_what_it_may_hold_and_whatever_is_young_or_being_sent(tmp_path: Path) -> None:
    options: dict[str, Any] = {"store_bytes": 1, "store_young_s": 30.0, "tidy_s": 0.1}
    with Service(tmp_path, **options) as service:
        old, young = (service.wait(service.accepted(seed))["assets"] for seed in (1, 2))
        objects = {asset["sha256"]: asset["bytes"] for asset in old.values()}
        url, size = old["glb"]["url"], old["glb"]["bytes"]
        request = f"GET {url} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", service.port), PATIENCE_S) as slow:
            slow.sendall(request)
            got = slow.recv(64)  # it has been opened
            for name in objects:
                os.utime(service.store / "objects" / name[:2] / name, (1e9, 1e9))
            until = time.monotonic() + PATIENCE_S
            while not service.logged("store tidied") and time.monotonic() < until:
                time.sleep(0.05)
            while len(got.partition(b"\r\n\r\n")[2]) < size:
                data = slow.recv(65536)
                assert data, got
                got += data
        (tidied,) = service.logged("store tidied")
        assert (tidied["objects"], tidied["bytes"]) == (len(objects), sum(objects.values()))
        assert service.http.get(url).status_code == 404
        assert all(service.http.get(asset["url"]).status_code == 200 for asset in young.values())
        again = service.wait(service.accepted(1))  # made anew, the same
        assert again["assets"] == old and service.http.get(url).status_code == 200
