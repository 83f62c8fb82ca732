"""What the worker processes have in common: they end with the service, yield to it, and take one line of settings."""

import ctypes
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

NICENESS = 10  # the service answers first, the jobs compute with what is left
_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Let the system kill this process when the process `parent` ends, however it ends (Linux; elsewhere see `watch`)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before it could be watched
            os._exit(3)


def yield_to_service() -> None:
    """Lower this process's priority."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)


def limit_memory(megabytes: int) -> None:
    """Let allocations beyond this fail (Linux and macOS). The supervisor's own limit, on what is resident, lies lower."""
    if os.name == "posix":
        import resource

        limit = megabytes << 20
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard == resource.RLIM_INFINITY or hard > limit:
            resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def read_settings() -> dict[str, Any]:
    """The first line of standard input."""
    line = _read_line()
    settings: dict[str, Any] = json.loads(line)
    return settings


def watch(wake: Callable[[], None]) -> None:
    """Call `wake` for every further line; end this process when standard input is closed: the service is gone."""

    def follow() -> None:
        while _read_line():
            wake()
        os._exit(3)

    threading.Thread(target=follow, daemon=True, name="watch").start()


def load(name: str) -> Callable[..., Any]:
    """The function that "module:function" names; it comes from the operator's settings, never from a request."""
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found


def _read_line() -> bytes:
    """A line read byte by byte: a buffered reader would hold its lock for ever in another thread."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return b""
        line += byte
    return bytes(line)
