"""One environment from a spec to bytes: the work that `generate`, batches and the service have in common."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import PurePath
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from seedscape import api
from seedscape.api import Progress, silent
from seedscape.assets.errors import MissingPartError
from seedscape.scene.spec import SceneSpec, resolve

if TYPE_CHECKING:
    from seedscape.export.report import ExportReport
    from seedscape.scene.values import Scene


@dataclass(frozen=True)
class Environment:
    """glb, picture: the files' bytes; picture is None where none was asked for or none can be made here.

    manifest: JSON values as `make_manifest` gives them. scene: what was exported.
    """

    glb: bytes
    picture: bytes | None
    manifest: dict[str, Any]
    report: "ExportReport"
    scene: "Scene"


def make_environment(
    spec: SceneSpec,
    name: str,
    *,
    profile: str = "universal",
    textures: str | None = None,
    preview: bool = True,
    threads: int | None = None,
    progress: Progress = silent,
    note: Callable[[str], None] = lambda line: None,
) -> Environment:
    """Generate, build and export; nothing is written, and an environment over its budget is returned too.

    spec: need not be resolved. name: what the GLB will be called, e.g. 42.glb; the picture is then 42.png. textures, profile: as of `api.export`.
    note: told in one line what could not be done although the rest can, i.e. the picture. RequestError: an unknown
    profile. MissingPartError: a model file or an encoder is missing.
    """
    from seedscape.assets.weights import model_hashes
    from seedscape.export.export_scene import export_scene, preview_glb
    from seedscape.export.preview import PreviewRenderer
    from seedscape.export.profiles import require_profile
    from seedscape.manifest import make_manifest

    require_profile(profile, textures)
    models = model_hashes()
    picture = None
    with Stopwatch(progress) as watch, PreviewRenderer() if preview else nullcontext() as renderer:
        scene = api.build(resolve(spec), watch, threads)
        watch("export", 0.75)
        data, report = export_scene(scene, None, profile, textures, threads=threads)
        if renderer is not None:
            watch("preview", 0.8)
            try:
                picture = renderer.draw(preview_glb(scene, data, profile, threads))
            except MissingPartError as error:  # the environment is whole without its picture
                note(f"no preview: {error}")
    files = {"glb": name} | ({} if picture is None else {"preview": PurePath(name).with_suffix(".png").name})
    return Environment(data, picture, make_manifest(scene, report, models, files, watch.seconds), report, scene)


class Stopwatch:
    """A progress that passes on what it is told and keeps the seconds that each stage took; complete after the block."""

    def __init__(self, progress: Progress = silent) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress
        self._stage = ""
        self._since = time.perf_counter()

    def __call__(self, stage: str, share: float) -> None:
        if stage != self._stage:
            self._finish()
            self._stage = stage
        self._progress(stage, share)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._finish()

    def _finish(self) -> None:
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage] = round(self.seconds.get(self._stage, 0.0) + now - self._since, 3)
        self._stage, self._since = "", now
