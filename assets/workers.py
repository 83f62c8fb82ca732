"""Local workers: processes that make one job after another, each with its share of the cores.

Each worker is a `pebble` pool of one. Of several process pools tried with kill -9, this one loses only the killed task:
`multiprocessing.Pool` hangs, `concurrent.futures` and loky lose half the queue. Pools of one share no lock that a killed
worker could take along.
"""

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, TimeoutError, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from seedscape.assets.errors import MissingPartError
from seedscape.assets.job import Job, JobFunction, Outcome, do_job, load_function
from seedscape.assets.memory import available_bytes, resident_bytes
from seedscape.assets.threads import usable_cores

WORKER_BYTES = 1_600_000_000  # a large environment with its picture stays below
START_S = 120.0  # a worker that has not begun its job by then lost it
PARENT_LOOK_S = 1.0
MEMORY_LOOK_S = 0.2


class Executor(Protocol):
    """Something that does jobs, `free()` of them at once."""

    def free(self) -> int:
        """How many jobs could begin now."""

    def submit(self, job: Job) -> None:
        """Begin a job; only while `free()`."""

    def finished(self, timeout_s: float) -> list[tuple[Job, Outcome]]:
        """Jobs that ended, waiting at most that long for the first."""

    def running(self) -> list[Job]:
        """Jobs that have begun and not ended."""

    def close(self) -> None:
        """End the workers, and what they are doing."""


def default_workers() -> tuple[int, int]:
    """(workers, threads of each) that this machine carries: one core each, as memory allows."""
    cores = usable_cores()
    memory = available_bytes()
    workers = cores if memory is None else max(1, min(cores, memory // WORKER_BYTES))
    return workers, max(1, cores // workers)


def default_memory_mb(workers: int) -> int | None:
    """What a worker may use so that all of them fit into the memory that is free now; None: not known."""
    memory = available_bytes()
    return None if memory is None else max(1024, int(memory * 0.9 / workers / 1e6))


@dataclass
class _Slot:
    """One worker. since: when it was given its job. doomed: why we killed it."""

    pool: Any
    job: Job | None = None
    future: "Future[Outcome] | None" = None
    since: float = 0.0
    doomed: set[int] = field(default_factory=set)


class LocalWorkers:
    """An `Executor` on this machine. Memory is that of the worker itself; a job over its time or memory is killed alone."""

    def __init__(
        self,
        function: JobFunction | str,
        folder: Path,
        workers: int,
        threads: int,
        time_limit_s: float,
        memory_limit_mb: int | None,
        max_tasks: int,
    ) -> None:
        """MissingPartError: pebble is not installed."""
        try:
            import pebble  # noqa: F401  only whether it is there; the pools import it
        except ImportError as error:
            raise MissingPartError(f"batches need pebble ({error}); install it with: pip install pebble") from None
        self._max_tasks = max_tasks
        self._function, self._folder, self._threads = function, str(folder.absolute()), threads
        self._time_limit_s, self._memory_limit_mb = time_limit_s, memory_limit_mb
        self._slots = [_Slot(self._new_pool()) for _ in range(workers)]
        self._too_big: set[int] = set()
        self._end = threading.Event()
        self._watch = threading.Thread(target=self._watch_memory, daemon=True)
        if memory_limit_mb is not None:
            self._watch.start()

    def free(self) -> int:
        return sum(slot.job is None for slot in self._slots)

    def running(self) -> list[Job]:
        return [slot.job for slot in self._slots if slot.job is not None]

    def submit(self, job: Job) -> None:
        slot = next(slot for slot in self._slots if slot.job is None)
        slot.job, slot.since = job, time.monotonic()
        arguments = (self._function, self._folder, job, self._threads)
        try:
            slot.future = slot.pool.schedule(do_job, args=arguments, timeout=self._time_limit_s)
        except RuntimeError:  # the pool broke while it was idle
            self._renew(slot)
            slot.future = slot.pool.schedule(do_job, args=arguments, timeout=self._time_limit_s)

    def finished(self, timeout_s: float) -> list[tuple[Job, Outcome]]:
        futures = {slot.future for slot in self._slots if slot.future is not None}
        if not futures:
            time.sleep(timeout_s)
            return []
        wait(futures, timeout_s, FIRST_COMPLETED)
        ended = []
        for slot in self._slots:
            if slot.job is None or slot.future is None:
                continue
            if slot.future.done():
                ended.append((slot.job, self._outcome(slot)))
                slot.job = slot.future = None
            elif not slot.future.running() and time.monotonic() - slot.since > START_S:
                ended.append((slot.job, Outcome("died", "its worker did not start")))
                slot.job = slot.future = None
                self._renew(slot)
        return ended

    def close(self) -> None:
        self._end.set()
        for slot in self._slots:
            slot.pool.stop()
        for slot in self._slots:
            slot.pool.join()

    def _outcome(self, slot: _Slot) -> Outcome:
        from pebble import ProcessExpired

        assert slot.future is not None
        try:
            return slot.future.result()
        except TimeoutError:
            return Outcome("time", f"took longer than {self._time_limit_s:g} s")
        except ProcessExpired as error:
            if error.pid in self._too_big:
                return Outcome("memory", f"needed more than {self._memory_limit_mb} MB of memory")
            code = error.exitcode
            how = f"signal {signal.Signals(-code).name}" if -64 < code < 0 else f"exit code {code}"
            return Outcome("died", f"its worker ended with {how}" + (" (out of memory?)" if code == -9 else ""))
        except Exception as error:  # noqa: BLE001  the pool broke, e.g. no process could be started
            self._renew(slot)
            return Outcome("died", f"its worker was lost: {error or type(error).__name__}")

    def _new_pool(self) -> Any:
        from pebble import ProcessPool

        return ProcessPool(
            max_workers=1,
            max_tasks=self._max_tasks,
            initializer=_start_worker,
            initargs=(self._function, self._threads, os.getpid()),
            context=multiprocessing.get_context("spawn"),  # a forked child may inherit locks of threads that it has not
        )

    def _renew(self, slot: _Slot) -> None:
        with suppress(Exception):
            slot.pool.stop()
            slot.pool.join(1)
        slot.pool = self._new_pool()

    def _watch_memory(self) -> None:
        assert self._memory_limit_mb is not None
        while not self._end.wait(MEMORY_LOOK_S):
            for process in multiprocessing.active_children():
                if process.pid is not None and resident_bytes(process.pid) > self._memory_limit_mb * 1_000_000:
                    self._too_big.add(process.pid)
                    with suppress(OSError):
                        os.kill(process.pid, signal.SIGKILL)


def _start_worker(function: JobFunction | str, threads: int, parent: int) -> None:
    """In the new process: its threads, its end when its parent ends, and the function loaded."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the parent decides
    limit_threads(threads)
    end_with(parent)
    with suppress(Exception):  # the job itself will say what is wrong
        load_function(function)


def limit_threads(threads: int) -> None:
    """For libraries that are loaded from here on: two processes of two threads each ran at half speed on two cores."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)


def end_with(parent: int) -> None:
    """From here on this process ends soon after its parent, however that ended."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_LOOK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
