"""The life cycle of jobs as a machine that hypothesis drives: clients, workers and crashes in any order, against a model."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from seedscape.service import jobs, leases
from seedscape.service.database import Database
from seedscape.service.jobs import ENDED, LIVE, Limits, Submission
from seedscape.service.leases import LeaseLost
from seedscape.service.problems import Problem, job_problem

KEYS = st.sampled_from(["p", "q", "r"])
CLIENTS = st.sampled_from(["a", "b"])
OWNERS = st.sampled_from(["w1", "w2"])
LIMITS = Limits(max_queued=2, max_per_client=5, keep=8)
ATTEMPTS = 2
NEXT = {
    "queued": {"queued", "running", "cancelled", "done", "failed"},
    "running": {"queued", "running", "done", "failed", "cancelled"},
}


class Life(RuleBasedStateMachine):
    identities = Bundle("identities")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.database = Database(self.folder / "jobs.sqlite3")
        self.seen: dict[str, tuple[str, str]] = {}  # id -> (client, status at the last look)
        self.held: dict[str, int] = {}  # owner -> work that it believes to hold
        self.stored: dict[str, dict[str, Any]] = {}  # key -> assets: what the store would have
        self.begun = 0

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.folder)

    @rule(target=identities, key=KEYS, client=CLIENTS, idempotency=st.sampled_from([None, "i", "j"]))
    def submit(self, key: str, client: str, idempotency: str | None) -> str:
        wanted = Submission(client, key, {}, "universal", None, True, idempotency, key, self.stored.get(key))
        waiting = jobs.counts(self.database)["queued"]
        try:
            identity = jobs.submit(self.database, wanted, LIMITS)
        except Problem as problem:
            assert problem.code in ("queue_full", "too_many_jobs", "key_reused")
            assert problem.code != "queue_full" or waiting >= LIMITS.max_queued
            return ""
        if identity not in self.seen:
            self.seen[identity] = (client, "queued")
        found = jobs.find(self.database, identity, client)
        assert found is not None
        if key in self.stored and idempotency is None:
            assert found["status"] == "done" and found["assets"] == self.stored[key]
        return identity

    @rule(identity=identities)
    def cancel(self, identity: str) -> None:
        client, before = self.seen.get(identity, ("a", ""))
        found = jobs.cancel(self.database, identity, client)
        if found is not None:
            assert found["status"] == (before if before in ENDED else "cancelled")

    @rule(owner=OWNERS)
    def take(self, owner: str) -> None:
        if owner in self.held:
            return
        waiting = jobs.counts(self.database)["queued"]
        work = leases.take(self.database, owner, 10.0)
        assert (work is None) == (waiting == 0)
        if work is not None:
            assert work.key not in self.stored, "a finished work must not be done again"
            self.held[owner] = work.id

    @rule(owner=OWNERS, share=st.floats(0, 1))
    def tell(self, owner: str, share: float) -> None:
        if owner in self.held:
            try:
                leases.tell(self.database, self.held[owner], owner, "stage", share)
            except LeaseLost:
                leases.give_up(self.database, owner, ATTEMPTS)
                del self.held[owner]

    @rule(owner=OWNERS, well=st.booleans())
    def end(self, owner: str, well: bool) -> None:
        if owner not in self.held:
            return
        work = self.held.pop(owner)
        row = self.database.row("SELECT key, owner FROM works WHERE id = ?", work)
        assert row is not None
        try:
            if well:
                assets = {"glb": {"sha256": row["key"] * 64, "bytes": 1}}
                leases.finish(self.database, work, owner, assets)
                self.stored[row["key"]] = assets
            else:
                leases.fail(self.database, work, owner, job_problem("job_error", "x"))
        except LeaseLost:
            assert row["owner"] != owner

    @rule(owner=OWNERS)
    def worker_dies(self, owner: str) -> None:
        leases.give_up(self.database, owner, ATTEMPTS)
        self.held.pop(owner, None)

    @rule(owner=OWNERS)
    def worker_is_given_up_but_lives(self, owner: str) -> None:
        leases.give_up(self.database, owner, ATTEMPTS)  # it still believes to hold its work

    @rule()
    def service_is_killed(self) -> None:
        self.database.close()
        self.database = Database(self.folder / "jobs.sqlite3")
        leases.give_up_all(self.database, ATTEMPTS)
        self.held.clear()

    @invariant()
    def nobody_is_lost_and_the_end_is_the_end(self) -> None:
        for identity, (client, before) in list(self.seen.items()):
            found = jobs.find(self.database, identity, client)
            if found is None:  # forgotten: only what had ended may be
                kept = self.database.rows("SELECT count(*) AS n FROM environments")[0]["n"]
                assert kept >= LIMITS.keep - 8
                assert self.seen.pop(identity)[1] in ENDED
                continue
            status = found["status"]
            assert status == before if before in ENDED else status in NEXT[before], (before, status)
            assert (status == "failed") == (found["error"] is not None)
            assert (status == "done") == bool(found["assets"])
            self.seen[identity] = (client, status)

    @invariant()
    def works_are_consistent(self) -> None:
        rows = self.database.rows("SELECT * FROM works")
        for row in rows:
            assert (row["status"] == "running") == (row["owner"] is not None)
        live = [row["key"] for row in rows if row["status"] in LIVE and not row["unwanted"]]
        assert len(live) == len(set(live)), "two live works of one key"
        assert len([row for row in rows if row["status"] == "queued"]) <= LIMITS.max_queued + len(OWNERS_ALL)


OWNERS_ALL = ("w1", "w2")
TestLife = Life.TestCase
TestLife.settings = settings(max_examples=25, stateful_step_count=40)
