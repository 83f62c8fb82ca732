"""A batch: many jobs into one folder, whatever happens on the way.

    from seedscape.assets import Batch

    summary = Batch("worlds", [{"seed": seed, "biome": "alpine"} for seed in range(200)]).run()

What is done is known from the folder alone (`batch_folder`), so starting again costs a look at the files. A job that
fails is recorded with its reason and tried again at the next start; one whose worker was killed is tried again at once.
"""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from seedscape.assets.batch_folder import CLAIMS, BatchFolder
from seedscape.assets.claims import LEASE_S, Claims
from seedscape.assets.errors import RequestError, SeedscapeError
from seedscape.assets.job import Job, JobFunction, Outcome, load_function
from seedscape.assets.threads import usable_cores
from seedscape.assets.workers import Executor, LocalWorkers, default_memory_mb, default_workers

MAKE = "seedscape.jobs:make_job"
PLAN = "seedscape.jobs:plan_jobs"
MAX_WORKERS = 256
TRIES = 3  # of a job whose worker dies
MAX_STORAGE_FAILURES = 3  # in a row: then the disk is full or gone, and going on would only burn power
LOOK_S = 0.5
OTHERS_LOOK_S = 2.0
CATALOGUE_S, CATALOGUE_TIMES = 300.0, 50.0  # between catalogues while the batch runs: at least, and of what one takes


