"""A service in a process of its own, and ways to talk to it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import httpx

from tests.patience import PATIENCE_S

ROOT = Path(__file__).parent.parent.parent


class Service:
    """Started with `Settings` as options; its log, one JSON object a line, is at `log`. Use it in `with`."""

    def __init__(
        self, folder: Path, *, port: int = 0, module: str = "tests.service.serve_stub", **options: Any
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.store, self.log, self.jobs = folder / "store", folder / "log", folder / "jobs"
        self.go = folder / "jobs.go"
        self.go.mkdir(exist_ok=True)
        settings = {"store": str(self.store), "port": port, "workers": 2, "requests_per_minute": 100_000} | options
        environment = os.environ | {"PYTHONPATH": str(ROOT), "STUB_JOB_LOG": str(self.jobs)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, json.dumps(settings)],
                cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().decode().strip().rstrip("/")
        assert self.url.startswith("http"), self.log.read_text()
        self.port = int(self.url.rpartition(":")[2])
        self.http = httpx.Client(base_url=self.url, timeout=PATIENCE_S, verify=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()
        self.let_go("all")
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()

    def kill(self) -> None:
        """kill -9 of the service's own process."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def let_go(self, *seeds: int | str) -> None:
        """Let these jobs that are held end; those of "all" seeds, also what is held later."""
        for seed in seeds:
            (self.go / str(seed)).touch()

    def create(self, seed: int, *, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
        """POST an environment; `rocks` is the time it takes, in seconds."""
        body = {"spec": {"seed": seed, "rocks": 0, **fields}}
        return self.http.post("/v1/environments", json=body, headers=headers)

    def accepted(self, seed: int, **fields: Any) -> str:
        """The id of an environment that was accepted."""
        answer = self.create(seed, **fields)
        assert answer.status_code in (200, 202), answer.text
        return str(answer.json()["id"])

    def status(self, identity: str) -> dict[str, Any]:
        answer = self.http.get(f"/v1/environments/{identity}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def wait(self, identity: str, *statuses: str) -> dict[str, Any]:
        """The status once it is one of these; the ended ones by default."""
        wanted = statuses or ("done", "failed", "cancelled")
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            found = self.status(identity)
            if found["status"] in wanted:
                return found
            time.sleep(0.05)
        raise AssertionError(f"expected {wanted}, got {found}; {self.log.read_text()[-3000:]}")

    def raw(self, data: bytes, patience_s: float = PATIENCE_S) -> bytes:
        """Send bytes as they are; everything that comes back until the service closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), patience_s) as connection:
            connection.sendall(data)
            return read_all(connection)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The lines of the log with that event."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def workers(self) -> list[int]:
        """The process numbers of the workers that live."""
        started = [line["worker_pid"] for line in self.logged("worker started") if line["pid"] == self.process.pid]
        ended = {line["worker_pid"] for line in self.logged("worker ended")}
        return [pid for pid in started if pid not in ended]

    def counted(self, what: str) -> dict[str, int]:
        """How often each work "began" or "ended"."""
        lines = [line.split() for line in self.jobs.read_text().splitlines()] if self.jobs.exists() else []
        keys = [key for word, key in lines if word == what]
        return {key: keys.count(key) for key in keys}


def read_all(connection: socket.socket) -> bytes:
    """Bytes until the other side closes or breaks off."""
    found = b""
    try:
        while data := connection.recv(65536):
            found += data
    except ConnectionError:
        pass
    return found


def problem_of(answer: bytes) -> tuple[int, dict[str, Any]]:
    """(status, problem) of a raw answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head, answer[:500]
    return int(head.split()[1]), json.loads(body)
