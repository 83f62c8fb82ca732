"""A preview picture of a GLB from its first spawn point, drawn by Google Filament (the `filly` package) without a GPU.

It is drawn in a process of its own: a renderer that meets a broken OpenGL driver may end its process, and the finished
environment must survive that. Seed 42 (248,000 triangles, 79 MB of textures) takes 4.7 s of CPU time, 3.7 s on two cores, and
555 MB in that process. The same file gives the same picture, byte for byte, on one machine.
"""

import os
import subprocess
import sys
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from seedscape.assets.errors import MissingPartError, RequestError

TIMEOUT_S = 120.0


def render_preview(glb: bytes, width: int = 960, height: int = 540) -> bytes:
    """A PNG (width x height) of what a visitor sees at spawn_0, eyes at 1.6 m; errors as of `PreviewRenderer.draw`."""
    with PreviewRenderer(width, height) as renderer:
        return renderer.draw(glb)


class PreviewRenderer:
    """One picture's process, which loads its libraries and its driver while the GLB is still being made.

    It starts where the block is entered; where the block is left without a picture it is ended.
    """

    def __init__(self, width: int = 960, height: int = 540) -> None:
        self._size = (str(width), str(height))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
        if sys.platform == "linux" and "DISPLAY" not in environment:
            environment.setdefault("EGL_PLATFORM", "surfaceless")
        command = [sys.executable, "-m", "seedscape.export.filament", *self._size]
        pipe = subprocess.PIPE
        with suppress(OSError):  # told by `draw`
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment)
        return self

    def draw(self, glb: bytes) -> bytes:
        """A PNG of what a visitor sees at spawn_0, eyes at 1.6 m; once.

        MissingPartError: Filament is not installed or cannot draw here.
        """
        if self._process is None:
            raise MissingPartError("expected to start Python for the preview, got none; try --no-preview")
        try:
            png, errors = self._process.communicate(glb, TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise MissingPartError(f"expected a preview within {TIMEOUT_S:.0f} s, got none; try --no-preview") from None
        if self._process.returncode == 0 and png.startswith(b"\x89PNG"):
            return png
        said = errors.decode("utf-8", "replace").strip().splitlines()
        reason = said[-1][:200] if said else f"exit status {self._process.returncode}"
        raise MissingPartError(f"no preview: {reason} (needs `pip install filly` and libegl1; or use --no-preview)")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.kill()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with suppress(OSError):  # of a pipe whose reader has gone
                    stream.close()
        self._process.wait()


def find_spawn(nodes: list[dict[str, Any]]) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """(eye 1.6 m above the first spawn point, direction of its heading), metres."""
    for node in nodes:
        if node.get("name") == "spawn_0":
            x, y, z = node.get("translation", (0.0, 0.0, 0.0))
            _, turn_y, _, turn_w = node.get("rotation", (0.0, 0.0, 0.0, 1.0))
            # -Z turned about +Y by the angle a with sin(a/2) = turn_y, cos(a/2) = turn_w
            heading = (-2.0 * turn_y * turn_w, 0.0, -(1.0 - 2.0 * turn_y * turn_y))
            return (x, y + 1.6, z), heading
    raise RequestError("expected a GLB with a node spawn_0, got none")
