"""The catalogue in a browser: a thousand environments, no server, no reload, no script but its own."""

import json
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from seedscape.assets.batch_folder import BatchFolder
from seedscape.assets.catalogue import write_catalogue
from seedscape.assets.job import ENTRY, Made, Outcome, _with_entry
from seedscape.generation.rng import stream
from tests.assets.stub_jobs import make, stub
from tests.web import judges

pytestmark = pytest.mark.browser
BIOMES = ("alpine", "coast", "desert", "meadow")
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def thousand(folder: Path, count: int = 1000) -> BatchFolder:
    """A batch folder of that many entries with thumbnails; the rest of their files is small."""
    batch = BatchFolder(folder)
    batch.create()
    thumbnails = []
    for k in range(8):
        file = BytesIO()
        Image.new("RGB", (320, 180), (30 * k, 120, 255 - 30 * k)).save(file, "WEBP")
        thumbnails.append(file.getvalue())
    features = stream(0, "tests", "features").integers(0, 1000, (count, 64))
    for seed in range(count):
        job = stub(seed)
        job.values["spec"] |= {
            "biome": BIOMES[seed % 4],
            "purpose": "explore",
            "size_m": 200.0 + seed % 3,
            "time_of_day_h": 10.0,
        }
        job.values["label"] = HOSTILE if seed == 7 else None
        made = make(job.values, 1)
        files = {**made.files, f"{seed}.glb": b"glb", f"{seed}.webp": thumbnails[seed % 8]}
        entry = made.entry | {"links": made.entry["links"] | {"thumbnail": f"{seed}.webp"}, "notes": [HOSTILE]}
        place = folder / "environments" / job.name
        place.mkdir()
        for name, data in _with_entry(Made(files, entry, tuple(map(float, features[seed]))), job).items():
            (place / name).write_bytes(data)
        assert (place / ENTRY).is_file()
    batch.note_failure(stub(5000), Outcome("error", HOSTILE))
    write_catalogue(batch)
    return batch


def look(page: Path) -> dict[str, Any]:
    command = [judges._node(), "catalogue.mjs", str(page.resolve())]
    done = subprocess.run(command, cwd=judges.HERE, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_a_thousand_environments_are_looked_through_without_a_server(tmp_path: Path) -> None:
    batch = thousand(tmp_path / "b")
    seen = look(batch.path / "index.html")
    assert seen["problems"] == [] and seen["loads"] == 1
    assert seen["count"] == "1,000" and 0 < seen["cards"] <= 240  # the rest as one scrolls
    assert seen["filtered"] == "250 of 1,000"
    assert len(seen["searched"]) == 60 and all(name.startswith("7") for name in seen["searched"])
    assert seen["nothing"] == 0
    assert seen["sorted"] == [stub(seed).name for seed in (999, 998, 997)]
    assert seen["afterScrolling"] > seen["cards"] and seen["brokenPictures"] == 0
    assert seen["title"] == "Seed 999, meadow"
    place = f"environments/{stub(999).name}"
    assert seen["links"] == [f"{place}/999.json", f"{place}/999.glb"]
    assert seen["command"] == f"seedscape view {place}/999.glb"
    assert seen["alike"] == 6 and seen["next"] != seen["title"] and seen["open"] is False
    assert seen["failed"].startswith("1 job failed")
    assert seen["injected"] == 2  # its data and its own