@dataclass
class Status:
    """How a batch stands. before: were done when it began; done: with those; others: being made by another batch."""

    total: int
    before: int = 0
    done: int = 0
    failed: int = 0
    running: int = 0
    others: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Summary:
    """How a batch ended. made: in this run; failed: name -> reason. stopped: why it ended early, "" where it did not."""

    total: int
    done: int
    made: int
    failed: dict[str, str] = field(default_factory=dict)
    stopped: str = ""
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether every job is done."""
        return self.done == self.total


class Batch:
    """Jobs, and the folder that they go into."""

    def __init__(
        self,
        folder: str | os.PathLike[str],
        jobs: "str | os.PathLike[str] | Sequence[Job] | Iterable[Mapping[str, Any]]",
        *,
        workers: int | None = None,
        time_limit_s: float = 900.0,
        memory_limit_mb: int | None = None,
        max_tasks: int = 100,
        shard: tuple[int, int] | None = None,
        ray: str | None = None,
        make: JobFunction | str = MAKE,
        plan: str = PLAN,
        lease_s: float = LEASE_S,
    ) -> None:
        """jobs: a job file, or mappings such as its tables, or `Job`s. workers: processes; None: as many as cores and memory
        allow. time_limit_s, memory_limit_mb: of one job, None: what is free now, shared. max_tasks: a worker makes
        as many and is replaced. shard: (i, n), every n-th job, beginning with the i-th. ray: address of a cluster, or
        "auto"; the folder must then be shared by its machines. make, plan: the functions that make a job and that turn
        `jobs` into Jobs, as module:name. RequestError: something of it is wrong."""
        self.folder = BatchFolder(folder)
        self.jobs = _unique(_planned(jobs, plan))
        if shard is not None:
            self.jobs = _every(self.jobs, *shard)
        if workers is not None and not 1 <= workers <= MAX_WORKERS:
            raise RequestError(f"workers: expected a whole number 1 to {MAX_WORKERS}, got {workers}")
        if not time_limit_s > 0 or not max_tasks >= 1 or not (memory_limit_mb is None or memory_limit_mb >= 1):
            raise RequestError("expected limits of time, memory and tasks above 0, got others")
        self._workers, self._ray, self._make, self._lease_s = workers, ray, make, lease_s
        self._time_limit_s, self._memory_limit_mb, self._max_tasks = time_limit_s, memory_limit_mb, max_tasks

    def missing(self) -> list[Job]:
        """The jobs that are not done yet. Reads the folder only."""
        return [job for job in self.jobs if not self.folder.is_done(job)]

    def run(self, progress: Callable[[Status], None] = lambda status: None) -> Summary:
        """Make what is missing, then the catalogue. progress: called a few times a second with a status that it may keep.

        Ctrl-C and SIGTERM, once: no new job begins, those in flight are finished; twice: they are killed.
        RequestError: the folder cannot be one of a batch. MissingPartError: pebble, or Ray, is missing.
        """
        self.folder.create()
        claims = Claims(self.folder.path / CLAIMS, self._lease_s)
        since = time.monotonic()
        missing = self.missing()
        run = _Run(self.folder, claims, missing, Status(len(self.jobs), *(2 * (len(self.jobs) - len(missing),))))
        claims.start()
        try:
            if missing:
                with _signals(run):
                    executor = self._executor(len(missing))
                    try:
                        run.loop(executor, lambda: self._tell(run.status, since, progress))
                    finally:
                        executor.close()
        finally:
            claims.close()
            for job in run.begun:
                self.folder.sweep(job)
        status = self._tell(run.status, since, progress)
        if self.folder.is_there():
            try:
                run.write_catalogue()
            except SeedscapeError as error:
                run.stopped = run.stopped or str(error)
        return Summary(status.total, status.done, run.made, run.failed, run.stopped, status.seconds)

    def _executor(self, num_jobs: int) -> Executor:
        if self._ray is not None:
            from seedscape.assets.cluster import RayWorkers

            return RayWorkers(self._make, self.folder.path, self._ray, self._workers, self._time_limit_s)
        workers, threads = default_workers()
        if self._workers is not None:
            workers, threads = self._workers, max(1, usable_cores() // self._workers)
        memory_mb = self._memory_limit_mb or default_memory_mb(workers)
        return LocalWorkers(
            self._make,
            self.folder.path,
            min(workers, num_jobs),
            threads,
            self._time_limit_s,
            memory_mb,
            self._max_tasks,
        )

    def _tell(self, status: Status, since: float, progress: Callable[[Status], None]) -> Status:
        status.seconds = time.monotonic() - since
        progress(status)
        return status


class _Run:
    """One run: which jobs wait, which are in flight, what came out."""

    def __init__(self, folder: BatchFolder, claims: Claims, missing: list[Job], status: Status) -> None:
        self.folder, self.claims, self.status = folder, claims, status
        self.waiting, self.others = deque(missing), deque[Job]()
        self.begun: list[Job] = []
        self.failed: dict[str, str] = {}
        self.made = self.interrupts = self.storage_failures = 0
        self.stopped = ""
        self._tries: dict[str, int] = {}
        self._look_at_others = 0.0
        self._next_catalogue = time.monotonic() + CATALOGUE_S

    def loop(self, executor: Executor, tell: Callable[[], object]) -> None:
        """Until nothing is left to do, or it must stop."""
        while True:
            if self.interrupts and not self.stopped:
                self.stopped = "interrupted"
            if self.interrupts > 1:
                return
            if not self.stopped:
                self._begin(executor)
            running = executor.running()
            self.status.running, self.status.others = len(running), len(self.others)
            tell()
            if not running and (self.stopped or not (self.waiting or self.others)):
                return
            for job, outcome in executor.finished(LOOK_S):
                self._end(job, outcome)
            if time.monotonic() > self._next_catalogue:
                with suppress(SeedscapeError):  # the last one will say why
                    self.write_catalogue()

    def write_catalogue(self) -> None:
        """SeedscapeError: it cannot be written."""
        from seedscape.assets.catalogue import write_catalogue

        since = time.monotonic()
        write_catalogue(self.folder)
        self._next_catalogue = time.monotonic() + max(CATALOGUE_S, CATALOGUE_TIMES * (time.monotonic() - since))

    def _begin(self, executor: Executor) -> None:
        """Give free workers jobs that nobody else is at."""
        free = executor.free()
        if free and not self.waiting and self.others and time.monotonic() >= self._look_at_others:
            self._look_at_others = time.monotonic() + OTHERS_LOOK_S
            self.waiting, self.others = self.others, deque()
        while free and self.waiting:
            job = self.waiting.popleft()
            try:
                if not self.claims.take(job.name):
                    self.others.append(job)
                    continue
            except OSError as error:
                self.waiting.appendleft(job)
                self.stopped = f"could not write into {str(self.folder.path)!r}: {error.strerror or error}"
                return
            if self.folder.is_done(job):  # somebody else made it since we looked
                self.claims.release(job.name)
                self._count_done(job)
                continue
            self.begun.append(job)
            executor.submit(job)
            free -= 1

    def _end(self, job: Job, outcome: Outcome) -> None:
        tries = self._tries[job.name] = self._tries.get(job.name, 0) + 1
        if outcome.kind == "died" and tries < TRIES:
            self.waiting.appendleft(job)
        elif outcome.kind == "done":
            self.made += 1
            self.storage_failures = 0
            self._count_done(job)
        else:
            self._count_failed(job, outcome)
        self.claims.release(job.name)

    def _count_done(self, job: Job) -> None:
        self.status.done += 1
        self.folder.forget_failure(job)

    def _count_failed(self, job: Job, outcome: Outcome) -> None:
        self.status.failed += 1
        self.failed[job.name] = outcome.reason
        self.folder.sweep(job)
        if outcome.kind == "storage":
            self.storage_failures += 1
            if not self.folder.is_there():
                self.stopped = self.stopped or f"the folder {str(self.folder.path)!r} is gone"
            elif self.storage_failures >= MAX_STORAGE_FAILURES:
                self.stopped = self.stopped or outcome.reason
        with suppress(SeedscapeError, OSError):  # on a full disk the reason is told, if not kept
            if self.folder.is_there():
                self.folder.note_failure(job, outcome)


@contextmanager
def _signals(run: _Run) -> Iterator[None]:
    """Ctrl-C and SIGTERM are counted; elsewhere than in the main thread Python allows no handlers."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def count(number: int, frame: FrameType | None) -> None:
        run.interrupts += 1

    before = {number: signal.signal(number, count) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _planned(jobs: "str | os.PathLike[str] | Iterable[Job | Mapping[str, Any]]", plan: str) -> list[Job]:
    if not isinstance(jobs, str | os.PathLike):
        jobs = list(jobs)
        if all(isinstance(job, Job) for job in jobs):
            return [job for job in jobs if isinstance(job, Job)]
    planner: Any = load_function(plan)
    planned: list[Job] = planner(jobs)
    return planned


def _unique(jobs: Iterable[Job]) -> list[Job]:
    """Each job once; RequestError: different jobs under one name."""
    found: dict[str, Job] = {}
    for job in jobs:
        if found.setdefault(job.name, job).key != job.key:
            raise RequestError(f"expected different names for different jobs, got {job.name!r} twice")
    return list({job.key: job for job in reversed(found.values())}.values())[::-1]


def _every(jobs: list[Job], shard: int, of: int) -> list[Job]:
    """Each n-th job. Shards count from 0 or from 1, as the scheduler likes: 0 .. n-1 and 1 .. n both cover all jobs."""
    if not (of >= 1 and 0 <= shard <= of):
        raise RequestError(f"shard: expected I/N with I from 1 to N (or from 0 to N-1), got {shard}/{of}")
    return jobs[shard % of :: of]
