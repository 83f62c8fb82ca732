"""Forty worlds under the ruler: cracks, broken triangles, props off the ground or in the way, ground that can be walked.

    python benchmarks/geometry.py [--seeds 1-5] [--biomes alpine,coast] [--size-m 500]

Terrain as users get it; materials are plain ones, which geometry does not depend on. Rays are shot at the drawn triangles by
Open3D. One row a world, the sum at the end, and benchmarks/geometry.csv. Exit code 1 where a bar is missed:
no crack, no NaN, no triangle without area, 99.9 % of the props at most 10 cm above the drawn ground, none in water, in a
structure or within 3 m of the spawn point; 99.9 % of the walkable points within 5 cm of what is drawn; 2,000 m2 to walk on; land to 8 km
on every side.
"""

import argparse
import csv
import sys
import time
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from seedscape.generation.terrain import generate_terrain
from seedscape.scene import build
from seedscape.scene.biomes import BIOMES, make_biome, materials_needed
from seedscape.scene.check import check_cracks, heights_under
from seedscape.scene.scatter import place
from seedscape.scene.spec import PURPOSES, make_spec, resolve
from tests.scene.worlds import make_materials

FLOAT_M, WALK_M, SPAWN_M, WALKABLE_M2, LAND_M = 0.10, 0.05, 3.0, 2000.0, 8000.0


def measure(seed: int, biome: str, purpose: str, size_m: float) -> dict[str, Any]:
    """One row; counts of faults."""
    spec = resolve(make_spec(seed=seed, biome=biome, purpose=purpose, size_m=size_m))
    kind = make_biome(biome)
    terrain = generate_terrain(seed, kind.landforms, spec.relief_m, spec.size_m, sea=kind.sea)
    kept: list[Any] = []

    def placed(*arguments: Any) -> Any:
        kept.extend((arguments[0], place(*arguments)))
        return kept[-1]

    # What stands is merged in the scene; its feet are told by the placement alone.
    with mock.patch.object(build, "place", placed):
        started = time.process_time()
        scene = build.build_scene(spec, terrain, make_materials(materials_needed(kind, spec.season)))
        seconds = time.process_time() - started
    site, stood = kept
    ground = [parts[0] for name, parts in scene.models.items() if name.startswith(("ground_", "horizon_"))]
    x, y, z, away = stood.feet.T
    near = away < size_m / 2.0
    above = y - heights_under(ground, x, z)
    flat = nan = 0
    for parts in scene.models.values():
        for mesh in parts:
            nan += int((~np.isfinite(mesh.positions)).sum())
    for mesh in ground:
        a, b, c = (mesh.positions[mesh.indices[:, k]].astype(np.float64) for k in range(3))
        flat += int(((np.cross(b - a, c - a) ** 2).sum(axis=1) < 1e-12).sum())
    shown = np.concatenate([mesh.positions[:, [0, 2]] for mesh in ground])
    reach = [shown[shown[:, 0] < 0, 0], shown[shown[:, 0] > 0, 0], shown[shown[:, 1] < 0, 1], shown[shown[:, 1] > 0, 1]]
    corners = scene.walkable.positions.astype(np.float64)[scene.walkable.indices]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    points = corners.mean(axis=1)
    off = np.abs(heights_under(ground, points[:, 0], points[:, 2]) - points[:, 1])
    return {
        "biome": biome,
        "purpose": purpose,
        "seed": seed,
        "cpu_s": round(seconds, 1),
        "cracks": len(check_cracks(ground)),
        "nan": nan,
        "flat_triangles": flat,
        "props": len(x),
        "floating": int((~(above <= FLOAT_M)).sum()),  # those with no ground under them too
        "worst_float_m": round(float(np.nanmax(above, initial=-9.0)), 2),
        "wet": int((site.sample(site.water_depth_m, x[near], z[near]) > 0.0).sum()),
        "built_over": int((~site.free(x[near], z[near])).sum()),
        "at_spawn": int((away < SPAWN_M).sum()),
        "walk_points": len(points),
        "walk_off": int((~(off <= WALK_M)).sum()),
        "walkable_m2": round(float(np.abs(cross[:, 1]).sum() / 2.0)),
        "land_m": round(min(float(np.abs(each).max()) for each in reach)),
    }


def main() -> int:
    """Run, print, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1-5", help="first-last")
    parser.add_argument("--biomes", default=",".join(BIOMES))
    parser.add_argument("--size-m", type=float, default=500.0)
    arguments = parser.parse_args()
    first, last = (int(part) for part in arguments.seeds.split("-"))
    rows = []
    for number, biome in enumerate(arguments.biomes.split(",")):
        for seed in range(first, last + 1):
            rows.append(measure(seed, biome, PURPOSES[(number + seed) % len(PURPOSES)], arguments.size_m))
            print(" ".join(f"{k}={v}" for k, v in rows[-1].items()), flush=True)
    with (ROOT / "benchmarks" / "geometry.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    total = {k: sum(row[k] for row in rows) for k, v in rows[0].items() if isinstance(v, int) and k != "seed"}
    least, land = (min(row[name] for row in rows) for name in ("walkable_m2", "land_m"))
    print(f"{len(rows)} worlds: {total}; least walkable {least} m2, land to {land} m at least")
    good = not any(total[k] for k in ("cracks", "nan", "flat_triangles", "wet", "built_over", "at_spawn"))
    good = good and total["floating"] <= 0.001 * total["props"] and total["walk_off"] <= 0.001 * total["walk_points"]
    return 0 if good and least >= WALKABLE_M2 and land >= LAND_M else 1


if __name__ == "__main__":
    sys.exit(main())
