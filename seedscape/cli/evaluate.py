"""`seedscape evaluate terrain|material`: how near the networks come to real data, beside baselines."""

from pathlib import Path
from typing import Any

import click

from seedscape.cli.extras import require_torch
from seedscape.cli.progress import Progress
from seedscape.cli.request import require_folder, require_model
from seedscape.cli.say import say, say_json


@click.command()
@click.argument("model", metavar="terrain|material")
@click.option("--data", required=True, metavar="DIR", help="Folder with real data; see its README for the layout.")
@click.option("--model", "run", metavar="RUN", help="A training run to judge.  [the weights in the package]")
@click.option("--seed", "seeds", multiple=True, type=click.IntRange(0, 2**63 - 1), metavar="S",
              help="Seed of the samples and of the draws; give it again for the mean over several.  [7]")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object to standard output, and nothing else.")
@click.option("-o", "--output", metavar="DIR", help="Folder for plots and figures.")
def evaluate(model: str, data: str, run: str | None, seeds: tuple[int, ...], as_json: bool, output: str | None) -> None:
    """Measure a network against held-out real data and baselines; needs the extra `train`."""
    require_model(model)
    require_folder("--data", data)
    if run is not None:
        require_folder("--model", run)
    require_torch()
    if output is not None:
        from seedscape.assets.files import require_writable

        require_writable(Path(output) / f"{model}.json")
    folders = (Path(data), None if run is None else Path(run), None if output is None else Path(output))
    with Progress() as progress:
        if model == "terrain":
            result, table = _measure_terrain(*folders, seeds or (7,), progress)
        else:
            progress("measuring material", 0.0)
            result, table = _measure_material(*folders, seeds or (7,))
    if as_json:
        say_json(result)
    else:
        say(table)


def _measure_terrain(
    data: Path, run: Path | None, output: Path | None, seeds: tuple[int, ...], progress: Progress
) -> tuple[dict[str, Any], str]:
    from seedscape.generation.evaluate.terrain import evaluate_terrain, format_terrain

    result = evaluate_terrain(data, run, output, seeds, report=progress)
    return result, format_terrain(result)


def _measure_material(
    data: Path, run: Path | None, output: Path | None, seeds: tuple[int, ...]
) -> tuple[dict[str, Any], str]:
    from seedscape.generation.evaluate.material import evaluate_material, format_material

    result = evaluate_material(data, run, output, seeds)
    return result, format_material(result)
