"""Keeps the worker processes alive and within their limits, and takes from them what they cannot finish."""

import asyncio
import json
import logging
import os
import secrets
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from seedscape.assets.memory import resident_bytes
from seedscape.service import leases
from seedscape.service.database import FILE_NAME, Database
from seedscape.service.offload import Offload
from seedscape.service.problems import job_problem
from seedscape.service.settings import Settings

LOOK_S = 0.25  # between two looks at the workers
UNWANTED_S = 1.0  # a worker that does not notice by itself that its work was cancelled is ended then
SHORT_LIFE_S = 5.0  # workers that end sooner than this are started again more and more slowly
MAX_BACKOFF_S = 10.0

log = logging.getLogger("seedscape.supervisor")


@dataclass
class Process:
    """One worker process. verdict: why the supervisor ended it, as (work, code, detail) of that work's failure."""

    owner: str
    process: asyncio.subprocess.Process
    started: float
    unwanted_since: float | None = None
    verdict: tuple[int, str, str] | None = None
    leaving: bool = False


@dataclass
class Supervisor:
    """`start`, then `wake` whenever a work was submitted; `drain` ends it."""

    settings: Settings
    offload: Offload
    restarts: int = 0
    processes: dict[int, Process] = field(default_factory=dict)  # by slot
    ended: Callable[[], None] = lambda: None
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    _draining: bool = False

    def start(self) -> None:
        """Start the workers, each kept alive by a task."""
        for slot in range(self.settings.workers):
            self._tasks.append(asyncio.create_task(self._keep(slot)))
        self._tasks.append(asyncio.create_task(self._look()))

    @property
    def alive(self) -> int:
        """How many workers run."""
        return len(self.processes)

    def wake(self) -> None:
        """Tell the workers that something waits."""
        for worker in self.processes.values():
            _write_line(worker.process, b"\n")

    async def drain(self, grace_s: float) -> None:
        """Let the workers finish what they have within the grace time, then end them; what they had waits for the next start."""
        self._draining = True
        for worker in self.processes.values():
            worker.leaving = True
            _signal(worker.process, signal.SIGTERM)
        until = time.monotonic() + grace_s
        while self.processes and time.monotonic() < until:
            await asyncio.sleep(0.05)
        for worker in list(self.processes.values()):
            _signal(worker.process, signal.SIGKILL)
        while self.processes:
            await asyncio.sleep(0.02)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, slot: int) -> None:
        """Start the worker of a slot again and again."""
        backoff = 0.0
        while not self._draining:
            began = time.monotonic()
            try:
                await self._run_one(slot)
            except Exception:  # e.g. no more processes allowed: worth another try
                log.exception("worker could not be run")
                self.processes.pop(slot, None)
            lived = time.monotonic() - began
            backoff = min(MAX_BACKOFF_S, 2 * backoff + 0.2) if lived < SHORT_LIFE_S else 0.0
            if not self._draining:
                self.restarts += 1
                await asyncio.sleep(backoff)

    async def _run_one(self, slot: int) -> None:
        owner = f"{os.getpid()}-{slot}-{secrets.token_hex(4)}"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "seedscape.service.worker", stdin=asyncio.subprocess.PIPE
        )
        _write_line(process, self._worker_settings(owner))
        worker = Process(owner, process, time.monotonic())
        self.processes[slot] = worker
        log.info("worker started", extra={"slot": slot, "worker_pid": process.pid})
        if self._draining:
            _signal(process, signal.SIGKILL)
        code = await process.wait()
        level = logging.INFO if code == 0 else logging.WARNING
        log.log(level, "worker ended", extra={"slot": slot, "worker_pid": process.pid, "code": code})
        try:
            await self.offload.run(self._settle, worker)
        finally:
            del self.processes[slot]
            self.ended()

    def _settle(self, database: Database, worker: Process) -> None:
        """Whatever the worker still held goes back to the queue, or ends."""
        if worker.verdict is not None:
            work, code, detail = worker.verdict
            for row in leases.running(database):
                if (row["id"], row["owner"]) == (work, worker.owner) and not row["unwanted"]:
                    leases.fail(database, work, worker.owner, job_problem(code, detail))
                    log.warning("job failed", extra={"job": work, "code": code})
        given = leases.give_up(database, worker.owner, self.settings.attempts, interrupted=worker.leaving)
        for work, status in given:
            log.warning("job given up", extra={"job": work, "status": status})

    def _worker_settings(self, owner: str) -> bytes:
        settings = self.settings
        line = {
            "owner": owner,
            "parent": os.getpid(),
            "store": str(settings.store.resolve()),
            "database": str((settings.store / FILE_NAME).resolve()),
            "job": settings.job,
            "threads": settings.worker_threads,
            "lease_s": settings.lease_s,
            "attempts": settings.attempts,
            "recycle_after": settings.recycle_after,
            "memory_mb": settings.job_memory_mb,
        }
        return json.dumps(line).encode() + b"\n"

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                works = {row["owner"]: row for row in await self.offload.run(leases.running)}
                for worker in list(self.processes.values()):
                    row = works.get(worker.owner)
                    if row is not None:
                        self._judge(worker, row)
                    else:
                        worker.unwanted_since = None
                known = {worker.owner for worker in self.processes.values()}
                for owner, row in works.items():
                    if owner not in known and row["lease_until"] < time.time():  # its end could not be written down
                        await self.offload.run(leases.give_up, owner, self.settings.attempts)
            except Exception:
                log.exception("the workers could not be looked at")

    def _judge(self, worker: Process, row: sqlite3.Row) -> None:
        """End the worker if its work took too much of anything, or is wanted by nobody."""
        now, limits, unwanted = time.time(), self.settings, bool(row["unwanted"])
        resident = resident_bytes(worker.process.pid) >> 20
        verdict: tuple[int, str, str] | None = None
        if now - row["attempt_started"] > limits.job_seconds:
            verdict = (row["id"], "time_limit", f"expected at most {limits.job_seconds:g} s, got more")
        elif resident > limits.job_memory_mb:
            verdict = (row["id"], "memory_limit", f"expected at most {limits.job_memory_mb} MB, got {resident}")
        if not unwanted:
            worker.unwanted_since = None
        elif worker.unwanted_since is None:
            worker.unwanted_since = now
        overdue = worker.unwanted_since is not None and now - worker.unwanted_since > UNWANTED_S
        if verdict is not None or overdue or row["lease_until"] < now:
            worker.verdict = worker.verdict or verdict
            _signal(worker.process, signal.SIGKILL)


def _write_line(process: asyncio.subprocess.Process, line: bytes) -> None:
    if process.stdin is not None and not process.stdin.is_closing():
        process.stdin.write(line)


def _signal(process: asyncio.subprocess.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except ProcessLookupError:
        pass
