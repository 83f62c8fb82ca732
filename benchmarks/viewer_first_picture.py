"""How long the page takes to the first picture of a world that the service has already.

    python benchmarks/viewer_first_picture.py [--runs 5] [--sizes 200 1000] [--window 1280x800]

From the start of the navigation until the renderer has finished the first frame of the three-dimensional world (a fence behind its
commands), as the page itself measures it: the page, its script, the answers of the service, the file of the profile quest, its
pictures and shaders are all in it; the preview picture and the empty page are not counted. Without a GPU the first frame has 0.4 of
the pixels in each direction, pictures of 512 x 512 at most and no triangles behind the camera; the next ones have all. Chromium's
software renderer, nothing in its cache, a new browser each run. cpu_s: processor time of all processes of the browser until then, which
depends less on what else the machine does. Needs the node modules of tests/web and viewer. Makes seed 42 of each size first. Appends a row for each size, the median of its runs, to viewer_first_picture.csv.
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from table import append_row

from seedscape import __version__
from seedscape.environment import make_environment
from seedscape.scene.spec import make_spec
from tests.service.running import Service
from tests.viewer.driver import drive


def look(glb: bytes, window: str, runs: int, folder: Path) -> list[dict[str, Any]]:
    """What the page knew after the first picture, run by run."""
    width, height = map(int, window.split("x"))
    folder.mkdir()
    (folder / "ready.glb").write_bytes(glb)
    found = []
    with Service(folder / "service", job="tests.viewer.ready_job:make", workers=1) as service:
        body = {"spec": {"seed": 42}, "profile": "quest", "preview": True}
        answer = service.http.post("/v1/environments", json=body, headers={"prefer": "wait=60"})
        assert answer.json()["status"] == "done", answer.text
        for run in range(runs):
            seen = drive("look", f"{service.url}/?seed=42", folder, size={"width": width, "height": height})
            assert seen["complaints"] == [], seen["complaints"]
            print(
                f"run {run}: {seen['firstPictureMs'] / 1000:.2f} s, {seen['cpuSeconds']:.1f} s of processor", flush=True
            )
            found.append(seen)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[200, 1000], help="size_m of the worlds")
    parser.add_argument("--window", default="1280x800")
    arguments = parser.parse_args()
    for size_m in arguments.sizes:
        glb = make_environment(make_spec(seed=42, size_m=size_m), "42.glb", profile="quest", preview=False).glb
        load = os.getloadavg()[0]
        with tempfile.TemporaryDirectory() as folder:
            seen = look(glb, arguments.window, arguments.runs, Path(folder) / "run")
        first_s = sorted(run["firstPictureMs"] / 1000 for run in seen)
        row = {
            "version": __version__, "size_m": size_m, "window": arguments.window, "runs": arguments.runs,
            "file_mb": round(len(glb) / 1e6, 1), "triangles": seen[0]["triangles"], "draws": seen[0]["draws"],
            "first_picture_s": round(statistics.median(first_s), 2), "best_s": round(first_s[0], 2),
            "cpu_s": round(statistics.median(run["cpuSeconds"] for run in seen), 1), "load_before": round(load, 1),
        }  # fmt: skip
        append_row(__file__, row)


if __name__ == "__main__":
    main()
