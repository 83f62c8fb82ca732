"""The face: the names outsiders may use, and no other."""

import inspect
from pathlib import Path
from types import ModuleType

import pytest

import seedscape as ss
from tests.face.conftest import flat_scene

PUBLIC = [
    "AsyncClient",
    "BudgetError",
    "Client",
    "MissingPartError",
    "RequestError",
    "SceneSpec",
    "SeedscapeError",
    "__version__",
    "export",
    "generate",
    "make_spec",
]


def test_the_public_names_are_these() -> None:
    assert ss.__all__ == dir(ss) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(ss, name) is not None


def test_other_names_are_refused_as_python_does() -> None:
    with pytest.raises(AttributeError, match="module 'seedscape' has no attribute 'Seen'"):
        getattr(ss, "Seen")  # noqa: B009 (a type checker would refuse ss.Seen)


def test_export_is_the_room_and_the_verb(tmp_path: Path) -> None:
    import seedscape.export.write

    assert isinstance(seedscape.export, ModuleType) and callable(seedscape.export.write.write_glb)
    report = ss.export(flat_scene(ss.make_spec(biome="meadow")), tmp_path / "flat.glb", profile="universal")
    assert report.triangles == 2 and (tmp_path / "flat.glb").stat().st_size == report.bytes


def test_export_refuses_what_it_cannot_write(tmp_path: Path) -> None:
    scene = flat_scene(ss.make_spec(biome="meadow"))
    with pytest.raises(ss.RequestError, match="quest"):
        ss.export(scene, tmp_path / "flat.glb", profile="qest")
    with pytest.raises(ss.RequestError, match="--textures: expected jpeg"):
        ss.export(scene, tmp_path / "flat.glb", textures="webp")
    with pytest.raises(ss.RequestError, match="existing folder"):
        ss.export(scene, tmp_path / "no" / "such" / "flat.glb")
    assert list(tmp_path.iterdir()) == []


def test_the_errors_are_one_tree_with_their_exit_codes() -> None:
    codes = {
        error: error.exit_code for error in (ss.SeedscapeError, ss.RequestError, ss.BudgetError, ss.MissingPartError)
    }
    assert list(codes.values()) == [1, 2, 3, 4]
    assert all(issubclass(error, ss.SeedscapeError) for error in codes)
    assert issubclass(ss.RequestError, ValueError)


def test_generate_refuses_unknown_fields_with_the_nearest() -> None:
    with pytest.raises(ss.RequestError, match="did you mean biome"):
        ss.generate(seed=1, biom="alpine")


def test_public_functions_are_documented_with_their_errors() -> None:
    from seedscape import api

    for function in (api.generate, api.export, ss.make_spec):
        assert "RequestError" in (inspect.getdoc(function) or ""), function
