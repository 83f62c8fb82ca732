"""The land that tiles are cut from: its posts and colours, kept in a folder while the tiles are made.

What is kept is only there so that no two workers, and no call that goes on after another, make the same twice; it changes nothing.
"""

import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from seedscape import __version__
from seedscape.generation.rng import stream
from seedscape.generation.terrain import PIECE, World, open_terrain_model, pick_tiles
from seedscape.generation.values import Float32
from seedscape.scene.biomes import Biome, Layer, Ramp, make_biome

INSET = PIECE // 2  # posts from a block's edge to the land's: else a strip along two sides would take blocks of its own
COLOR_PX = 64  # of the material sets whose mean colour paints the land

Block = tuple[int, int]
"""(row, column) of a square of PIECE x PIECE posts."""


@dataclass(frozen=True)
class FolderShelf:
    """A `quilt.Shelf` of small files, for all processes that make the land `key`. A file carries its sum: one that a power cut
    left half written counts as none, so none is flushed. What cannot be written is forgotten.
    """

    folder: Path
    key: str

    def get(self, name: str) -> bytes | None:
        try:
            data = self._path(name).read_bytes()
        except OSError:
            return None
        return data[4:] if data[:4] == zlib.crc32(data[4:]).to_bytes(4, "little") else None

    def put(self, name: str, data: bytes) -> None:
        path = self._path(name)
        half = path.with_name(f"{path.name}.{os.getpid()}")
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            half.write_bytes(zlib.crc32(data).to_bytes(4, "little") + data)
            os.replace(half, path)

    def _path(self, name: str) -> Path:
        return self.folder / f"{self.key}-{name}"


def blocks_under(row: int, col: int, rows: int, cols: int) -> list[Block]:
    """The blocks that a window of posts lies on."""
    down, across = (
        range((a + INSET) // PIECE, (a + n - 1 + INSET) // PIECE + 1) for a, n in ((row, rows), (col, cols))
    )
    return [(i, j) for i in down for j in across]


def runs(blocks: Iterable[Block], longest: int) -> Iterator[tuple[Block, ...]]:
    """The blocks, in order, as runs of neighbours in a row: at most that many, and about equally many."""
    row: list[Block] = []
    for block in [*sorted(blocks), None]:
        if row and block != (row[-1][0], row[-1][1] + 1):
            parts = -(-len(row) // longest)
            cuts = [k * len(row) // parts for k in range(parts + 1)]
            yield from (tuple(row[a:b]) for a, b in pairwise(cuts))
            row = []
        if block is not None:
            row.append(block)


class TileLand:
    """Posts and colours of the land of a seed and biome."""

    def __init__(self, seed: int, biome: str, spacing_m: float, folder: Path) -> None:
        self._seed, self._biome = seed, make_biome(biome)
        self._shelf = FolderShelf(folder, f"{seed}-{biome}-{spacing_m!r}-{__version__}")
        rng = stream(seed, "tiles", "world")
        model = open_terrain_model()
        landform = self._biome.landforms[int(rng.integers(len(self._biome.landforms)))]
        tiles = pick_tiles(model, (landform,), spacing_m)
        self._spacing = np.float32(spacing_m)
        self._world = World(int(rng.integers(1 << 62)), tiles, model, spacing_m, shelf=self._shelf)

    @cached_property
    def colors(self) -> dict[str, np.ndarray]:
        """Material -> linear RGB."""
        names = _materials(self._biome)
        data = self._shelf.get("colors")
        if data is None:
            data = _mean_colors(self._seed, self._biome, names).tobytes()
            self._shelf.put("colors", data)
        return dict(zip(names, np.frombuffer(data, np.float64).reshape(len(names), 3), strict=True))

    @cached_property
    def _altitudes(self) -> tuple[float, float]:
        """(low, relief) in metres that altitude is counted in."""
        first = self.block(0, 0)
        low, high = np.sort(first.reshape(-1))[[first.size // 50, -first.size // 50]]
        return float(low), max(1.0, float(high - low))

    def make_blocks(self, blocks: tuple[Block, ...]) -> None:
        """Make a run of blocks, but those that are there. Side by side takes less time than one by one: see `World.posts`."""
        for run in runs((block for block in blocks if self._shelf.get(_name(block)) is None), len(blocks)):
            self._made(run)

    def _made(self, run: tuple[Block, ...]) -> Float32:
        row, col = run[0]
        heights = self._world.posts(row * PIECE, col * PIECE, PIECE, len(run) * PIECE) * self._spacing
        for k, block in enumerate(run):
            self._shelf.put(_name(block), heights[:, k * PIECE : (k + 1) * PIECE].tobytes())
        return heights

    @lru_cache(maxsize=64)  # noqa: B019  one land lives as long as its worker
    def block(self, row: int, col: int) -> Float32:
        """(PIECE, PIECE) heights in metres."""
        data = self._shelf.get(_name((row, col)))
        return self._made(((row, col),)) if data is None else np.frombuffer(data, np.float32).reshape(PIECE, PIECE)

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
        rgb = np.tile(self.colors[self._biome.base.material], (len(heights), 1))
        for layer in self._biome.overlays:
            if layer.patches is None and (layer.slope or layer.altitude):
                weight = _weight(layer, altitude, slopes)[:, None]
                rgb = rgb * (1.0 - weight) + self.colors[layer.material] * weight
        return rgb.astype(np.float32)


def _name(block: Block) -> str:
    return f"posts-{block[0]}-{block[1]}"


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
