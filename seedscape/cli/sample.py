"""`seedscape sample terrain|material`: what the networks make, as plain arrays and pictures."""

from pathlib import Path

import click

from seedscape.assets.errors import RequestError
from seedscape.cli.request import real_number, whole_number
from seedscape.cli.say import say
from seedscape.scene.spec import MAX_SEED, shown, unknown

MAX_COUNT = 100_000
MAX_TERRAIN_PX = 4096
MIN_SPACING_M, MAX_SPACING_M = 0.5, 120.0  # land is much the same at every scale between these
MAX_MATERIAL_PX = 4096
FARTHEST_POST = 1 << 40


@click.group()
def sample() -> None:
    """Draw height fields or materials from the trained networks."""


@sample.command()
@click.option("--seed", required=True, metavar="S", help="Which ones; sample k of a seed is always the same.")
@click.option("--count", default="1", metavar="N", help="How many.  [1]")
@click.option("--size", default="256", metavar="PIXELS", help="Posts along an edge.  [256]")
@click.option("--spacing-m", default="30", metavar="M", help="Metres between posts.  [30]")
@click.option("--landform", metavar="CLASS", help="Such as alpine or desert; a wrong name lists all.  [drawn for each]")
@click.option("--roughness", metavar="X", help="0 the blandest land of its kind, 1 the roughest.  [as it comes]")
@click.option(
    "--at", "corner", default="0,0", metavar="ROW,COL", help="First post of the window in the endless land.  [0,0]"
)
@click.option(
    "--sketch", metavar="FILE", help="Grey picture or JSON of ridges, valleys and sea for the land to follow."
)
@click.option("--relief-m", default="600", metavar="M", help="Metres from black to white of the sketch.  [600]")
@click.option("--toward", metavar="SEED", help="Another seed, whose land is taken up by --mix.")
@click.option("--mix", default="0.5", metavar="X", help="0 this seed's land, 1 the other's.  [0.5]")
@click.option(
    "--own-character", is_flag=True,
    help="Let each world be uneven, lie in benches and hold basins in a measure of its own.",
)  # fmt: skip
@click.option("--vary", metavar="FILE.npy", help="Vary this height map (metres) instead; --size is then its own.")
@click.option("--strength", default="0.5", metavar="X", help="0 the map itself, 1 only its broad shape.  [0.5]")
@click.option("-o", "--output", required=True, metavar="DIR", help="Folder for terrain_0000.npy ...")
def terrain(
    seed: str, count: str, size: str, spacing_m: str, landform: str | None, roughness: str | None, corner: str,
    sketch: str | None, relief_m: str, toward: str | None, mix: str, own_character: bool, vary: str | None, strength: str,
    output: str,
) -> None:  # fmt: skip
    """Heights in metres: terrain_0000.npy ..., float32 (size, size)."""
    number = whole_number("--seed", seed, 0, MAX_SEED)
    num_samples = whole_number("--count", count, 1, MAX_COUNT)
    num_posts = whole_number("--size", size, 16, MAX_TERRAIN_PX)
    spacing = real_number("--spacing-m", spacing_m, MIN_SPACING_M, MAX_SPACING_M)
    amount = real_number("--strength", strength, 0.0, 1.0)
    places = corner.split(",")
    if len(places) != 2:
        raise RequestError(f"--at: expected ROW,COL, got {shown(corner)}")
    row, col = (whole_number("--at", place.strip(), -FARTHEST_POST, FARTHEST_POST) for place in places)

    import numpy as np

    from seedscape.assets.files import require_writable, write_atomically
    from seedscape.cli.arrays import npy_parts, read_heights
    from seedscape.generation.sketch import read_sketch
    from seedscape.generation.terrain import LandWishes, sample_world
    from seedscape.generation.vary import vary_heights

    wishes = LandWishes(
        roughness=None if roughness is None else real_number("--roughness", roughness, 0.0, 1.0),
        sketch=None if sketch is None else read_sketch(Path(sketch)), sketch_posts=num_posts,
        relief_m=real_number("--relief-m", relief_m, 1.0, 9000.0),
        toward=None if toward is None else whole_number("--toward", toward, 0, MAX_SEED),
        mix=real_number("--mix", mix, 0.0, 1.0), own_character=own_character,
    )  # fmt: skip
    landforms = None if landform is None else (landform,)
    own = None if vary is None else read_heights(Path(vary))
    paths = [Path(output) / f"terrain_{k:04d}.npy" for k in range(num_samples)]
    require_writable(paths[0])
    for k, path in enumerate(paths):
        if own is not None:
            varied = vary_heights(own, spacing, number + k, amount, landforms).heights_m
            parts = npy_parts([varied], *varied.shape)
        else:
            world = sample_world(number, k, spacing, landforms, wishes=wishes)
            bands = (band * np.float32(spacing) for band in world.bands(row, col, num_posts, num_posts))
            parts = npy_parts(bands, num_posts, num_posts)
        write_atomically(path, parts)
        say(str(path))


