"""Endless land as 3D Tiles: which tiles there are, and who makes them when.

A tile depends on the seed, the spec and its key alone. What several tiles are cut from is kept in the folder while it grows, so
that no two workers make it twice; it changes nothing and is gone in the end.
"""

import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from heapq import heappop, heappush
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from seedscape import __version__
from seedscape.assets.errors import SeedscapeError
from seedscape.assets.files import write_atomically
from seedscape.assets.workers import end_with
from seedscape.export.issues import GlbError
from seedscape.export.tiles import CELLS, TileKey, TilePlan, make_tile, read_tile, tileset_json
from seedscape.generation.rng import stream
from seedscape.scene.biomes import BIOMES, make_biome
from seedscape.tile_land import Block, TileLand, blocks_under, runs

POSTS = ".posts"
RUN = 5  # blocks made at a time, side by side
CHUNK = 4  # small tiles made at a time
Made = tuple[TileKey, dict[str, Any]]
"""A tile that is in its file, and what it says of itself."""


@dataclass(frozen=True)
class TileJob:
    """One land: seed, biome, and its plan."""

    seed: int
    biome: str
    plan: TilePlan

    @property
    def spec(self) -> dict[str, Any]:
        """JSON values that decide every byte, beside the version."""
        plan = self.plan
        return {"seed": self.seed, "biome": self.biome, "extent_m": plan.extent_m, "spacing_m": plan.spacing_m}


def plan_tiles(seed: int, extent_m: float, spacing_m: float, biome: str = "auto") -> TileJob:
    """The land of a seed; biome "auto": the seed picks."""
    if biome == "auto":
        names = tuple(BIOMES)
        biome = names[int(stream(seed, "tiles", "biome").integers(len(names)))]
    return TileJob(seed, make_biome(biome).name, TilePlan(extent_m, spacing_m))


def write_tiles(
    job: TileJob, folder: Path, workers: int = 1, progress: Callable[[int, int], None] | None = None
) -> int:
    """tileset.json and its tiles in `folder`; the number of tiles. Tiles that are there already are kept.

    Stopped at any moment, the next call goes on; tileset.json comes last. progress: called with (tiles done, of all).
    SeedscapeError: a worker was killed, or the disk is full.
    """
    tell = progress or (lambda done, of: None)
    folder.mkdir(parents=True, exist_ok=True)
    keys = list(job.plan.all_keys())
    found = {key: tile for key in keys if (tile := _finished(job, folder, key)) is not None}
    missing = [key for key in keys if key not in found]
    tell(len(found), len(keys))
    for done, (key, tile) in enumerate(_make_all(job, folder, missing, workers), len(found) + 1):
        found[key] = tile
        tell(done, len(keys))
    tileset = tileset_json(job.plan, found, job.spec, __version__)
    write_atomically(folder / "tileset.json", (json.dumps(tileset, indent=1) + "\n").encode())
    shutil.rmtree(folder / POSTS, ignore_errors=True)
    return len(keys)


@dataclass(frozen=True)
class _Task:
    """Blocks of posts to make, or tiles whose blocks are made."""

    blocks: tuple[Block, ...] = ()
    keys: tuple[TileKey, ...] = ()


class _Agenda:
    """What there is to do, and what of it could be done now: a tile once its blocks are there, the largest first."""

    def __init__(self, plan: TilePlan, keys: list[TileKey]) -> None:
        self._chunks = list(_chunks(plan, keys))
        self._missing = [{block for key in chunk for block in _blocks(plan, key)} for chunk in self._chunks]
        self._waiting: dict[Block, list[int]] = {}
        for number, missing in enumerate(self._missing):
            for block in missing:
                self._waiting.setdefault(block, []).append(number)
        self._runs = deque(runs(self._waiting, RUN))
        self._ready: list[int] = []

    @property
    def has_blocks(self) -> bool:
        """Whether there are blocks that nobody has begun."""
        return bool(self._runs)

    def take(self, last: bool) -> _Task | None:
        """Something to begin now, if there is. last: blocks from the end, so that workers are at work in different places and rarely
        need the same parts at the same time."""
        if self._runs:
            return _Task(blocks=self._runs.pop() if last else self._runs.popleft())
        return _Task(keys=self._chunks[heappop(self._ready)]) if self._ready else None

    def done(self, task: _Task) -> None:
        for block in task.blocks:
            for number in self._waiting[block]:
                self._missing[number].discard(block)
                if not self._missing[number]:
                    heappush(self._ready, number)


