"""The program as a process: start-up, closed pipes, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import seedscape
from tests.face.conftest import Invoke
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "seedscape")
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


def test_help_loads_no_heavy_library() -> None:
    script = (
        "import sys, seedscape.cli.run as r\n"
        "for arguments in (['--help'], ['--version'], ['generate', '--help'], ['train', '--help'], ['sample', 'terrain', '-h']):\n"
        "    assert r.run(arguments) == 0\n"
        "heavy = {'numpy', 'torch', 'onnxruntime', 'PIL', 'rich', 'trimesh', 'filly', 'safetensors', 'pydoc'} & set(sys.modules)\n"
        "sys.exit(f'loaded {sorted(heavy)}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_the_package_loads_nothing_else() -> None:
    script = "import sys, seedscape; sys.exit(' '.join(m for m in sys.modules if m.startswith(('seedscape.', 'numpy'))) or 0)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 0, done.stderr


def test_version(invoke: Invoke) -> None:
    assert invoke("--version").out == f"seedscape {seedscape.__version__}\n"


def test_help_names_the_commands_of_this_version_and_no_other(invoke: Invoke) -> None:
    outcome = invoke("--help")
    assert outcome.code == 0
    listed = [line.split()[0] for line in outcome.out.split("Commands:\n")[1].splitlines()]
    made = ["batch", "catalog", "generate", "sample", "similar", "tiles"]
    others = ["compare", "evaluate", "inspect", "serve", "store", "train", "view"]
    assert listed == sorted(made + others)


def test_a_wrong_command_is_answered_with_the_nearest(invoke: Invoke) -> None:
    outcome = invoke("generat", "42")
    assert outcome.code == 2
    assert outcome.complaint == "No such command 'generat'. Did you mean 'generate'? (see seedscape --help)"


def test_no_command_at_all_shows_the_help_and_is_a_wrong_request(invoke: Invoke) -> None:
    outcome = invoke()
    assert outcome.code == 2 and "generate" in outcome.err


def test_the_traceback_is_shown_when_asked_for(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDSCAPE_DEBUG", "1")
    outcome = invoke("generate", "1", "--biome", "x")
    assert outcome.code == 2 and "Traceback" in outcome.err


@pytest.mark.skipif(sys.platform == "win32", reason="pipes close in another way there")
def test_a_reader_that_leaves_is_one_line_and_exit_code_1(tiny_glb: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*COMMAND, "inspect", str(tiny_glb)],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (
        1,
        "seedscape: standard output was closed before everything was written\n",
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full is Linux's")
def test_a_result_that_finds_no_room_is_one_line_and_exit_code_1(tiny_glb: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "inspect", "--json", str(tiny_glb)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "seedscape: disk full\n")


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell closes the streams")
@pytest.mark.parametrize(
    ("closed", "code", "lines"), [("<&-", 0, 1), ("<&- 2>&-", 0, 1), ("<&- >&-", 1, 0), ("<&- >&- 2>&-", 1, 0)]
)
def test_closed_standard_streams_are_survived(tiny_glb: Path, closed: str, code: int, lines: int) -> None:
    """Without standard output the result is lost, which is a failure; no other text takes its place."""
    line = f"exec {' '.join(COMMAND)} inspect {tiny_glb} {closed}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == code
    assert done.stdout.count("triangles") == lines


def test_inspect_prints_one_json_object(tiny_glb: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "inspect", "--json", str(tiny_glb)], capture_output=True, text=True, env=ENVIRONMENT, check=True
    )
    assert json.loads(done.stdout)["triangles"] == 2 and done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is not a signal to one process there")
@pytest.mark.parametrize("delay_s", [0.02, 0.1, 0.2, 0.4, 0.8])
def test_ctrl_c_at_any_moment_is_one_line_and_exit_code_1(tmp_path: Path, delay_s: float) -> None:
    """A process that would go on for long is interrupted while it loads and while it works."""
    script = (
        "import seedscape.cli, sys, time\n"
        "sys.argv = ['seedscape', 'generate', '1']\n"
        "import seedscape.api\n"
        "def build(*arguments): time.sleep(600)\n"
        "seedscape.api.build = build\n"
        "print('ready', flush=True)\n"
        "seedscape.cli.main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        cwd=tmp_path,
    ) as process:
        assert process.stdout and process.stdout.readline() == "ready\n"
        time.sleep(delay_s)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "Traceback" not in err and err.splitlines()[-1].startswith("seedscape: interrupted")
    assert os.listdir(tmp_path) == []
