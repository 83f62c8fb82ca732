"""Kill -9 of a whole batch or of one worker, at random moments: started again, it ends as if nothing had happened."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seedscape.generation.rng import fractions, stream
from tests.assets.stub_jobs import stubs
from tests.assets.test_batch import lines, run, tree
from tests.patience import PATIENCE_S

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the workers in /proc"),
]

JOBS = 24
KILLS = 6
BATCH = """
import sys
from pathlib import Path
from seedscape.assets import Batch
from tests.assets.stub_jobs import MAKE, stubs
if __name__ == "__main__":
    summary = Batch(sys.argv[1], stubs(int(sys.argv[3]), log=sys.argv[2], seconds=0.15), make=MAKE, workers=2).run()
    sys.exit(not summary.complete)
"""


def start(folder: Path) -> "subprocess.Popen[bytes]":
    script = folder / "batch.py"
    script.write_text(BATCH)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
    command = [sys.executable, str(script), str(folder / "b"), str(folder / "log"), str(JOBS)]
    return subprocess.Popen(command, env=environment, start_new_session=True)


def workers_of(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"spawn_main" in path.with_name("cmdline").read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def test_kill_9_of_the_batch_or_of_a_worker_loses_and_doubles_nothing(tmp_path: Path) -> None:
    waits_s = 0.3 + fractions(stream(0, "tests", "batch kills"), KILLS)
    trees = 0
    process = start(tmp_path)
    for number, wait_s in enumerate(waits_s):
        time.sleep(wait_s)
        living = workers_of(process.pid)
        if number % 2 and living and process.poll() is None:
            os.kill(living[0], signal.SIGKILL)
        elif process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            trees += 1
            process = start(tmp_path)
    assert process.wait(timeout=PATIENCE_S) == 0
    assert start(tmp_path).wait(timeout=PATIENCE_S) == 0
    begun = [int(seed) for seed, *_ in lines(tmp_path / "log")]
    assert set(begun) == set(range(JOBS)) and len(begun) - JOBS <= 2 * trees + (KILLS - trees)
    undisturbed = tmp_path / "undisturbed"
    run(undisturbed, stubs(JOBS, log=str(tmp_path / "log"), seconds=0.15), workers=2)
    made, expected = tree(tmp_path / "b"), tree(undisturbed)
    assert sorted(made) == sorted(expected)
    assert made == expected  # no orphans, no claims, no failures, the same catalogue
