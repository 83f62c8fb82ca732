"""Arrays as the bytes of files."""

import io

import numpy as np
from numpy.typing import NDArray


def encode_npy(array: NDArray[np.float32]) -> bytes:
    """The array in NumPy's own file format, without pickle."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def encode_png(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """(h, w, 3) uint8 as RGB, or (h, w) uint16 as 16-bit grey."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
