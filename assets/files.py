"""Files that appear whole or not at all.

A file is written under a temporary name in its own folder, flushed to the disk, renamed over its final name, and the
folder is flushed too, so a crash or a power cut leaves the old file, the new file, or none. What a killed process left
behind (`.NAME.seedscape-tmp-HOST-PID-BEGAN-N`) is removed by the next write into that folder.
"""

import errno
import hashlib
import itertools
import os
import re
import socket
import stat
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from seedscape.assets.errors import RequestError, SeedscapeError
from seedscape.assets.processes import started

_MARK = ".seedscape-tmp-"
_TEMPORARY_NAME = re.compile(r"\..+\.seedscape-tmp-(?P<host>[0-9a-f]{8})-(?P<pid>\d{1,10})-(?P<began>\w*)-\d+")
# A process of another machine cannot be asked whether it lives; no write takes this long.
FOREIGN_ORPHAN_AGE_S = 24 * 3600.0

_FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk is full (quota)",
    errno.EFBIG: "the disk is full (limit on file size)",
}
_REFUSED = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ELOOP,
    errno.EINVAL,
    errno.ENOTEMPTY,
    errno.EEXIST,
}

_counter = itertools.count()
_mine: set[str] = set()  # temporary files this process is writing now


def write_atomically(path: str | os.PathLike[str], data: bytes | Iterable[bytes]) -> None:
    """Write one file, whole or not at all, from bytes or from parts that are made one by one; errors as `write_group`."""
    write_group({path: data})


def write_group(files: Mapping[str | os.PathLike[str], bytes | Iterable[bytes]]) -> None:
    """Write several files, each whole or not at all, renamed in the order given only once all are on the disk.

    So a full disk leaves none of them; a kill between two renames leaves the first ones (put last what says "complete").
    A missing folder is made if its parent exists. Links are followed. RequestError: the path cannot be written (no such
    folder, no permission, a folder or a device); SeedscapeError: the disk is full or fails.
    """
    temporaries: dict[str, str] = {}
    current = ""
    try:
        for path, data in files.items():
            current = _checked_target(path)
            if current in temporaries:
                raise RequestError(f"expected different paths, got {current!r} twice")
            temporaries[current] = _temporary_name(current)
            _mine.add(temporaries[current])
            _write_flushed(temporaries[current], data)
        for current in list(temporaries):
            os.replace(temporaries[current], current)
            _mine.discard(temporaries.pop(current))
            _flush_folder(os.path.dirname(current))
    except OSError as error:
        raise _refusal(current, error) from None
    finally:  # on success nothing is left here; otherwise (Ctrl-C too) the unfinished ones go
        for temporary in temporaries.values():
            _remove(temporary)
            _mine.discard(temporary)


def require_writable(path: str | os.PathLike[str]) -> None:
    """Find out before long work whether a file can be written there: makes its folder, writes and removes an empty file.

    Errors as `write_group`. An existing file is left alone.
    """
    target = str(path)
    temporary = ""
    try:
        target = _checked_target(path)
        temporary = _temporary_name(target)
        _mine.add(temporary)
        _write_flushed(temporary, b"")
    except OSError as error:
        raise _refusal(target, error) from None
    finally:
        if temporary:
            _remove(temporary)
            _mine.discard(temporary)


def sweep_orphans(folder: str | os.PathLike[str]) -> int:
    """Remove temporary files of writers that are dead from one folder; returns how many."""
    removed = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            match = _TEMPORARY_NAME.fullmatch(entry.name)
            if match and _is_orphan(entry, match["host"], int(match["pid"]), match["began"]):
                _remove(entry.path)
                removed += 1
    return removed


def _checked_target(path: str | os.PathLike[str]) -> str:
    """The real path to write to, its folder made and swept; RequestError if it is no place for a file."""
    text = os.fspath(path)
    if not text or "\0" in text or not os.path.basename(text):
        raise RequestError(f"expected the path of a file, got {text!r}")
    target = os.path.realpath(text)
    folder = os.path.dirname(target)
    try:
        mode = os.stat(target).st_mode  # also finds out about names that are too long and links in a circle
    except FileNotFoundError:
        mode = stat.S_IFREG
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise RequestError(f"expected a path to write a file to, got {text!r}, which is {kind}")
    if not os.path.isdir(folder):
        try:
            Path(folder).mkdir(exist_ok=True)  # another writer may be making it, too
        except (FileExistsError, FileNotFoundError, NotADirectoryError):
            raise RequestError(f"expected an existing folder to write to, got {os.path.dirname(text)!r}") from None
    sweep_orphans(folder)
    return target


def _temporary_name(target: str) -> str:
    folder, name = os.path.split(target)
    # The name is cut so that the mark fits into the 255 bytes that file systems allow.
    short = os.fsdecode(os.fsencode(name)[:150])
    return os.path.join(folder, f".{short}{_MARK}{_host()}-{os.getpid()}-{started(os.getpid())}-{next(_counter)}")


def _write_flushed(path: str, data: bytes | Iterable[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        for part in (data,) if isinstance(data, bytes | bytearray | memoryview) else data:
            view = memoryview(part)
            while len(view):
                view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(folder: str) -> None:
    if os.name != "posix":
        return  # Windows has no handle to flush a folder by
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that cannot flush folders
            raise
    finally:
        os.close(descriptor)


def _is_orphan(entry: os.DirEntry[str], host: str, pid: int, began: str) -> bool:
    if host != _host():
        try:
            return time.time() - entry.stat(follow_symlinks=False).st_mtime > FOREIGN_ORPHAN_AGE_S
        except OSError:
            return False
    if pid == os.getpid():  # ours, or of an earlier process with our number (containers start at 1)
        return entry.path not in _mine
    return started(pid) != began


def _host() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass  # gone already, or the folder went read-only: the next sweep finds it


def _refusal(path: str, error: OSError) -> SeedscapeError:
    reason = _FULL.get(error.errno or 0)
    if reason:
        return SeedscapeError(f"could not write {path!r}: {reason}")
    said = error.strerror or type(error).__name__
    if error.errno in _REFUSED:
        return RequestError(f"expected a path that can be written, got {path!r}: {said}")
    return SeedscapeError(f"could not write {path!r}: {said}")
