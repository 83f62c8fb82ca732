"""The main job, from the command line to a picture in a real browser."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seedscape.export import inspect_glb
from seedscape.generation.rng import stream
from tests.web import judges

pytestmark = [pytest.mark.slow, pytest.mark.browser]
ROOT = Path(__file__).resolve().parent.parent


def generate(folder: Path, seed: int, *options: str) -> Path:
    path = folder / f"{seed}.glb"
    command = [sys.executable, "-m", "seedscape", "generate", str(seed), "-o", str(path), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seed 42 as the README makes it."""
    return generate(tmp_path_factory.mktemp("world"), 42, "--no-preview", "--threads", "2")


@pytest.fixture(scope="module")
def shown(world: Path) -> dict[str, Any]:
    return judges.render(world, world.with_suffix(".three.png"))


def test_the_validator_has_nothing_to_say(world: Path) -> None:
    (report,) = judges.validate([world])
    assert (report["errors"], report["warnings"]) == (0, 0), report["issues"]


def test_three_js_shows_a_place(world: Path, shown: dict[str, Any]) -> None:
    """Not empty: sky and ground differ, and there is detail; nothing on the console."""
    assert shown["ok"] and shown["console"] == []
    assert shown["picture"]["colors"] > 2000 and shown["picture"]["deviation"] > 12
    picture = np.asarray(Image.open(world.with_suffix(".three.png")).convert("RGB")).astype(float)
    rows = picture.shape[0]
    sky, ground = picture[: rows // 6].mean(axis=(0, 1)), picture[-rows // 6 :].mean(axis=(0, 1))
    assert np.abs(sky - ground).max() > 25
    near = picture[-rows // 4 :]
    assert np.abs(np.diff(near, axis=1)).mean() > 1.0  # sharp at one's feet


def test_there_is_ground_under_the_spawn(shown: dict[str, Any]) -> None:
    assert shown["ground"] is not None
    assert shown["ground"]["distance"] == pytest.approx(1.6, abs=0.05)


def test_our_counts_are_those_of_three_js(world: Path, shown: dict[str, Any]) -> None:
    report = inspect_glb(world)
    assert (report.draw_calls, report.triangles, report.gpu_texture_bytes) == (
        shown["calls"], shown["triangles"], shown["gpuTextureBytes"],
    )  # fmt: skip
    assert report.within_budget


def test_an_empty_picture_would_be_noticed(tmp_path: Path, world: Path) -> None:
    """The browser test can fail: from inside the ground, looking down, there is no place to see."""
    shown = judges.render(world, tmp_path / "void.png", "--eye", "0,-40,0", "--look", "0,-80,0")
    assert shown["ground"] is None or shown["picture"]["colors"] < 2000


def test_two_runs_with_two_thread_counts_give_the_same_bytes(tmp_path: Path, world: Path) -> None:
    again = generate(tmp_path, 42, "--no-preview", "--threads", "1")
    assert again.read_bytes() == world.read_bytes()
    manifest = json.loads(world.with_suffix(".json").read_text())
    assert manifest["glb_sha256"] == hashlib.sha256(again.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "biome", ["alpine", "temperate_forest", "meadow", "desert", "canyon", "coast", "volcanic", "tundra"]
)
def test_every_biome_is_valid_and_inside_the_budget(tmp_path: Path, biome: str) -> None:
    seed = int(stream(1, "biome", biome).integers(1000))
    path = generate(tmp_path, seed, "--biome", biome, "--no-preview")
    (verdict,) = judges.validate([path])
    assert (verdict["errors"], verdict["warnings"]) == (0, 0), verdict["issues"]
    report = inspect_glb(path)
    assert report.within_budget
    manifest = json.loads(path.with_suffix(".json").read_text())
    ground = {
        entry["name"].rsplit("_", 1)[0] for entry in manifest["counts"]["textures"] if entry["name"].endswith("_normal")
    }
    assert len(ground) >= 4
