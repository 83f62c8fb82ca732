"""`seedscape sample`, `train` and `evaluate`: wrong requests are refused before the work."""

import builtins
from pathlib import Path
from typing import Any

import pytest

from tests.face.conftest import Invoke

TERRAIN = ("sample", "terrain", "-o", "out", "--seed")
MATERIAL = ("sample", "material", "-o", "out", "--seed")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("sample", "terain"), "No such command 'terain'. Did you mean 'terrain'? (see seedscape sample --help)"),
        (
            ("sample", "terrain", "--seed", "1"),
            "Missing option '-o' / '--output' (see seedscape sample terrain --help)",
        ),
        ((*TERRAIN, "-1"), "--seed: expected a whole number 0 to 9007199254740991, got -1"),
        ((*TERRAIN, "1.5"), "--seed: expected a whole number 0 to 9007199254740991, got 1.5"),
        ((*TERRAIN, "1", "--count", "0"), "--count: expected a whole number 1 to 100000, got 0"),
        ((*TERRAIN, "1", "--size", "8"), "--size: expected a whole number 16 to 4096, got 8"),
        ((*TERRAIN, "1", "--size", "99999"), "--size: expected a whole number 16 to 4096, got 99999"),
        ((*TERRAIN, "1", "--spacing-m", "0"), "--spacing-m: expected a number 0.5 to 120, got 0"),
        ((*TERRAIN, "1", "--spacing-m", "nan"), "--spacing-m: expected a number 0.5 to 120, got nan"),
        ((*TERRAIN, "1", "--spacing-m", "-30"), "--spacing-m: expected a number 0.5 to 120, got -30"),
        ((*MATERIAL, "1", "--material", "gras"), "expected a material class, got gras (did you mean grass?)"),
        (
            (*MATERIAL, "1", "--material", "grass", "--size", "1001"),
            "--size: expected a whole number 64 to 4096, a multiple of 8, got 1001",
        ),
        (
            ("train", "terain", "--data", ".", "-o", "run"),
            "expected terrain or material, got terain (did you mean terrain?)",
        ),
        (("train", "terrain", "--data", "absent", "-o", "run"), "--data: expected an existing folder, got absent"),
        (
            ("train", "terrain", "--data", ".", "-o", "run", "--minutes", "0"),
            "--minutes: expected a number 0.01 to 43200, got 0",
        ),
        (
            ("train", "terrain", "--data", ".", "-o", "run", "--minutes", "inf"),
            "--minutes: expected a number 0.01 to 43200, got inf",
        ),
        (
            ("train", "terrain", "--data", ".", "-o", "run", "--device", "tpu"),
            "--device: expected cpu, cuda or cuda:N, got tpu",
        ),
        (
            ("train", "terrain", "--data", ".", "-o", "run", "--from", "absent"),
            "--from: expected an existing folder, got absent",
        ),
        (
            ("train", "material", "--data", ".", "-o", "run", "--from", "absent"),
            "--from: expected an existing folder, got absent",
        ),
        ((*MATERIAL, "1", "--material", "soil", "--tint", "1,2"), "--tint: expected three factors R,G,B, got 1,2"),
        ((*MATERIAL, "1", "--material", "soil", "--wetness", "2"), "--wetness: expected a number 0 to 1, got 2"),
        (
            (*MATERIAL, "1", "--material", "soil", "--share", "0.5"),
            "expected another material to go toward, got a share, style or across without one",
        ),
        (
            (*MATERIAL, "1", "--material", "soil", "--toward", "snwo", "--across"),
            "expected a material class, got snwo (did you mean snow?)",
        ),
        (
            ("evaluate", "materials", "--data", "."),
            "expected terrain or material, got materials (did you mean material?)",
        ),
        (("evaluate", "terrain", "--data", "."), "expected"),
        (
            ("evaluate", "terrain", "--data", ".", "--model", "absent"),
            "--model: expected an existing folder, got absent",
        ),
    ],
)
def test_a_wrong_request_is_refused_before_the_work(invoke: Invoke, arguments: tuple[str, ...], complaint: str) -> None:
    outcome = invoke(*arguments)
    assert outcome.complaint.startswith(complaint)
    assert (outcome.code, outcome.out) == (2, "")
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("command", [("train", "terrain"), ("train", "material"), ("evaluate", "terrain")])
def test_a_folder_that_cannot_be_made_is_refused_before_the_work(invoke: Invoke, command: tuple[str, ...]) -> None:
    outcome = invoke(*command, "--data", ".", "-o", "no/such/run")
    assert outcome.code == 2 and outcome.complaint.startswith(
        "expected an existing folder to write to, got 'no/such/run'"
    )


@pytest.mark.parametrize("command", [("train", "terrain", "-o", "run"), ("evaluate", "material")])
def test_without_torch_the_line_says_what_to_install(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    load = builtins.__import__

    def load_all_but_torch(name: str, *arguments: Any) -> Any:
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'")
        return load(name, *arguments)

    monkeypatch.setattr("builtins.__import__", load_all_but_torch)
    outcome = invoke(*command, "--data", ".")
    assert outcome.code == 4
    assert outcome.complaint.endswith("pip install 'seedscape[train]'")
