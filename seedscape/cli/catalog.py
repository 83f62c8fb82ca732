"""`seedscape catalog DIR`: the catalogue of a batch folder, made anew from its files."""

import click

from seedscape.cli.say import say


@click.command()
@click.argument("folder", metavar="DIR")
@click.option("--parquet", is_flag=True, help="Write catalog.parquet too (needs the extra parquet).")
def catalog(folder: str, parquet: bool) -> None:
    """Write DIR/index.html, a page to look through, catalog.json and likeness.npy."""
    from seedscape.assets.batch_folder import BatchFolder
    from seedscape.assets.catalogue import write_catalogue

    written = write_catalogue(BatchFolder(folder), parquet)
    failed = f", {written.failed} failed jobs" if written.failed else ""
    say(f"{folder}/index.html\n  {written.entries} environments{failed}")
