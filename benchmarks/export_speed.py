"""Export of a scene of a million triangles against trimesh writing the same mesh uncompressed.

python benchmarks/export_speed.py      prints CPU seconds of each; the bar is 1.5 times trimesh's
"""

import dataclasses
import sys
import time

import trimesh

import seedscape
from seedscape.export.profiles import PROFILES, pack_passes, shape_passes
from seedscape.export.write import write_glb
from seedscape.scene.values import Material, Node, Scene
from tests.export.synthetic import ground_mesh, plain, synthetic_scene

POSTS = 709  # 1,002,528 triangles


def million() -> Scene:
    ground = dataclasses.replace(ground_mesh(POSTS, 200.0), material="plain", colors=None)
    scene = synthetic_scene(posts=5, picture=16, trees=1)
    return dataclasses.replace(
        scene, models={"ground": (ground,)}, nodes=(Node("ground", "ground"),), materials={"plain": Material()},
        textures={}, lights={}, walkable=plain(ground_mesh(3, 9.0)),
    )  # fmt: skip


def main() -> int:
    scene = million()
    ground = scene.models["ground"][0]
    start = time.process_time()
    mesh = trimesh.Trimesh(ground.positions, ground.indices, vertex_normals=ground.normals, process=False)
    written = mesh.export(file_type="glb", include_normals=True)
    peer = time.process_time() - start
    print(f"trimesh {peer:.2f} s, {len(written):,} bytes")
    slower = False
    for name in ("universal", "quest"):
        start, packed, steps = time.process_time(), scene, []
        for step, change in (*shape_passes(PROFILES[name]), *pack_passes(PROFILES[name])):
            before = time.process_time()
            packed = change(packed)
            steps.append(f"{step} {time.process_time() - before:.2f}")
        data = write_glb(packed, seedscape.__version__)
        ours = time.process_time() - start
        slower |= ours > 1.5 * peer
        print(f"{name} {ours:.2f} s = {ours / peer:.2f} times, {len(data):,} bytes ({', '.join(steps)})")
    start = time.process_time()
    data = write_glb(scene, seedscape.__version__)
    print(f"write alone {time.process_time() - start:.2f} s, {len(data):,} bytes")
    return int(slower)


if __name__ == "__main__":
    sys.exit(main())
