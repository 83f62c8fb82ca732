"""The clients' side of the job database: submit, look, cancel, list."""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from seedscape.service.database import Database
from seedscape.service.problems import Problem

LIVE = ("queued", "running")
ENDED = ("done", "failed", "cancelled")
IDEMPOTENCY_S = 24 * 3600.0
RETRY_AFTER_S = 10

_STATUS = (
    "SELECT e.number, e.id, e.created, e.cancelled, e.client, w.id AS work, w.spec, w.profile, w.textures, w.preview,"
    " w.status, w.stage, w.progress, w.started, w.finished, w.error, w.assets,"
    " (SELECT count(*) FROM works q WHERE w.status = 'queued' AND q.status = 'queued' AND q.id < w.id) AS ahead"
    " FROM environments e JOIN works w ON w.id = e.work "
)


@dataclass(frozen=True)
class Submission:
    """What is to be accepted. body: hash of the request; assets: what the store already has for the key, if anything."""

    client: str
    key: str
    spec: dict[str, Any]
    profile: str
    textures: str | None
    preview: bool
    idempotency_key: str | None = None
    body: str = ""
    assets: dict[str, Any] | None = None


@dataclass(frozen=True)
class Limits:
    """Works that may wait, environments of one client that may wait or run, finished environments that are remembered."""

    max_queued: int
    max_per_client: int
    keep: int


def submit(database: Database, wanted: Submission, limits: Limits) -> str:
    """Accept a request; the id of its environment. Once this returns, no crash loses it.

    Identical requests share one work; a request that the store can answer is done at once. Problem: key_reused,
    too_many_jobs, queue_full.
    """
    with database.transaction() as connection:
        if wanted.idempotency_key is not None:
            known = _replayed(database, wanted)
            if known is not None:
                return known
        now = time.time()
        work = None
        if wanted.assets is None:
            row = database.row(
                "SELECT id FROM works WHERE key = ? AND status IN ('queued', 'running') ORDER BY id DESC LIMIT 1",
                wanted.key,
            )
            _require_room(database, wanted.client, limits, is_new=row is None)
            if row is not None:
                work = int(row["id"])
                # somebody wants it again
                connection.execute("UPDATE works SET unwanted = 0 WHERE id = ?", (work,))
        else:
            row = database.row(
                "SELECT id, assets FROM works WHERE key = ? AND status = 'done' ORDER BY id DESC", wanted.key
            )
            if row is not None and json.loads(row["assets"]) == wanted.assets:
                work = int(row["id"])
        if work is None:
            work = _insert_work(connection, wanted, now)
        identity = secrets.token_hex(16)
        connection.execute(
            "INSERT INTO environments (id, work, client, created) VALUES (?, ?, ?, ?)",
            (identity, work, wanted.client, now),
        )
        if wanted.idempotency_key is not None:
            connection.execute(
                "INSERT INTO idempotency VALUES (?, ?, ?, ?, ?)",
                (wanted.client, wanted.idempotency_key, wanted.body, identity, now),
            )
        _forget(connection, limits.keep, now)
    return identity


def find(database: Database, identity: str, client: str) -> dict[str, Any] | None:
    """The status of one of the client's environments, without links; None: it has none of that id."""
    row = database.row(_STATUS + "WHERE e.id = ? AND e.client = ?", identity, client)
    return None if row is None else _status(row)


def page(database: Database, client: str, before: int | None, count: int) -> list[dict[str, Any]]:
    """The client's environments, the newest first, those older than number `before`."""
    rows = database.rows(
        _STATUS + "WHERE e.client = ? AND e.number < ? ORDER BY e.number DESC LIMIT ?",
        client, (1 << 62) if before is None else before, count,
    )  # fmt: skip
    return [_status(row) for row in rows]


def cancel(database: Database, identity: str, client: str) -> dict[str, Any] | None:
    """Cancel one of the client's environments, if it still waits or runs; its status then, None: there is none of that id.

    The work goes on while another environment wants it; else a waiting one ends, and a running one is marked for its end.
    """
    with database.transaction() as connection:
        row = database.row(_STATUS + "WHERE e.id = ? AND e.client = ?", identity, client)
        if row is None:
            return None
        if row["cancelled"] is None and row["status"] in LIVE:
            now = time.time()
            connection.execute("UPDATE environments SET cancelled = ? WHERE id = ?", (now, identity))
            wanted = database.row(
                "SELECT 1 FROM environments WHERE work = ? AND cancelled IS NULL LIMIT 1", row["work"]
            )
            if wanted is None and row["status"] == "queued":
                connection.execute(
                    "UPDATE works SET status = 'cancelled', finished = ? WHERE id = ?", (now, row["work"])
                )
            elif wanted is None:
                connection.execute("UPDATE works SET unwanted = 1 WHERE id = ?", (row["work"],))
    return find(database, identity, client)


