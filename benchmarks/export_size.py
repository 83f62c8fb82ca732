"""The `quest` file against the usual tool chain, from the same scene: bytes, seconds, and how true the pictures stay.

python benchmarks/export_size.py SEED ... [--textures webp|ktx2] [--npm DIR]
DIR/node_modules holds gltfpack 1.3 and @gltf-transform/cli (npm i gltfpack@1.3.0 @gltf-transform/cli@4.5.1).

The plain file is our `universal`. gltfpack -cc keeps its pictures; glTF-Transform `optimize` packs with meshopt and WebP and is
kept from simplifying. Pictures are compared with the scene's own pixels: PSNR of the pooled squared error, over
pixels that are not clear. Rows go to benchmarks/export_size.csv; exit 1 when a bar of the issue is missed.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from table import append_row

import seedscape as ss
from seedscape.export import export_scene, inspect_glb
from seedscape.export.container import split
from seedscape.scene.values import Scene

ROOT = Path(__file__).resolve().parent.parent
SHARE = 0.9  # of the smaller of the two


def picture_error(data: bytes, scene: Scene) -> float:
    """PSNR in dB of a file's pictures against the scene's, by name."""
    document, start, _ = split(data)
    names = {}
    for texture in document["textures"]:
        extensions = texture.get("extensions", {})
        source = next((each["source"] for each in extensions.values() if "source" in each), texture.get("source"))
        names[source] = texture.get("name") or document["images"][source].get("name", "")
    squared = count = 0.0
    for index, image in enumerate(document["images"]):
        name = names[index] if names.get(index) in scene.textures else image.get("name", "")
        meant = scene.textures[name].pixels
        view = document["bufferViews"][image["bufferView"]]
        content = data[start + view.get("byteOffset", 0) :][: view["byteLength"]]
        if image["mimeType"] == "image/ktx2":
            import opengl_basisu

            shown = opengl_basisu.open(content).transcode("rgba8").data[..., :3]
        else:
            shown = np.asarray(Image.open(BytesIO(content)).convert("RGBA"))[..., :3]
        if shown.shape[:2] != meant.shape[:2]:  # a picture made smaller counts by what it shows at full size
            shown = np.asarray(
                Image.fromarray(np.ascontiguousarray(shown)).resize(meant.shape[1::-1], Image.Resampling.BILINEAR)
            )
        solid = meant[..., 3] > 0 if meant.shape[2] == 4 else np.ones(meant.shape[:2], bool)
        difference = shown.astype(float)[solid] - meant[..., :3].astype(float)[solid]
        squared += float((difference**2).sum())
        count += difference.size
    return float(10.0 * np.log10(255.0**2 * count / squared))


def run_peer(command: list[str]) -> tuple[float, float]:
    """(wall seconds, CPU seconds) of a command that must succeed."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(seed: int, textures: str, tools: Path, folder: Path) -> list[dict[str, Any]]:
    scene = ss.generate(seed=seed)
    plain, ours = folder / "plain.glb", folder / "ours.glb"
    export_scene(scene, plain)
    start, cpu = time.perf_counter(), time.process_time()
    export_scene(scene, ours, "quest", textures)
    spent = {"seedscape": (time.perf_counter() - start, time.process_time() - cpu)}
    files = {"seedscape": ours, "gltfpack": folder / "pack.glb", "gltf-transform": folder / "transform.glb"}
    spent["gltfpack"] = run_peer([str(tools / "gltfpack"), "-cc", "-i", str(plain), "-o", str(files["gltfpack"])])
    options = ["--compress", "meshopt", "--texture-compress", "webp", "--simplify", "false"]
    spent["gltf-transform"] = run_peer(
        [str(tools / "gltf-transform"), "optimize", str(plain), str(files["gltf-transform"]), *options]
    )
    rows = []
    for tool, path in files.items():
        data = path.read_bytes()
        report = inspect_glb(data, "quest")
        wall, processor = spent[tool]
        rows.append({
            "version": ss.__version__, "seed": seed, "tool": tool, "textures": textures if tool == "seedscape" else "",
            "bytes": len(data), "triangles": report.triangles, "draw_calls": report.draw_calls,
            "gpu_texture_bytes": report.gpu_texture_bytes, "picture_psnr_db": round(picture_error(data, scene), 2),
            "wall_s": round(wall, 2), "cpu_s": round(processor, 2),
        })  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seeds", type=int, nargs="+")
    parser.add_argument("--textures", default="webp", choices=("webp", "ktx2"))
    parser.add_argument("--npm", type=Path, default=Path())
    arguments = parser.parse_args()
    tools = (arguments.npm / "node_modules" / ".bin").resolve()
    rows, missed = [], 0
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            ours, *peers = compare(seed, arguments.textures, tools, Path(folder))
        smaller = min(peers, key=lambda row: int(row["bytes"]))
        ratio = ours["bytes"] / smaller["bytes"]
        kept = (
            ratio <= SHARE
            and ours["picture_psnr_db"] >= smaller["picture_psnr_db"]
            and ours["cpu_s"] <= smaller["cpu_s"]
        )
        missed += not kept
        print(f"seed {seed}: {ratio:.3f} of {smaller['tool']}, {'kept' if kept else 'MISSED'}", flush=True)
        rows += [ours, *peers]
    for row in rows:
        append_row(__file__, row)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
