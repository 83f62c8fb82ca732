"""`seedscape generate SEED`: one environment as FILE.glb, FILE.png and FILE.json."""

from os import PathLike

import click

from seedscape.cli.progress import Progress
from seedscape.cli.request import output_files, read_spec, thread_count
from seedscape.cli.say import note, say, say_json
from seedscape.scene.biomes import BIOMES


@click.command()
@click.argument("seed")
@click.option("-o", "--output", metavar="FILE.glb", help="Where to; FILE.png and FILE.json lie beside it.  [SEED.glb]")
@click.option("--spec", "spec_file", metavar="FILE.toml", help="Fields of the spec from a file.")
@click.option("--biome", metavar="NAME", help=f"{', '.join(BIOMES)}, or auto: the seed picks.  [auto]")
@click.option(
    "--purpose", metavar="NAME", help="What the place is laid out for: explore, game, education or commerce.  [explore]"
)
@click.option("--size-m", metavar="N", help="Edge of the visited square in metres, 200 to 2000.  [1000]")
@click.option("--profile", metavar="NAME", default="universal", help="Which viewers the file is for.  [universal]")
@click.option("--textures", metavar="KIND", help="jpeg, webp or ktx2 instead of what the profile has.")
@click.option("--time", "time_of_day_h", metavar="HOUR", help="Solar time, 0 to 24.  [10]")
@click.option(
    "--set", "settings", metavar="KEY=VALUE", multiple=True, help="Any field of the spec; as often as needed."
)
@click.option("--prompt", metavar="TEXT", help='Fields in plain words, e.g. "misty forest at dawn".')
@click.option("--no-preview", is_flag=True, help="Leave out the picture.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest to standard output, and nothing else.")
@click.option("--threads", metavar="N", help="Threads for the networks; changes no byte.  [all cores]")
def generate(
    output: str | None,
    spec_file: str | None,
    prompt: str | None,
    settings: tuple[str, ...],
    profile: str,
    textures: str | None,
    no_preview: bool,
    as_json: bool,
    threads: str | None,
    **flags: str | None,
) -> None:
    """Make the environment of SEED, a whole number: FILE.glb, a picture of it, and its manifest.

    What is asked for counts in this order, the later the stronger: defaults, --spec, --prompt, the other options, --set.
    The same request gives the same GLB, byte for byte.
    """
    from seedscape.assets.files import require_writable, write_group
    from seedscape.environment import make_environment
    from seedscape.export.profiles import require_profile
    from seedscape.export.report import require_within_budget, to_text
    from seedscape.manifest import encode_manifest

    spec = read_spec(spec_file, prompt, flags, settings)
    num_threads = thread_count(threads)
    require_profile(profile, textures)
    glb, json_file, png = output_files(f"{spec.seed}.glb" if output is None else output)
    for path in (glb, json_file) if no_preview else (glb, json_file, png):
        require_writable(path)

    with Progress() as progress:
        made = make_environment(
            spec, glb.name, profile=profile, textures=textures, preview=not no_preview, threads=num_threads,
            progress=progress, note=note,
        )  # fmt: skip
    contents: dict[str | PathLike[str], bytes] = {json_file: encode_manifest(made.manifest)}
    if made.picture is not None:
        contents[png] = made.picture
    contents[glb] = made.glb
    write_group(contents)  # the GLB last: where it is, the rest is

    if as_json:
        say_json(made.manifest)
    else:
        say(f"{glb}\n{to_text(made.report)}")
    require_within_budget(made.report)
