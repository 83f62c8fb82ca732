"""Who works on what: claims that several batches on one folder, on one machine or many, respect.

A claim is a small file that says who holds it. It ends when it is released, when its process on this machine is gone, or when
a holder elsewhere has not touched it for a lease. Claims keep work from being done twice; nothing breaks where they fail,
since every job's files appear whole or not at all and do not depend on who makes them.
"""

import hashlib
import json
import os
import re
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

from seedscape.assets.processes import started

LEASE_S = 120.0

_tokens: set[str] = set()  # of the claims that live in this process
_TEMPORARY_NAME = re.compile(r".+\.(?P<machine>[0-9a-f]{16})-(?P<pid>\d{1,10})-(?P<started>\w*)-[0-9a-f]{16}")


class Claims:
    """Claims by name in one folder, which exists. Call `start` to keep them alive, `close` in the end."""

    def __init__(self, folder: Path, lease_s: float = LEASE_S) -> None:
        self._folder, self._lease_s = folder, lease_s
        self._token = os.urandom(8).hex()
        self._held: set[str] = set()
        self._end = threading.Event()
        self._beat = threading.Thread(target=self._touch_regularly, daemon=True)

    def start(self) -> None:
        """Begin to touch what is held; claims of the dead are swept."""
        _tokens.add(self._token)
        for path in _listed(self._folder):
            if _is_left(path.name) or self._is_stale(path):
                path.unlink(missing_ok=True)
        self._beat.start()

    def close(self) -> None:
        """Release everything."""
        self._end.set()
        for name in list(self._held):
            self.release(name)
        if self._beat.is_alive():
            self._beat.join()
        _tokens.discard(self._token)

    def take(self, name: str) -> bool:
        """Whether the claim is ours now; False: somebody else who is alive holds it. OSError: the folder fails."""
        path = self._folder / name
        if self._create(path) or (self._is_stale(path) and self._take_over(path)):
            self._held.add(name)
            return True
        return False

    def release(self, name: str) -> None:
        """Give a claim back."""
        self._held.discard(name)
        if _holder(self._folder / name) == self._identity():  # else it was broken meanwhile, and is another's
            with suppress(OSError):
                (self._folder / name).unlink(missing_ok=True)

    def _create(self, path: Path) -> bool:
        """Put a claim there with its content at once, unless there is one."""
        new = self._temporary(path.name)
        new.write_text(json.dumps(self._identity()))
        try:
            os.link(new, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without links: for a moment the claim is empty, which counts as alive
            try:
                with path.open("x") as file:
                    file.write(json.dumps(self._identity()))
            except FileExistsError:
                return False
        finally:
            new.unlink(missing_ok=True)
        return True

    def _take_over(self, path: Path) -> bool:
        """Replace a stale claim by ours. One at a time may do so, or of two the later would replace the claim of the earlier."""
        turn = path.with_name(f"{path.name}.turn")
        if not self._create(turn):
            if self._is_stale(turn):  # its holder died within a moment of work: the next who asks gets it
                turn.unlink(missing_ok=True)
            return False
        try:
            if not path.exists():  # released, or taken over and released, since we looked
                return self._create(path)
            if not self._is_stale(path):
                return False
            new = self._temporary(path.name)
            new.write_text(json.dumps(self._identity()))
            os.replace(new, path)
            return True
        finally:
            turn.unlink(missing_ok=True)

    def _is_stale(self, path: Path) -> bool:
        holder = _holder(path)
        if holder and holder.get("machine") == _machine():
            if holder.get("pid") == os.getpid():
                return holder.get("token") not in _tokens
            return started(int(holder["pid"])) != holder.get("started")
        try:
            return self._now() - path.stat().st_mtime > self._lease_s
        except FileNotFoundError:
            return True
        except OSError:
            return False

    def _now(self) -> float:
        """The time by the clock of the file system, which may be another machine's."""
        probe = self._temporary("now")
        try:
            probe.write_bytes(b"")
            return probe.stat().st_mtime
        except OSError:
            return time.time()
        finally:
            with suppress(OSError):
                probe.unlink(missing_ok=True)

    def _temporary(self, name: str) -> Path:
        """Where a file is prepared; its name tells whose it is, since it may be empty when its writer is killed."""
        return self._folder / f"{name}.{_machine_sha256()}-{os.getpid()}-{started(os.getpid())}-{self._token}"

    def _touch_regularly(self) -> None:
        while not self._end.wait(self._lease_s / 6):
            for name in list(self._held):
                with suppress(OSError):
                    os.utime(self._folder / name)

    def _identity(self) -> dict[str, str | int]:
        return {"machine": _machine(), "pid": os.getpid(), "started": started(os.getpid()), "token": self._token}


def _holder(path: Path) -> dict[str, str | int]:
    try:
        holder = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return holder if isinstance(holder, dict) and isinstance(holder.get("pid"), int) else {}


def _listed(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()]


def _is_left(name: str) -> bool:
    """Whether a file was being prepared by a process of this machine that is gone."""
    match = _TEMPORARY_NAME.fullmatch(name)
    if match is None or match["machine"] != _machine_sha256():
        return False
    return started(int(match["pid"])) != match["started"]


def _machine_sha256() -> str:
    return hashlib.sha256(_machine().encode()).hexdigest()[:16]


def _machine() -> str:
    """What has this machine's process numbers: containers may share a host name, or have none of their own."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(os.readlink("/proc/self/ns/pid"))
    return " ".join(parts)
