"""Write docs/evaluation/material/controls.jpg: what `Controls` do to a material, a wish a row, rising from left to right.

python scripts/material_controls.py
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from seedscape.assets.files import write_atomically
from seedscape.generation.controls import Controls
from seedscape.generation.evaluate.plots import jpeg
from seedscape.generation.material import generate_material
from seedscape.generation.pictures import contact_sheet

LEVELS = (0.0, 0.33, 0.67, 1.0)
ROWS: list[tuple[str, list[Controls]]] = [
    ("grass/ground037", [Controls("grass/grass001", style=x) for x in LEVELS]),  # style inside a class
    ("rock/rock023", [Controls("rock/rock_06", style=x) for x in LEVELS]),
    ("soil", [Controls("forest_floor", share=x) for x in LEVELS]),  # patches of another class
    ("mud", [Controls(wetness=x) for x in LEVELS]),
    ("brick", [Controls(tint=(1.0 - 0.4 * x, 1.0, 1.0 + 0.8 * x)) for x in LEVELS]),
    ("sand", [Controls(other, across=True) for other in ("gravel", "snow", "rock", "dry_grass")]),  # across space
]

if __name__ == "__main__":
    pictures = [generate_material(1, name, 256, controls=wish).base_color for name, wishes in ROWS for wish in wishes]
    write_atomically(
        ROOT / "docs" / "evaluation" / "material" / "controls.jpg", jpeg(contact_sheet(pictures, len(LEVELS)), 80)
    )
