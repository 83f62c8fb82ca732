"""Processes of this machine, told apart from later ones of the same number."""

import os
from pathlib import Path


def started(pid: int) -> str:
    """When a process began, as a mark that tells it from a later one of the same number; "": it is gone.

    One that has ended is gone even if nobody has waited for it: what a killed parent leaves behind may never be waited for.
    Where the system does not say when (no /proc), "alive".
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        status = text.rpartition(")")[2].split()  # from the third field on (proc_pid_stat(5))
        return "" if status[0] in "ZX" else status[19]
    except (OSError, IndexError):
        pass
    if os.name != "posix" or Path("/proc/self/stat").exists():
        return "" if os.name == "posix" else "alive"  # os.kill(pid, 0) would end the process elsewhere
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except (PermissionError, OverflowError):
        pass
    return "alive"
