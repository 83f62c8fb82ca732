"""How long the page takes to the first picture of a world that the service has already: python benchmarks/viewer_first_picture.py FILE.glb

From the start of the navigation to the first frame that was submitted, as the page itself measures it; Chromium's software renderer,
nothing in the browser's cache. Needs the node modules of tests/web and viewer. Prints one line a run.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.service.running import Service
from tests.viewer.driver import drive


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="made for the profile quest, as the page asks for it")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--size", default="1280x800", help="of the window")
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copyfile(arguments.file, folder / "ready.glb")
        with Service(folder / "service", job="tests.viewer.ready_job:make", workers=1) as service:
            body = {"spec": {"seed": 42}, "profile": "quest", "preview": True}
            answer = service.http.post("/v1/environments", json=body, headers={"prefer": "wait=60"})
            assert answer.json()["status"] == "done", answer.text
            print("run,window,file_mb,triangles,draws,first_picture_s,load_average")
            for run in range(arguments.runs):
                seen = drive("look", f"{service.url}/?seed=42", folder, size={"width": width, "height": height})
                assert seen["complaints"] == [], seen["complaints"]
                megabytes = arguments.file.stat().st_size / 1e6
                print(
                    f"{run},{arguments.size},{megabytes:.1f},{seen['triangles']},{seen['draws']},"
                    f"{seen['firstPictureMs'] / 1000:.2f},{os.getloadavg()[0]:.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
