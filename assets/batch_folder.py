"""The folder of a batch: all its state, as files.

DIR/seedscape-batch.json         says that this is one
DIR/environments/NAME/...        the files of a finished job; job.json describes them and comes last
DIR/failed/NAME.json             why a job failed the last time
DIR/.claims/                     who works on what just now
DIR/index.html catalog.json ...  the catalogue, made from the above
"""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from seedscape.assets.errors import RequestError, SeedscapeError
from seedscape.assets.files import sweep_orphans, write_atomically
from seedscape.assets.job import ENTRY, ENVIRONMENTS, Job, Outcome

MARK = "seedscape-batch.json"
FAILED = "failed"
CLAIMS = ".claims"
OURS = {ENVIRONMENTS, FAILED, CLAIMS, MARK}  # another batch may be making the same folder just now
MAX_JSON = 16 << 20


class BatchFolder:
    """The state of a batch. Everything is read from the files each time; nothing is remembered."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def create(self) -> None:
        """Make what is missing; what killed writers left is swept. RequestError: it cannot be a batch folder."""
        try:
            self.path.mkdir(exist_ok=True)
            foreign = not (self.path / MARK).exists() and any(
                entry.name not in OURS and ".seedscape-tmp-" not in entry.name for entry in self.path.iterdir()
            )
            if foreign:
                raise RequestError(
                    f"expected a new, empty or batch folder, got {str(self.path)!r}, which has other files"
                )
            for name in (ENVIRONMENTS, FAILED, CLAIMS):
                (self.path / name).mkdir(exist_ok=True)
            if not (self.path / MARK).exists():
                write_atomically(self.path / MARK, b'{"format": 1}\n')
            for folder in (self.path, self.path / FAILED):
                sweep_orphans(folder)
        except (OSError, ValueError) as error:
            if isinstance(error, SeedscapeError):
                raise
            said = getattr(error, "strerror", None) or str(error)
            raise RequestError(f"expected a folder for the batch, got {str(self.path)!r}: {said}") from None

    def require(self) -> None:
        """RequestError unless it is the folder of a batch."""
        if not self.is_there():
            raise RequestError(f"expected the folder of a batch (with {MARK}), got {str(self.path)!r}")

    def is_there(self) -> bool:
        """Whether the folder is (still) there: a disk may be unplugged, and its empty mount point is another folder."""
        try:
            return (self.path / MARK).is_file()
        except (OSError, ValueError):
            return False

    def is_done(self, job: Job) -> bool:
        """Whether all files of a job are there as they were made.

        Sizes are compared, and the hash of every file that was touched after the entry was written: a copy, an edit.
        """
        entry = self._entry(job.name)
        if entry is None or entry.get("key") != job.key:
            return False
        folder = self.path / ENVIRONMENTS / job.name
        try:
            written = (folder / ENTRY).stat().st_mtime_ns
            for name, file in entry["files"].items():
                stat = (folder / name).stat()
                if stat.st_size != file["bytes"]:
                    return False
                if stat.st_mtime_ns > written and _file_sha256(folder / name) != file["sha256"]:
                    return False
        except OSError:
            return False
        return True

    def sweep(self, job: Job) -> None:
        """Remove what a killed writer of this job left."""
        with suppress(OSError):
            sweep_orphans(self.path / ENVIRONMENTS / job.name)

    def note_failure(self, job: Job, outcome: Outcome) -> None:
        """Record why a job failed. SeedscapeError: it cannot be written."""
        attempts = (self._failure(job.name) or {}).get("attempts", 0)
        failure = {
            "name": job.name,
            "key": job.key,
            "kind": outcome.kind,
            "reason": outcome.reason,
            "attempts": (attempts if isinstance(attempts, int) else 0) + 1,
            "job": job.values,
        }
        write_atomically(self.path / FAILED / f"{job.name}.json", (json.dumps(failure, indent=1) + "\n").encode())

    def forget_failure(self, job: Job) -> None:
        """The job is done now."""
        with suppress(OSError):
            (self.path / FAILED / f"{job.name}.json").unlink(missing_ok=True)

    def entries(self) -> list[dict[str, Any]]:
        """What the finished jobs say of themselves, by name; those whose files are not there are left out."""
        found = []
        for name in self._names(ENVIRONMENTS):
            entry = self._entry(name)
            if entry is not None and all((self.path / ENVIRONMENTS / name / file).is_file() for file in entry["files"]):
                found.append(entry)
        return found

    def failures(self) -> list[dict[str, Any]]:
        """What is recorded of failed jobs, by name."""
        names = [name.removesuffix(".json") for name in self._names(FAILED) if name.endswith(".json")]
        return [failure for name in sorted(names) if (failure := self._failure(name)) is not None]

    def _names(self, kind: str) -> list[str]:
        try:
            return sorted(entry.name for entry in os.scandir(self.path / kind) if not entry.name.startswith("."))
        except OSError as error:
            raise SeedscapeError(f"could not read {str(self.path / kind)!r}: {error.strerror}") from None

    def _entry(self, name: str) -> dict[str, Any] | None:
        """The entry of a job; None: there is none that can be used."""
        entry = _read_json(self.path / ENVIRONMENTS / name / ENTRY)
        if entry is None or entry.get("name") != name:
            return None
        files, plain = entry.get("files"), ("entry", "job")
        if not isinstance(files, dict) or not all(isinstance(entry.get(field), dict) for field in plain):
            return None
        good = all(
            "/" not in file and isinstance(about, dict) and {"bytes", "sha256"} <= about.keys()
            for file, about in files.items()
        )
        return entry if good else None

    def _failure(self, name: str) -> dict[str, Any] | None:
        failure = _read_json(self.path / FAILED / f"{name}.json")
        return failure if failure is not None and failure.get("name") == name else None


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            value = json.loads(file.read(MAX_JSON))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
