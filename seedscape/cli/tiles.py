"""`seedscape tiles SEED --extent-m N -o DIR`: land larger than one file, as OGC 3D Tiles 1.1."""

from pathlib import Path

import click

from seedscape.cli.request import real_number, whole_number
from seedscape.cli.say import note, say
from seedscape.scene.biomes import BIOMES
from seedscape.scene.spec import MAX_SEED, unknown

MIN_EXTENT_M, MAX_EXTENT_M = 500.0, 128_000.0
MIN_SPACING_M, MAX_SPACING_M = 4.0, 60.0
MAX_WORKERS = 64
TELL_EVERY = 16


@click.command()
@click.argument("seed")
@click.option("--extent-m", default="16000", metavar="N", help="Edge of the land in metres.  [16000]")
@click.option("-o", "--output", required=True, metavar="DIR", help="Folder for tileset.json and tiles/.")
@click.option("--biome", default="auto", metavar="NAME", help="As of generate.  [auto]")
@click.option("--spacing-m", default="16", metavar="M", help="Metres between posts, 4 to 60.  [16]")
@click.option("--workers", default="1", metavar="N", help="Processes; they change no byte.  [1]")
def tiles(seed: str, extent_m: str, output: str, biome: str, spacing_m: str, workers: str) -> None:
    """Make the land of SEED as a tree of tiles for viewers that stream, e.g. 3DTilesRendererJS or Cesium.

    Stopped, it goes on where it was when asked again.
    """
    number = whole_number("SEED", seed, 0, MAX_SEED)
    extent = real_number("--extent-m", extent_m, MIN_EXTENT_M, MAX_EXTENT_M)
    spacing = real_number("--spacing-m", spacing_m, MIN_SPACING_M, MAX_SPACING_M)
    num_workers = whole_number("--workers", workers, 1, MAX_WORKERS)
    known = ("auto", *BIOMES)
    if biome not in known:
        from seedscape.assets.errors import RequestError

        raise RequestError(unknown("--biome: expected one of " + ", ".join(known), biome, known))

    from seedscape.assets.files import require_writable
    from seedscape.tiles import plan_tiles, write_tiles

    folder = Path(output)
    require_writable(folder / "tileset.json")
    job = plan_tiles(number, extent, spacing, biome)

    def tell(done: int, of: int) -> None:
        if done % TELL_EVERY == 0 or done == of:
            note(f"tiles: {done} of {of}")

    count = write_tiles(job, folder, num_workers, tell)
    say(f"{folder / 'tileset.json'}\n  {count} tiles, {job.plan.depth + 1} levels, biome {job.biome}")
