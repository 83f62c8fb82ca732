"""What decoding does to land: windows of real training land beside the very same windows of the bank, decoded and bent.

    python benchmarks/terrain_pairs.py DATA [SEED] [COUNT]

DATA: the folder of elevation tiles that `evaluate terrain --data` takes; half a minute of one core. Windows are matched in relief to held-out
land, as other real land is in `evaluate terrain`. The first table holds the nearest-neighbour judge's accuracy against the held-out land, of all
features and of one group alone. The second, for every feature, the mean of (decoded and bent - real) over the pairs, in deviations of the
held-out land, and the deviation of the decoded windows over that of the real ones.
"""

import sys
from pathlib import Path

import numpy as np

from seedscape.assets.weights import read_tensors
from seedscape.generation import bend
from seedscape.generation.evaluate.flow import Windows
from seedscape.generation.evaluate.geomorphometry import FEATURES, features, measure, one_nn
from seedscape.generation.evaluate.terrain import COUNT, POOL, SIZE
from seedscape.generation.evaluate.windows import both_sides, draw_windows, match_relief
from seedscape.generation.library import BankTile
from seedscape.generation.rng import stream
from seedscape.generation.runtime import lattice_grain
from seedscape.generation.terrain import BANK, CELL, GRAIN, MARGIN, TerrainModel, open_terrain_model
from seedscape.generation.train.elevation import read_tiles, split_tiles

SPACING_M = 90.0
CELLS = SIZE // CELL
SEEN = CELLS + 2 * MARGIN
STEPS = ("real", "decoded, grain 1", f"decoded, grain {GRAIN:g}", "and bent")


def decoded(model: TerrainModel, tile: BankTile, row: int, col: int, seed: int) -> list[Windows]:
    """(SIZE, SIZE) metres of the window whose first cell is (row, col) of a tile, after each of the STEPS but the first."""
    h, w = tile.low.shape
    r = np.clip(np.arange(SEEN) + row - MARGIN, 0, h - 1)[:, None]
    c = np.clip(np.arange(SEEN) + col - MARGIN, 0, w - 1)[None, :]
    latents, low = np.ascontiguousarray(tile.latents[r, c].transpose(2, 0, 1)), tile.low[r, c].astype(np.float64)
    centre = float(low[SEEN // 2, SEEN // 2])
    grain = lattice_grain(row * CELL, col * CELL, SEEN * CELL, SEEN * CELL, seed, "grain")
    edge = MARGIN * CELL - bend.REACH
    wide = []
    for gain in (1.0, GRAIN):
        noise = (grain * np.float32(gain))[None, None]
        posts = model.heights(latents=latents[None], low=(low - centre).astype(np.float32)[None, None], noise=noise)
        wide.append(posts[0, 0, edge:-edge, edge:-edge].astype(np.float64))
    rim = slice(bend.REACH, -bend.REACH)
    made = [*(posts[rim, rim] for posts in wide), bend.bend(wide[-1], 0, 0, seed)]
    return [(posts + centre) * SPACING_M for posts in made]


def main(data: Path, seed: int, count: int) -> None:
    """Print both tables."""
    known, kept_out = split_tiles(read_tiles(data))
    train, held = both_sides(known, kept_out, SPACING_M, SIZE)
    model = open_terrain_model()
    _, metadata = read_tensors(BANK)
    bank = {entry["file"]: tile for entry, tile in zip(metadata["tiles"], model.bank, strict=True)}
    train = [tile for tile in train if tile.file in bank and bank[tile.file].spacing_m == SPACING_M]
    rng = stream(seed, "pair")
    real = draw_windows(held, count, SIZE, rng)
    pool = draw_windows(train, POOL * count, SIZE, rng)
    sets: list[list[Windows]] = [[] for _ in STEPS]
    places = []
    for k, (number, row, col) in enumerate(pool.places[match_relief(pool.heights, real.heights)]):
        tile = bank[train[number].file]
        r, c = (min(at // CELL, n - CELLS) for at, n in zip((row, col), tile.low.shape, strict=True))
        window = train[number].heights_m[r * CELL : r * CELL + SIZE, c * CELL : c * CELL + SIZE]
        for made, land in zip(sets, (window.astype(np.float64), *decoded(model, tile, r, c, 1000 + k)), strict=True):
            made.append(land)
        places.append((int(number), r * CELL, c * CELL))
    reference = measure(real.heights, SPACING_M, real.places)
    measures = [measure(np.stack(windows), SPACING_M, np.array(places)) for windows in sets]
    print(f"{'accuracy':20}{'all':>11}" + "".join(f"{name:>11}" for name in FEATURES))
    for name, m in zip(STEPS, measures, strict=True):
        accuracies = [one_nn(m, reference), *(one_nn(m, reference, list(group)) for group in FEATURES.values())]
        print(f"{name:20}" + "".join(f"{value:11.3f}" for value in accuracies))
    usual = features(reference).std(axis=0) + 1e-6
    land, ours = features(measures[0]), features(measures[-1])
    shift, spread = (ours - land).mean(axis=0) / usual, ours.std(axis=0) / (land.std(axis=0) + 1e-6)
    for name, group in FEATURES.items():
        for what, values in (("shift", shift), ("spread", spread)):
            print(f"{name:11}{what:7}" + "".join(f"{values[k]:6.2f}" for k in group))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(text) for text in (*sys.argv[2:4], *("101", str(COUNT))[len(sys.argv) - 2 :])))