def _chunks(plan: TilePlan, keys: list[TileKey]) -> Iterator[tuple[TileKey, ...]]:
    """The largest tiles first and alone, small ones a few at a time."""
    for level in range(plan.depth + 1):
        here = [key for key in keys if key.level == level]
        size = CHUNK if level + 2 > plan.depth else 1
        yield from (tuple(here[k : k + size]) for k in range(0, len(here), size))


def _make_all(job: TileJob, folder: Path, keys: list[TileKey], workers: int) -> Iterator[Made]:
    """The tiles in any order. This process is one of the workers, on a thread, so that it can hand out work at any time."""
    if not keys:
        return
    agenda, running = _Agenda(job.plan, keys), dict[Future[list[Made]], tuple[_Task, Executor]]()
    with ExitStack() as stack:
        here: Executor = stack.enter_context(ThreadPoolExecutor(1))
        places = [(here, 1)]
        if workers > 1:  # spawn: a forked child may inherit the locks of threads that do not live on in it
            pool = ProcessPoolExecutor(workers - 1, get_context("spawn"), end_with, (os.getpid(),))
            places.insert(0, (stack.enter_context(pool), workers - 1))
        here.submit(_paint_box, job, folder)  # for all, while the others start
        while True:
            for place, share in places:
                # one task ahead for each worker where tasks are short, so that none waits to be given one
                most = share if agenda.has_blocks else 2 * share
                while sum(at is place for _, at in running.values()) < most:
                    task = agenda.take(last=place is not here)
                    if task is None:
                        break
                    running[place.submit(_do, job, folder, task)] = (task, place)
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                agenda.done(running.pop(future)[0])
                try:
                    yield from future.result()
                except BrokenProcessPool:
                    raise SeedscapeError(
                        "expected workers that live, one was killed (out of memory?); ask again to go on"
                    ) from None


def _do(job: TileJob, folder: Path, task: _Task) -> list[Made]:
    if task.blocks:
        _land(job, folder).make_blocks(task.blocks)
    return [_make(job, folder, key) for key in task.keys]


def _paint_box(job: TileJob, folder: Path) -> None:
    _ = _land(job, folder).colors


def _make(job: TileJob, folder: Path, key: TileKey) -> tuple[TileKey, dict[str, Any]]:
    """One tile into its file; what it says of itself."""
    land = _land(job, folder)
    data = make_tile(key, job.plan, land.posts, land.paint, job.spec, __version__)
    path = folder / key.path
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, data)
    tile = read_tile(data, job.spec, __version__)
    assert tile is not None
    return key, tile


def _finished(job: TileJob, folder: Path, key: TileKey) -> dict[str, Any] | None:
    """What the tile that is there says of itself; None where it must be made."""
    try:
        tile = read_tile((folder / key.path).read_bytes(), job.spec, __version__)
    except (OSError, GlbError):
        return None
    return tile if tile is not None and tile.get("key") == list(key) else None


def _blocks(plan: TilePlan, key: TileKey) -> list[Block]:
    """Blocks of posts that a tile looks at."""
    step = plan.step(key.level)
    size = CELLS * step
    return blocks_under(key.y * size - step, key.x * size - step, size + 2 * step + 1, size + 2 * step + 1)


@lru_cache(maxsize=1)
def _land(job: TileJob, folder: Path) -> TileLand:
    return TileLand(job.seed, job.biome, job.plan.spacing_m, folder / POSTS)
