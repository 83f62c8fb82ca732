"""`evaluate material`: generated sets beside real ones and spectrum-matched noise.

The networks that judge are trained here, on the left halves of real sets; figures compare with the right halves. See
`FIGURES` for what is measured, material_judges.py and material_measures.py for how.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from seedscape.assets.errors import RequestError
from seedscape.assets.files import write_group
from seedscape.generation.decoder import CELL
from seedscape.generation.evaluate import material_measures as measure
from seedscape.generation.evaluate.material_judges import feature_distances, feature_net, recognised, recogniser
from seedscape.generation.evaluate.material_sheets import sheets
from seedscape.generation.material import decode_set, open_material_model
from seedscape.generation.rng import stream
from seedscape.generation.train.textures import PIXELS, read_sets, set_names

STEPS = 200
MOST_OTHERS = 30  # sets that the feature net learns to tell apart
PASSES = 0.85  # of what the real sets of a class reach: a class counts as recognised from there on

# Columns of the table and their titles. real, ours, noise: share of crops the recogniser gives to their class. d.floor, d.ours,
# d.noise: distance in the feature net's features to the real right half, of the real left half, ours and noise. swd: sliced
# Wasserstein distance of patches, ours over floor (left to right half). weave, w.real: step energy of even over odd lines. seam:
# step across the wrap over that inside. std: the channel's standard deviation over the real one's that is farthest from 1. copy,
# seeds: highest circular correlation with the training sets of the class, and between two seeds. same: share of 48-pixel patches found in the
# training set. light, l.real: how far luminance follows one direction of slope.
FIGURES = {
    "recognised_real": "real", "recognised_ours": "ours", "recognised_noise": "noise", "distance_floor": "d.floor",
    "distance_ours": "d.ours", "distance_noise": "d.noise", "swd_ratio": "swd", "weave": "weave", "weave_real": "w.real",
    "seam": "seam", "deviation": "std", "copy": "copy", "copied": "same", "between_seeds": "seeds", "light": "light",
    "light_real": "l.real",
}  # fmt: skip


def evaluate_material(
    data: Path, run: Path | None, out: Path | None, seed: int = 7, steps: int = STEPS
) -> dict[str, Any]:
    """Figures of every set, their means, and how many sets and classes pass; pictures and JSON go to `out`."""
    model = open_material_model(run)
    names = tuple(str(entry["name"]) for entry in model.sets)
    try:
        sets = read_sets(data, names)
    except RequestError as error:
        raise RequestError(f"expected the sets the model was trained on, got {error}") from error
    kinds = [item.material for item in sets]
    real = [item.channels for item in sets]
    cells = PIXELS // CELL
    ours, second = (
        [decode_set(model, k, cells, stream(s, "evaluate", name)) for k, name in enumerate(names)] for s in (seed, seed + 1)
    )  # fmt: skip
    shown, noise = (
        [measure.phase_noise(x, stream(s, "noise", name)) for name, x in zip(names, real, strict=True)]
        for s in (seed, seed + 1)
    )
    judge = recogniser(real, shown, seed, steps)
    shares = {
        which: recognised(judge, pixels, kinds) for which, pixels in (("real", real), ("ours", ours), ("noise", noise))
    }
    strangers = sorted(set(set_names(data)) - set(names))
    some = tuple(strangers[:: -(-len(strangers) // MOST_OTHERS) or 1])
    others = [item.channels for item in read_sets(data, some, strict=False)] if some else []
    net = feature_net(others if len(others) > 1 else real, seed, steps)
    distance = {
        "distance_floor": feature_distances(net, real, 0, real),
        "distance_ours": feature_distances(net, ours, 1, real),
        "distance_noise": feature_distances(net, noise, 1, real),
    }
    half = PIXELS // 2
    rows: list[dict[str, Any]] = []
    for k, name in enumerate(names):
        ratios = measure.deviation_ratios(ours[k], real[k])
        right = real[k][:, :, half:]
        swd = [measure.sliced_wasserstein(x, right, k) for x in (ours[k], real[k][:, :, :half])]
        rows.append({
            "set": name, "material": kinds[k],
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
    result: dict[str, Any] = {
        "what": "material", "seed": seed, "steps": steps, "other_sets": len(others), "sets": rows,
        "mean": {name: float(np.mean([row[name] for row in rows])) for name in FIGURES}, **_verdicts(rows),
    }  # fmt: skip
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        pictures, result["sheets"] = sheets(sets, ours, seed)
        report = (json.dumps(result, indent=1) + "\n").encode()
        write_group({**{out / name: data for name, data in pictures.items()}, out / "material.json": report})
    return result


def _verdicts(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What the bars ask: classes recognised, and shares of the sets within each limit."""
    classes: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        classes.setdefault(row["material"], []).append(row)

    def share(test: list[bool]) -> float:
        return sum(test) / len(test)

    def mean(kind: str, name: str) -> float:
        return float(np.mean([row[name] for row in classes[kind]]))

    return {
        "classes": sorted(classes),
        "classes_recognised": sorted(
            k for k in classes if mean(k, "recognised_ours") >= PASSES * mean(k, "recognised_real") > 0
        ),
        "share_within": {
            "distance <= floor": share([row["distance_ours"] <= row["distance_floor"] for row in rows]),
            "distance <= noise": share([row["distance_ours"] <= row["distance_noise"] for row in rows]),
            "weave <= 1.06": share([row["weave"] <= 1.06 for row in rows]),
            "seam <= 1.10": share([row["seam"] <= 1.10 for row in rows]),
            "std .85-1.15": share([all(0.85 <= x <= 1.15 for x in row["deviation_ratio"]) for row in rows]),
            "copy <= 0.5": share([row["copy"] <= 0.5 for row in rows]),
        },
    }


def format_material(result: dict[str, Any]) -> str:
    """The result as a table, a row a set; the columns are those of `FIGURES`."""
    lines = [f"{'set':22}{'class':13}" + "".join(f"{title:>8}" for title in FIGURES.values())]
    for row in [*result["sets"], {"set": "mean", "material": "", **result["mean"]}]:
        lines.append(f"{row['set']:22}{row['material']:13}" + "".join(f"{row[name]:8.2f}" for name in FIGURES))
    known, count = result["classes_recognised"], len(result["classes"])
    missed = sorted(set(result["classes"]) - set(known))
    lines.append(f"classes recognised: {len(known)} of {count}; missed: {', '.join(missed) or 'none'}")
    lines.append("share of sets: " + ", ".join(f"{name} {x:.2f}" for name, x in result["share_within"].items()))
    return "\n".join(lines)
