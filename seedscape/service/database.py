"""The job database: SQLite in WAL mode, one file in the store's folder.

    works         what is computed: one row for each distinct request, however many asked for it
    environments  what was asked for: one row for each accepted POST, which points to its work
    events        what happened to a work, in order
    idempotency   which environment a client's Idempotency-Key stands for

A work is queued, running (then it has an owner and a lease), done, failed or cancelled. Only the owner of a running work may
write to it, so a worker that was given up can do no harm when it wakes up again.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seedscape.assets.errors import RequestError

VERSION = 1
FILE_NAME = "jobs.sqlite3"
BUSY_S = 30.0

_SCHEMA = """
CREATE TABLE works (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,
    spec TEXT NOT NULL,
    profile TEXT NOT NULL,
    textures TEXT,
    preview INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    stage TEXT NOT NULL DEFAULT '',
    progress REAL NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    interruptions INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    lease_until REAL,
    unwanted INTEGER NOT NULL DEFAULT 0,
    created REAL NOT NULL,
    started REAL,
    attempt_started REAL,
    finished REAL,
    error TEXT,
    assets TEXT
);
CREATE INDEX works_by_key ON works (key, status);
CREATE INDEX works_by_status ON works (status, id);
CREATE TABLE environments (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    work INTEGER NOT NULL REFERENCES works (id),
    client TEXT NOT NULL,
    created REAL NOT NULL,
    cancelled REAL
);
CREATE INDEX environments_by_work ON environments (work);
CREATE INDEX environments_by_client ON environments (client, number);
CREATE TABLE events (
    work INTEGER NOT NULL REFERENCES works (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (work, number)
) WITHOUT ROWID;
CREATE TABLE idempotency (
    client TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    environment TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    created REAL NOT NULL,
    PRIMARY KEY (client, key)
) WITHOUT ROWID;
"""


class Database:
    """One connection. It belongs to one thread at a time; every process and every thread opens its own."""

    def __init__(self, path: Path) -> None:
        """Open the database, making it where there is none. RequestError: it is no job database of this version."""
        self.path = path
        try:
            self.connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            self.connection.row_factory = sqlite3.Row
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = FULL")  # what was answered with 202 survives a power cut too
            self.connection.execute("PRAGMA foreign_keys = ON")
            with self.transaction():
                version = int(self.connection.execute("PRAGMA user_version").fetchone()[0])
                if version == 0:
                    for statement in _SCHEMA.split(";"):
                        self.connection.execute(statement)
                    self.connection.execute(f"PRAGMA user_version = {VERSION}")
        except sqlite3.DatabaseError as error:
            raise RequestError(f"expected a job database in {str(path)!r}, got {error}") from None
        if version not in (0, VERSION):
            raise RequestError(f"expected a job database of version {VERSION} in {str(path)!r}, got version {version}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything in the block happens or nothing does; nobody else writes meanwhile."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """The rows of a query."""
        return self.connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a query."""
        row: sqlite3.Row | None = self.connection.execute(sql, values).fetchone()
        return row

    def data_version(self) -> int:
        """A number that changes whenever another connection has written."""
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    def is_sound(self) -> bool:
        """Whether SQLite finds the file whole."""
        return bool(self.connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def add_event(connection: sqlite3.Connection, work: int, stage: str, progress: float) -> None:
    """Append to what happened to a work."""
    data = json.dumps({"stage": stage, "progress": round(progress, 4), "time": round(time.time(), 3)})
    connection.execute(
        "INSERT INTO events SELECT ?, coalesce(max(number), 0) + 1, ? FROM events WHERE work = ?", (work, data, work)
    )
