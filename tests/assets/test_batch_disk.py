"""A batch on a disk that fails below Python: the C library's own calls answer EIO (failing_disk.c, preloaded)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seedscape.assets.batch import Batch
from seedscape.assets.batch_folder import BatchFolder
from tests.assets.stub_jobs import MAKE, stubs

JOBS = 9
SCRIPT = f"""
import sys
from seedscape.assets import Batch
from tests.assets.stub_jobs import MAKE, stubs
if __name__ == "__main__":
    summary = Batch(sys.argv[1], stubs({JOBS}), make=MAKE, workers=1).run()
    print(summary.stopped, "|", summary.done, len(summary.failed))
"""


@pytest.fixture(scope="module")
def failing_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library to preload."""
    compiler = shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("a library to preload needs Linux and a C compiler (apt-get install gcc)")
    library = tmp_path_factory.mktemp("disk") / "failing_disk.so"
    source = Path(__file__).with_name("failing_disk.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    return library


def environments(folder: Path) -> dict[str, bytes]:
    paths = (path for path in (folder / "environments").rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
def test_the_batch_stops_with_the_reason_and_the_next_start_makes_what_is_missing(
    call: str, failing_disk: Path, tmp_path: Path
) -> None:
    script, folder = tmp_path / "batch.py", tmp_path / "b"
    script.write_text(SCRIPT)
    disk = {"LD_PRELOAD": str(failing_disk), "DISK_CALL": call, "DISK_UNDER": "/environments/", "DISK_AFTER": "9"}
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | disk
    command = [sys.executable, str(script), str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    reason, _, counts = done.stdout.strip().rpartition(" | ")
    num_done, num_failed = map(int, counts.split())
    assert "Input/output error" in reason and str(folder) in reason and "\n" not in reason
    assert 1 <= num_done < JOBS - 3 and num_failed == 3  # three in a row: it does not go on in vain
    assert {failure["kind"] for failure in BatchFolder(folder).failures()} == {"storage"}
    assert [path for path in folder.rglob("*") if "seedscape-tmp" in path.name] == []
    whole = environments(folder)

    again = Batch(folder, stubs(JOBS), make=MAKE, workers=1).run()
    assert (again.complete, again.made) == (True, JOBS - num_done) and BatchFolder(folder).failures() == []
    Batch(tmp_path / "undisturbed", stubs(JOBS), make=MAKE, workers=1).run()
    assert environments(folder) == environments(tmp_path / "undisturbed")
    assert whole.items() <= environments(folder).items()
