"""docs/terrain-512.jpg: hillshades of 512-post windows at 90 m, ten real, ten ours, ten of eroded noise, shuffled.

    python scripts/terrain_sheet.py DATA

Which is which stands in docs/terrain-512.json. Look at the picture first.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from seedscape.generation.evaluate.anchors import eroded, power_law_noise
from seedscape.generation.evaluate.windows import draw_windows, tiles_at
from seedscape.generation.pictures import contact_sheet, hillshade
from seedscape.generation.rng import stream
from seedscape.generation.terrain import sample_heights
from seedscape.generation.train.elevation import read_tiles

SIZE, SPACING_M, EACH, SEED = 512, 90.0, 10, 29


def main(data: Path) -> None:
    """Draw, shuffle and write the sheet and its key."""
    rng = stream(SEED, "sheet")
    real = draw_windows(tiles_at(read_tiles(data), SPACING_M, SIZE), EACH, SIZE, rng).heights
    ours = [sample_heights(SEED, k, SIZE, SPACING_M).heights_m.astype(np.float64) for k in range(EACH)]
    noise = eroded(power_law_noise(real, rng))
    kinds = ["real"] * EACH + ["ours"] * EACH + ["eroded noise"] * EACH
    windows = [*real, *ours, *noise]
    order = rng.permutation(len(windows))
    shades = [hillshade(windows[k].astype(np.float32), SPACING_M) for k in order]
    sheet = Image.fromarray(contact_sheet(shades, 6))
    sheet.resize((sheet.width * 5 // 8, sheet.height * 5 // 8), Image.Resampling.LANCZOS).save(
        "docs/terrain-512.jpg", quality=82
    )
    rows = [[kinds[k] for k in order[start : start + 6]] for start in range(0, len(order), 6)]
    Path("docs/terrain-512.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
