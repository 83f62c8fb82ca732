"""A process that is killed or interrupted at any moment leaves whole files or none."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from seedscape.export import inspect_glb
from seedscape.generation.rng import fractions, stream
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
SMALL = ("--size-m", "200", "--set", "texture_px=256", "--biome", "alpine")
GENERATE = (sys.executable, "-m", "seedscape", "generate", "7", "-o", "a.glb", *SMALL)
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals"),
]


def start(folder: Path) -> "subprocess.Popen[str]":
    """In a session of its own, so that what it starts can be ended with it."""
    return subprocess.Popen(
        GENERATE,
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def end(process: "subprocess.Popen[str]", sign: signal.Signals) -> str:
    with contextlib.suppress(ProcessLookupError):  # it was done already
        os.killpg(process.pid, sign)
    return process.communicate(timeout=PATIENCE_S)[1]


def temporaries(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if ".seedscape-tmp-" in path.name]


def size(path: Path) -> int:
    """Bytes; 0 if it got its name or was removed just now."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def final_files(folder: Path) -> set[str]:
    """The names of the files that are there, each of which must be whole."""
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path not in temporaries(folder)}
    for name, data in found.items():
        match name:
            case "a.glb":
                assert inspect_glb(data).triangles > 1000
            case "a.json":
                assert json.loads(data)["spec"]["seed"] == 7
            case "a.png":
                Image.open(BytesIO(data)).load()
            case _:
                raise AssertionError(f"a file that nobody asked for: {name}")
    return set(found)


@pytest.fixture(scope="module")
def whole_run_s(tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long an undisturbed run takes, and that it is complete."""
    folder = tmp_path_factory.mktemp("whole")
    since = time.monotonic()
    process = start(folder)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert final_files(folder) >= {"a.glb", "a.json"} and temporaries(folder) == []
    return time.monotonic() - since


def moments(name: str, count: int, whole_s: float) -> Iterator[float]:
    """Seconds spread over a run, a little before each of `count` equal parts ends."""
    drawn = fractions(stream(0, "tests", name), count)
    return ((k + float(drawn[k])) * whole_s / count for k in range(count))


def test_kill_9_at_ten_random_moments_leaves_whole_files_or_none(tmp_path: Path, whole_run_s: float) -> None:
    for moment in moments("kill", 10, whole_run_s):
        process = start(tmp_path)
        time.sleep(moment)
        end(process, signal.SIGKILL)
        final_files(tmp_path)
    process = start(tmp_path)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert final_files(tmp_path) >= {"a.glb", "a.json"} and temporaries(tmp_path) == []


@pytest.mark.parametrize("wait_s", [0.0, 0.002, 0.01])
def test_kill_9_while_the_files_are_written_leaves_whole_files_or_none(tmp_path: Path, wait_s: float) -> None:
    process = start(tmp_path)
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        if any(size(path) for path in temporaries(tmp_path)):  # beyond the probe of the start
            break
        time.sleep(0.0005)
    time.sleep(wait_s)
    end(process, signal.SIGKILL)
    if "a.glb" in final_files(tmp_path):  # the last one to get its name
        assert "a.json" in final_files(tmp_path)


def test_ctrl_c_at_random_moments_is_one_line_and_leaves_whole_files_or_none(
    tmp_path: Path, whole_run_s: float
) -> None:
    for moment in moments("interrupt", 6, whole_run_s):
        process = start(tmp_path)
        time.sleep(max(moment, 0.3))  # before that Python itself is still starting
        err = end(process, signal.SIGINT)
        assert "Traceback" not in err
        if process.returncode != 0:  # unless it was done already
            assert process.returncode == 1 and err.splitlines()[-1].startswith("seedscape: interrupted"), err
        assert temporaries(tmp_path) == []
        final_files(tmp_path)
