"""`seedscape similar DIR SEED`: the environments of a batch folder that are most like one of them."""

import click

from seedscape.cli.request import whole_number
from seedscape.cli.say import say, say_json


@click.command()
@click.argument("folder", metavar="DIR")
@click.argument("seed")
@click.option("-k", "count", metavar="N", default="5", help="How many.  [5]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to standard output, and nothing else.")
def similar(folder: str, seed: str, count: str, as_json: bool) -> None:
    """List the environments of DIR most like that of SEED (or of a name, where a seed has several), the likest first:
    cosine of terrain, water, materials, colours and what grows there, -1 to 1."""
    from seedscape.assets.job import ENVIRONMENTS
    from seedscape.assets.likeness import Likeness

    number = whole_number("-k", count, 1, 100_000)
    matrix = Likeness(folder)
    row = matrix.find(seed)
    found = matrix.nearest(row, number)
    if as_json:
        asked = {"name": matrix.names[row].decode(), "seed": int(matrix.seeds[row])}
        say_json({**asked, "similar": [{"name": n.name, "seed": n.seed, "likeness": n.likeness} for n in found]})
    else:
        say("\n".join(f"{n.likeness:7.4f}  {n.seed:>8}  {folder}/{ENVIRONMENTS}/{n.name}" for n in found) or "none")
