"""Export of a scene of a million triangles against trimesh writing the same mesh uncompressed.

    PYTHONPATH=. python benchmarks/export_speed.py

CPU seconds, the best of RUNS of each: checks, every pass, writing and the report that is read back; not `fit`, which
would lower such a scene. Appends to benchmarks/export_speed.csv. Exit code 1 when `universal`, which is uncompressed like
trimesh's file, takes over 1.5 times as long. `quest` quantises and compresses too; its row is for the record.
"""

import dataclasses
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import trimesh
from table import append_row

import seedscape
from seedscape.export.check import require_sound
from seedscape.export.inspect import inspect_glb
from seedscape.export.profiles import PROFILES, pack_passes, shape_passes
from seedscape.export.write import write_sound
from seedscape.scene.values import Material, Node, Scene
from tests.export.synthetic import ground_mesh, plain, synthetic_scene

POSTS = 709  # 1,002,528 triangles
RUNS = 4
LIMIT = 1.5
T = TypeVar("T")


def million() -> Scene:
    ground = dataclasses.replace(ground_mesh(POSTS, 200.0), material="plain", colors=None)
    scene = synthetic_scene(posts=5, picture=16, trees=1)
    return dataclasses.replace(
        scene, models={"ground": (ground,)}, nodes=(Node("ground", "ground"),), materials={"plain": Material()},
        textures={}, lights={}, walkable=plain(ground_mesh(3, 9.0)),
    )  # fmt: skip


def best(work: Callable[[], T]) -> tuple[float, T]:
    """(fewest CPU seconds, the result)."""
    seconds = []
    for _ in range(RUNS):
        start = time.process_time()
        result = work()
        seconds.append(time.process_time() - start)
    return min(seconds), result


def export(scene: Scene, profile: str) -> tuple[bytes, dict[str, float]]:
    """(the file, CPU seconds of each step): what `export_scene` does, without `fit`."""
    seconds: dict[str, float] = {}
    since = time.process_time()

    def passed(name: str) -> None:
        nonlocal since
        now = time.process_time()
        seconds[name], since = now - since, now

    require_sound(scene)
    passed("check")
    for name, change in (*shape_passes(PROFILES[profile]), *pack_passes(PROFILES[profile])):
        scene = change(scene)
        passed(name)
    data = write_sound(scene, seedscape.__version__)
    passed("write")
    inspect_glb(data, profile)
    passed("inspect")
    return data, seconds


def main() -> int:
    scene = million()
    ground = scene.models["ground"][0]

    def peer() -> bytes:
        mesh = trimesh.Trimesh(ground.positions, ground.indices, vertex_normals=ground.normals, process=False)
        return bytes(mesh.export(file_type="glb", include_normals=True))

    theirs, written = best(peer)
    rows = [{"version": seedscape.__version__, "writer": "trimesh", "cpu_s": round(theirs, 2), "times": 1.0, "bytes": len(written), "steps": ""}]  # fmt: skip
    for profile in ("universal", "quest"):
        seconds, (data, steps) = best(partial(export, scene, profile))
        spent = " ".join(f"{name}={value:.2f}" for name, value in steps.items() if value >= 0.005)
        rows.append({"version": seedscape.__version__, "writer": profile, "cpu_s": round(seconds, 2), "times": round(seconds / theirs, 2), "bytes": len(data), "steps": spent})  # fmt: skip
    for row in rows:
        append_row(__file__, row)
    return int(float(str(rows[1]["times"])) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
