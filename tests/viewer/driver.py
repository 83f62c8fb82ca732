"""Drives the viewer in a real browser; needs Node, tests/web/node_modules, viewer/node_modules and Chromium (scripts/test)."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seedscape.view import ViewServer, open_server
from tests.web.judges import require_browser

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PATIENCE_S = 1500


@contextmanager
def viewing(file: Path, **options: Any) -> Iterator[ViewServer]:
    """What `seedscape view` serves, in a thread."""
    with open_server(file, **options) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def drive(scenario: str, url: str, folder: Path, **options: Any) -> dict[str, Any]:
    """What a scenario of drive.mjs saw; its pictures are in `folder`."""
    node = require_browser()
    if not (ROOT / "viewer" / "node_modules" / "iwer" / "package.json").is_file():
        raise AssertionError("expected the npm module iwer (npm ci --prefix viewer), got none")
    command = [node, str(HERE / "drive.mjs"), scenario, url, str(folder), json.dumps(options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    if not done.stdout.strip():
        raise AssertionError(f"the browser failed: {done.stderr.strip()[-1500:]}")
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen
