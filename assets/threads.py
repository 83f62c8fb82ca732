"""Work done beside other work on a second thread: arrays and pictures are computed outside the interpreter's lock."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Beside:
    """Runs what it is given on one thread of its own, in order; with threads=1, at once on the caller's.

    threads: how many the caller may use, itself counted (None: one a core). Parts done so must not depend on each other's
    state, so the result is the same either way. Leaving the block waits for what runs and drops what has not begun.
    """

    def __init__(self, threads: int | None = None) -> None:
        alone = (threads or usable_cores()) < 2
        self._pool = None if alone else ThreadPoolExecutor(1, "beside")

    def start(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Callable[[], T]:
        """Begin; the function that comes back waits for the result, and raises what the work raised (alone, `start` does)."""
        if self._pool is not None:
            return self._pool.submit(work, *args, **kwargs).result
        done: Future[T] = Future()
        done.set_result(work(*args, **kwargs))
        return done.result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
