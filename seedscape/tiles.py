"""Endless land as 3D Tiles: who asks for which tile, where posts come from, and how many workers make them.

A tile depends on the seed, the spec and its key alone. Blocks of posts are kept in the folder while it grows, so that no
worker computes a block twice; they change nothing and are gone in the end.
"""

import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from seedscape import __version__
from seedscape.assets.files import write_atomically
from seedscape.export.issues import GlbError
from seedscape.export.tiles import CELLS, TileKey, TilePlan, make_tile, read_tile, tileset_json
from seedscape.generation.rng import stream
from seedscape.generation.terrain import PIECE, World, open_terrain_model, pick_tiles
from seedscape.generation.values import Float32
from seedscape.scene.biomes import BIOMES, Biome, Layer, Ramp, make_biome

POSTS = ".posts"
T = TypeVar("T")
R = TypeVar("R")
CHUNK = 4  # tiles handed to a worker at a time
INSET = PIECE // 2  # posts from a block's edge to the land's: else a strip along two sides would take blocks of its own
COLOR_PX = 64  # of the material sets whose mean colour paints the land


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


def _make_all(
    job: TileJob, folder: Path, keys: list[TileKey], workers: int
) -> Iterable[tuple[TileKey, dict[str, Any]]]:
    """Blocks first, then tiles, so that none is made twice. This process is one of the workers."""
    blocks = sorted({block for key in keys for block in _blocks(job.plan, key)})
    if workers == 1 or not keys:
        _make_blocks(job, folder, blocks)
        yield from _make_some(job, folder, keys)
        return
    # spawn: a forked child may inherit the locks of threads that do not live on in it
    with ProcessPoolExecutor(workers - 1, get_context("spawn"), _single_thread) as pool:
        for _ in range(workers - 1):
            pool.submit(_start, job, folder)  # they do while this process makes the colours for all
        _land(job, folder).colors()
        for _ in _dealt(pool, workers - 1, partial(_make_blocks, job, folder), [[block] for block in blocks]):
            pass
        chunks = [keys[k : k + CHUNK] for k in range(0, len(keys), CHUNK)]
        for made in _dealt(pool, workers - 1, partial(_make_some, job, folder), chunks):
            yield from made


def _dealt(pool: Executor, children: int, make: Callable[[T], R], chunks: list[T]) -> Iterator[R]:
    """What `make` makes of each chunk, in any order. This process takes them from the front, its children from the back:
    it need not wait until they have started, nobody waits long for the last, and neighbours share part of their making."""
    left, running = deque(chunks), set[Future[R]]()
    while left or running:
        while left and len(running) < 2 * children:
            running.add(pool.submit(make, left.pop()))
        if left:
            yield make(left.popleft())
        done, running = wait(running, timeout=0.0 if left else None, return_when=FIRST_COMPLETED)
        yield from (each.result() for each in done)


def _single_thread() -> None:
    """Two processes of two threads each ran at half speed on two cores."""
    os.environ["OMP_NUM_THREADS"] = "1"


def _start(job: TileJob, folder: Path) -> None:
    _land(job, folder)


def _make_blocks(job: TileJob, folder: Path, blocks: list[tuple[int, int]]) -> None:
    for block in blocks:
        _land(job, folder).block(*block)


def _make_some(job: TileJob, folder: Path, keys: list[TileKey]) -> list[tuple[TileKey, dict[str, Any]]]:
    return [_make(job, folder, key) for key in keys]


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


