"""Scene -> GLB bytes and the report on them, and the file where one is asked for."""

import os

import seedscape
from seedscape.assets.files import write_atomically
from seedscape.export.budget import require_writable_profile
from seedscape.export.inspect import inspect_glb
from seedscape.export.report import ExportReport
from seedscape.export.write import write_glb
from seedscape.scene.values import Scene


def export_scene(
    scene: Scene, path: str | os.PathLike[str] | None = None, profile: str = "universal"
) -> tuple[bytes, ExportReport]:
    """(GLB bytes, report); written to `path` too, whole or not at all, unless that is None.

    The report is read back from the bytes, so it is what `inspect_glb` says of the file. An environment over its budget is
    written all the same: see `ExportReport.within_budget` and `require_within_budget`.
    RequestError: a profile that is unknown or not written yet, an unsound scene, a path that cannot be written.
    """
    require_writable_profile(profile)
    data = write_glb(scene, seedscape.__version__)
    report = inspect_glb(data, profile)
    if path is not None:
        write_atomically(path, data)
    return data, report
