"""`compare terrain`: the priors that could make land, side by side in one run.

shipped: what `sample terrain` gives. independent: the shipped decoder on latents drawn cell by cell, as a plain VAE is sampled, over
block means of power-law noise (the altitude of a cell is no latent, and has to come from somewhere). noise, eroded: what procedural
tools make. real: land of other regions, the floor. All are matched in relief to the same held-out windows.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from seedscape.assets.files import write_group
from seedscape.generation.evaluate.anchors import eroded, power_law_noise
from seedscape.generation.evaluate.flow import Windows
from seedscape.generation.evaluate.geomorphometry import distances, measure
from seedscape.generation.evaluate.terrain import COUNT, POOL, SEAM_SIZE, SIZE, Report, other_land, positions_of
from seedscape.generation.evaluate.windows import both_sides, draw_windows, match_relief
from seedscape.generation.pictures import contact_sheet, hillshade
from seedscape.generation.rng import stream
from seedscape.generation.runtime import grain
from seedscape.generation.terrain import CELL, MARGIN, TerrainModel, open_terrain_model, pick_tiles, sample_heights
from seedscape.generation.train.elevation import read_tiles, split_tiles

PRIORS = ("shipped", "independent", "noise", "eroded", "real")
SHOWN = 10  # windows of each prior on the sheet


def compare_terrain(
    data: Path, run: Path | None, out: Path | None, seed: int = 7, count: int = COUNT, spacing_m: float = 90.0,
    report: Report = lambda what, done: None,
) -> dict[str, Any]:  # fmt: skip
    """Distances of every prior to held-out real land, positions between real (0) and noise (1), seconds per 512 window.

    Table, JSON and a sheet of hillshades go to `out`. RequestError: no held-out land at about this spacing in `data`.
    """
    train, held = both_sides(*split_tiles(read_tiles(data)), spacing_m, SIZE)
    model = open_terrain_model(run)
    rng = stream(seed, "compare", "terrain")
    real = draw_windows(held, count, SIZE, rng)
    report("sampling the priors", 0.1)
    samples = [sample_heights(seed, k, SIZE, spacing_m, model=model).heights_m for k in range(POOL * count)]
    pool = np.stack(samples).astype(np.float64)
    noise = power_law_noise(real.heights, rng)
    other = other_land(train, real, rng)
    sets: dict[str, Windows] = {
        "shipped": pool[match_relief(pool, real.heights)],
        "independent": independent_latents(model, noise, spacing_m, rng),
        "noise": noise,
        "eroded": eroded(noise),
        "real": other.heights,
    }
    report("measuring the priors", 0.6)
    reference = measure(real.heights, spacing_m, real.places)
    places = {"real": other.places}
    table = {name: distances(measure(sets[name], spacing_m, places.get(name)), reference) for name in PRIORS}
    report("timing the priors", 0.9)
    result = {
        "what": "terrain priors", "windows": count, "size": SIZE, "spacing_m": spacing_m, "seed": seed,
        "held_out": sorted({tile.region for tile in held}), "distances": table,
        "position": {name: positions_of(table[name], table["real"], table["noise"]) for name in PRIORS},
        "seconds_per_512": _seconds(model, seed, spacing_m),
    }  # fmt: skip
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        _write(out, result, {"held out": real.heights, **sets}, spacing_m)
    return result


def independent_latents(model: TerrainModel, ground: Windows, spacing_m: float, rng: np.random.Generator) -> Windows:
    """(n, size, size) heights decoded from normal latents, each cell by itself, over the block means of `ground`.

    The latents have the mean and deviation of the bank's, channel by channel.
    """
    near = pick_tiles(model, model.landforms, spacing_m)
    known = np.concatenate([tile.latents.reshape(-1, tile.latents.shape[2]) for tile in near])
    middle, spread = known.mean(axis=0), known.std(axis=0)
    cells = ground.shape[1] // CELL
    wide, edge = cells + 2 * MARGIN, MARGIN * CELL
    windows = []
    for window in ground / spacing_m:
        low = window.reshape(cells, CELL, cells, CELL).mean(axis=(1, 3))
        low = np.pad(low, MARGIN, mode="reflect", reflect_type="odd")
        centre = float(low.mean())
        latents = grain(rng, len(middle), wide, wide) * spread[:, None, None] + middle[:, None, None]
        posts = model.heights(
            latents=latents[None].astype(np.float32),
            low=(low - centre).astype(np.float32)[None, None],
            noise=grain(rng, 1, 1, wide * CELL, wide * CELL),
        )
        windows.append((posts[0, 0, edge:-edge, edge:-edge].astype(np.float64) + centre) * spacing_m)
    return np.stack(windows)


def _seconds(model: TerrainModel, seed: int, spacing_m: float) -> dict[str, float]:
    """Processor time of this process for one window of 512 posts of every prior that makes land."""
    rng = stream(seed, "compare", "time")
    rough = np.cumsum(np.cumsum(grain(rng, SEAM_SIZE, SEAM_SIZE).astype(np.float64), axis=0), axis=1)[None]
    noise = power_law_noise(rough, rng)
    makers: dict[str, Callable[[], object]] = {
        "shipped": lambda: sample_heights(seed, 0, SEAM_SIZE, spacing_m, model=model),
        "independent": lambda: independent_latents(model, noise, spacing_m, rng),
        "noise": lambda: power_law_noise(rough, rng),
        "eroded": lambda: eroded(power_law_noise(rough, rng)),
    }
    seconds = {}
    for name, make in makers.items():
        start = time.process_time()
        make()
        seconds[name] = round(time.process_time() - start, 3)
    return seconds


def format_comparison(result: dict[str, Any]) -> str:
    """The result as a table for a terminal: distances, and in brackets the position between real (0) and noise (1)."""
    of = f"{result['windows']} windows of {result['size']} posts at {result['spacing_m']:g} m, seed {result['seed']}"
    lines = [
        f"{of}, against held-out land; in brackets the position between other real land (0) and noise (1)",
        f"{'metric':12}" + "".join(f"{name:>17}" for name in PRIORS),
    ]
    for metric in result["distances"]["real"]:
        row = [(result["distances"][name][metric], result["position"][name][metric]) for name in PRIORS]
        lines.append(f"{metric:12}" + "".join(f"{value:9.4f} ({place:5.2f})" for value, place in row))
    times = result["seconds_per_512"]
    lines.append(
        f"{'s per 512':12}" + "".join(f"{times.get(name, float('nan')):9.2f}        " for name in PRIORS).rstrip()
    )
    return "\n".join(lines)


def _write(out: Path, result: dict[str, Any], sets: dict[str, Windows], spacing_m: float) -> None:
    """compare.json, compare.txt and priors.png: a row of hillshades a prior, held-out land first."""
    from seedscape.generation.evaluate.plots import png

    shades = [hillshade(w.astype(np.float32), spacing_m) for windows in sets.values() for w in windows[:SHOWN]]
    write_group({
        out / "priors.png": png(contact_sheet(shades, min(SHOWN, result["windows"]))),
        out / "compare.txt": (format_comparison(result) + "\n").encode(),
        out / "compare.json": (json.dumps(result, indent=1) + "\n").encode(),
    })  # fmt: skip
