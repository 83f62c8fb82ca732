"""What Python users call: spec -> generation -> scene -> export, in that order.

import seedscape as ss

scene = ss.generate(seed=42, biome="alpine", time_of_day_h=18)
report = ss.export(scene, "42.glb")
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

from seedscape.scene.spec import SceneSpec, make_spec, resolve

if TYPE_CHECKING:
    from seedscape.export.report import ExportReport
    from seedscape.scene.values import Scene

ALONE = 0.4  # share of the work that materials are, where nothing is done beside it
SHARES = {
    "survey": 0.2, "structures": 0.26, "materials": 0.4, "ground": 0.63, "plants and rocks": 0.72, "horizon": 0.96,
    "water": 0.97, "sky": 0.98, "paths": 0.99,
}  # of a scene when each of its stages begins, as measured for seed 42 on two cores  # fmt: skip
BARK_PX = 512  # as wide as its strip in the picture of a biome's trees

Progress = Callable[[str, float], None]
"""Called with the name of the stage that begins and the share of the whole work that is done, 0..1."""


def silent(stage: str, share: float) -> None:
    """The progress of who does not want to know."""


def generate(
    spec: SceneSpec | None = None, *, progress: Progress = silent, threads: int | None = None, **fields: Any
) -> "Scene":
    """The environment that the fields of `SceneSpec` describe, e.g. generate(seed=42, biome="alpine").

    spec: a spec to start from; the fields given by name count more. progress: see `Progress`. threads: how many the
    networks may use (None: all cores); it changes nothing in the result. RequestError: a field is wrong.
    MissingPartError: a model file is missing or damaged.
    """
    start = asdict(spec) if spec is not None else {}
    return build(resolve(make_spec(**{**start, **fields})), progress, threads)


def build(spec: SceneSpec, progress: Progress = silent, threads: int | None = None) -> "Scene":
    """The environment of a resolved spec."""
    from seedscape.assets.threads import Beside, usable_cores
    from seedscape.generation.licences import data_licences
    from seedscape.generation.material import MAX_WORKERS, start_materials
    from seedscape.generation.terrain import generate_terrain
    from seedscape.scene.biomes import make_biome, materials_needed
    from seedscape.scene.build import build_scene
    from seedscape.scene.sounds import find_sounds

    biome = make_biome(spec.biome)
    names = materials_needed(biome, spec.season)
    with Beside(min(threads or usable_cores(), MAX_WORKERS)) as beside:
        first = ALONE if beside.alone else 0.0

        def tell(stage: str, share: float) -> None:
            progress(stage, first + (0.75 - first) * share)

        progress("materials", 0.0)
        materials = start_materials(
            beside, spec.seed, names, spec.texture_px,
            lambda k: progress("materials", first * k / len(names)), {"bark": BARK_PX},
        )  # fmt: skip
        tell("terrain", 0.0)
        terrain = generate_terrain(spec.seed, biome.landforms, spec.relief_m, spec.size_m, sea=biome.sea)
        scene = build_scene(spec, terrain, materials, lambda stage: tell(stage, SHARES[stage]), beside)
    return replace(scene, licences=data_licences(), sounds=find_sounds(scene))


def export(
    scene: "Scene",
    path: str | PathLike[str],
    profile: str = "universal",
    preview: str | PathLike[str] | None = None,
    textures: str | None = None,
    threads: int | None = None,
) -> "ExportReport":
    """Write the environment to a GLB at `path`, and a picture from its first spawn point to a PNG at `preview`.

    textures: "jpeg", "webp" or "ktx2" instead of what the profile has. Returns what the file holds and costs against the
    budget of the profile, and what was lowered to meet it; an environment that is over all the same is written too.
    Each file appears whole or not at all, the GLB last. threads: as of `generate`. RequestError: an unknown profile, an unwritable path.
    MissingPartError: the encoder of the pictures is missing, or a preview is asked for and its renderer cannot run here.
    """
    from seedscape.assets.files import require_writable, write_group
    from seedscape.export.export_scene import export_scene, preview_glb
    from seedscape.export.preview import render_preview
    from seedscape.export.profiles import require_profile

    require_profile(profile, textures)
    files: dict[str | PathLike[str], bytes] = {}
    for target in (path,) if preview is None else (path, preview):
        require_writable(target)
    data, report = export_scene(scene, None, profile, textures, threads=threads)
    if preview is not None:
        files[preview] = render_preview(preview_glb(scene, data, profile, threads))
    files[path] = data
    write_group(files)
    return report