@sample.command()
@click.option("--seed", required=True, metavar="S", help="Which one of the class.")
@click.option("--material", required=True, metavar="CLASS", help="Such as grass or rock; a wrong name lists all.")
@click.option("--size", default="1024", metavar="PIXELS", help="Pixels along an edge.  [1024]")
@click.option("--toward", metavar="CLASS", help="Another material to go over into.")
@click.option("--share", default="0", metavar="X", help="Part of the area that the other takes, 0 to 1.  [0]")
@click.option("--across", is_flag=True, help="The other takes over across space instead: all of it in the middle.")
@click.option("--style", default="0", metavar="X", help="How far style and colours move to the other's, 0 to 1.  [0]")
@click.option("--tint", default="1,1,1", metavar="R,G,B", help="Factors in linear light, 0.25 to 4.  [1,1,1]")
@click.option("--wetness", default="0", metavar="X", help="0 dry to 1 soaked.  [0]")
@click.option("--size-m", metavar="M", help="Edge length in the world in metres.  [what the class usually has]")
@click.option(
    "-o", "--output", required=True, metavar="DIR", help="Folder for basecolor.png, normal.png, orm.png, height.png"
)
def material(
    seed: str, material: str, size: str, toward: str | None, share: str, across: bool, style: str, tint: str,
    wetness: str, size_m: str | None, output: str,
) -> None:  # fmt: skip
    """One tiling PBR set: basecolor.png, normal.png (OpenGL), orm.png, height.png (16 bit)."""
    number = whole_number("--seed", seed, 0, MAX_SEED)
    num_pixels = whole_number("--size", size, 64, MAX_MATERIAL_PX, step=8)  # a latent cell is 8 pixels
    factors = tint.split(",")
    if len(factors) != 3:
        raise RequestError(f"--tint: expected three factors R,G,B, got {shown(tint)}")
    red, green, blue = (real_number("--tint", factor.strip(), 0.25, 4.0) for factor in factors)

    from seedscape.assets.files import require_writable, write_group
    from seedscape.cli.arrays import encode_png
    from seedscape.generation.controls import Controls
    from seedscape.generation.material import generate_material, open_material_model

    controls = Controls(
        toward=toward or "", share=real_number("--share", share, 0.0, 1.0), across=across,
        style=real_number("--style", style, 0.0, 1.0), tint=(red, green, blue),
        wetness=real_number("--wetness", wetness, 0.0, 1.0),
        size_m=None if size_m is None else real_number("--size-m", size_m, 0.05, 100.0),
    )  # fmt: skip
    known = open_material_model().materials
    for name in (material, toward or material):
        if name.partition("/")[0] not in known:
            raise RequestError(unknown("a material class", name, known))
    folder = Path(output)
    names = ("basecolor.png", "normal.png", "orm.png", "height.png")
    require_writable(folder / names[0])
    maps = generate_material(number, material, num_pixels, controls=controls)
    pictures = [encode_png(pixels) for pixels in (maps.base_color, maps.normal, maps.orm)] + [encode_png(maps.height)]
    paths = [folder / name for name in names]
    write_group(dict(zip(paths, pictures, strict=True)))
    for path in paths:
        say(str(path))
