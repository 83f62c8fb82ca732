"""The picture of all biomes: each as a user makes it, seen from its spawn point at noon and at 18 h by three.js in Chromium.

    python scripts/contact_sheet.py [--seed 7] [--purpose explore] [--hours 12,18] [-o docs/biomes.jpg] [--work FOLDER]

GLBs and single pictures stay in FOLDER (out/contact); files that are there already are not made again, so that an interrupted
run goes on. Needs what the tests in tests/web need: Node, `npm ci --prefix tests/web`, Chromium.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from seedscape.scene.biomes import BIOMES
from tests.web import judges

WIDTH, HEIGHT, LABEL = 480, 270, 20


def picture(folder: Path, seed: int, biome: str, purpose: str, hour: float) -> Image.Image:
    """The view from spawn_0 of one environment, made where it is missing."""
    name = f"{biome}-{purpose}-{seed}-{hour:g}"
    glb, png = folder / f"{name}.glb", folder / f"{name}.png"
    if not glb.exists():
        command = [sys.executable, "-m", "seedscape", "generate", str(seed), "-o", str(glb), "--no-preview"]
        command += ["--biome", biome, "--purpose", purpose, "--time", f"{hour:g}"]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    if not png.exists():
        result = judges.render(glb, png, "--size", f"{WIDTH}x{HEIGHT}")
        if not result["ok"]:
            png.unlink(missing_ok=True)
            raise SystemExit(f"{glb.name}: expected a picture, got {result.get('error')}")
    with Image.open(png) as image:
        return image.convert("RGB")


def main() -> None:
    """Make what is missing and lay the pictures out, two biomes a row, their hours side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--purpose", default="explore")
    parser.add_argument("--hours", default="12,18")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs" / "biomes.jpg")
    parser.add_argument("--work", type=Path, default=ROOT / "out" / "contact")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    hours = [float(hour) for hour in arguments.hours.split(",")]
    columns = 2 * len(hours)
    rows = -(-len(BIOMES) // 2)
    sheet = Image.new("RGB", (columns * WIDTH, rows * (HEIGHT + LABEL)), (24, 26, 28))
    draw = ImageDraw.Draw(sheet)
    for number, biome in enumerate(BIOMES):
        for k, hour in enumerate(hours):
            x = (number % 2 * len(hours) + k) * WIDTH
            y = number // 2 * (HEIGHT + LABEL)
            print(f"{biome} {hour:g} h", flush=True)
            sheet.paste(picture(arguments.work, arguments.seed, biome, arguments.purpose, hour), (x, y + LABEL))
            draw.text((x + 6, y + 4), f"{biome.replace('_', ' ')}, {hour:g} h", fill=(225, 228, 230))
    sheet.save(arguments.output, quality=88)


if __name__ == "__main__":
    main()
