"""Batches: what is done stays done, what fails is recorded and tried again, and nobody is in anybody's way."""

import errno
import json
import os
import subprocess
import sys
import threading
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from seedscape import assets
from seedscape.assets.batch import Batch, Status, Summary
from seedscape.assets.batch_folder import BatchFolder
from seedscape.assets.errors import RequestError, SeedscapeError
from seedscape.assets.job import Job, Outcome, do_job, load_function
from tests.assets.stub_jobs import MAKE, PLAN, make, stub, stubs


def run(folder: Path, jobs: list[Job], workers: int = 1, **options: Any) -> Summary:
    return Batch(folder, jobs, make=MAKE, workers=workers, **options).run()


def tree(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def lines(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()]


def test_the_room_offers_its_names_and_no_others() -> None:
    assert assets.Batch is Batch and {getattr(assets, name).__name__ for name in assets.__all__} == set(assets.__all__)
    assert not hasattr(assets, "batches")


def test_a_batch_is_made_once_and_the_same_by_one_worker_or_two(tmp_path: Path) -> None:
    log = tmp_path / "log"
    jobs = stubs(6, log=str(log))
    seen: list[tuple[int, int]] = []
    batch = Batch(tmp_path / "one", jobs, make=MAKE, workers=1)
    first = batch.run(lambda status: seen.append((status.done, status.total)))
    assert (first.total, first.done, first.made, first.failed, first.complete) == (6, 6, 6, {}, True)
    assert seen[0] == (0, 6) and seen[-1] == (6, 6)
    before = tree(tmp_path / "one")
    again = run(tmp_path / "one", jobs)
    assert (again.done, again.made, again.complete) == (6, 0, True)
    assert len(lines(log)) == 6 and tree(tmp_path / "one") == before
    run(tmp_path / "two", jobs, workers=2)
    assert tree(tmp_path / "two") == before
    assert len({pid for _, pid, _ in lines(log)[6:]}) == 2
    assert not [name for name in before if "seedscape-tmp" in name or name.startswith(".claims")]


def test_workers_share_the_cores_and_are_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedscape.assets.batch.usable_cores", lambda: 6)
    log = tmp_path / "log"
    run(tmp_path / "b", stubs(5, log=str(log)), workers=2, max_tasks=2)
    assert {threads for *_, threads in lines(log)} == {"3"}
    pids = [pid for _, pid, _ in lines(log)]
    assert max(pids.count(pid) for pid in pids) == 2


def test_what_fails_is_recorded_with_its_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    bad = {"raise": 11, "refuse": 12, "exit": 13, "die": 14, "hang": 15, "bad name": 17}
    jobs = [*stubs(2), *(stub(seed, do=do) for do, seed in bad.items()), stub(20)]
    summary = run(tmp_path, jobs, workers=2, time_limit_s=5.0)
    assert (summary.done, summary.complete) == (3, False)
    reasons = {int(name.split("-")[0]): reason for name, reason in summary.failed.items()}
    assert reasons == {
        11: "ValueError: seed 11 does not like this",
        12: "expected another seed, got this one",
        13: "SystemExit: 3",
        14: "its worker ended with signal SIGKILL (out of memory?)",
        15: "took longer than 5 s",
        17: "ValueError: expected plain names of files, got '../escape'",
    }
    kept = {record["job"]["spec"]["seed"]: record for record in BatchFolder(tmp_path).failures()}
    assert {seed: record["reason"] for seed, record in kept.items()} == reasons
    assert kept[14]["kind"] == "died" and kept[14]["attempts"] == 1
    assert not (tmp_path / "escape").exists() and not (tmp_path / "environments" / "escape").exists()
    again = run(tmp_path, [stub(11, do="raise"), *(stub(seed) for seed in (12, 13, 14, 15, 17))], workers=2)
    assert (again.made, set(again.failed)) == (5, {stub(11).name})
    (left,) = BatchFolder(tmp_path).failures()
    assert (left["name"], left["attempts"]) == (stub(11).name, 2)


def test_a_job_that_eats_memory_is_ended_alone(tmp_path: Path) -> None:
    summary = run(tmp_path, [stub(1), stub(2, do="eat"), stub(3)], memory_limit_mb=400)
    assert (summary.done, summary.failed) == (2, {stub(2).name: "needed more than 400 MB of memory"})
    assert [failure["kind"] for failure in BatchFolder(tmp_path).failures()] == ["memory"]


def test_the_catalogue_is_there_while_the_batch_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedscape.assets.batch.CATALOGUE_S", 0.0)
    monkeypatch.setattr("seedscape.assets.batch.CATALOGUE_TIMES", 0.0)
    seen: list[int] = []

    def look(status: Status) -> None:
        page = tmp_path / "catalog.json"
        seen.append(len(json.loads(page.read_text())["environments"]) if page.exists() else 0)

    Batch(tmp_path, stubs(12, seconds=0.1), make=MAKE, workers=1).run(look)
    assert any(0 < count < 12 for count in seen)


def test_a_job_whose_worker_was_killed_is_tried_again_at_once(tmp_path: Path) -> None:
    summary = run(tmp_path / "b", [stub(1, do="die once", mark=str(tmp_path / "mark")), stub(2)])
    assert summary.complete and summary.failed == {} and (tmp_path / "mark").exists()


def test_a_file_that_was_lost_cut_or_changed_is_made_again(tmp_path: Path) -> None:
    jobs = stubs(4)
    run(tmp_path, jobs)
    good = tree(tmp_path)
    places = [tmp_path / "environments" / job.name for job in jobs]
    (places[0] / "0.glb").unlink()
    os.truncate(places[1] / "1.glb", 10)
    (places[2] / "2.glb").write_bytes(b"x" * (places[2] / "2.glb").stat().st_size)
    (places[3] / "job.json").write_bytes(b"{")
    assert Batch(tmp_path, jobs).missing() == jobs
    assert run(tmp_path, jobs).made == 4 and tree(tmp_path) == good
    os.utime(places[0] / "0.glb")  # touched, but the same: hashed and found good
    assert Batch(tmp_path, jobs).missing() == []


def test_equal_jobs_are_one_and_shards_cover_all(tmp_path: Path) -> None:
    jobs = [*stubs(7), stub(3), stub(3)]
    names = [job.name for job in Batch(tmp_path, jobs).jobs]
    assert names == [job.name for job in stubs(7)]
    for shards in ((1, 2, 3), (0, 1, 2)):  # schedulers count from 1 or from 0
        parts = [[job.name for job in Batch(tmp_path, jobs, shard=(i, 3)).jobs] for i in shards]
        assert sorted(chain(*parts)) == sorted(names) and max(map(len, parts)) == 3
    for wrong in ((4, 3), (-1, 3), (0, 0)):
        with pytest.raises(RequestError, match="expected I/N"):
            Batch(tmp_path, jobs, shard=wrong)
    other = Job(stub(1).name, "0" * 64, {})
    with pytest.raises(RequestError, match="different names"):
        Batch(tmp_path, [stub(1), other])


def test_jobs_may_be_mappings_that_a_planner_understands(tmp_path: Path) -> None:
    batch = Batch(tmp_path, [{"seed": 1}, {"seed": 2}], plan=PLAN, make=MAKE)
    assert [job.name for job in batch.jobs] == [stub(1).name, stub(2).name]
    with pytest.raises(RequestError, match="job function as module:name"):
        Batch(tmp_path, [{"seed": 1}], plan="seedscape.nothing:plan")


def test_a_function_of_ones_own_makes_the_jobs(tmp_path: Path) -> None:
    assert Batch(tmp_path, stubs(1), make=make, workers=1).run().complete


@pytest.mark.parametrize(
    "options", [{"workers": 0}, {"workers": 257}, {"time_limit_s": 0}, {"max_tasks": 0}, {"memory_limit_mb": 0}]
)
def test_limits_that_make_no_sense_are_refused(tmp_path: Path, options: dict[str, int]) -> None:
    with pytest.raises(RequestError, match="expected"):
        Batch(tmp_path, stubs(1), **options)  # type: ignore[arg-type]  # one dict for options of several types


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(RequestError, match="other files"):
        run(tmp_path, stubs(1))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    for place in (tmp_path / "thesis.tex", tmp_path / "no" / "such"):
        with pytest.raises(RequestError, match="folder for the batch"):
            run(place, stubs(1))
    with pytest.raises(RequestError, match="folder of a batch"):
        BatchFolder(tmp_path).require()


@pytest.mark.parametrize("name", ["", "UP", "a/b", "..", "-x", "a" * 200, "a.b"])
def test_names_of_jobs_are_plain(name: str) -> None:
    with pytest.raises(RequestError, match="name of a job"):
        Job(name, "0" * 64, {})


def test_a_job_never_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "environments").mkdir()
    assert do_job("no.such:thing", str(tmp_path), stub(1), 1).kind == "request"
    assert do_job(make, str(tmp_path / "gone"), stub(1), 1).kind == "storage"

    def greedy(values: dict[str, object], threads: int) -> object:
        raise MemoryError

    assert do_job(greedy, str(tmp_path), stub(1), 1) == Outcome("memory", "not enough memory")  # type: ignore[arg-type]
    with pytest.raises(RequestError):
        load_function("seedscape")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_stops_the_batch_with_its_reason(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the worker's process: the writing itself, by the one system call that all writing ends with."""
    (tmp_path / "environments").mkdir()
    with monkeypatch.context() as patch:

        def fail(descriptor: int) -> None:
            raise OSError(number, os.strerror(number))

        patch.setattr(os, "fsync", fail)
        outcome = do_job(make, str(tmp_path), stub(1), 1)
    assert outcome.kind == "storage" and outcome.reason.startswith("could not write")
    assert ("disk is full" if number == errno.ENOSPC else os.strerror(number)) in outcome.reason
    assert list((tmp_path / "environments").rglob("*.*")) == []
    assert do_job(make, str(tmp_path), stub(1), 1).kind == "done"


FULL_DISK = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from seedscape.assets import Batch
from tests.assets.stub_jobs import MAKE, stubs
if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # workers inherit it
    summary = Batch(sys.argv[1], stubs(9, repeat=10_000), make=MAKE, workers=1).run()
    print(summary.stopped, "|", summary.done, len(summary.failed))
"""


def test_a_full_disk_stops_early_breaks_nothing_and_the_next_start_goes_on(tmp_path: Path) -> None:
    script = tmp_path / "full.py"
    script.write_text(FULL_DISK)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(script), str(tmp_path / "b")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "the disk is full" in done.stdout and done.stdout.endswith("| 0 3\n"), done.stdout
    assert not [name for name in tree(tmp_path / "b") if "seedscape-tmp" in name]
    assert run(tmp_path / "b", stubs(9)).complete
    assert BatchFolder(tmp_path / "b").failures() == []


def test_a_disk_that_fails_under_the_workers_stops_the_batch_and_the_next_start_goes_on(tmp_path: Path) -> None:
    jobs = stubs(12)
    failing = [*jobs[:2], *(stub(seed, do="failing disk") for seed in range(2, 12))]
    summary = run(tmp_path, failing, max_tasks=1)
    assert "Input/output error" in summary.stopped and (summary.done, len(summary.failed)) == (2, 3)
    assert not [name for name in tree(tmp_path) if "seedscape-tmp" in name]
    assert {failure["kind"] for failure in BatchFolder(tmp_path).failures()} == {"storage"}
    assert run(tmp_path, jobs).made == 10 and BatchFolder(tmp_path).failures() == []


def test_a_folder_that_is_unplugged_stops_the_batch_and_is_not_made_again(tmp_path: Path) -> None:
    folder, away = tmp_path / "b", tmp_path / "away"
    batch = Batch(folder, stubs(50, seconds=0.05), make=MAKE, workers=1)

    def unplug(status: Status) -> None:
        if status.done == 3 and folder.exists():
            folder.rename(away)

    summary = batch.run(unplug)
    assert "gone" in summary.stopped or "could not write" in summary.stopped
    assert not summary.complete and not folder.exists()
    away.rename(folder)
    assert batch.run().complete


def test_two_batches_on_one_folder_share_the_work(tmp_path: Path) -> None:
    log = tmp_path / "log"
    jobs = stubs(16, log=str(log), seconds=0.05)
    summaries: list[Summary] = []
    threads = [
        threading.Thread(target=lambda: summaries.append(run(tmp_path / "b", jobs, workers=1))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [summary.done for summary in summaries] == [16, 16] and sum(summary.made for summary in summaries) == 16
    assert len(lines(log)) == 16
    undisturbed = tmp_path / "alone"
    run(undisturbed, jobs)
    assert tree(tmp_path / "b") == tree(undisturbed)


def test_a_failure_that_cannot_be_written_is_told_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: BatchFolder, job: Job, outcome: Outcome) -> None:
        raise SeedscapeError("the disk is full")

    monkeypatch.setattr(BatchFolder, "note_failure", full)
    assert list(run(tmp_path, [stub(1, do="raise")]).failed) == [stub(1).name]


def test_hostile_entries_and_failures_are_left_out(tmp_path: Path) -> None:
    run(tmp_path, stubs(1))
    folder = BatchFolder(tmp_path)
    (good,) = folder.entries()
    files: dict[str, object] = {"../../x": {"bytes": 1, "sha256": ""}}
    damages: list[dict[str, object]] = [{"name": "other"}, {"files": files}, {"files": []}, {"entry": 1}, {"job": None}]
    for number, damage in enumerate(damages):
        place = tmp_path / "environments" / f"bad-{number}"
        place.mkdir()
        (place / "job.json").write_text(json.dumps(good | {"name": f"bad-{number}"} | damage))
    (tmp_path / "failed" / "x.json").write_text("[" * 100_000)
    assert folder.entries() == [good] and folder.failures() == []
