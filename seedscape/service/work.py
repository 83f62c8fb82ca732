"""What a worker does with a work: make the environment, keep its files in the store."""

from typing import Any

from seedscape.api import Progress
from seedscape.assets.store import Store
from seedscape.service.leases import Work

LABELS = ("glb", "preview", "manifest")


def make(work: Work, store: Store, threads: int, progress: Progress) -> dict[str, Any]:
    """Make the environment and record it under its key; what `assets_of` gives for it.

    A preview that cannot be rendered here is left out. RequestError, MissingPartError: as of `make_environment`.
    """
    from seedscape.environment import make_environment
    from seedscape.manifest import encode_manifest
    from seedscape.scene.spec import make_spec

    spec = make_spec(**work.spec)
    made = make_environment(
        spec, f"{spec.seed}.glb", profile=work.profile, textures=work.textures, preview=work.preview, threads=threads,
        progress=progress,
    )  # fmt: skip
    objects = {"glb": store.put(made.glb), "manifest": store.put(encode_manifest(made.manifest))}
    if made.picture is not None:
        objects["preview"] = store.put(made.picture)
    store.record(work.key, {"objects": objects})
    return assets_of(store, objects)


def finished(store: Store, key: str) -> dict[str, Any] | None:
    """What `make` gave for a request when it was made before, by whomever; None: it was not, or not all of it is there."""
    recorded = store.lookup(key)
    objects = {} if recorded is None else recorded.get("objects", {})
    return assets_of(store, objects) if {"glb", "manifest"} <= objects.keys() else None


def assets_of(store: Store, objects: dict[str, str]) -> dict[str, Any]:
    """Label -> {"sha256", "bytes"} of the objects of a record."""
    return {
        label: {"sha256": objects[label], "bytes": store.path(objects[label]).stat().st_size}
        for label in LABELS
        if label in objects
    }
