"""Small plots with Pillow alone: a plotting library would be the heaviest dependency of all."""

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.values import UInt8

COLORS = (
    (230, 90, 70), (90, 170, 250), (120, 220, 120), (200, 200, 200), (240, 200, 80), (190, 130, 230),
)  # fmt: skip


def line_plot(
    curves: Mapping[str, NDArray[np.float64]], x_label: str, y_label: str, size: tuple[int, int] = (640, 400)
) -> UInt8:
    """(h, w, 3) one line a curve over equally spaced positions, with the range of values at the left."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", size, (24, 24, 28))
    draw = ImageDraw.Draw(picture)
    values = np.concatenate(list(curves.values()))
    low, high = float(values.min()), float(values.max())
    left, top, right, bottom = 60, 20, size[0] - 20, size[1] - 40
    draw.rectangle((left, top, right, bottom), outline=(90, 90, 90))
    for k, (name, curve) in enumerate(curves.items()):
        x = left + np.arange(len(curve)) * (right - left) / max(1, len(curve) - 1)
        y = bottom - (curve - low) / max(high - low, 1e-12) * (bottom - top)
        color = COLORS[k % len(COLORS)]
        draw.line([(float(a), float(b)) for a, b in zip(x, y, strict=True)], fill=color, width=2)
        draw.text((right - 90, top + 8 + 14 * k), name, fill=color)
    draw.text((4, top), f"{high:.3g}", fill=(200, 200, 200))
    draw.text((4, bottom - 10), f"{low:.3g}", fill=(200, 200, 200))
    draw.text((left, bottom + 12), f"{y_label} over {x_label}", fill=(200, 200, 200))
    return np.asarray(picture)


def png(pixels: UInt8) -> bytes:
    """A PNG file of (h, w) or (h, w, 3) pixels."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def jpeg(pixels: UInt8, quality: int = 90) -> bytes:
    """A JPEG file of (h, w, 3) pixels: sheets of materials are noise to PNG."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality, subsampling=0)
    return out.getvalue()
