"""Memory of processes, as far as the system tells and lets go."""

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path


def resident_bytes(pid: int) -> int:
    """Memory that a process holds; 0 where that cannot be known."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def available_bytes() -> int | None:
    """Memory that can be had without swapping, within the limit of a container; None: not known."""
    sizes = []
    with suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        sizes.append(int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]) * 1024)
    with suppress(OSError, ValueError):  # cgroup 2; "max" is no number
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        sizes.append(limit - int(Path("/sys/fs/cgroup/memory.current").read_text()))
    return max(0, min(sizes)) if sizes else None


def release_memory() -> None:
    """Give freed memory back to the system where the C library would keep it (glibc; about 10 ms): a worker between two jobs then holds
    a third less, and does not grow over its first twenty."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library has no malloc_trim
            ctypes.CDLL(None).malloc_trim(0)