def events_after(database: Database, work: int, number: int) -> list[tuple[int, str]]:
    """(number, JSON text) of what happened to a work after event `number`."""
    rows = database.rows("SELECT number, data FROM events WHERE work = ? AND number > ? ORDER BY number", work, number)
    return [(row["number"], row["data"]) for row in rows]


def counts(database: Database) -> dict[str, int]:
    """How many works there are of each status."""
    found = {
        row["status"]: row["n"] for row in database.rows("SELECT status, count(*) AS n FROM works GROUP BY status")
    }
    return {status: found.get(status, 0) for status in (*LIVE, *ENDED)}


def _replayed(database: Database, wanted: Submission) -> str | None:
    row = database.row(
        "SELECT body, environment FROM idempotency WHERE client = ? AND key = ? AND created > ?",
        wanted.client, wanted.idempotency_key, time.time() - IDEMPOTENCY_S,
    )  # fmt: skip
    if row is None:
        database.connection.execute(
            "DELETE FROM idempotency WHERE client = ? AND key = ?", (wanted.client, wanted.idempotency_key)
        )
        return None
    if row["body"] != wanted.body:
        raise Problem("key_reused", "Idempotency-Key: expected the body it was first sent with, got another")
    return str(row["environment"])


def _require_room(database: Database, client: str, limits: Limits, is_new: bool) -> None:
    mine = database.row(
        "SELECT count(*) AS n FROM environments e JOIN works w ON w.id = e.work"
        " WHERE e.client = ? AND e.cancelled IS NULL AND w.status IN ('queued', 'running')",
        client,
    )
    headers = {"retry-after": str(RETRY_AFTER_S)}
    if mine is not None and mine["n"] >= limits.max_per_client:
        raise Problem(
            "too_many_jobs", f"expected at most {limits.max_per_client} unfinished jobs, got one more", None, headers
        )
    queued = database.row("SELECT count(*) AS n FROM works WHERE status = 'queued'")
    if is_new and queued is not None and queued["n"] >= limits.max_queued:
        raise Problem("queue_full", f"expected at most {limits.max_queued} waiting jobs, got one more", None, headers)


def _insert_work(connection: sqlite3.Connection, wanted: Submission, now: float) -> int:
    done = wanted.assets is not None
    cursor = connection.execute(
        "INSERT INTO works (key, spec, profile, textures, preview, status, stage, progress, created, started, finished, assets)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            wanted.key, json.dumps(wanted.spec), wanted.profile, wanted.textures, int(wanted.preview),
            "done" if done else "queued", "done" if done else "", 1.0 if done else 0.0, now,
            now if done else None, now if done else None, json.dumps(wanted.assets) if done else None,
        ),
    )  # fmt: skip
    return int(cursor.lastrowid or 0)


def _forget(connection: sqlite3.Connection, keep: int, now: float) -> None:
    """Drop the oldest ended environments beyond `keep`, a few at a time, and what nothing points to any more."""
    edge = connection.execute(
        "SELECT number FROM environments ORDER BY number DESC LIMIT 1 OFFSET ?", (keep,)
    ).fetchone()
    if edge is not None:
        old = connection.execute(
            "SELECT e.number, e.work FROM environments e JOIN works w ON w.id = e.work WHERE e.number <= ?"
            " AND w.status IN ('done', 'failed', 'cancelled') ORDER BY e.number LIMIT 8",
            (edge["number"],),
        ).fetchall()
        for row in old:
            connection.execute("DELETE FROM environments WHERE number = ?", (row["number"],))
            connection.execute(
                "DELETE FROM works WHERE id = ? AND NOT EXISTS (SELECT 1 FROM environments WHERE work = ?)",
                (row["work"], row["work"]),
            )


def _status(row: sqlite3.Row) -> dict[str, Any]:
    cancelled = row["cancelled"] is not None
    status = "cancelled" if cancelled else row["status"]
    ended = status in ENDED
    finished = row["cancelled"] if cancelled else row["finished"]
    return {
        "id": row["id"],
        "number": row["number"],
        "work": row["work"],
        "status": status,
        "stage": row["stage"] if not cancelled else "",
        "progress": row["progress"],
        "ahead": row["ahead"] if not ended else 0,
        "spec": json.loads(row["spec"]),
        "profile": row["profile"],
        "textures": row["textures"],
        "preview": bool(row["preview"]),
        "created": row["created"],
        "started": max(row["started"], row["created"]) if row["started"] is not None else None,
        "finished": max(finished, row["created"]) if ended and finished is not None else None,
        "error": json.loads(row["error"]) if status == "failed" else None,
        "assets": json.loads(row["assets"]) if status == "done" else {},
    }


def present(assets: Iterable[str]) -> tuple[str, ...]:
    """The labels in the order in which they are shown."""
    found = set(assets)
    return tuple(label for label in ("glb", "preview", "manifest") if label in found)
