"""The command line run inside the test's own process, and a small environment in place of the networks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pytest

from seedscape.cli.run import run
from seedscape.export.export_scene import export_scene
from seedscape.scene.spec import SceneSpec, spec_to_dict
from seedscape.scene.values import Material, Mesh, Node, Scene, SpawnPoint


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The last line of standard error, which must start with the program's name."""
        lines = self.err.splitlines()
        assert lines and lines[-1].startswith("seedscape: "), self.err
        assert "Traceback" not in self.err
        return lines[-1].removeprefix("seedscape: ")


Invoke = Callable[..., Outcome]


@pytest.fixture
def invoke(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """invoke("generate", "42") in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Outcome:
        code = run(arguments)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def small_world(monkeypatch: pytest.MonkeyPatch) -> list[SceneSpec]:
    """Puts one flat square in place of generation and scene; the list fills with the specs it was asked for."""
    asked: list[SceneSpec] = []

    def build(spec: SceneSpec, progress: Callable[[str, float], None], threads: int | None = None) -> Scene:
        asked.append(spec)
        progress("terrain", 0.0)
        return flat_scene(spec)

    monkeypatch.setattr("seedscape.api.build", build)
    return asked


def flat_scene(spec: SceneSpec) -> Scene:
    corners = np.array([[-1, 0, -1], [-1, 0, 1], [1, 0, 1], [1, 0, -1]], np.float32) * np.float32(spec.size_m / 2)
    up = np.tile(np.array([0, 1, 0], np.float32), (4, 1))
    ground = Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]], np.uint32), "ground", up)
    half = spec.size_m / 2
    return Scene(
        name=f"seed {spec.seed}",
        models={"ground": (ground,)},
        materials={"ground": Material(base_color_factor=(0.3, 0.4, 0.2, 1.0))},
        textures={},
        lights={},
        nodes=(Node("ground", model="ground"),),
        spawn_points=(SpawnPoint("spawn_0", (0.0, 0.0, 0.0), 0.0),),
        walkable=ground,
        collision=ground,
        bounds=((-half, 0.0, -half), (half, 1.0, half)),
        spec=spec_to_dict(spec),
    )


@pytest.fixture
def tiny_glb(tmp_path: Path) -> Path:
    """A GLB of two triangles."""
    path = tmp_path / "tiny.glb"
    export_scene(flat_scene(SceneSpec(biome="meadow")), path)
    return path


class StubRenderer:
    """In place of `PreviewRenderer`: no process, a few bytes for a picture."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def draw(self, glb: bytes) -> bytes:
        return b"\x89PNG of " + glb[:4]
