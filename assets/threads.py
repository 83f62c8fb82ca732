"""Work done beside other work on further threads: arrays and pictures are computed outside the interpreter's lock."""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Lock
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Beside:
    """Runs what it is given on threads of its own, begun in order; with threads=1, at once on the caller's.

    threads: how many the caller may use, itself counted (None: one a core). A caller who waits for a result does not idle: it
    does what it waits for itself where nobody has begun it, and else what comes next. Parts done so must not depend on each
    other's state, so the result is the same either way. Leaving the block waits for what runs and drops what has not begun.
    """

    def __init__(self, threads: int | None = None) -> None:
        others = (threads or usable_cores()) - 1
        self._pool = ThreadPoolExecutor(others, "beside") if others > 0 else None
        self._waiting: deque[_Task] = deque()
        self._lock = Lock()

    @property
    def alone(self) -> bool:
        """Whether everything is done at once, on the caller's thread."""
        return self._pool is None

    def start(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Callable[[], T]:
        """Begin; the function that comes back waits for the result, and raises what the work raised (alone, `start` does)."""
        task = _Task(partial(work, *args, **kwargs))
        if self._pool is None:
            task.run()
            task.made.result()
        else:
            with self._lock:
                self._waiting.append(task)
            self._pool.submit(self._do_next)
        return partial(self._result, task)

    def _do_next(self, wanted: "_Task | None" = None) -> bool:
        """Do what is wanted if it has not begun, else the next that has not; False where all have."""
        with self._lock:
            if wanted is not None and wanted in self._waiting:
                self._waiting.remove(wanted)
                task = wanted
            elif self._waiting:
                task = self._waiting.popleft()
            else:
                return False
        task.run()
        return True

    def _result(self, task: "_Task") -> Any:
        while not task.made.done() and self._do_next(task):
            pass
        return task.made.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            self._waiting.clear()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


class _Task:
    """Work and what becomes of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self.made: Future[Any] = Future()

    def run(self) -> None:
        try:
            self.made.set_result(self._work())
        except BaseException as error:
            self.made.set_exception(error)
            if not isinstance(error, Exception):  # Ctrl-C reaches the main thread, which may be here for another's sake
                raise
