"""One job of a batch: what is to be made, and the making of it, the same in a local worker and on a cluster."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from seedscape.assets.errors import RequestError, SeedscapeError
from seedscape.assets.files import write_group
from seedscape.assets.memory import release_memory

ENVIRONMENTS = "environments"
ENTRY = "job.json"  # written last: where it is, the rest is
MAX_REASON = 500

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,119}")
_KEY = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")

Kind = Literal["done", "request", "storage", "error", "memory", "time", "died"]


@dataclass(frozen=True)
class Job:
    """values: JSON values that the job function understands. key: SHA-256 of all that decides its bytes; equal keys are one
    job. name: of its folder, for people; different for different keys."""

    name: str
    key: str
    values: dict[str, Any]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise RequestError(f"expected the name of a job as a-z, 0-9, _ and -, got {self.name[:80]!r}")
        if not _KEY.fullmatch(self.key):
            raise RequestError(f"expected the key of a job as 64 hexadecimal digits, got {self.key[:80]!r}")


@dataclass(frozen=True)
class Made:
    """What a job function returns. files: name -> bytes, no folders. entry: JSON values for the catalogue that do not differ
    from run to run. features: numbers by which environments are compared."""

    files: dict[str, bytes]
    entry: dict[str, Any]
    features: tuple[float, ...] = field(default=())


JobFunction = Callable[[dict[str, Any], int], Made]
"""Called with a job's values and the number of threads it may use."""


@dataclass(frozen=True)
class Outcome:
    """How a job ended. reason: one line for a person where it is not "done"."""

    kind: Kind
    reason: str = ""


def load_function(function: JobFunction | str) -> JobFunction:
    """A job function, by itself or as "module:name". RequestError: there is none of that name."""
    if not isinstance(function, str):
        return function
    module, _, name = function.partition(":")
    try:
        found: JobFunction = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise RequestError(f"expected a job function as module:name, got {function!r}: {error}") from None
    return found


def do_job(function: JobFunction | str, folder: str, job: Job, threads: int) -> Outcome:
    """Make a job's files in FOLDER/environments/NAME, its entry last. Never raises but for Ctrl-C."""
    outcome = _do_job(function, folder, job, threads)
    release_memory()
    return outcome


def _do_job(function: JobFunction | str, folder: str, job: Job, threads: int) -> Outcome:
    try:
        made = load_function(function)(job.values, threads)
        files = _with_entry(made, job)
    except MemoryError:
        return Outcome("memory", "not enough memory")
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a job does, the batch goes on and says why
        kind: Kind = "request" if isinstance(error, RequestError) else "error"
        return Outcome(kind, one_line(error))
    place = Path(folder, ENVIRONMENTS, job.name)
    try:
        write_group({place / name: data for name, data in files.items()})
    except SeedscapeError as error:
        return Outcome("storage", one_line(error))
    except OSError as error:
        return Outcome("storage", f"could not write {str(place)!r}: {error.strerror or type(error).__name__}")
    return Outcome("done")


def one_line(error: BaseException) -> str:
    """An error as one line of bounded length."""
    said = " ".join(str(error).split())
    text = said if isinstance(error, SeedscapeError) and said else f"{type(error).__name__}: {said}".rstrip(": ")
    return text if len(text) <= MAX_REASON else text[: MAX_REASON - 3] + "..."


def _with_entry(made: Made, job: Job) -> dict[str, bytes]:
    """The files of a job with the entry that describes them at the end."""
    for name in made.files:
        if not _FILE.fullmatch(name) or name == ENTRY:
            raise ValueError(f"expected plain names of files, got {name[:80]!r}")
    entry = {
        "name": job.name,
        "key": job.key,
        "job": job.values,
        "entry": made.entry,
        "features": list(made.features),
        "files": {name: {"bytes": len(data), "sha256": _sha256(data)} for name, data in made.files.items()},
    }
    return made.files | {ENTRY: (json.dumps(entry, indent=1, allow_nan=False) + "\n").encode()}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
