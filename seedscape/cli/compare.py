"""`seedscape compare terrain`: the ways to make land side by side."""

from pathlib import Path

import click

from seedscape.assets.errors import RequestError
from seedscape.cli.extras import require_torch
from seedscape.cli.progress import Progress
from seedscape.cli.request import require_folder
from seedscape.cli.say import say, say_json
from seedscape.scene.spec import shown


@click.command()
@click.argument("model", metavar="terrain")
@click.option("--data", required=True, metavar="DIR", help="Folder with real elevation data.")
@click.option("--model", "run", metavar="RUN", help="A training run to judge.  [the weights in the package]")
@click.option("--seed", default=7, type=click.IntRange(0, 2**63 - 1), metavar="S", help="Of samples and draws.  [7]")
@click.option("--count", default=96, type=click.IntRange(8, 1000), metavar="N", help="Windows of each kind.  [96]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to standard output, and nothing else.")
@click.option("-o", "--output", metavar="DIR", help="Folder for the table, figures and a sheet of hillshades.")
def compare(model: str, data: str, run: str | None, seed: int, count: int, as_json: bool, output: str | None) -> None:
    """The shipped prior beside independent latents, noise, eroded noise and real land; needs the extra `train`."""
    if model != "terrain":
        raise RequestError(f"expected the model terrain, got {shown(model)}")
    for option, folder in (("--data", data), ("--model", run)):
        if folder is not None:
            require_folder(option, folder)
    require_torch()
    from seedscape.generation.evaluate.compare import compare_terrain, format_comparison

    out = None if output is None else Path(output)
    if out is not None:
        from seedscape.assets.files import require_writable

        require_writable(out / "compare.json")
    with Progress() as progress:
        result = compare_terrain(Path(data), None if run is None else Path(run), out, seed, count, report=progress)
    if as_json:
        say_json(result)
    else:
        say(format_comparison(result))
