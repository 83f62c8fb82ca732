"""The job database: what is accepted is kept, computed once, and written to by its owner alone."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from seedscape.assets.errors import RequestError
from seedscape.service import jobs, leases
from seedscape.service.database import Database
from seedscape.service.jobs import Limits, Submission
from seedscape.service.leases import LeaseLost
from seedscape.service.problems import Problem, job_problem

LIMITS = Limits(max_queued=3, max_per_client=4, keep=5)
ASSETS = {"glb": {"sha256": "ab" * 32, "bytes": 7}}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "jobs.sqlite3")
    yield opened
    opened.close()


def ask(database: Database, key: str, client: str = "a", **more: Any) -> str:
    return jobs.submit(database, Submission(client, key, {"seed": 1}, "universal", None, True, **more), LIMITS)


def state(database: Database, identity: str, client: str = "a") -> str:
    found = jobs.find(database, identity, client)
    assert found is not None
    return str(found["status"])


def test_a_job_goes_from_queued_to_done(database: Database) -> None:
    identity = ask(database, "k")
    assert state(database, identity) == "queued"
    work = leases.take(database, "w", 10.0)
    assert work is not None and (work.key, work.spec, work.attempt) == ("k", {"seed": 1}, 1)
    leases.tell(database, work.id, "w", "terrain", 0.25)
    found = jobs.find(database, identity, "a")
    assert found is not None and (found["status"], found["stage"], found["progress"]) == ("running", "terrain", 0.25)
    leases.finish(database, work.id, "w", ASSETS)
    found = jobs.find(database, identity, "a")
    assert found is not None and (found["status"], found["assets"]) == ("done", ASSETS)
    assert [number for number, _ in jobs.events_after(database, work.id, 0)] == [1, 2]
    assert leases.take(database, "w", 10.0) is None


def test_identical_requests_share_one_work(database: Database) -> None:
    first, second = ask(database, "k"), ask(database, "k", client="b")
    assert first != second and jobs.counts(database)["queued"] == 1
    work = leases.take(database, "w", 10.0)
    third = ask(database, "k")
    assert work is not None and leases.take(database, "v", 10.0) is None
    leases.finish(database, work.id, "w", ASSETS)
    assert [state(database, first), state(database, second, "b"), state(database, third)] == ["done"] * 3


def test_what_the_store_has_is_done_at_once(database: Database) -> None:
    identity = ask(database, "k", assets=ASSETS)
    assert state(database, identity) == "done" and leases.take(database, "w", 1.0) is None
    assert jobs.find(database, ask(database, "k", assets=ASSETS), "a")["work"] == 1  # type: ignore[index]


def test_one_of_two_who_ask_cancels_for_himself_alone(database: Database) -> None:
    first, second = ask(database, "k"), ask(database, "k")
    jobs.cancel(database, first, "a")
    assert (state(database, first), state(database, second)) == ("cancelled", "queued")
    jobs.cancel(database, second, "a")
    assert jobs.counts(database)["cancelled"] == 1 and leases.take(database, "w", 1.0) is None


def test_a_running_work_that_nobody_wants_ends(database: Database) -> None:
    identity = ask(database, "k")
    work = leases.take(database, "w", 10.0)
    assert work is not None
    jobs.cancel(database, identity, "a")
    with pytest.raises(LeaseLost):
        leases.tell(database, work.id, "w", "terrain", 0.5)
    assert leases.give_up(database, "w", 3) == [(work.id, "cancelled")]
    again = ask(database, "k")  # a new work: what was cancelled stays so
    assert (state(database, identity), state(database, again)) == ("cancelled", "queued")


def test_who_wants_it_again_in_time_keeps_it_running(database: Database) -> None:
    identity = ask(database, "k")
    work = leases.take(database, "w", 10.0)
    assert work is not None
    jobs.cancel(database, identity, "a")
    again = ask(database, "k")
    leases.tell(database, work.id, "w", "terrain", 0.5)
    assert (state(database, identity), state(database, again)) == ("cancelled", "running")


def test_a_work_whose_owner_died_is_tried_again_and_then_given_up(database: Database) -> None:
    identity = ask(database, "k")
    for attempt in (1, 2, 3):
        work = leases.take(database, f"w{attempt}", 10.0)
        assert work is not None and work.attempt == attempt
        leases.give_up(database, f"w{attempt}", 3)
    found = jobs.find(database, identity, "a")
    assert found is not None and (found["status"], found["error"]["code"]) == ("failed", "worker_died")


def test_a_stop_of_the_service_is_no_attempt(database: Database) -> None:
    identity = ask(database, "k")
    for _ in range(5):
        assert leases.take(database, "w", 10.0) is not None
        assert leases.give_up_all(database, 3) == 1
    assert state(database, identity) == "queued"


def test_a_former_owner_can_do_no_harm(database: Database) -> None:
    identity = ask(database, "k")
    work = leases.take(database, "old", 10.0)
    assert work is not None
    leases.give_up(database, "old", 3)
    assert leases.take(database, "new", 10.0) is not None
    lates: list[Callable[[], None]] = [
        lambda: leases.finish(database, work.id, "old", ASSETS),
        lambda: leases.fail(database, work.id, "old", job_problem("job_error", "x")),
        lambda: leases.tell(database, work.id, "old", "x", 0.5),
        lambda: leases.renew(database, work.id, "old", 10.0),
    ]
    for late in lates:
        with pytest.raises(LeaseLost):
            late()
    assert state(database, identity) == "running"


def test_a_failed_work_is_tried_anew_when_asked_for_anew(database: Database) -> None:
    first = ask(database, "k")
    work = leases.take(database, "w", 10.0)
    assert work is not None
    leases.fail(database, work.id, "w", job_problem("job_refused", "expected a, got b"))
    second = ask(database, "k")
    assert (state(database, first), state(database, second)) == ("failed", "queued")


def test_the_queue_has_an_end(database: Database) -> None:
    for key in "abc":
        ask(database, key, client=key)
    with pytest.raises(Problem) as caught:
        ask(database, "d", client="d")
    assert (caught.value.code, caught.value.headers["retry-after"]) == ("queue_full", "10")
    ask(database, "a", client="d")  # joins what waits already


def test_a_client_has_a_share(database: Database) -> None:
    for _ in range(4):
        ask(database, "k")
    with pytest.raises(Problem, match="expected at most 4 unfinished jobs") as caught:
        ask(database, "k")
    assert caught.value.code == "too_many_jobs"
    ask(database, "k", client="b")


def test_an_idempotency_key_stands_for_one_environment(database: Database) -> None:
    first = ask(database, "k", idempotency_key="i", body="1")
    assert ask(database, "k", idempotency_key="i", body="1") == first
    assert ask(database, "k", client="b", idempotency_key="i", body="2") != first
    with pytest.raises(Problem, match="Idempotency-Key") as caught:
        ask(database, "other", idempotency_key="i", body="2")
    assert caught.value.code == "key_reused"


def test_another_client_sees_nothing(database: Database) -> None:
    identity = ask(database, "k")
    assert jobs.find(database, identity, "b") is None and jobs.cancel(database, identity, "b") is None
    assert jobs.page(database, "b", None, 10) == []


def test_old_environments_are_forgotten_but_not_unfinished_ones(database: Database) -> None:
    waiting = ask(database, "waits")
    for k in range(30):
        ask(database, f"k{k}", assets=ASSETS, idempotency_key=str(k), body="")
    left = jobs.page(database, "a", None, 100)
    assert len(left) == LIMITS.keep + 1 and left[-1]["id"] == waiting
    for table in ("works", "idempotency"):
        assert database.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] <= LIMITS.keep + 1
    assert database.is_sound()


def test_what_was_accepted_outlives_a_kill(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from seedscape.service import jobs; from seedscape.service.database import Database\n"
        "database = Database(Path(sys.argv[1]))\n"
        "wanted = jobs.Submission('a', 'k', {}, 'universal', None, True)\n"
        "print(jobs.submit(database, wanted, jobs.Limits(9, 9, 9)), flush=True)\n"
        "database.connection.execute('BEGIN IMMEDIATE'); database.connection.execute('DELETE FROM environments')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = tmp_path / "jobs.sqlite3"
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    database = Database(path)
    assert state(database, done.stdout.strip()) == "queued" and database.is_sound()
    database.close()


def test_another_file_is_no_job_database(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite3"
    path.write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(RequestError, match="expected a job database"):
        Database(path)
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(RequestError, match="got version 99"):
        Database(path)
