"""Arrays as the bytes of files, and back."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import RequestError

MAX_HEIGHTS = 4096  # posts a side


def npy_parts(bands: Iterable[NDArray[np.float32]], rows: int, cols: int) -> Iterator[bytes]:
    """A (rows, cols) array in NumPy's own file format, from bands of its rows: header first, then a part a band."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (rows, cols)})
    yield header.getvalue()
    for band in bands:
        yield band.astype("<f4").tobytes()


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
