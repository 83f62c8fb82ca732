"""`seedscape batch`, `catalog`, `similar` and `store`, run in the test's process; workers make stubs in place of environments."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seedscape.assets.store import Store
from seedscape.jobs import make_job, plan_jobs
from seedscape.scene.spec import SceneSpec
from tests.assets.stub_jobs import MAKE
from tests.face.conftest import Invoke
from tests.patience import PATIENCE_S

JOBS = 'seeds = "1-4"\nbiome = "coast"\n'


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import seedscape.assets.batch

    init = seedscape.assets.batch.Batch.__init__
    monkeypatch.setattr(
        seedscape.assets.batch.Batch, "__init__", lambda self, *args, **options: init(self, *args, make=MAKE, **options)
    )
    path = tmp_path / "jobs.toml"
    path.write_text(JOBS)
    return path


@pytest.fixture(autouse=True)
def _stub_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planner's values, with what the stub wants beside them."""
    from seedscape import jobs

    plan = jobs.plan_jobs

    def with_stub(source: object) -> list[object]:
        planned = plan(source)  # type: ignore[arg-type]
        for job in planned:
            job.values["do"] = "raise" if job.values["spec"]["seed"] == 666 else ""
        return list(planned)

    monkeypatch.setattr(jobs, "plan_jobs", with_stub)


def test_dry_run_lists_and_makes_nothing(invoke: Invoke, jobs: Path, tmp_path: Path) -> None:
    done = invoke("batch", str(jobs), "--dry-run")
    lines = done.out.splitlines()
    assert done.code == 0 and len(lines) == 5 and lines[-1] == "4 jobs, 4 to make"
    assert lines[0].startswith("1-coast-") and "universal" in lines[0]
    assert [path.name for path in tmp_path.iterdir()] == ["jobs.toml"]
    listed = json.loads(invoke("batch", str(jobs), "--dry-run", "--shard", "1/2", "--json").out)
    assert [job["spec"]["seed"] for job in listed["jobs"]] == [2, 4] and listed["missing"] == 2


def test_a_batch_its_catalogue_and_what_is_alike(invoke: Invoke, jobs: Path, tmp_path: Path) -> None:
    done = invoke("batch", str(jobs), "-o", "out", "--workers", "2")
    assert done.code == 0 and done.out == "out/index.html\n  4 of 4 done, 4 of them now\n"
    assert "batch: 4 of 4" in done.err
    assert len(list((tmp_path / "out").rglob("*.glb"))) == 4
    assert "  4 of 4 done, 0 of them now\n" in invoke("batch", str(jobs), "-o", "out").out
    assert invoke("batch", str(jobs), "-o", "out", "--dry-run").out.endswith("4 jobs, 0 to make\n")

    page = (tmp_path / "out" / "index.html").read_bytes()
    (tmp_path / "out" / "index.html").unlink()
    assert invoke("catalog", "out").out == "out/index.html\n  4 environments\n"
    assert (tmp_path / "out" / "index.html").read_bytes() == page

    alike = json.loads(invoke("similar", "out", "3", "-k", "2", "--json").out)
    assert alike["seed"] == 3 and len(alike["similar"]) == 2
    assert alike["similar"][0]["likeness"] >= alike["similar"][1]["likeness"]
    text = invoke("similar", "out", alike["name"]).out.splitlines()
    assert len(text) == 3 and "out/environments/" in text[0]


def test_failed_jobs_give_exit_code_1_and_a_line_with_counts(invoke: Invoke, jobs: Path) -> None:
    jobs.write_text("seeds = [1, 666]\n")
    done = invoke("batch", str(jobs), "-o", "out", "--json")
    assert done.code == 1 and done.complaint == "1 of 2 done, 1 failed, 0 left; start again to go on"
    value = json.loads(done.out)
    assert (value["done"], value["made"], value["left"], len(value["failed"])) == (1, 1, 0, 1)
    assert "failed: 666-" in done.err
    assert invoke("catalog", "out").out.endswith("1 environments, 1 failed jobs\n")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("jobs.toml",), "expected -o DIR"),
        (("none.toml", "-o", "out"), "can be read"),
        (("jobs.toml", "-o", "out", "--workers", "0"), "--workers: expected a whole number"),
        (("jobs.toml", "-o", "out", "--shard", "3/2"), "--shard: expected I/N"),
        (("jobs.toml", "-o", "out", "--shard", "x"), "--shard: expected I/N"),
        (("jobs.toml", "-o", "out", "--time-limit", "0"), "--time-limit: expected a number"),
        (("jobs.toml", "-o", "jobs.toml"), "folder for the batch"),
        (("jobs.toml", "-o", "out", "--ray", "nowhere"), "expected auto or HOST:PORT"),
    ],
)
def test_wrong_requests_are_refused(invoke: Invoke, jobs: Path, arguments: tuple[str, ...], complaint: str) -> None:
    done = invoke("batch", *arguments)
    assert done.code == 2 and complaint in done.complaint


