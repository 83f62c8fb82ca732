"""`evaluate terrain`: generated land beside held-out real land, with two anchors measured in the same run.

floor: real land of the training regions against the held-out regions: what two sets of real land differ by.
noise: power-law noise whose spectral slope is fitted to the held-out land, each window scaled to its relief: what procedural
tools start from. level: the same noise brought to each window's own mean spectral power instead: a harder anchor, since relief is
mostly tilt and noise of equal relief has less power at every scale that is judged. Sets are matched in relief window by window, or plains would be compared with alps.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import RequestError
from seedscape.assets.files import write_group
from seedscape.generation.evaluate.geomorphometry import Measures, Windows, distances, measure, radial_psd
from seedscape.generation.pictures import contact_sheet, hillshade
from seedscape.generation.rng import fractions, stream
from seedscape.generation.terrain import open_terrain_model, sample_heights
from seedscape.generation.train.elevation import Tile, read_tiles, split_tiles

SIZE = 128
COUNT = 96
POOL = 3  # candidates drawn for each window that is matched in relief
METRICS = ("psd", "slope", "curvature", "drainage", "swd", "one_nn")


def evaluate_terrain(
    data: Path, run: Path | None, out: Path | None, seed: int = 7, count: int = COUNT, spacing_m: float = 90.0
) -> dict[str, Any]:
    """Distances of our samples, of other real land and of noise to held-out real land; see the module.

    position: (ours - floor) / (noise - floor): 0 is as good as real, 1 as bad as noise. Pictures and JSON go to `out`.
    RequestError: no held-out land at about this spacing in `data`.
    """
    train, held = split_tiles(read_tiles(data))
    train, held = _at(train, spacing_m), _at(held, spacing_m)
    if not train or not held:
        raise RequestError(
            f"expected regions to hold out (three or more of a landform) near {spacing_m:g} m in {data}, got none"
        )
    rng = stream(seed, "evaluate", "terrain")
    real = _windows(held, count, rng)
    other = _match(_windows(train, POOL * count, rng), real)
    model = open_terrain_model(run)
    pool = np.stack([sample_heights(seed, k, SIZE, spacing_m, model=model).heights_m for k in range(POOL * count)])
    ours = _match(pool.astype(np.float64), real)
    noise = power_law_noise(real, rng)
    level = at_the_level_of(noise, real)
    measured = {
        name: measure(windows, spacing_m)
        for name, windows in (("real", real), ("floor", other), ("ours", ours), ("noise", noise), ("level", level))
    }
    table = {name: distances(measured[name], measured["real"]) for name in ("floor", "ours", "noise", "level")}
    nearer = {
        anchor: [name for name in METRICS if table["ours"][name] < table[anchor][name]] for anchor in ("noise", "level")
    }
    result: dict[str, Any] = {
        "what": "terrain", "windows": count, "size": SIZE, "spacing_m": spacing_m, "seed": seed,
        "held_out": sorted({tile.region for tile in held}), "distances": table,
        "position": {k: _position(table["ours"][k], table["floor"][k], table["noise"][k]) for k in table["ours"]},
        "pits": {name: float(m.pits.mean()) for name, m in measured.items()},
        "nearer_than_noise": nearer["noise"], "nearer_than_level": nearer["level"],
    }  # fmt: skip
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        _write(out, result, {"real": real, "ours": ours, "noise": noise}, measured, spacing_m)
    return result


def _position(ours: float, floor: float, noise: float) -> float:
    return float((ours - floor) / (noise - floor)) if abs(noise - floor) > 1e-9 else float("nan")


def _at(tiles: list[Tile], spacing_m: float) -> list[Tile]:
    return [tile for tile in tiles if 0.9 < tile.spacing_m / spacing_m < 1.1 and tile.quality != "C"]


def _windows(tiles: list[Tile], count: int, rng: np.random.Generator) -> Windows:
    """(count, SIZE, SIZE) random windows, tiles in proportion to the root of their area; mostly sea is left out."""
    chances = np.sqrt([tile.heights_m.size for tile in tiles])
    ends = np.cumsum(np.round(chances)).astype(int)
    found: list[NDArray[np.float64]] = []
    for _ in range(50 * count):
        tile = tiles[int(np.searchsorted(ends, int(rng.integers(ends[-1])), side="right"))]
        rows, cols = tile.heights_m.shape
        r, c = int(rng.integers(rows - SIZE + 1)), int(rng.integers(cols - SIZE + 1))
        window = tile.heights_m[r : r + SIZE, c : c + SIZE].astype(np.float64)
        _, counts = np.unique(window, return_counts=True)
        if counts.max() < 0.2 * window.size and window.std() > 2.0:
            found.append(window)
            if len(found) == count:
                return np.stack(found)
    raise RequestError(f"expected tiles with land in {len(tiles)} tiles, got mostly flat ones")


def _match(pool: Windows, real: Windows) -> Windows:
    """For each real window the unused one of `pool` nearest in log standard deviation (greedy, largest relief first)."""
    have, want = np.log(pool.std(axis=(1, 2)) + 1e-6), np.log(real.std(axis=(1, 2)))
    free = np.ones(len(pool), bool)
    taken = np.zeros(len(real), np.int64)
    for i in np.argsort(-want):
        gap = np.where(free, np.abs(have - want[i]), np.inf)
        taken[i] = int(np.argmin(gap))
        free[taken[i]] = False
    return pool[taken]


def power_law_noise(real: Windows, rng: np.random.Generator) -> Windows:
    """Gaussian noise with the power-law spectrum fitted to each real window, scaled to its standard deviation."""
    spectrum = radial_psd(real)
    edges = np.geomspace(2.0 / SIZE, 0.5, spectrum.shape[1] + 1)
    logs = np.log10(np.sqrt(edges[:-1] * edges[1:]))
    centred = logs - logs.mean()
    slopes = (spectrum * centred).sum(axis=1) / (centred**2).sum()
    size = 2 * SIZE  # a window of a larger torus, so that nothing wraps around
    radius = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None, :])
    radius[0, 0] = np.inf
    windows = []
    for window, slope in zip(real, slopes, strict=True):
        white = sum(fractions(rng, size, size) for _ in range(4)) - 2.0
        field = np.fft.ifft2(np.fft.fft2(white) * radius ** (slope / 2)).real[:SIZE, :SIZE]
        windows.append((field - field.mean()) / field.std() * window.std() + window.mean())
    return np.stack(windows)


def at_the_level_of(noise: Windows, real: Windows) -> Windows:
    """The noise with each window brought to the mean log power of the real window beside it."""
    gain = 10.0 ** ((radial_psd(real).mean(axis=1) - radial_psd(noise).mean(axis=1)) / 2)
    middle = noise.mean(axis=(1, 2), keepdims=True)
    return np.asarray((noise - middle) * gain[:, None, None] + middle)


def format_terrain(result: dict[str, Any]) -> str:
    """The result as a table for a terminal."""
    lines = [
        f"{result['windows']} windows of {result['size']} posts at {result['spacing_m']:g} m, held out: {', '.join(result['held_out'])}"
    ]
    lines.append(f"{'metric':12}{'floor':>10}{'ours':>10}{'noise':>10}{'level':>10}{'position':>10}")
    for name in result["distances"]["ours"]:
        row = [result["distances"][which][name] for which in ("floor", "ours", "noise", "level")]
        lines.append(f"{name:12}" + "".join(f"{value:10.4f}" for value in row) + f"{result['position'][name]:10.2f}")
    for anchor, what in (("noise", "noise of equal relief"), ("level", "noise of equal spectral power")):
        near = result[f"nearer_than_{anchor}"]
        lines.append(f"nearer to real land than {what} on {len(near)} of {len(METRICS)}: {', '.join(near)}")
    return "\n".join(lines)


def _write(
    out: Path, result: dict[str, Any], sets: dict[str, Windows], measured: dict[str, Measures], spacing_m: float
) -> None:
    """terrain.json, a hillshade sheet (real, ours, noise; one row each) and the mean spectra."""
    from seedscape.generation.evaluate.plots import line_plot, png

    shades = [hillshade(window.astype(np.float32), spacing_m) for windows in sets.values() for window in windows[:10]]
    curves = {name: m.psd.mean(axis=0) for name, m in measured.items()}
    drains = {name: m.drainage.mean(axis=0) for name, m in measured.items()}
    slopes = {name: m.slope.mean(axis=0) for name, m in measured.items()}
    write_group({
        out / "hillshades.png": png(contact_sheet(shades, 10)),
        out / "psd.png": png(line_plot(curves, "radial band", "log10 power")),
        out / "drainage.png": png(line_plot(drains, "quantile", "log2 flow accumulation")),
        out / "slope.png": png(line_plot(slopes, "quantile", "slope")),
        out / "terrain.json": (json.dumps(result, indent=1) + "\n").encode(),
    })  # fmt: skip
