"""Jobs that take the time they are told: what the worker processes of the tests run in place of the networks.

The field `rocks` of the spec says how long in seconds, `water` what happens. A job that is HELD goes on until the file
STUB_JOB_LOG.go/SEED or STUB_JOB_LOG.go/all is there, so that what a test does meanwhile may take as long as it takes.
"""

import os
import time
from pathlib import Path
from typing import Any

from seedscape.api import Progress
from seedscape.assets.errors import RequestError
from seedscape.assets.store import Store, json_sha256
from seedscape.service.leases import Work
from seedscape.service.work import assets_of

REFUSED, BROKEN, DIES, GREEDY, HELD = 0.11, 0.12, 0.13, 0.14, 0.15625  # values of `water`
HELD_S = 300.0  # the longest


def make(work: Work, store: Store, threads: int, progress: Progress) -> dict[str, Any]:
    """A few bytes for a GLB; the log counts how often each work was begun and ended."""
    spec = work.spec
    _note("began", work)
    steps = 10
    for k in range(steps):
        progress(f"stage {k}", k / steps)
        time.sleep(float(spec["rocks"]) / steps)
    match spec["water"]:
        case 0.11:
            raise RequestError("seed: expected another one, got this")
        case 0.12:
            raise KeyError("/secret/path")
        case 0.13:
            os._exit(9)
        case 0.14:
            hoard = [b"x" * (64 << 20) for _ in range(64)]
            time.sleep(HELD_S)
            del hoard
        case 0.15625:
            _hold(spec["seed"], progress)
    digest = json_sha256(spec).encode()
    objects = {
        "glb": store.put(b"glTF" + digest * 64),
        "manifest": store.put(b'{"spec":"' + digest + b'"}\n'),
    }
    if work.preview:
        objects["preview"] = store.put(b"\x89PNG\r\n\x1a\n" + digest)
    store.record(work.key, {"objects": objects})
    _note("ended", work)
    return assets_of(store, objects)


def draw(wish: dict[str, Any]) -> tuple[bytes, str, dict[str, str]]:
    """A sample of no land."""
    if wish["seed"] == 13:
        os._exit(9)
    if wish["seed"] == 14:
        time.sleep(60.0)
    kind = "image/png" if wish["kind"] == "material" or wish["format"] == "png" else "application/octet-stream"
    return str(sorted(wish.items())).encode(), kind, {"x-kind": str(wish["kind"])}


def _hold(seed: int, progress: Progress) -> None:
    go, until = Path(os.environ["STUB_JOB_LOG"] + ".go"), time.monotonic() + HELD_S
    while time.monotonic() < until and not (go / str(seed)).exists() and not (go / "all").exists():
        time.sleep(0.1)
        progress("held", 1.0)


def _note(what: str, work: Work) -> None:
    path = os.environ.get("STUB_JOB_LOG")
    if path:
        with open(path, "a", encoding="ascii") as log:
            log.write(f"{what} {work.key}\n")