def _blocks(plan: TilePlan, key: TileKey) -> list[tuple[int, int]]:
    """Blocks of posts that a tile looks at."""
    step = plan.step(key.level)
    size = CELLS * step
    rows, cols = (
        range((k * size - step + INSET) // PIECE, ((k + 1) * size + step + INSET) // PIECE + 1) for k in (key.y, key.x)
    )
    return [(row, col) for row in rows for col in cols]


@lru_cache(maxsize=1)
def _land(job: TileJob, folder: Path) -> "_Land":
    return _Land(job, folder / POSTS)


class _Land:
    """Posts and colours of a job, from blocks kept in a folder."""

    def __init__(self, job: TileJob, folder: Path) -> None:
        self._folder, self._biome = folder, make_biome(job.biome)
        spacing = job.plan.spacing_m
        rng = stream(job.seed, "tiles", "world")
        model = open_terrain_model()
        landform = self._biome.landforms[int(rng.integers(len(self._biome.landforms)))]
        self._spacing = np.float32(spacing)
        self._world = World(int(rng.integers(1 << 62)), pick_tiles(model, (landform,), spacing), model, spacing)
        self._key = f"{job.seed}-{job.biome}-{spacing!r}-{__version__}"
        folder.mkdir(parents=True, exist_ok=True)
        self._seed = job.seed

    @lru_cache(maxsize=1)  # noqa: B019  one land lives as long as its worker
    def colors(self) -> dict[str, np.ndarray]:
        """Material -> linear RGB."""
        names = _materials(self._biome)
        return dict(zip(names, self._kept("colors", lambda: _mean_colors(self._seed, self._biome, names)), strict=True))

    @cached_property
    def _altitudes(self) -> tuple[float, float]:
        """(low, relief) in metres that altitude is counted in."""
        first = self.block(0, 0)
        low, high = np.sort(first.reshape(-1))[[first.size // 50, -first.size // 50]]
        return float(low), max(1.0, float(high - low))

    @lru_cache(maxsize=64)  # noqa: B019  one land lives as long as its worker
    def block(self, row: int, col: int) -> Float32:
        """(PIECE, PIECE) heights in metres."""
        made = self._kept(
            f"{row}-{col}", lambda: self._world.posts(row * PIECE, col * PIECE, PIECE, PIECE) * self._spacing
        )
        return np.asarray(made, np.float32)

    def _kept(self, name: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The array of that name in the folder, made where it is not there yet."""
        path = self._folder / f"{self._key}-{name}.npy"
        try:
            return np.asarray(np.load(path, allow_pickle=False))
        except (OSError, ValueError, EOFError):
            made = make()
        file = BytesIO()
        np.save(file, made, allow_pickle=False)
        write_atomically(path, file.getvalue())
        return made

    def posts(self, row: int, col: int, rows: int, cols: int) -> Float32:
        """Heights of a window of the endless grid."""
        row, col = row + INSET, col + INSET
        across = range(row // PIECE, (row + rows - 1) // PIECE + 1)
        down = range(col // PIECE, (col + cols - 1) // PIECE + 1)
        joined = np.block([[self.block(i, j) for j in down] for i in across])
        top, left = row - across.start * PIECE, col - down.start * PIECE
        return np.ascontiguousarray(joined[top : top + rows, left : left + cols])

    def paint(self, heights: Float32, slopes: np.ndarray) -> Float32:
        """Linear RGB of the ground layers that lie at these heights and slopes; what depends on more is left out."""
        low, relief = self._altitudes
        altitude = (heights.astype(np.float64) - low) / relief
        rgb = np.tile(self.colors()[self._biome.base.material], (len(heights), 1))
        for layer in self._biome.overlays:
            if layer.patches is None and (layer.slope or layer.altitude):
                weight = _weight(layer, altitude, slopes)[:, None]
                rgb = rgb * (1.0 - weight) + self.colors()[layer.material] * weight
        return rgb.astype(np.float32)


def _weight(layer: Layer, altitude: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    weight: np.ndarray = np.full(len(altitude), layer.strength)
    for ramp, values in ((layer.altitude, altitude), (layer.slope, slopes), (layer.gentle, slopes)):
        weight = weight if ramp is None else weight * _ramp(values, ramp)
    return np.asarray(np.clip(weight, 0.0, 1.0))


def _ramp(values: np.ndarray, ramp: Ramp) -> np.ndarray:
    """0 at the first value, 1 at the second, which may be the smaller."""
    first, second = ramp
    return np.asarray(np.clip((values - first) / (second - first), 0.0, 1.0))


def _materials(biome: Biome) -> tuple[str, ...]:
    return tuple(dict.fromkeys(layer.material for layer in (biome.base, *biome.overlays)))


def _mean_colors(seed: int, biome: Biome, names: tuple[str, ...]) -> np.ndarray:
    """(names, 3) mean linear RGB of each material, times the tint of its layer."""
    from seedscape.generation.material import generate_materials

    sets = generate_materials(seed, names, COLOR_PX, 1)
    tints = {layer.material: np.array(layer.tint) for layer in reversed([biome.base, *biome.overlays])}
    rows = []
    for name in names:
        srgb = sets[name].base_color.reshape(-1, 3).astype(np.float64) / 255.0
        linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).mean(axis=0)
        rows.append(np.clip(np.round(linear, 4) * tints[name], 0.0, 1.0))
    return np.array(rows)
