"""Whatever is typed: an exit code of the contract and one line, never a traceback."""

import os
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedscape.cli.run import run
from seedscape.scene.spec import controls
from tests.face.conftest import StubRenderer, flat_scene

# -o and --spec are left out: the texts here would be written and read as paths.
FLAGS = [
    "--biome",
    "--purpose",
    "--size-m",
    "--time",
    "--set",
    "--prompt",
    "--threads",
    "--profile",
    "--no-preview",
    "--json",
]
WORDS = st.sampled_from(
    [*FLAGS, *controls(), *(f"{name}=" for name in controls()), "42", "-1", "nan", "alpine", "universal", "--"]
)
TEXTS = st.text(max_size=20).filter(lambda text: not text.startswith(("-o", "--o", "--sp")))


@pytest.fixture(scope="module", autouse=True)
def _quick(tmp_path_factory: pytest.TempPathFactory) -> object:
    before = Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seedscape.api.build", lambda spec, progress, threads=None: flat_scene(spec))
        patch.setattr("seedscape.export.preview.PreviewRenderer", StubRenderer)
        os.chdir(tmp_path_factory.mktemp("any"))
        yield
        os.chdir(before)


@given(st.lists(WORDS | TEXTS, max_size=7))
def test_generate_survives_any_arguments(arguments: list[str]) -> None:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(["generate", *arguments])
    assert code in (0, 2), (arguments, err.getvalue())
    assert "Traceback" not in err.getvalue() and "internal error" not in err.getvalue()
    if code:
        assert out.getvalue() == "" and err.getvalue().splitlines()[-1].startswith("seedscape: ")


@given(st.lists(TEXTS, max_size=4))
def test_the_program_survives_any_arguments(arguments: list[str]) -> None:
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as err:
        assert run(arguments) in (0, 2), err.getvalue()
    assert "internal error" not in err.getvalue()
