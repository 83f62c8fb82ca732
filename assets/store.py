"""The store of finished work: content-addressed objects, and an index from what was asked for to what came out.

    STORE/objects/ab/abcd...         the bytes whose SHA-256 is abcd...
    STORE/records/12/1234....json    what the request with key 1234... came to
    STORE/damaged/                   objects and records that no longer were what their name says
    STORE/trash/                     what `gc` is removing

Any number of threads, processes and machines may write at once: an object's name says what must be in it, every file appears
whole or not at all (`files`), and two writers of one object write the same. The time of a file's last use is its
modification time.
"""

import hashlib
import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedscape.assets.errors import RequestError, SeedscapeError
from seedscape.assets.files import sweep_orphans, write_atomically

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHARD = re.compile(r"[0-9a-f]{2}")
# Objects that no record names yet are kept at least this long: their writer is about to record them.
GRACE_S = 600.0


@dataclass(frozen=True)
class Collected:
    """What `gc` removed, and what is left."""

    objects: int
    records: int
    bytes: int
    left_objects: int
    left_bytes: int


@dataclass(frozen=True)
class Verified:
    """What `verify` found. damaged: names of objects and records set aside; broken: keys of records whose objects are gone."""

    objects: int
    records: int
    bytes: int
    damaged: tuple[str, ...]
    broken: tuple[str, ...]


def request_key(
    spec: Mapping[str, Any],
    *,
    profile: str,
    textures: str | None,
    preview: bool,
    version: str,
    models_sha256: Mapping[str, str],
) -> str:
    """SHA-256 of everything that decides the bytes of an environment; spec: resolved, plain JSON values."""
    return json_sha256(
        {
            "spec": dict(spec),
            "profile": profile,
            "textures": textures,
            "preview": preview,
            "seedscape": version,
            "models_sha256": dict(models_sha256),
        }
    )


def json_sha256(value: Any) -> str:
    """SHA-256 of a JSON value, whatever the order of its keys. RequestError: it is no JSON value (NaN is none)."""
    return hashlib.sha256(_canonical(value)).hexdigest()


