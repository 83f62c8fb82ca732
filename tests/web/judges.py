"""The outside judges of a GLB, from Python: the Khronos validator, and three.js in a real browser.

Both need Node and tests/web/node_modules (`npm ci --prefix tests/web`), the browser also Chromium; scripts/test installs them.
What is missing fails the test that asks, with the command that installs it.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


def validate(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """What the Khronos glTF-Validator says of each file: errors, warnings, infos, hints (counts) and `issues`."""
    command = [_node(), "validate.mjs", *map(_absolute, paths)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    if len(reports) != len(paths) or done.returncode not in (0, 1):
        raise AssertionError(f"the validator failed: {done.stderr.strip()[-500:]}")
    return reports


def render(path: Path, png: Path, *options: str) -> dict[str, Any]:
    """Show the file in three.js from spawn_0 (or --eye x,y,z --look x,y,z), save the picture, return what page.js measured.

    `ok` is False when it did not load or render; `console` holds the browser's warnings and errors.
    """
    command = [require_browser(), "shot.mjs", _absolute(path), _absolute(png), *options]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False, timeout=900)
    if not done.stdout.strip():
        raise AssertionError(f"the browser failed: {done.stderr.strip()[-500:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def require_browser() -> str:
    """The path of Node; AssertionError where it, its modules or Chromium are missing."""
    if not os.access(CHROMIUM, os.X_OK):
        raise AssertionError(
            f"expected Chromium at {CHROMIUM} (apt-get install chromium, or name yours in CHROMIUM), got none"
        )
    return _node()


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        raise AssertionError("expected Node.js 20 or newer on the PATH (apt-get install nodejs npm), got none")
    for module in ("3d-tiles-renderer", "gltf-validator", "three", "playwright-core"):
        if not (HERE / "node_modules" / module / "package.json").is_file():
            raise AssertionError(f"expected the npm module {module} (npm ci --prefix tests/web), got none")
    return node


def _absolute(path: Path) -> str:
    return str(Path(path).resolve())