def test_the_other_commands_refuse_what_is_no_batch(invoke: Invoke, tmp_path: Path) -> None:
    for command in (
        ("catalog", "."),
        ("catalog", "no"),
        ("similar", ".", "3"),
        ("store", "verify", "."),
        ("catalog", "\0"),
    ):
        assert invoke(*command).code == 2, command


def test_the_store_is_looked_after(invoke: Invoke, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    names = [store.put(b"x" * 1000), store.put(b"y" * 1000)]
    store.record("0" * 64, {"objects": {"a": names[0]}})
    assert invoke("store", "verify", "store").out == "2 objects of 0.0 MB and 1 records are good\n"
    store.path(names[1]).write_bytes(b"z")
    damaged = invoke("store", "verify", "store")
    assert damaged.code == 1 and "1 damaged" in damaged.complaint
    assert invoke("store", "gc", "store", "--max-size", "0").out.startswith("removed 1 objects of 0.0 MB and 1 records")
    assert invoke("store", "gc", "store", "--max-age", "30d", "--max-size", "5GB").code == 0
    for wrong in ((), ("--max-age", "3y"), ("--max-size", "-1")):
        assert invoke("store", "gc", "store", *wrong).code == 2


def test_an_environment_as_a_job_is_what_generate_makes(small_world: list[SceneSpec]) -> None:
    (job,) = plan_jobs([{"seed": 5, "biome": "meadow", "preview": False, "name": "five"}])
    made = make_job(job.values, 1)
    assert list(made.files) == ["5.json", "5.glb"] and made.files["5.glb"][:4] == b"glTF"
    assert json.loads(made.files["5.json"])["spec"] == job.values["spec"]
    assert made.entry["links"] == {"manifest": "5.json", "glb": "5.glb"}
    assert made.entry["figures"]["triangles"] == 2 and made.entry["over"] == []
    assert len(made.features) > 50 and made.features == make_job(job.values, 2).features
    assert json.dumps(make_job(job.values, 1).entry) == json.dumps(made.entry)  # no clock in it


STOPPED = """
import sys
import seedscape.assets.batch as batch
from tests.assets.stub_jobs import MAKE, stubs
from seedscape.cli import main
if __name__ == "__main__":
    batch.MAKE = MAKE
    init = batch.Batch.__init__
    jobs = stubs(400, seconds=0.3)
    batch.Batch.__init__ = lambda self, folder, path, **options: init(self, folder, jobs, make=MAKE, **options)
    main()
"""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_finish_what_is_in_flight_and_say_what_is_left(tmp_path: Path, sign: signal.Signals) -> None:
    (tmp_path / "stopped.py").write_text(STOPPED)
    command = [sys.executable, "stopped.py", "batch", "x.toml", "-o", "out", "--workers", "1"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + PATIENCE_S
    while not list((tmp_path / "out").rglob("job.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(sign) if sign == signal.SIGTERM else os.killpg(process.pid, sign)
    _, err = process.communicate(timeout=PATIENCE_S)
    done = len(list((tmp_path / "out").rglob("job.json")))
    assert process.returncode == 1 and "Traceback" not in err
    assert (
        err.splitlines()[-1]
        == f"seedscape: interrupted: {done} of 400 done, 0 failed, {400 - done} left; start again to go on"
    )
    assert (tmp_path / "out" / "index.html").exists() and not list((tmp_path / "out" / ".claims").iterdir())
    assert not [path for path in (tmp_path / "out").rglob("*") if "seedscape-tmp" in path.name]
