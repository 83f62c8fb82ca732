"""Scene -> GLB bytes and the report on them, and the file where one is asked for."""

import os
from collections.abc import Callable
from dataclasses import replace

import seedscape
from seedscape.assets.files import write_atomically
from seedscape.export.budget import find_budget
from seedscape.export.check import require_sound
from seedscape.export.fit import fit, lower_file
from seedscape.export.inspect import inspect_glb
from seedscape.export.profiles import find_profile, pack_passes, shape_passes
from seedscape.export.report import ExportReport
from seedscape.export.write import write_sound
from seedscape.scene.values import Scene


def export_scene(
    scene: Scene,
    path: str | os.PathLike[str] | None = None,
    profile: str = "universal",
    textures: str | None = None,
    progress: Callable[[str], None] | None = None,
    threads: int | None = None,
) -> tuple[bytes, ExportReport]:
    """(GLB bytes, report); written to `path` too, whole or not at all, unless that is None.

    textures: "jpeg", "webp" or "ktx2" instead of what the profile has. progress: called with the name of each pass.
    threads: for the pictures (None: one a core); they change no byte.
    What is over its budget is lowered in the order of `fit`, and `report.lowered` says what was done. The rest of the
    report is read back from the bytes. An environment that is over all the same is written too: see `ExportReport.within_budget` and `require_within_budget`.
    RequestError: an unknown profile, an unsound scene, a path that cannot be written. MissingPartError: no KTX2 encoder.
    """
    tell = progress or (lambda name: None)
    kind = find_profile(profile, textures)
    require_sound(scene)
    for name, change in shape_passes(kind):
        tell(name)
        scene = change(scene)
    budget = find_budget(profile)
    tell("fit")
    within, lowered = fit(scene, budget, kind.textures == "ktx2")
    fitting: Scene | None = within
    while fitting is not None:
        packed = scene = fitting
        for name, change in pack_passes(kind, threads):
            tell(name)
            packed = change(packed)
        tell("write")
        data = write_sound(packed, seedscape.__version__, kind.physics, kind.one_scene)
        if len(data) <= budget.bytes:
            break
        fitting = lower_file(replace(scene, textures=packed.textures), len(data), budget.bytes, lowered)
    report = replace(inspect_glb(data, profile), lowered=tuple(lowered))
    if path is not None:
        write_atomically(path, data)
    return data, report


def preview_glb(scene: Scene, data: bytes, profile: str, threads: int | None = None) -> bytes:
    """What the preview draws: the file itself, or a universal one where the file is packed for engines."""
    return data if not find_profile(profile).quantized else export_scene(scene, threads=threads)[0]
