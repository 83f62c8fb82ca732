"""Environments as jobs of a batch: what a job file asks for, and the making of one."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from seedscape import __version__
from seedscape.assets.job import Job, Made
from seedscape.jobfile import read_job_file, read_tables
from seedscape.scene.spec import SceneSpec, make_spec, resolve, spec_to_dict

THUMBNAIL = (320, 180)
FIGURES = ("triangles", "draw_calls", "bytes", "gpu_texture_bytes", "within_budget")


def plan_jobs(source: str | os.PathLike[str] | Iterable[Mapping[str, Any]]) -> list[Job]:
    """The jobs of a job file (.toml, .csv, .jsonl), or of mappings like its tables.

    RequestError: not such a file; which field of which job was wrong, what was expected and what came.
    """
    from seedscape.assets.store import request_key
    from seedscape.assets.weights import model_hashes

    models = model_hashes()
    wishes = read_job_file(Path(source)) if isinstance(source, str | os.PathLike) else read_tables(source)
    jobs = []
    for wish in wishes:
        spec = resolve(SceneSpec(**wish.fields))  # its fields are checked
        values: dict[str, Any] = {
            "spec": spec_to_dict(spec),
            "profile": wish.profile,
            "textures": wish.textures,
            "preview": wish.preview,
        }
        key = request_key(
            values["spec"], profile=wish.profile, textures=wish.textures, preview=wish.preview, version=__version__,
            models_sha256=models,
        )  # fmt: skip
        label = {} if wish.name is None else {"label": wish.name}
        jobs.append(Job(f"{spec.seed}-{spec.biome}-{key[:10]}", key, values | label))
    return jobs


def make_job(values: dict[str, Any], threads: int) -> Made:
    """Make one environment: SEED.glb, SEED.json, and SEED.png with its thumbnail where a picture was asked for."""
    from seedscape.environment import make_environment
    from seedscape.features import scene_colors, scene_features
    from seedscape.manifest import encode_manifest

    spec = make_spec(**values["spec"])
    notes: list[str] = []
    made = make_environment(
        spec, f"{spec.seed}.glb", profile=values["profile"], textures=values["textures"], preview=values["preview"],
        threads=threads, note=notes.append,
    )  # fmt: skip
    files = {f"{spec.seed}.json": encode_manifest(made.manifest)}
    links = {"manifest": f"{spec.seed}.json"}
    if made.picture is not None:
        files |= {f"{spec.seed}.png": made.picture, f"{spec.seed}.webp": thumbnail(made.picture)}
        links |= {"picture": f"{spec.seed}.png", "thumbnail": f"{spec.seed}.webp"}
    files[f"{spec.seed}.glb"] = made.glb
    counts = made.manifest["counts"]
    entry = {
        "links": links | {"glb": f"{spec.seed}.glb"},
        "seedscape": made.manifest["seedscape"],
        "glb_sha256": made.manifest["glb_sha256"],
        "figures": {name: counts[name] for name in FIGURES},
        "over": [verdict["name"] for verdict in counts["verdicts"] if not verdict["within"]],
        "notes": [*notes, *counts["notes"]],
        "colors": scene_colors(made.scene),
    }
    return Made(files, entry, scene_features(made.scene))


def thumbnail(picture: bytes) -> bytes:
    """A small WebP of a PNG."""
    from io import BytesIO

    from PIL import Image

    small, file = Image.open(BytesIO(picture)).convert("RGB"), BytesIO()
    small.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
    small.save(file, "WEBP", quality=80, method=4)
    return file.getvalue()
