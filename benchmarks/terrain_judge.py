"""What tells generated land from real: the nearest-neighbour judge of `seedscape evaluate terrain`, feature by feature and step by step.

    python benchmarks/terrain_judge.py DATA [SEED] [POOL]

DATA: the folder of elevation tiles that `evaluate terrain --data` takes. A pool of 192 windows takes some four minutes of one core. Rows are
sets of land matched in relief to held-out real land: other real land (three draws); cells of the bank decoded and bent as they are; the
same cells quilted, basins as they come; basins filled but for a tenth, as `sample terrain` makes them; noise. Columns are accuracies, 0.5 cannot
tell: of all features, of one group alone, and with one group left out. Below them, the deviation of the features over their deviation in
the held-out land, as the mean of a group: how much the windows of a set differ from one another.
"""

import sys
from pathlib import Path

import numpy as np

from seedscape.generation.drain import drain
from seedscape.generation.evaluate.anchors import power_law_noise
from seedscape.generation.evaluate.flow import Windows
from seedscape.generation.evaluate.geomorphometry import FEATURES, Measures, features, measure, one_nn
from seedscape.generation.evaluate.terrain import COUNT, FLOORS, SIZE, other_land
from seedscape.generation.evaluate.windows import both_sides, draw_windows, match_relief
from seedscape.generation.library import BankTile
from seedscape.generation.quilt import Lattice
from seedscape.generation.rng import stream
from seedscape.generation.terrain import (
    CELL,
    MARGIN,
    TerrainModel,
    World,
    open_terrain_model,
    pick_tiles,
    sample_world,
)
from seedscape.generation.train.elevation import read_tiles, split_tiles

SPACING_M = 90.0
SEEN = SIZE // CELL + 2 * MARGIN  # cells a side that one window looks at
SEA_SHARE = 0.15  # cells of the bank with more sea are left out
STEADY = 1e-5  # features that hardly differ in the held-out land (the lowest flow accumulations are all one cell) have no spread


class AsItIs:
    """Cells of one tile of the bank; beyond its rim, those on it."""

    def __init__(self, tile: BankTile, row: int, col: int) -> None:
        self._tile, self._row, self._col = tile, row, col

    def window(self, row: int, col: int, rows: int, cols: int) -> Lattice:
        """The cells [row, row + rows) x [col, col + cols), counted from the place given."""
        h, w = self._tile.low.shape
        r = np.clip(np.arange(row, row + rows) + self._row, 0, h - 1)[:, None]
        c = np.clip(np.arange(col, col + cols) + self._col, 0, w - 1)[None, :]
        latents = np.ascontiguousarray(self._tile.latents[r, c].transpose(2, 0, 1))
        return Lattice(latents, self._tile.low[r, c].astype(np.float64))


def decoded(model: TerrainModel, pool: int, seed: int) -> Windows:
    """(pool, SIZE, SIZE) metres of land of the bank, drawn evenly over its tiles, as real land is over its regions."""
    rng = stream(seed, "judge")
    tiles = [tile for tile in pick_tiles(model, model.landforms, SPACING_M) if min(tile.low.shape) >= SEEN]
    made: list[Windows] = []
    while len(made) < pool:
        tile = tiles[int(rng.integers(len(tiles)))]
        row, col = (int(rng.integers(n - SEEN + 1)) + MARGIN for n in tile.low.shape)
        inner = tile.low[row : row + SIZE // CELL, col : col + SIZE // CELL]
        if (np.abs(inner) < 0.02).mean() > SEA_SHARE:
            continue
        world = World(int(rng.integers(1 << 62)), [tile], model, SPACING_M)
        world._cells = AsItIs(tile, row, col)
        made.append(world._bent(0, 0)[:SIZE, :SIZE] * SPACING_M)
    return np.stack(made)


def quilted(model: TerrainModel, pool: int, seed: int) -> tuple[Windows, Windows]:
    """(pool, SIZE, SIZE) metres twice: basins as they come, and filled as `sample terrain` does."""
    bent, filled = [], []
    for k in range(pool):
        world = sample_world(seed, k, SPACING_M, model=model)
        piece = world._bent(0, 0)
        full = piece if world._sea else drain(piece[None], world._character.basins)[0]
        bent.append(piece[:SIZE, :SIZE] * SPACING_M)
        filled.append(full[:SIZE, :SIZE] * SPACING_M)
    return np.stack(bent), np.stack(filled)


def main(data: Path, seed: int, pool: int) -> None:
    """Print the table."""
    known, kept_out = split_tiles(read_tiles(data))
    train, held = both_sides(known, kept_out, SPACING_M, SIZE)
    rng = stream(seed, "evaluate", "terrain")
    real = draw_windows(held, min(COUNT, pool // 2), SIZE, rng)
    model = open_terrain_model()
    noise = power_law_noise(real.heights, rng)
    floors = [other_land(train, real, rng) for _ in range(FLOORS)]
    sets: dict[str, list[Measures]] = {"other real land": [measure(f.heights, SPACING_M, f.places) for f in floors]}
    reference = measure(real.heights, SPACING_M, real.places)
    bent, filled = quilted(model, pool, seed)
    for name, land in (("decoded bank", decoded(model, pool, seed)), ("quilted", bent), ("as sampled", filled)):
        sets[name] = [measure(land[match_relief(land, real.heights)], SPACING_M)]
    sets["noise"] = [measure(noise, SPACING_M)]
    everything = range(sum(len(group) for group in FEATURES.values()))
    choices = {"all": list(everything)}
    choices |= {f"{name} only": list(group) for name, group in FEATURES.items()}
    choices |= {f"no {name}": [k for k in everything if k not in group] for name, group in FEATURES.items()}
    print(f"{'accuracy':18}" + "".join(f"{name:>15}" for name in choices))
    for name, many in sets.items():
        accuracies = (np.mean([one_nn(m, reference, which) for m in many]) for which in choices.values())
        print(f"{name:18}" + "".join(f"{value:15.3f}" for value in accuracies))
    usual = features(reference).std(axis=0) + 1e-6
    groups = {"lowest slope": FEATURES["slope"][:1], **FEATURES}
    print(f"{'spread':18}" + "".join(f"{name:>15}" for name in groups))
    for name, many in sets.items():
        spread = np.mean([features(m).std(axis=0) / usual for m in many], axis=0)
        means = (np.mean([spread[k] for k in group if usual[k] > STEADY]) for group in groups.values())
        print(f"{name:18}" + "".join(f"{value:15.2f}" for value in means))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(text) for text in (*sys.argv[2:4], *("7", "192")[len(sys.argv) - 2 :])))
