"""The shipped model files, checked before anything is computed with them.

`assets/weights/manifest.json` lists every file with its SHA-256 and size. A file whose hash differs is refused (a truncated,
edited or swapped one: safetensors alone would load some damaged files without a word).
"""

import hashlib
import json
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import MissingPartError

MANIFEST = "manifest.json"
_REPAIR = "reinstall seedscape to repair it"


@lru_cache(maxsize=1)
def weights_manifest() -> dict[str, dict[str, Any]]:
    """File name -> {"sha256", "bytes"}. MissingPartError: the list itself is missing or damaged."""
    try:
        files = json.loads(_folder().joinpath(MANIFEST).read_text())["files"]
        return {str(name): {"sha256": str(v["sha256"]), "bytes": int(v["bytes"])} for name, v in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MissingPartError(
            f"expected the list of model files {MANIFEST}, got {_short(error)}; {_REPAIR}"
        ) from error


def read_weights(name: str) -> bytes:
    """The bytes of a shipped model file, as they were released. MissingPartError: missing, damaged or swapped."""
    entry = weights_manifest().get(name)
    if entry is None:
        raise MissingPartError(f"expected a model file named {name} in {MANIFEST}, got none; {_REPAIR}")
    try:
        data: bytes = _folder().joinpath(name).read_bytes()
    except OSError as error:
        raise MissingPartError(f"expected the model file {name}, got {_short(error)}; {_REPAIR}") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != entry["sha256"]:
        raise MissingPartError(f"expected {name} with SHA-256 {entry['sha256'][:12]}, got {digest[:12]}; {_REPAIR}")
    return data


def read_tensors(name: str, data: bytes | None = None) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays of a safetensors file and its metadata (each value parsed as JSON)."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    data = read_weights(name) if data is None else data
    try:
        tensors = load(data)
        length = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + length]).get("__metadata__", {})
        return tensors, {key: json.loads(value) for key, value in metadata.items()}
    except (SafetensorError, ValueError, AttributeError) as error:
        raise MissingPartError(f"expected a safetensors file in {name}, got {_short(error)}; {_REPAIR}") from error


def require_arrays(name: str, tensors: dict[str, NDArray[Any]], expected: dict[str, tuple[type, int]]) -> None:
    """MissingPartError unless `tensors` has exactly the expected names with these dtypes and numbers of axes."""
    found = {key: (value.dtype.type, value.ndim) for key, value in tensors.items()}
    wanted = {key: (np.dtype(kind).type, axes) for key, (kind, axes) in expected.items()}
    if found != wanted:
        wrong = min(key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key))
        raise MissingPartError(f"expected other arrays in {name}, got a different {wrong!r}; {_REPAIR}")


def model_hashes() -> dict[str, str]:
    """SHA-256 of every shipped model file, for manifests."""
    return {name: str(entry["sha256"]) for name, entry in sorted(weights_manifest().items())}


def _folder() -> Any:
    return resources.files("seedscape.assets").joinpath("weights")


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
