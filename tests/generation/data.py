"""Small training data, made by the tests: land from random ridges, materials from stripes and dots."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from seedscape.generation.rng import fractions, stream


def ridges(seed: int, size: int, spacing_m: float = 30.0) -> np.ndarray:
    """(size, size) float32 metres: a few octaves of |smooth noise|, so that it has creases as land has."""
    rng = stream(seed, "ridges")
    total = np.zeros((size, size))
    for octave in range(4):
        cells = 4 * 2**octave
        grid = fractions(rng, cells + 2, cells + 2)
        at = np.linspace(0, cells, size, endpoint=False)
        i = at.astype(int)
        f = at - i
        f = f * f * (3 - 2 * f)
        rows = grid[i] * (1 - f[:, None]) + grid[i + 1] * f[:, None]
        smooth = rows[:, i] * (1 - f[None, :]) + rows[:, i + 1] * f[None, :]
        total += np.abs(smooth - 0.5) * 2.0**-octave
    return (total * 12.0 * spacing_m).astype(np.float32)


def write_land(folder: Path, regions: int = 4, size: int = 192) -> Path:
    """An elevation folder with one .npy tile a region."""
    folder.mkdir(parents=True)
    tiles = []
    for k in range(regions):
        np.save(folder / f"tile{k}.npy", ridges(k, size))
        tiles.append(
            {
                "file": f"tile{k}.npy",
                "region": f"region{k}",
                "landform": "made",
                "metres_per_pixel": 30.0,
                "licence": "CC0-1.0",
            }
        )
    (folder / "MANIFEST.json").write_text(json.dumps({"tiles": tiles}))
    return folder


def write_materials(folder: Path, size: int = 128) -> Path:
    """Two material sets: red stripes with height and roughness, green dots with colour alone."""
    y, x = np.mgrid[:size, :size]
    stripes = ((x // 8) % 2 * 160 + 40).astype(np.uint8)
    dots = (((x % 16 - 8) ** 2 + (y % 16 - 8) ** 2 < 30) * 150 + 50).astype(np.uint8)
    grain = stream(1, "grain").integers(0, 30, (size, size)).astype(np.uint8)
    for name, index, pattern in (("stripes", 0, stripes), ("dots", 1, dots)):
        (folder / name).mkdir(parents=True)
        color = np.repeat(grain[..., None], 3, axis=2)
        color[..., index] += pattern
        Image.fromarray(color).save(folder / name / "color.png")
    Image.fromarray(stripes).save(folder / "stripes" / "height.png")
    Image.fromarray(255 - stripes).save(folder / "stripes" / "roughness.png")
    return folder
