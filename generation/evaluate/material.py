"""`evaluate material`: generated sets beside real ones and spectrum-matched noise.

The networks that judge are trained here, on the left halves of real sets; figures compare with the right halves. See
`FIGURES` for what is measured, material_judges.py and material_measures.py for how.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seedscape.assets.errors import RequestError
from seedscape.assets.files import write_group
from seedscape.generation.arrange import arrange
from seedscape.generation.decoder import CELL
from seedscape.generation.evaluate import material_measures as measure
from seedscape.generation.evaluate.material_judges import (
    feature_distances,
    feature_net,
    halves_apart,
    recognised,
    recogniser,
)
from seedscape.generation.evaluate.material_sheets import sheets
from seedscape.generation.material import MaterialModel, decode_set, open_material_model
from seedscape.generation.rng import stream
from seedscape.generation.train.textures import PIXELS, TextureSet, read_sets, set_names
from seedscape.generation.values import Float32

STEPS = 200
MOST_OTHERS = 30  # sets that the feature net learns to tell apart
PASSES = 0.85  # of what the real sets of a class reach: a class counts as recognised from there on

# Columns of the table and their titles. real, ours, noise: share of crops the recogniser gives to their class. d.floor, d.move, d.join,
# d.ours, d.noise: distance in the feature net's features between opposite halves of the real set and: itself, itself moved around on its
# torus, its pixels in our arrangement (see `joined_pixels`), ours, noise. swd: sliced
# Wasserstein distance of patches, ours over floor (left to right half). weave, w.real: step energy of even over odd lines. seam:
# step across the wrap over that inside. std: the channel's standard deviation over the real one's that is farthest from 1. copy,
# seeds: highest circular correlation with the training sets of the class, and between two seeds. same: share of 48-pixel patches found in the
# training set. light, l.real: how far luminance follows one direction of slope.
FIGURES = {
    "recognised_real": "real", "recognised_ours": "ours", "recognised_noise": "noise", "distance_floor": "d.floor",
    "distance_moved": "d.move", "distance_joined": "d.join", "distance_ours": "d.ours", "distance_noise": "d.noise", "swd_ratio": "swd", "weave": "weave", "weave_real": "w.real",
    "seam": "seam", "deviation": "std", "copy": "copy", "copied": "same", "between_seeds": "seeds", "light": "light",
    "light_real": "l.real",
}  # fmt: skip


def evaluate_material(
    data: Path, run: Path | None, out: Path | None, seeds: Sequence[int] = (7,), steps: int = STEPS
) -> dict[str, Any]:
    """Figures of every set, their means, and how many sets and classes pass; pictures and JSON go to `out`.

    Several seeds: each draws arrangements, crops and judges of its own, and figures and shares are the means over them.
    """
    model = open_material_model(run)
    names = tuple(str(entry["name"]) for entry in model.sets)
    try:
        sets = read_sets(data, names)
    except RequestError as error:
        raise RequestError(f"expected the sets the model was trained on, got {error}") from error
    strangers = sorted(set(set_names(data)) - set(names))
    some = tuple(strangers[:: -(-len(strangers) // MOST_OTHERS) or 1])
    others = [item.channels for item in read_sets(data, some, strict=False)] if some else []
    judged = [_judged(model, sets, others, seed, steps) for seed in seeds]
    rows = [_mean_row([each[k] for each in judged]) for k in range(len(sets))]
    shares = [_shares(each) for each in judged]
    result: dict[str, Any] = {
        "what": "material", "seed": seeds[0], "seeds": list(seeds), "steps": steps, "other_sets": len(others), "sets": rows,
        "mean": {name: float(np.mean([row[name] for row in rows])) for name in FIGURES}, **_classes(rows),
        "share_within": {name: float(np.mean([share[name] for share in shares])) for name in shares[0]},
        "share_of_means": _distance_shares(rows),
        "share_by_seed": [{"seed": seed, **share} for seed, share in zip(seeds, shares, strict=True)],
    }  # fmt: skip
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        shown = [_made(model, k, name, seeds[0]) for k, name in enumerate(names)]
        pictures, result["sheets"] = sheets(sets, shown, seeds[0])
        report = (json.dumps(result, indent=1) + "\n").encode()
        write_group({**{out / name: data for name, data in pictures.items()}, out / "material.json": report})
    return result


def _made(model: MaterialModel, index: int, name: str, seed: int) -> Float32:
    return decode_set(model, index, PIXELS // CELL, stream(seed, "evaluate", name))


def _judged(
    model: MaterialModel, sets: list[TextureSet], others: list[Float32], seed: int, steps: int
) -> list[dict[str, Any]]:  # fmt: skip
    """A row of figures for each set, by judges trained with this seed."""
    names, kinds = [item.name for item in sets], [item.material for item in sets]
    real = [item.channels for item in sets]
    ours, second = ([_made(model, k, name, s) for k, name in enumerate(names)] for s in (seed, seed + 1))
    moved = [
        np.roll(x, tuple(stream(seed, "moved", name).integers(0, PIXELS, 2)), (1, 2))
        for name, x in zip(names, real, strict=True)
    ]
    joined = [joined_pixels(model, k, real[k], stream(seed, "evaluate", name)) for k, name in enumerate(names)]
    shown, noise = (
        [measure.phase_noise(x, stream(s, "noise", name)) for name, x in zip(names, real, strict=True)]
        for s in (seed, seed + 1)
    )
    judge = recogniser(real, shown, seed, steps)
    shares = {
        which: recognised(judge, pixels, kinds) for which, pixels in (("real", real), ("ours", ours), ("noise", noise))
    }
    net = feature_net(others if len(others) > 1 else real, seed, steps)
    distance = {
        f"distance_{which}": feature_distances(net, pixels, real)
        for which, pixels in (("floor", real), ("moved", moved), ("joined", joined), ("ours", ours), ("noise", noise))
    }
    half = PIXELS // 2
    rows: list[dict[str, Any]] = []
    for k, name in enumerate(names):
        ratios = measure.deviation_ratios(ours[k], real[k])
        right = real[k][:, :, half:]
        swd = [measure.sliced_wasserstein(x, right, k) for x in (ours[k], real[k][:, :, :half])]
        rows.append({
            "set": name, "material": kinds[k], "halves_apart": len(halves_apart(real[k])),
            **{f"recognised_{which}": values[k] for which, values in shares.items()},
            **{title: values[k] for title, values in distance.items()},
            "swd_ratio": swd[0] / max(swd[1], 1e-6),
            "weave": measure.weave(ours[k]), "weave_real": measure.weave(real[k]), "seam": measure.seam(ours[k]),
            "deviation": max(ratios, key=lambda x: abs(np.log(max(x, 1e-6)))), "deviation_ratio": ratios,
            "copy": max(measure.correlation(ours[k][0], x[0]) for x, kind in zip(real, kinds, strict=True) if kind == kinds[k]),
            "copied": measure.copied(ours[k][0], real[k][0], k),
            "between_seeds": measure.correlation(ours[k][0], second[k][0]),
            "seeds_differ": float(np.abs(measure.rgb_of(ours[k]) - measure.rgb_of(second[k])).mean() * 255),
            "light": measure.light_direction(ours[k]), "light_real": measure.light_direction(real[k]),
            "albedo_outside": measure.albedo_outside(ours[k]),
        })  # fmt: skip
    return rows


def joined_pixels(model: MaterialModel, index: int, real: Float32, rng: np.random.Generator) -> Float32:
    """(5, n, n): the pixels of the real set in the arrangement that `decode_set` makes of its latents with this stream.

    What a decoder without fault would give, but for its healing of the joints: how far arranging alone takes a set from itself.
    """
    cells, mean = PIXELS // CELL, real.mean((1, 2), keepdims=True)
    blocks = (real - mean).reshape(5, cells, CELL, cells, CELL).transpose(0, 2, 4, 1, 3).reshape(-1, cells, cells)
    torus = np.concatenate([model.torus[index], blocks.astype(np.float32)])
    importance = np.concatenate([model.importance, np.zeros(len(blocks), np.float32)])  # the latents alone decide
    moved = arrange(torus, cells, rng, importance)[-len(blocks) :]
    pixels = moved.reshape(5, CELL, CELL, cells, cells).transpose(0, 3, 1, 4, 2).reshape(real.shape)
    return np.asarray(pixels + mean, np.float32)


def _mean_row(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The mean over seeds of the figures of one set; of deviations that which is farthest from 1."""
    first = rows[0]
    mean = {
        name: float(np.mean([row[name] for row in rows])) for name, value in first.items() if isinstance(value, float)
    }
    deviation = max((row["deviation"] for row in rows), key=lambda x: abs(np.log(max(x, 1e-6))))
    ratios = np.mean([row["deviation_ratio"] for row in rows], axis=0).tolist()
    return first | mean | {"deviation": deviation, "deviation_ratio": ratios}


