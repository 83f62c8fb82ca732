"""A model file that is not the released one is never used."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedscape.assets import weights
from seedscape.assets.errors import MissingPartError

REAL = Path(weights.__file__).resolve().parent / "weights"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    copy = tmp_path / "weights"
    shutil.copytree(REAL, copy)
    monkeypatch.setattr(weights, "_folder", lambda: copy)
    weights.weights_manifest.cache_clear()
    yield copy
    weights.weights_manifest.cache_clear()


def test_every_shipped_file_is_what_the_manifest_says(folder: Path) -> None:
    names = set(weights.weights_manifest())
    assert names == {path.name for path in folder.iterdir() if path.suffix in (".onnx", ".safetensors")}
    for name in names:
        assert len(weights.read_weights(name)) == weights.weights_manifest()[name]["bytes"]
    assert sum(entry["bytes"] for entry in weights.weights_manifest().values()) < 20_000_000


def test_one_changed_byte_is_found(folder: Path) -> None:
    path = folder / "terrain-refiner.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(MissingPartError, match=r"expected terrain-refiner.onnx with SHA-256 .* got .*; reinstall"):
        weights.read_weights("terrain-refiner.onnx")


def test_truncated_swapped_and_missing_files_are_found(folder: Path) -> None:
    data = (folder / "material-bank.safetensors").read_bytes()
    (folder / "material-bank.safetensors").write_bytes(data[:-1])
    shutil.copy(folder / "terrain-heights.onnx", folder / "material-cells.onnx")
    (folder / "terrain-bank.safetensors").unlink()
    for name in ("material-bank.safetensors", "material-cells.onnx", "terrain-bank.safetensors", "unheard-of.onnx"):
        with pytest.raises(MissingPartError, match="reinstall seedscape"):
            weights.read_weights(name)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": 3}', '{"files": {"a": {}}}'])
def test_a_damaged_manifest_is_found(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    with pytest.raises(MissingPartError, match="expected the list of model files"):
        weights.weights_manifest()


def test_arrays_of_another_shape_are_refused() -> None:
    tensors, _ = weights.read_tensors("terrain-bank.safetensors")
    with pytest.raises(MissingPartError, match="different 'low'"):
        weights.require_arrays(
            "terrain-bank.safetensors", tensors, {"latents": (tensors["latents"].dtype.type, 2), "low": (float, 1)}
        )
