"""The workers' side of the job database: take a work, tell how far it is, finish it; and give up what its owner cannot."""

import json
import time
from dataclasses import dataclass
from sqlite3 import Connection, Row
from typing import Any

from seedscape.service.database import Database, add_event
from seedscape.service.problems import job_problem

MAX_INTERRUPTIONS = 50  # a work under whose hands the whole service died so often is given up


class LeaseLost(Exception):
    """The work is no longer this worker's: it was cancelled, took too long, or went to another."""


@dataclass(frozen=True)
class Work:
    """What a worker took: spec as plain JSON values."""

    id: int
    key: str
    spec: dict[str, Any]
    profile: str
    textures: str | None
    preview: bool
    attempt: int


def take(database: Database, owner: str, lease_s: float) -> Work | None:
    """The work that waits longest, now this owner's; None when nothing waits."""
    with database.transaction() as connection:
        row = database.row("SELECT * FROM works WHERE status = 'queued' ORDER BY id LIMIT 1")
        if row is None:
            return None
        now = time.time()
        connection.execute(
            "UPDATE works SET status = 'running', owner = ?, lease_until = ?, attempts = attempts + 1, stage = 'started',"
            " progress = 0, started = coalesce(started, ?), attempt_started = ? WHERE id = ?",
            (owner, now + lease_s, now, now, row["id"]),
        )
        add_event(connection, row["id"], "started", 0.0)
    return Work(
        row["id"], row["key"], json.loads(row["spec"]), row["profile"], row["textures"], bool(row["preview"]),
        row["attempts"] + 1,
    )  # fmt: skip


def renew(database: Database, work: int, owner: str, lease_s: float) -> None:
    """Hold on to a work. LeaseLost: too late."""
    with database.transaction() as connection:
        done = connection.execute(
            "UPDATE works SET lease_until = ? WHERE id = ? AND owner = ? AND status = 'running'",
            (time.time() + lease_s, work, owner),
        )
        _require_one(done.rowcount)


def tell(database: Database, work: int, owner: str, stage: str, progress: float) -> None:
    """Note how far a work is. LeaseLost: it is no longer this owner's, or nobody wants it any more."""
    with database.transaction() as connection:
        done = connection.execute(
            "UPDATE works SET stage = ?, progress = ? WHERE id = ? AND owner = ? AND status = 'running' AND unwanted = 0",
            (stage, progress, work, owner),
        )
        _require_one(done.rowcount)
        add_event(connection, work, stage, progress)


def finish(database: Database, work: int, owner: str, assets: dict[str, Any]) -> None:
    """The work is done. LeaseLost: it is no longer this owner's; what was stored stays in the store."""
    with database.transaction() as connection:
        done = connection.execute(
            "UPDATE works SET status = 'done', stage = 'done', progress = 1, owner = NULL, lease_until = NULL, finished = ?,"
            " assets = ? WHERE id = ? AND owner = ? AND status = 'running'",
            (time.time(), json.dumps(assets), work, owner),
        )
        _require_one(done.rowcount)


def fail(database: Database, work: int, owner: str, error: dict[str, str]) -> None:
    """The work has failed for good. LeaseLost: it is no longer this owner's."""
    with database.transaction() as connection:
        if not _fail(connection, work, error, owner):
            raise LeaseLost


def give_up(database: Database, owner: str, attempts: int, interrupted: bool = False) -> list[tuple[int, str]]:
    """The owner is gone: its works wait again, or have failed where that happened too often; (work, new status) of each.

    interrupted: it was stopped along with the service, which is no fault of the work.
    """
    with database.transaction() as connection:
        rows = database.rows("SELECT * FROM works WHERE status = 'running' AND owner = ?", owner)
        return [(row["id"], _give_up(connection, row, attempts, interrupted)) for row in rows]


def give_up_all(database: Database, attempts: int) -> int:
    """At the start of the service: no worker lives, so every running work waits again; how many."""
    with database.transaction() as connection:
        rows = database.rows("SELECT * FROM works WHERE status = 'running'")
        for row in rows:
            _give_up(connection, row, attempts, True)
    return len(rows)


def running(database: Database) -> list[Row]:
    """The works that run: id, owner, attempt_started, lease_until, unwanted."""
    return database.rows("SELECT id, owner, attempt_started, lease_until, unwanted FROM works WHERE status = 'running'")


def _give_up(connection: Connection, row: Row, attempts: int, interrupted: bool) -> str:
    work = row["id"]
    if row["unwanted"]:
        connection.execute(
            "UPDATE works SET status = 'cancelled', owner = NULL, lease_until = NULL, finished = ? WHERE id = ?",
            (time.time(), work),
        )
        return "cancelled"
    if interrupted and row["interruptions"] + 1 < MAX_INTERRUPTIONS:
        counted = "attempts = attempts - 1, interruptions = interruptions + 1"
    elif row["attempts"] < attempts and not interrupted:
        counted = "attempts = attempts"
    else:
        count = row["interruptions"] + 1 if interrupted else row["attempts"]
        _fail(
            connection,
            work,
            job_problem("worker_died", f"expected the job's process to end well, it died {count} times"),
        )
        return "failed"
    connection.execute(
        f"UPDATE works SET status = 'queued', owner = NULL, lease_until = NULL, progress = 0, stage = '', {counted}"
        " WHERE id = ?",
        (work,),
    )
    add_event(connection, work, "queued again", 0.0)
    return "queued"


def _fail(connection: Connection, work: int, error: dict[str, str], owner: str | None = None) -> bool:
    done = connection.execute(
        "UPDATE works SET status = 'failed', owner = NULL, lease_until = NULL, finished = ?, error = ?"
        " WHERE id = ? AND status = 'running' AND (? IS NULL OR owner = ?)",
        (time.time(), json.dumps(error), work, owner, owner),
    )
    return done.rowcount == 1


def _require_one(count: int) -> None:
    if count != 1:
        raise LeaseLost
