"""Arrays as the bytes of files, and back."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import RequestError

MAX_HEIGHTS = 4096  # posts a side


def encode_npy(array: NDArray[np.float32]) -> bytes:
    """The array in NumPy's own file format, without pickle."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def read_heights(path: Path) -> NDArray[np.floating]:
    """A (rows, cols) .npy of numbers, without pickle. RequestError: anything else."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind not in "fiu":
            raise ValueError("no two-dimensional array of numbers")
        if max(array.shape) > MAX_HEIGHTS:
            raise ValueError(f"more than {MAX_HEIGHTS} posts a side")
        return np.asarray(array, np.float64)
    except (OSError, ValueError, EOFError) as error:
        raise RequestError(f"expected a .npy of heights in {path}, got {error}"[:300]) from error


def encode_png(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """(h, w, 3) uint8 as RGB, or (h, w) uint16 as 16-bit grey."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
