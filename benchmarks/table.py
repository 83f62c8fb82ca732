"""The tables beside the benchmarks: one CSV a script, one row a run, the oldest first."""

import csv
from collections.abc import Mapping
from pathlib import Path


def append_row(script: str, row: Mapping[str, object]) -> None:
    """Print a row and append it to the table of a script (`__file__`), SCRIPT.csv.

    A column that the table does not have yet is added to it; earlier rows are empty there.
    """
    print(", ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    path = Path(script).with_suffix(".csv")
    before: list[dict[str, str]] = []
    columns: list[str] = []
    if path.exists():
        with path.open(newline="") as file:
            reader = csv.DictReader(file)
            before, columns = list(reader), list(reader.fieldnames or ())
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(dict.fromkeys([*columns, *row])), restval="", lineterminator="\n")
        table.writeheader()
        table.writerows([*before, row])
