"""A model file that is damaged, swapped or missing is named, before anything is made with it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from seedscape.assets import weights
from seedscape.generation.material import open_material_model
from seedscape.generation.runtime import open_network
from seedscape.generation.terrain import open_terrain_model
from tests.face.conftest import Invoke

TERRAIN = ("sample", "terrain", "--seed", "1", "--size", "16", "-o", "out")
MATERIAL = ("sample", "material", "--seed", "1", "--material", "rock", "--size", "64", "-o", "out")
VARIED = ("sample", "terrain", "--seed", "1", "--vary", "land.npy", "-o", "out")
WORLD = ("generate", "1", "--size-m", "200", "--no-preview")
USED = [
    (TERRAIN, "terrain-heights.onnx"),
    (VARIED, "terrain-encoder.onnx"),
    (WORLD, "terrain-refiner.onnx"),
    (TERRAIN, "terrain-bank.safetensors"),
    (MATERIAL, "material-texels.onnx"),
    (MATERIAL, "material.safetensors"),
    (MATERIAL, "material-bank.safetensors"),
]


def forget() -> None:
    for cached in (weights.weights_manifest, open_network, open_terrain_model, open_material_model):
        cached.cache_clear()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the shipped weights, in their place."""
    shipped = Path(str(weights._folder()))
    copy = tmp_path_factory.mktemp("shelf") / "weights"
    shutil.copytree(shipped, copy)
    monkeypatch.setattr(weights, "_folder", lambda: copy)
    forget()
    yield copy
    forget()


def test_the_copy_works(invoke: Invoke, folder: Path) -> None:
    assert invoke(*TERRAIN).code == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["terrain_0000.npy"]


@pytest.mark.parametrize("harm", ["cut", "bit", "swapped", "empty", "missing", "folder"])
@pytest.mark.parametrize(("arguments", "name"), USED)
def test_a_damaged_file_is_named(
    invoke: Invoke, folder: Path, arguments: tuple[str, ...], name: str, harm: str
) -> None:
    np.save("land.npy", np.zeros((64, 64), np.float32))
    path = folder / name
    data = path.read_bytes()
    other = folder / ("terrain.safetensors" if name.startswith("material") else "material.safetensors")
    path.unlink()
    match harm:
        case "cut":
            path.write_bytes(data[: len(data) // 2])
        case "bit":
            path.write_bytes(data[:5000] + bytes([data[5000] ^ 1]) + data[5001:])
        case "swapped":
            shutil.copy(other, path)
        case "empty":
            path.touch()
        case "folder":
            path.mkdir()
    outcome = invoke(*arguments)
    assert outcome.code == 4 and outcome.out == ""
    assert name in outcome.complaint and "reinstall seedscape" in outcome.complaint
    assert [str(path) for path in Path().rglob("*") if path.is_file()] == ["land.npy"]


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"files": {}}', '{"files": {"terrain-heights.onnx": 3}}', "\0"])
def test_a_damaged_list_of_files_is_named(invoke: Invoke, folder: Path, text: str | None) -> None:
    (folder / "manifest.json").unlink()
    if text is not None:
        (folder / "manifest.json").write_text(text)
    outcome = invoke("generate", "1")
    assert outcome.code == 4 and "manifest.json" in outcome.complaint
    assert list(Path().iterdir()) == []
