"""Worlds to look at: a small real one, and a tiny one that a software renderer draws quickly."""

from pathlib import Path

import pytest

from seedscape.environment import make_environment
from seedscape.export import export_scene
from seedscape.scene.spec import make_spec
from tests.export.synthetic import synthetic_scene


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seed 42 as an environment of 200 m."""
    path = tmp_path_factory.mktemp("small") / "42.glb"
    spec = make_spec(seed=42, size_m=200, relief_m=25, texture_px=256, vegetation=0.2, rocks=0.2)
    path.write_bytes(make_environment(spec, path.name, preview=False).glb)
    return path


@pytest.fixture(scope="session")
def valley(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of few triangles and pictures, as written for anybody."""
    path = tmp_path_factory.mktemp("valley") / "valley.glb"
    export_scene(synthetic_scene(posts=65, picture=64), path)
    return path


@pytest.fixture(scope="session")
def packed_valley(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for headsets: meshopt, quantised, instanced, KTX2."""
    path = tmp_path_factory.mktemp("packed") / "packed.glb"
    export_scene(synthetic_scene(posts=65, picture=64), path, "quest")
    return path
