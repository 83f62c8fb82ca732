"""`seedscape inspect FILE.glb`: what is in it, against the budget of a profile."""

import click

from seedscape.cli.say import say, say_json


@click.command()
@click.argument("file", metavar="FILE.glb")
@click.option("--profile", metavar="NAME", default="universal", help="Whose budget.  [universal]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to standard output, and nothing else.")
def inspect(file: str, profile: str, as_json: bool) -> None:
    """Count what is in a GLB, anybody's, against the budget of a profile. Exit code 3 when it is over, 2
    when it cannot be counted; --json then lists what is wrong."""
    from seedscape.export.inspect import inspect_glb
    from seedscape.export.issues import GlbError
    from seedscape.export.report import require_within_budget, to_json, to_text

    try:
        report = inspect_glb(file, profile)
    except GlbError as error:
        if as_json:
            say_json(error.to_json())
        raise
    if as_json:
        say_json(to_json(report))
    else:
        say(to_text(report))
    require_within_budget(report)
