"""Land from a seed: quilted latents, decoded to heights, refined towards the player.

seed -> lattice of real cells, re-arranged (quilt.py) -> heights (VAE decoder) -> a site to stand -> finer levels (refiner)
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import MissingPartError, RequestError
from seedscape.assets.weights import read_tensors, require_arrays
from seedscape.generation import bend
from seedscape.generation.character import BENCH_SPAN, PLAIN, Character, benched, draw_character, usual_character
from seedscape.generation.drain import drain
from seedscape.generation.guide import WildGuide
from seedscape.generation.library import BLOCK, BankTile, Library, build_library
from seedscape.generation.quilt import Lattice, Quilt, Shelf
from seedscape.generation.refine import refine
from seedscape.generation.rng import stream
from seedscape.generation.runtime import Network, lattice_grain, open_network
from seedscape.generation.sites import ENOUGH_SEA, choose_site, shore_squares
from seedscape.generation.sketch import Sketch, SketchedQuilt, SketchGuide
from seedscape.generation.turns import Turner
from seedscape.generation.values import Float32, HeightField, Terrain

CELL = 8  # posts a latent cell
HEIGHTS, ENCODER, REFINER = "terrain-heights.onnx", "terrain-encoder.onnx", "terrain-refiner.onnx"
BANK = "terrain-bank.safetensors"
PIECE = 256  # posts; the network runs on a fixed lattice of squares of this size
MARGIN = (
    -(-bend.REACH // CELL) + 7
)  # cells beyond a piece: those that bending looks at, and seven that see the network's padding
SKETCHED = 0.5  # strength of bending where a sketch says what lies where
GRAIN = 1.3  # gain of the decoder's noise: bending takes some of the finest octave
SPACING_M = 30.0  # of the coarsest level of an environment
POSTS = 256  # of the land in which a site is looked for: 7.7 km
HORIZON_POSTS = 268  # of the coarsest level from the site to each side: 8 km
GULLIED_M = 60.0  # half the edge of the finest level, which has gullies: 0.47 m between posts
SAME_SCALE = 1.9  # tiles within this factor of the asked spacing may be mixed
SHORE_POSTS = 0.3  # mean height of blocks that are part sea and part land
SEA_LANDFORMS = ("coast_desert", "coast_islands")
LIKE_RELIEF = 1.0  # how much the log relief of the two landforms of a world usually differs
FAIR_CELLS = 20 * BLOCK * BLOCK  # of one tile count at most when landforms are drawn
AT_ONCE = 8  # pieces made side by side: their basins are filled together, which costs hardly more than one's


@dataclass(frozen=True)
class TerrainModel:
    """The networks and the bank of latents. opened: by its file name, one that not all work needs."""

    heights: Network
    bank: tuple[BankTile, ...]
    opened: Callable[[str], Network]

    @cached_property
    def encoder(self) -> Network:
        """Heights to latents."""
        return self.opened(ENCODER)

    @cached_property
    def refiner(self) -> Network:
        """Heights to heights at half the spacing."""
        return self.opened(REFINER)

    @property
    def landforms(self) -> tuple[str, ...]:
        """The landform classes of the bank, sorted."""
        return tuple(sorted({tile.landform for tile in self.bank}))


@lru_cache(maxsize=2)
def open_terrain_model(folder: Path | None = None) -> TerrainModel:
    """The shipped model, or the one a training run left in `folder`/release. MissingPartError: absent or damaged."""
    names = (HEIGHTS, ENCODER, REFINER, BANK)
    if folder is None:
        return TerrainModel(open_network(HEIGHTS), _read_bank(BANK, None), open_network)
    try:
        data = {name: (folder / "release" / name).read_bytes() for name in names}
    except OSError as error:
        raise MissingPartError(f"expected a finished terrain run in {folder}, got {error}") from error
    return TerrainModel(
        Network(data[HEIGHTS], HEIGHTS), _read_bank(BANK, data[BANK]), lambda name: Network(data[name], name)
    )


def _read_bank(name: str, data: bytes | None) -> tuple[BankTile, ...]:
    tensors, metadata = read_tensors(name, data)
    require_arrays(name, tensors, {"latents": (np.int8, 2), "low": (np.uint16, 1), "turns": (np.int16, 3)})
    latents = tensors["latents"].astype(np.float32) * np.float32(metadata["latent_step"])
    turner = Turner(tensors["turns"].astype(np.float32), float(metadata["turn_step"]), float(metadata["latent_step"]))
    tiles, start = [], 0
    for entry in metadata["tiles"]:
        rows, cols = int(entry["rows"]), int(entry["cols"])
        stop = start + rows * cols
        low = tensors["low"][start:stop].reshape(rows, cols) * entry["low_scale"] + entry["low_offset"]
        tiles.append(
            BankTile(
                latents[start:stop].reshape(rows, cols, -1), low.astype(np.float32), _log_relief(low),
                entry["landform"], float(entry["spacing_m"]), entry["file"], turner,
            )
        )  # fmt: skip
        start = stop
    return tuple(tiles)


def _log_relief(low: NDArray[np.float64]) -> Float32:
    """(rows, cols) logarithm of the local slope of block means, over 3 x 3 cells."""
    dy, dx = np.gradient(low / CELL)
    energy = np.pad(dx * dx + dy * dy, 1, mode="edge")
    rows, cols = low.shape
    mean = sum(energy[r : r + rows, c : c + cols] for r in range(3) for c in range(3)) / 9.0
    # The logarithm only ranks candidates of the quilt; rounding keeps it the same on every machine.
    return np.round(0.5 * np.log(mean + 0.004**2), 4).astype(np.float32)


def pick_tiles(model: TerrainModel, landforms: tuple[str, ...], spacing_m: float) -> list[BankTile]:
    """Bank tiles of these landforms at about this spacing; land being self-similar, of any spacing where there are none.

    Of tiles that show the same land only the one of the nearest spacing.
    """
    unknown = sorted(set(landforms) - set(model.landforms))
    if unknown:
        raise RequestError(f"expected landforms among {', '.join(model.landforms)}, got {unknown[0]}")
    kind = [tile for tile in model.bank if tile.landform in landforms and min(tile.low.shape) >= BLOCK]
    near = [tile for tile in kind if _times_apart(tile, spacing_m) < SAME_SCALE]
    nearest: dict[str, float] = {}
    for tile in near or kind:
        nearest[tile.file] = min(nearest.get(tile.file, np.inf), _times_apart(tile, spacing_m))
    chosen = [tile for tile in near or kind if _times_apart(tile, spacing_m) == nearest[tile.file]]
    if not chosen:
        raise RequestError(f"expected landforms with large enough tiles, got {', '.join(landforms)}")
    return chosen


def _times_apart(tile: BankTile, spacing_m: float) -> float:
    return max(tile.spacing_m / spacing_m, spacing_m / tile.spacing_m)


@dataclass(frozen=True)
class LandWishes:
    """What a user may ask of a world beside its landforms; None: as the seed has it.

    roughness: 0 (the blandest land of its kind) .. 1 (the roughest). sketch: the broad shape, over `sketch_posts` posts from post
    (0, 0), with `relief_m` from black to white. toward, mix: another seed, and how far its land is taken up, 0 .. 1. character: what
    sets the world apart from others of its kind. own_character: draw all of that from the seed, not its basins alone.
    """

    roughness: float | None = None
    sketch: Sketch | None = None
    sketch_posts: int = 512
    relief_m: float = 600.0
    toward: int | None = None
    mix: float = 0.5
    character: Character | None = None
    own_character: bool = False


NO_WISHES = LandWishes()


class Cells(Protocol):
    """Anything with windows of an endless lattice of cells."""

    def window(self, row: int, col: int, rows: int, cols: int) -> Lattice:
        """The cells [row, row + rows) x [col, col + cols)."""
        ...


class World:
    """An endless land of some landforms at one post spacing; any window of it is the same to the bit, whenever it is asked for.

    Rows go south, columns east, both from minus to plus infinity. shelf: one for this very world, so that processes which make
    windows of it need not all choose the same blocks.
    """

    def __init__(
        self, seed: int, tiles: list[BankTile], model: TerrainModel, spacing_m: float, wishes: LandWishes = NO_WISHES,
        shelf: Shelf | None = None,
    ) -> None:  # fmt: skip
        sea = wishes.sketch is None and all(tile.landform in SEA_LANDFORMS for tile in tiles)
        library = build_library(tuple(tiles), sea)
        self._seed, self._network, self._wishes, self._sea = seed, model.heights, wishes, sea
        drawn = draw_character if wishes.own_character else usual_character
        self._character = wishes.character or drawn(seed)
        self._bench_wave = BENCH_SPAN * library.swell
        contrast = self._character.contrast
        self._cells: Cells = _cells(seed, library, sea, spacing_m, wishes, contrast, shelf)
        if wishes.toward is not None:
            other = _cells(wishes.toward, library, sea, spacing_m, wishes, contrast)
            self._cells = MixedCells(self._cells, other, wishes.mix)
        self._kept: dict[tuple[int, int], Float32] = {}  # the pieces asked for last, AT_ONCE at most

    def posts(self, row: int, col: int, rows: int, cols: int) -> Float32:
        """(rows, cols) heights, in posts, of the window whose first post is (row, col)."""
        result = np.empty((rows, cols), np.float32)
        down = range(row // PIECE, (row + rows - 1) // PIECE + 1)
        across = range(col // PIECE, (col + cols - 1) // PIECE + 1)
        places = [(i, j) for i in down for j in across]
        for start in range(0, len(places), AT_ONCE):
            some = places[start : start + AT_ONCE]
            before = self._kept
            new = [place for place in some if place not in before]
            made = {place: before[place] for place in some if place in before}
            made |= zip(new, self._pieces(new) if new else [], strict=True)
            self._kept = made
            for (i, j), piece in made.items():
                top, left = i * PIECE - row, j * PIECE - col
                r0, c0 = max(top, 0), max(left, 0)
                r1, c1 = min(top + PIECE, rows), min(left + PIECE, cols)
                result[r0:r1, c0:c1] = piece[r0 - top : r1 - top, c0 - left : c1 - left]
        return result

    def bands(self, row: int, col: int, rows: int, cols: int) -> Iterator[Float32]:
        """The same window from north to south in bands of a piece's rows or, where it is narrow, a few: memory goes with the width."""
        pieces = (col + cols - 1) // PIECE - col // PIECE + 1
        step = max(1, AT_ONCE // pieces)
        first = row
        while first < row + rows:
            last = min(row + rows, (first // PIECE + step) * PIECE)
            yield self.posts(first, col, last - first, cols)
            first = last

    def _pieces(self, places: list[tuple[int, int]]) -> list[Float32]:
        """Squares of the fixed lattice on which the network runs: always the same shape, so always the same bits."""
        bent = np.stack([self._bent(i, j) for i, j in places])
        if not self._sea and self._character.basins < 1.0:
            bent = drain(bent, self._character.basins, self._character.lone_pits)
        sketch = self._wishes.sketch
        if sketch is not None and sketch.sea is not None:
            for (i, j), piece in zip(places, bent, strict=True):
                r, c = ((np.arange(PIECE) + k * PIECE + 0.5) / self._wishes.sketch_posts for k in (i, j))
                piece[...] = np.where(sketch.sea_at(r[:, None], c[None, :]), np.minimum(piece, 0.0), piece)
        return [piece.astype(np.float32) for piece in bent]

    def _bent(self, i: int, j: int) -> NDArray[np.float64]:
        """(PIECE, PIECE) heights in posts before basins are filled."""
        wide = PIECE // CELL + 2 * MARGIN
        row, col = i * PIECE - MARGIN * CELL, j * PIECE - MARGIN * CELL
        lattice = self._cells.window(row // CELL, col // CELL, wide, wide)
        centre = float(lattice.low[wide // 2, wide // 2])
        noise = lattice_grain(row, col, wide * CELL, wide * CELL, self._seed, "grain") * np.float32(GRAIN)
        low = (lattice.low - centre).astype(np.float32)
        posts = self._network(latents=lattice.latents[None], low=low[None, None], noise=noise[None, None])[0, 0]
        edge = MARGIN * CELL - bend.REACH
        straight = posts[edge:-edge, edge:-edge].astype(np.float64)
        strength = 1.0 if self._wishes.sketch is None else SKETCHED
        bent = bend.bend(straight, i * PIECE, j * PIECE, self._seed, strength) + centre
        return benched(bent, self._bench_wave, self._character)


def _cells(
    seed: int, library: Library, sea: bool, spacing_m: float, wishes: LandWishes, contrast: float,
    shelf: Shelf | None = None,
) -> Cells:  # fmt: skip
    """The lattice of a world of one seed."""
    wild = WildGuide(seed, library.steepness, wishes.roughness)
    if wishes.sketch is None:
        return Quilt(library, wild, seed, sea, contrast, shelf)
    guide = SketchGuide(wishes.sketch, wishes.sketch_posts / CELL, wishes.relief_m / spacing_m, wild)
    return SketchedQuilt(Quilt(library, guide, seed, contrast=contrast, shelf=shelf), guide)


class MixedCells:
    """Land between two lands: heights on the straight line, latents on the arc between them, so that neither loses contrast."""

    def __init__(self, first: Cells, second: Cells, mix: float) -> None:
        self._first, self._second, self._mix = first, second, mix

    def window(self, row: int, col: int, rows: int, cols: int) -> Lattice:
        """The cells [row, row + rows) x [col, col + cols)."""
        a, b = self._first.window(row, col, rows, cols), self._second.window(row, col, rows, cols)
        t = self._mix
        norm = np.float32(1.0 / np.sqrt(t * t + (1.0 - t) * (1.0 - t)))
        latents = (np.float32(1.0 - t) * a.latents + np.float32(t) * b.latents) * norm
        return Lattice(latents, (1.0 - t) * a.low + t * b.low)


def sample_world(
    seed: int, index: int, spacing_m: float, landforms: tuple[str, ...] | None = None,
    model: TerrainModel | None = None, wishes: LandWishes = NO_WISHES,
) -> World:  # fmt: skip
    """The endless world of sample `index` of a seed, its posts `spacing_m` apart.

    landforms: classes whose land is joined; None: every sample draws two, in proportion to the land of its kind in the bank, the second
    rather of like relief, or the same one again. Worlds of one landform each were more like one another than regions are; of any two,
    plain and range filled block by block, for want of pieces that lead from the one to the other (docs/evaluation/terrain).
    """
    model = model or open_terrain_model()
    rng = stream(seed, "terrain", "sample", index)
    if landforms is None:
        near = pick_tiles(model, model.landforms, spacing_m)
        first = _draw_landform(near, _fair_cells(near), rng)
        landforms = tuple(sorted({first, _draw_landform(near, _alike(near, first), rng)}))
    return World(int(rng.integers(1 << 62)), pick_tiles(model, landforms, spacing_m), model, spacing_m, wishes)


def _fair_cells(tiles: list[BankTile]) -> NDArray[np.int64]:
    """(tiles,) the cells of each, FAIR_CELLS at most: one large tile must not be a landform's whole weight."""
    return np.minimum([tile.low.size for tile in tiles], FAIR_CELLS)


def _draw_landform(tiles: list[BankTile], weights: NDArray[np.int64], rng: np.random.Generator) -> str:
    """The landform of a tile drawn by integer weights."""
    sums = np.cumsum(weights)
    return tiles[int(np.searchsorted(sums, rng.integers(int(sums[-1])), side="right"))].landform


def _alike(tiles: list[BankTile], landform: str) -> NDArray[np.int64]:
    """(tiles,) the cells of each, fewer the farther the mean log relief of its landform lies from that of `landform`."""
    area, sums = (
        dict.fromkeys((tile.landform for tile in tiles), 0),
        dict.fromkeys((tile.landform for tile in tiles), 0.0),
    )
    for tile in tiles:
        area[tile.landform] += tile.low.size
        sums[tile.landform] += float(tile.log_relief.sum(dtype=np.float64))
    relief = {kind: sums[kind] / area[kind] for kind in area}
    apart = np.array([(relief[tile.landform] - relief[landform]) / LIKE_RELIEF for tile in tiles])
    return np.asarray(np.round(_fair_cells(tiles) * np.exp(-0.5 * apart * apart)), np.int64)


def sample_heights(
    seed: int, index: int, size: int, spacing_m: float, landforms: tuple[str, ...] | None = None,
    model: TerrainModel | None = None, wishes: LandWishes = NO_WISHES, corner: tuple[int, int] = (0, 0),
) -> HeightField:  # fmt: skip
    """(size, size) heights in metres above the sea of a `sample_world`; corner: row and column of the window's first post."""
    world = sample_world(seed, index, spacing_m, landforms, model, wishes)
    row, col = corner
    heights = world.posts(row, col, size, size)
    heights *= np.float32(spacing_m)
    return HeightField(heights, spacing_m, (col * spacing_m, row * spacing_m))


def generate_terrain(
    seed: int, landforms: tuple[str, ...], relief_m: float | None, size_m: float, model: TerrainModel | None = None,
    sea: bool = False,
) -> Terrain:  # fmt: skip
    """The land of one environment, spawn site at the origin, down to posts 0.47 m apart around it; see `Terrain`.

    relief_m: highest minus lowest ground wanted in the visited square of `size_m`; None: as the land has it. sea: at a shore, where the
    landform has one.
    """
    model = model or open_terrain_model()
    rng = stream(seed, "terrain", "world")
    landform = landforms[int(rng.integers(len(landforms)))]
    tiles = pick_tiles(model, (landform,), SPACING_M)
    world_seed = int(rng.integers(1 << 62))
    world = World(world_seed, tiles, model, SPACING_M, LandWishes(character=PLAIN))  # basins hold the lakes
    squares, at_shore = [(0, 0)], sea and landform in SEA_LANDFORMS
    if at_shore:
        library = build_library(tuple(tiles), True)
        guide = WildGuide(world_seed, library.steepness)
        squares = shore_squares(guide, library.rank_of(SHORE_POSTS), POSTS // CELL)
    row, col, scale = _find_site(world, squares, relief_m, size_m, at_shore)
    around = 2 * HORIZON_POSTS + 1
    wide = world.posts(row - HORIZON_POSTS, col - HORIZON_POSTS, around, around).astype(np.float64) * (
        SPACING_M * scale
    )
    levels = [HeightField(wide.astype(np.float32), SPACING_M, (-HORIZON_POSTS * SPACING_M,) * 2)]
    near = size_m / 2 + 60.0
    for k, reach in enumerate((near, near, near, min(near, 260.0), min(near, 130.0))):
        levels.append(refine(levels[-1], reach, stream(seed, "terrain", "refine", k), model.refiner))
    rng = stream(seed, "terrain", "refine", len(levels) - 1)
    levels.append(refine(levels[-1], min(near, GULLIED_M), rng, model.refiner, gullies=True))
    altitude = float(levels[-1].sample(np.zeros(1), np.zeros(1))[0])
    moved = tuple(
        HeightField((f.heights_m - np.float32(altitude)).astype(np.float32), f.spacing_m, f.origin_m) for f in levels
    )
    return Terrain(moved, altitude, landform)


def _find_site(
    world: World, squares: list[tuple[int, int]], relief_m: float | None, size_m: float, sea: bool
) -> tuple[int, int, float]:
    """(row, col) of the site, and by how much the land is to be scaled for the relief wanted.

    Looks through squares of POSTS a side; with `sea`, until that is well in view from a site.
    """
    row, col, relief, most = 0, 0, 1.0, -1.0
    half = max(2, round(size_m / 2 / SPACING_M))
    for i, j in squares:
        land = world.posts(i * POSTS, j * POSTS, POSTS, POSTS).astype(np.float64) * SPACING_M
        (r, c), view = choose_site(land, SPACING_M, size_m, relief_m, sea)
        if view > most:
            row, col, most = i * POSTS + r, j * POSTS + c, view
            relief = max(float(np.ptp(land[max(r - half, 0) : r + half + 1, max(c - half, 0) : c + half + 1])), 1.0)
        if view >= ENOUGH_SEA:
            break
    return row, col, 1.0 if relief_m is None else float(np.clip(relief_m / relief, 0.2, 5.0))
