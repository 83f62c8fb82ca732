"""`seedscape train terrain|material`: train a network on a folder of real data."""

from pathlib import Path

import click

from seedscape.cli.extras import require_torch
from seedscape.cli.request import real_number, require_folder, require_model
from seedscape.cli.say import note

MAX_MINUTES = 60.0 * 24 * 30


@click.command()
@click.argument("model", metavar="terrain|material")
@click.option(
    "--data", required=True, metavar="DIR", help="Folder with the training data; see its README for the layout."
)
@click.option("-o", "--output", required=True, metavar="RUN", help="Run folder: checkpoint, losses, sample sheets.")
@click.option("--minutes", default="60", metavar="M", help="How long to train, resumed time included.  [60]")
@click.option("--device", default="cpu", metavar="D", help="cpu, cuda or cuda:N.  [cpu]")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in RUN.")
@click.option("--from", "earlier", metavar="FOLDER", help="Start from a finished run, or a folder of its weights.")
def train(model: str, data: str, output: str, minutes: str, device: str, resume: bool, earlier: str | None) -> None:
    """Train a network on real data; needs the extra `train`."""
    limit = real_number("--minutes", minutes, 0.01, MAX_MINUTES)
    require_model(model)
    require_folder("--data", data)
    if earlier is not None:
        require_folder("--from", earlier)
    require_torch(device)

    from seedscape.assets.files import require_writable

    folder, start = Path(output), None if earlier is None else Path(earlier)
    require_writable(folder / "config.json")
    try:
        if model == "terrain":
            from seedscape.generation.train.terrain import train_terrain

            train_terrain(Path(data), folder, limit, resume=resume, device=device, earlier=start)
        else:
            from seedscape.generation.train.material import train_material

            train_material(Path(data), folder, limit, resume=resume, device=device, earlier=start)
    except KeyboardInterrupt:
        if (folder / "checkpoint.safetensors").exists():
            note(f"{output} keeps the last checkpoint; --resume goes on from it")
        raise
