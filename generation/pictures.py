"""Pictures of arrays, to look at: hillshades and contact sheets."""

from collections.abc import Sequence

import numpy as np

from seedscape.generation.values import Float32, UInt8


def hillshade(heights: Float32, spacing: float) -> UInt8:
    """(rows, cols) uint8: light from the north-west at 45 degrees (Horn 1981), steeper where the land is flat."""
    dz_dy, dz_dx = np.gradient(heights.astype(np.float64), spacing)
    steepness = np.sqrt(np.mean(dz_dx**2 + dz_dy**2)) + 1e-6
    exaggeration = max(1.0, 0.35 / steepness)
    dx, dy = dz_dx * exaggeration, dz_dy * exaggeration
    light = (0.5 * dx + 0.5 * dy + 0.7071) / np.sqrt(1.0 + dx * dx + dy * dy)
    return np.asarray(np.clip(light * 255.0, 0, 255), np.uint8)


def contact_sheet(pictures: Sequence[UInt8], columns: int, gap: int = 4) -> UInt8:
    """Equal-sized (h, w) or (h, w, 3) pictures in rows, as (H, W, 3) uint8."""
    first = pictures[0]
    h, w = first.shape[:2]
    rows = -(-len(pictures) // columns)
    sheet = np.zeros((rows * (h + gap), columns * (w + gap), 3), np.uint8)
    for i, picture in enumerate(pictures):
        r, c = divmod(i, columns)
        rgb = picture if picture.ndim == 3 else np.repeat(picture[:, :, None], 3, axis=2)
        sheet[r * (h + gap) : r * (h + gap) + h, c * (w + gap) : c * (w + gap) + w] = rgb
    return sheet