class Store:
    """Objects by SHA-256 and records by request key under one folder, which is made if its parent exists."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        """RequestError: the folder cannot be made or is none."""
        self.folder = Path(folder)
        try:
            self.folder.mkdir(exist_ok=True)
            for name in ("objects", "records", "damaged", "trash"):
                (self.folder / name).mkdir(exist_ok=True)
        except (OSError, ValueError) as error:
            raise RequestError(f"expected a folder for the store, got {str(folder)!r}: {_said(error)}") from None

    def put(self, data: bytes) -> str:
        """Keep `data`; its SHA-256. An object that is there already is written again only if it is damaged."""
        name = hashlib.sha256(data).hexdigest()
        path = self._object(name)
        try:
            if path.read_bytes() == data and _touch(path) and path.exists():  # gc may have moved it meanwhile
                return name
        except OSError:
            pass  # not there, or not readable: written below
        write_atomically(path, data)
        return name

    def get(self, name: str) -> bytes:
        """The bytes of an object, checked. SeedscapeError: it is not there, cannot be read, or is damaged; a damaged one
        is moved to STORE/damaged, so that the next `put` writes it anew."""
        path = self._object(name)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise SeedscapeError(f"expected the object {name} in the store, got none") from None
        except OSError as error:
            raise SeedscapeError(f"could not read the object {name} of the store: {_said(error)}") from None
        if hashlib.sha256(data).hexdigest() != name:
            self._set_aside(path)
            raise SeedscapeError(f"expected the object {name} as it was stored, got a damaged one; it was set aside")
        _touch(path)
        return data

    def path(self, name: str) -> Path:
        """Where an object lies, to serve parts of it; nothing is checked but the name. SeedscapeError: it is not there."""
        path = self._object(name)
        if not path.is_file():
            raise SeedscapeError(f"expected the object {name} in the store, got none")
        _touch(path)
        return path

    def has(self, name: str) -> bool:
        """Whether an object is there."""
        return self._object(name).is_file()

    def record(self, key: str, value: dict[str, Any]) -> None:
        """Keep what the request `key` came to: JSON values; value["objects"], where given, maps labels to objects of this
        store, which the record then keeps together. RequestError: not JSON; SeedscapeError: an object is not there."""
        for name in _objects_of(value):
            if not self.has(name):
                raise SeedscapeError(f"expected the object {name} in the store before its record, got none")
        text = _canonical(value)
        checked = {"key": key, "sha256": hashlib.sha256(text).hexdigest(), "value": value}
        write_atomically(self._record(key), json.dumps(checked, indent=1, sort_keys=True).encode() + b"\n")

    def lookup(self, key: str) -> dict[str, Any] | None:
        """What was recorded for a request; None: nothing, or one of its objects is no longer there."""
        path = self._record(key)
        value = self._read_record(path, key)
        if value is None or not all(map(self.has, _objects_of(value))):
            return None
        for used in (path, *map(self._object, _objects_of(value))):
            _touch(used)
        return value

    def gc(self, *, max_age_s: float | None = None, max_bytes: int | None = None, min_age_s: float = 0.0) -> Collected:
        """Remove what was not used for `max_age_s`, then the longest unused until at most `max_bytes` of objects are left.

        The objects of a record count as used when one of them was, and go together with it. What was used within
        `min_age_s` stays even where that is more than `max_bytes`, and so do objects without a record younger than ten
        minutes. Others may read and write meanwhile: what they use in this moment stays.
        """
        self._empty_trash()
        records = {key: value for key, path in self._records() if (value := self._read_record(path, key)) is not None}
        named = {name for value in records.values() for name in _objects_of(value)}
        found = {path.name: stat for path in self._objects() if (stat := _stat(path)) is not None}
        used = _last_uses(found, records)
        now = time.time()
        doomed, size = set[str](), sum(stat.st_size for stat in found.values())
        for name, stat in sorted(found.items(), key=lambda item: (used[item[0]], item[0])):
            age_s = now - used[name]
            old = max_age_s is not None and age_s > max_age_s
            too_much = max_bytes is not None and size > max_bytes
            if (old or too_much) and age_s >= min_age_s and (name in named or age_s > GRACE_S):
                doomed.add(name)
                size -= stat.st_size
        broken = {key for key, value in records.items() if not found.keys() - doomed >= set(_objects_of(value))}
        kept = {name for key, value in records.items() if key not in broken for name in _objects_of(value)}
        doomed |= {name for key in broken for name in _objects_of(records[key]) if name in found} - kept
        if max_age_s is not None:  # records without objects age by themselves
            paths = {key: self._record(key) for key, value in records.items() if not _objects_of(value)}
            broken |= {key for key, path in paths.items() if (s := _stat(path)) and now - s.st_mtime > max_age_s}
        gone_records = sum(self._discard(self._record(key), None) for key in sorted(broken))
        gone = [name for name in sorted(doomed) if self._discard(self._object(name), found[name].st_mtime_ns)]
        freed = sum(found[name].st_size for name in gone)
        left = sum(stat.st_size for stat in found.values()) - freed
        return Collected(len(gone), gone_records, freed, len(found) - len(gone), left)

    def verify(self) -> Verified:
        """Read everything: damaged objects and records are set aside, records whose objects are gone are removed."""
        damaged, broken = list[str](), list[str]()
        num_objects = num_records = size = 0
        for path in self._objects():
            try:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                    num_bytes = file.tell()
            except FileNotFoundError:  # collected meanwhile
                continue
            except OSError as error:
                raise SeedscapeError(f"could not read {str(path)!r}: {_said(error)}") from None
            if digest != path.name:
                self._set_aside(path)
                damaged.append(path.name)
            else:
                num_objects, size = num_objects + 1, size + num_bytes
        for key, path in self._records():
            value = self._read_record(path, key)
            if value is None:
                damaged.append(path.name)
            elif not all(map(self.has, _objects_of(value))):
                self._discard(path, None)
                broken.append(key)
            else:
                num_records += 1
        return Verified(num_objects, num_records, size, tuple(damaged), tuple(broken))

    def _object(self, name: str) -> Path:
        _require_sha256("the name of an object", name)
        return self.folder / "objects" / name[:2] / name

    def _record(self, key: str) -> Path:
        _require_sha256("the key of a request", key)
        return self.folder / "records" / key[:2] / f"{key}.json"

    def _objects(self) -> Iterator[Path]:
        return (path for path in self._sharded("objects") if _SHA256.fullmatch(path.name))

    def _records(self) -> Iterator[tuple[str, Path]]:
        paths = self._sharded("records")
        return ((path.stem, path) for path in paths if path.suffix == ".json" and _SHA256.fullmatch(path.stem))

    def _sharded(self, kind: str) -> Iterator[Path]:
        """Files of a kind in the order of their names; what killed writers left is swept on the way."""
        for shard in sorted((self.folder / kind).iterdir()):
            if _SHARD.fullmatch(shard.name) and shard.is_dir():
                sweep_orphans(shard)
                yield from sorted(shard.iterdir())

    def _read_record(self, path: Path, key: str) -> dict[str, Any] | None:
        """The value of a record; None where there is none; a damaged one is set aside."""
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SeedscapeError(f"could not read the record {key} of the store: {_said(error)}") from None
        try:
            checked = json.loads(text)
            value = checked["value"]
            if checked["key"] == key and isinstance(value, dict) and json_sha256(value) == checked["sha256"]:
                return value
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        self._set_aside(path)
        return None

    def _set_aside(self, path: Path) -> None:
        try:
            os.replace(path, self.folder / "damaged" / path.name)
        except FileNotFoundError:
            pass  # somebody else did
        except OSError as error:
            raise SeedscapeError(f"could not set {str(path)!r} aside, which is damaged: {_said(error)}") from None

    def _discard(self, path: Path, unused_since_ns: int | None) -> bool:
        """Remove a file unless it was used after that time. It is moved first and looked at then: a `put` that found the
        file in the meantime has touched it (it is put back), a later one finds it missing and writes it anew."""
        away = self.folder / "trash" / f"{path.name}-{os.getpid()}"
        try:
            os.replace(path, away)
            if unused_since_ns is not None and away.stat().st_mtime_ns != unused_since_ns:
                os.replace(away, path)
                return False
            away.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise SeedscapeError(f"could not remove {str(path)!r}: {_said(error)}") from None
        return True

    def _empty_trash(self) -> None:
        """What a killed `gc` left; another that runs now keeps a file there for a moment only."""
        for path in (self.folder / "trash").iterdir():
            stat = _stat(path)
            if stat is not None and time.time() - stat.st_ctime > GRACE_S:
                path.unlink(missing_ok=True)


def _last_uses(found: Mapping[str, os.stat_result], records: Mapping[str, dict[str, Any]]) -> dict[str, float]:
    """When each object was used: the use of one is a use of its record, but for objects that several records name."""
    times = Counter(name for value in records.values() for name in set(_objects_of(value)))
    used = {name: stat.st_mtime for name, stat in found.items()}
    for value in records.values():
        names = [name for name in _objects_of(value) if name in found]
        last = max((found[name].st_mtime for name in names if times[name] == 1), default=0.0)
        used |= {name: max(used[name], last) for name in names}
    return used


def _objects_of(value: dict[str, Any]) -> tuple[str, ...]:
    objects = value.get("objects", {})
    if not isinstance(objects, dict):
        raise RequestError(f'expected "objects" of a record as label -> SHA-256, got {type(objects).__name__}')
    for name in objects.values():
        _require_sha256("the name of an object", name)
    return tuple(objects.values())


def _require_sha256(what: str, name: object) -> None:
    if not isinstance(name, str) or not _SHA256.fullmatch(name):
        raise RequestError(f"expected {what} as 64 hexadecimal digits, got {name if name is None else repr(name)[:80]}")


def _canonical(value: Any) -> bytes:
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise RequestError(f"expected a JSON value, got one that is none: {error}") from None


def _touch(path: Path) -> bool:
    """Note that a file was used; False: it is not there or belongs to somebody else."""
    try:
        os.utime(path)
    except OSError:
        return False
    return True


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _said(error: OSError | ValueError) -> str:
    return str(getattr(error, "strerror", None) or error)
