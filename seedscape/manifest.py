"""The manifest of one environment: what was asked for, what made it, what came out."""

import json
from typing import TYPE_CHECKING, Any

from seedscape import __version__

if TYPE_CHECKING:
    from seedscape.export.report import ExportReport
    from seedscape.scene.values import Scene


def make_manifest(
    scene: "Scene", report: "ExportReport", models: dict[str, str], files: dict[str, str], seconds: dict[str, float]
) -> dict[str, Any]:
    """JSON values: spec (resolved), package version, SHA-256 of the models and of the GLB, counts, seconds per stage.

    files: "glb" and, where there is one, "preview" -> name, without folders, so the files can be moved together.
    The seconds differ from run to run; nothing else does.
    """
    from seedscape.export.report import to_json

    figures = to_json(report)
    del figures["profiles"]  # `over` says the same in short
    return {
        "seedscape": __version__,
        "spec": scene.spec,
        "profile": figures.pop("profile"),
        "files": files,
        "glb_sha256": figures.pop("sha256"),
        "models_sha256": models,
        "counts": figures,
        "scene": scene.extras,
        "seconds": seconds,
    }


def encode_manifest(manifest: dict[str, Any]) -> bytes:
    """The manifest as it stands in its file."""
    return (json.dumps(manifest, indent=2, allow_nan=False) + "\n").encode()
