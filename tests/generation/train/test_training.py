"""Training on data made here: losses fall, runs resume after kill -9, and what comes out generates."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from seedscape.assets.errors import RequestError
from seedscape.generation.material import generate_material, open_material_model
from seedscape.generation.rng import stream
from seedscape.generation.terrain import open_terrain_model, sample_heights
from seedscape.generation.train.material import train_material
from seedscape.generation.train.terrain import TerrainTraining, train_terrain
from tests.generation.data import ridges, write_land, write_materials

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning:torch")]


def losses(run: Path, name: str) -> list[float]:
    with (run / "losses.csv").open() as file:
        return [float(row[name]) for row in csv.DictReader(file)]


def count_calls_as_time(monkeypatch: pytest.MonkeyPatch, seconds: float = 0.25) -> None:
    """A clock for runs by which every machine takes about a second a step: as many steps on a busy one."""
    now = [time.monotonic()]

    def monotonic() -> float:
        now[0] += seconds
        return now[0]

    monkeypatch.setattr("seedscape.generation.train.run.time", SimpleNamespace(monotonic=monotonic))


def test_land_too_small_to_be_joined_is_refused_before_training(tmp_path: Path) -> None:
    (tmp_path / "land").mkdir()
    np.save(tmp_path / "land" / "small@30m.npy", ridges(1, 184))
    with pytest.raises(RequestError, match="at least 192 posts a side.*got 184"):
        train_terrain(tmp_path / "land", tmp_path / "run", 1.0)
    assert not (tmp_path / "run").exists()


def test_terrain_training_learns_and_its_release_generates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedscape.generation.train.run.REPORT_SECONDS", 3.0)
    count_calls_as_time(monkeypatch)
    # Two windows a step instead of six.
    monkeypatch.setattr("seedscape.generation.train.terrain.TerrainTraining", partial(TerrainTraining, batch=2))
    data = write_land(tmp_path / "land")
    (data / "MANIFEST.json").unlink()  # a user's folder: names alone
    for k in range(4):
        (data / f"tile{k}.npy").rename(data / f"tile{k}@30m.npy")
    run = train_terrain(data, tmp_path / "run", 0.7)
    energy = losses(
        tmp_path / "run", "refine_energy"
    )  # falls within a dozen steps, the reconstruction within a hundred
    assert len(energy) >= 6 and np.mean(energy[-6:]) < 0.7 * np.mean(energy[:3])
    assert len(losses(tmp_path / "run", "l1")) == len(energy)
    assert run.step > 5
    assert list((tmp_path / "run" / "sheets").glob("*.png"))
    model = open_terrain_model(tmp_path / "run")
    heights = sample_heights(1, 0, 64, 30.0, model=model).heights_m
    assert np.isfinite(heights).all() and np.ptp(heights) > 10.0
    with pytest.raises(RequestError, match="--resume"):
        train_terrain(data, tmp_path / "run", 0.5)
    train_terrain(data, tmp_path / "again", 0.15, earlier=tmp_path / "run")
    assert losses(tmp_path / "again", "refine_energy")[0] < 0.8 * energy[0]
    with pytest.raises(RequestError, match="expected the weights of terrain networks"):
        train_terrain(data, tmp_path / "none", 0.5, earlier=data)


def test_material_training_learns_and_its_release_generates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedscape.generation.train.run.REPORT_SECONDS", 3.0)
    count_calls_as_time(monkeypatch, 0.15)  # 65 steps
    monkeypatch.setattr("seedscape.generation.train.calibrate.SEEDS", 1)
    train_material(write_materials(tmp_path / "materials"), tmp_path / "run", 0.6)
    weave, error = losses(tmp_path / "run", "weave"), losses(tmp_path / "run", "error")
    assert len(weave) >= 3 and min(weave[1:]) < 0.7 * weave[0]
    assert max(error) < 0.5
    model = open_material_model(tmp_path / "run")
    red = generate_material(1, "stripes", 128, model).base_color.astype(float).mean(axis=(0, 1))
    green = generate_material(1, "dots", 128, model).base_color.astype(float).mean(axis=(0, 1))
    assert red[0] > 1.3 * red[1] and green[1] > 1.3 * green[0]


def test_kill_nine_leaves_a_run_that_resumes(tmp_path: Path) -> None:
    """Ten kills at random moments: the checkpoint is whole after each, the step never goes back, and training goes on."""
    data, run = write_land(tmp_path / "land"), tmp_path / "run"
    code = (
        "import sys; from pathlib import Path; import seedscape.generation.train.run as r; r.CHECKPOINT_SECONDS = 0.2; "
        "from seedscape.generation.train.terrain import TerrainTraining, train_terrain; "
        f"train_terrain(Path({str(data)!r}), Path({str(run)!r}), 60.0, resume=True)"
    )
    rng = stream(1, "kills")
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    steps: list[int] = []
    for _ in range(10):
        process = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL)
        waited, last = 0.0, steps[-1] if steps else 0
        while checkpoint_step(run / "checkpoint.safetensors") <= last and waited < 120:
            time.sleep(0.3)
            waited += 0.3
        time.sleep(int(rng.integers(1500)) / 1000)
        process.send_signal(signal.SIGKILL)
        process.wait()
        steps.append(checkpoint_step(run / "checkpoint.safetensors"))
    assert steps == sorted(steps) and steps[-1] > steps[0]
    assert not [
        path
        for path in run.iterdir()
        if path.suffix == ".safetensors" and path.name != "checkpoint.safetensors" and path.name[0] != "."
    ]


def checkpoint_step(path: Path) -> int:
    """The step in the file's header, after reading every tensor of it; 0 where there is no file yet."""
    from safetensors.numpy import load

    if not path.exists():
        return 0
    data = path.read_bytes()
    assert all(np.isfinite(value).all() for value in load(data).values())
    return int(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["step"])


def test_a_checkpoint_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint.safetensors").write_bytes(b"not a checkpoint")
    with pytest.raises(RequestError, match="expected a checkpoint of this kind of run"):
        train_terrain(write_land(tmp_path / "land"), tmp_path / "run", 0.1, resume=True)
