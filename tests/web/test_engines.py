"""Our files in other engines than three.js, in real Chromium: each opens its profiles and shows the same place."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seedscape.export import export_scene
from tests.export.synthetic import synthetic_scene
from tests.web import judges

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TREES, PARTS = 12, 2
# Babylon fetches its KTX2 decoder from the network, so it is shown WebP; PlayCanvas reads no meshopt.
OPENED = [
    ("babylon", "universal", None),
    ("babylon", "quest", "webp"),
    ("aframe", "quest", None),
    ("playcanvas", "playcanvas", None),
]


@pytest.mark.parametrize(("engine", "profile", "textures"), OPENED)
def test_an_engine_shows_what_we_count(engine: str, profile: str, textures: str | None, tmp_path: Path) -> None:
    path, png = tmp_path / "valley.glb", tmp_path / "valley.png"
    scene = synthetic_scene(posts=65, picture=128, trees=TREES)
    _, ours = export_scene(scene, path, profile, textures)
    seen = judges.render(path, png, "--engine", engine, "--size", "320x180")
    assert seen["ok"] and seen["console"] == [], seen
    assert seen["triangles"] == ours.triangles
    assert seen["instances"] == (0 if profile == "universal" else TREES * PARTS)
    assert seen["eye"] == pytest.approx([0.0, 1.6, 0.0], abs=1e-4)
    assert {"ground", "sky", "spawn_0", "spawn_1"} <= set(seen["names"])
    assert not {"walkable", "collision"} & set(seen["names"])  # not drawn
    if engine == "playcanvas":  # but found by a program
        assert seen["walkable"]["triangles"] == 2 * 64 * 64
        corners = np.stack([scene.walkable.positions.min(axis=0), scene.walkable.positions.max(axis=0)])
        assert [seen["walkable"]["low"], seen["walkable"]["high"]] == pytest.approx(corners, abs=0.02)
    picture = np.asarray(Image.open(png).convert("RGB")).astype(int)
    assert not (picture == (255, 0, 255)).all(axis=2).any()  # no hole
    sky, ground = picture[:40], picture[120:]
    assert sky[..., 2].mean() > sky[..., 0].mean() + 20 and 40 < ground.mean() < 220 and ground.std() > 5
