"""Land of tiles among workers: blocks before the tiles on them, nothing twice, and a shelf that damage cannot harm."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seedscape.export.tiles import TileKey, TilePlan
from seedscape.tile_land import FolderShelf, runs
from seedscape.tiles import _Agenda, _blocks, _Task, plan_tiles, write_tiles
from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]


def test_runs_are_neighbours_in_a_row() -> None:
    blocks = [(1, 0), (0, 2), (0, 0), (0, 1), (0, 4), (-1, 5)]
    assert list(runs(blocks, 9)) == [((-1, 5),), ((0, 0), (0, 1), (0, 2)), ((0, 4),), ((1, 0),)]
    assert [len(run) for run in runs([(0, k) for k in range(7)], 3)] == [2, 2, 3]
    assert list(runs([], 3)) == []


def test_a_tile_is_handed_out_once_and_after_its_blocks() -> None:
    plan = TilePlan(12_000.0, 16.0)
    keys = list(plan.all_keys())
    agenda = _Agenda(plan, keys)
    done: set[tuple[int, int]] = set()
    made: list[TileKey] = []
    tasks = 0
    waiting: list[_Task] = []
    while True:
        task = agenda.take(last=tasks % 2 == 0)
        if task is None and not waiting:
            break
        if task is not None:
            tasks += 1
            assert all(set(_blocks(plan, key)) <= done for key in task.keys)
            made += task.keys
            waiting.append(task)
        if task is None or len(waiting) > 2:  # tasks end in another order than they began
            ended = waiting.pop(tasks % len(waiting))
            done |= set(ended.blocks)
            agenda.done(ended)
    assert sorted(made) == sorted(keys) and done == {block for key in keys for block in _blocks(plan, key)}


def test_large_tiles_are_not_left_to_the_end() -> None:
    plan = TilePlan(12_000.0, 16.0)
    agenda = _Agenda(plan, list(plan.all_keys()))
    for task in iter(lambda: agenda.take(last=False), None):
        agenda.done(task)
        if not agenda.has_blocks:
            break
    first = agenda.take(last=False)
    assert first is not None and first.keys == (TileKey(0, 0, 0),)


def test_a_shelf_forgets_what_is_damaged(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path / "posts", "7-alpine")
    assert shelf.get("a") is None
    shelf.put("a", b"heights")
    assert shelf.get("a") == b"heights" and FolderShelf(tmp_path / "posts", "8-alpine").get("a") is None
    (path,) = (tmp_path / "posts").iterdir()
    whole = path.read_bytes()
    for damaged in (b"", whole[:3], whole[:-1], bytes([whole[0] ^ 1]) + whole[1:], bytes(len(whole) - 1) + b"\1"):
        path.write_bytes(damaged)
        assert shelf.get("a") is None
    shelf.put("a", b"again")
    assert shelf.get("a") == b"again"


def test_a_shelf_that_cannot_be_written_is_empty(tmp_path: Path) -> None:
    (tmp_path / "posts").write_text("a file where the folder would be")
    shelf = FolderShelf(tmp_path / "posts", "7-alpine")
    shelf.put("a", b"heights")
    assert shelf.get("a") is None


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_killed_it_leaves_no_worker_and_the_next_call_goes_on(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "seedscape", "tiles", "3", "--extent-m", "2048", "--biome", "alpine")
    process = subprocess.Popen(
        (*command, "-o", "land", "--workers", "2"), cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + PATIENCE_S
    while not list(tmp_path.glob("land/.posts/*-block-*")):
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE_S)  # workers have its output too: it ends when all of them have
    assert not (tmp_path / "land/tileset.json").exists() and list(tmp_path.glob("land/.posts/*"))
    job = plan_tiles(3, 2048.0, 16.0, "alpine")
    for name, workers in (("land", 2), ("whole", 1)):
        write_tiles(job, tmp_path / name, workers)
    land, whole = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("land", "whole")
    )
    assert land == whole and len(whole) == 6