def _classes(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The classes, and those that are recognised."""
    classes: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        classes.setdefault(row["material"], []).append(row)

    def mean(kind: str, name: str) -> float:
        return float(np.mean([row[name] for row in classes[kind]]))

    known = [k for k in classes if mean(k, "recognised_ours") >= PASSES * mean(k, "recognised_real") > 0]
    return {"classes": sorted(classes), "classes_recognised": sorted(known)}


def _shares(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Shares of the sets within each limit."""

    def share(test: list[bool]) -> float:
        return sum(test) / len(test)

    return {
        **_distance_shares(rows),
        "distance <= noise": share([row["distance_ours"] <= row["distance_noise"] for row in rows]),
        "weave <= 1.06": share([row["weave"] <= 1.06 for row in rows]),
        "seam <= 1.10": share([row["seam"] <= 1.10 for row in rows]),
        "std .85-1.15": share([all(0.85 <= x <= 1.15 for x in row["deviation_ratio"]) for row in rows]),
        "copy <= 0.5": share([row["copy"] <= 0.5 for row in rows]),
    }


def _distance_shares(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Shares of the sets on which ours, the scans moved around, and their pixels in our arrangement are as near as two real halves."""
    names = {"ours": "distance", "moved": "the scan itself, moved,", "joined": "real pixels, joined,"}
    return {
        f"{name} <= floor": sum(row[f"distance_{which}"] <= row["distance_floor"] for row in rows) / len(rows)
        for which, name in names.items()
    }


def format_material(result: dict[str, Any]) -> str:
    """The result as a table, a row a set; the columns are those of `FIGURES`."""
    lines = [f"{'set':22}{'class':13}" + "".join(f"{title:>8}" for title in FIGURES.values())]
    for row in [*result["sets"], {"set": "mean", "material": "", **result["mean"]}]:
        lines.append(f"{row['set']:22}{row['material']:13}" + "".join(f"{row[name]:8.2f}" for name in FIGURES))
    known, count = result["classes_recognised"], len(result["classes"])
    missed = sorted(set(result["classes"]) - set(known))
    lines.append(f"classes recognised: {len(known)} of {count}; missed: {', '.join(missed) or 'none'}")
    seeds = len(result["seeds"])
    lines.append(
        f"share of sets by their means over {seeds} seed{'s' * (seeds > 1)}: "
        + ", ".join(f"{name} {x:.2f}" for name, x in result["share_of_means"].items())
    )
    lines.append(
        "share of sets, each seed by itself: "
        + ", ".join(f"{name} {x:.2f}" for name, x in result["share_within"].items())
    )
    return "\n".join(lines)
