"""The catalogue of a batch folder: a page to look through, and the same as data, all made from the files alone.

The same files give the same catalogue, byte for byte, whichever way they came to be there.
"""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from importlib import resources
from io import BytesIO
from typing import Any

import numpy as np

from seedscape.assets.batch_folder import BatchFolder
from seedscape.assets.errors import MissingPartError
from seedscape.assets.files import write_atomically, write_group
from seedscape.assets.job import ENVIRONMENTS
from seedscape.assets.likeness import LIKENESS, encode_likeness, unit_vectors

PAGE, DATA, TABLE = "index.html", "catalog.json", "catalog.parquet"
TEMPLATE = "catalogue.html"
FORMAT = 1

_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_COLOR = re.compile(r"#[0-9a-f]{6}")
_GREY = "#808080"


@dataclass(frozen=True)
class Catalogue:
    """How many environments it shows, and how many failed jobs."""

    entries: int
    failed: int


def write_catalogue(folder: BatchFolder, parquet: bool = False) -> Catalogue:
    """Write index.html, catalog.json and likeness.npy of a batch folder, with `parquet` catalog.parquet too.

    RequestError: not the folder of a batch. MissingPartError: PyArrow, which writes Parquet, is not installed.
    """
    folder.require()
    found = [entry for entry in folder.entries() if _PLAIN_NAME.fullmatch(entry["name"])]
    entries = [_shown_entry(entry) for entry in found]
    failed = [{key: failure.get(key) for key in ("name", "kind", "reason", "job")} for failure in folder.failures()]
    vectors = unit_vectors([_numbers(entry.get("features")) for entry in found])
    names, seeds = [entry["name"] for entry in entries], [_seed(entry) for entry in entries]
    data = {"format": FORMAT, "environments": entries, "failed": failed}
    table = _parquet(entries) if parquet else None
    if table is not None:
        write_atomically(folder.path / TABLE, table)
    write_group(
        {
            folder.path / LIKENESS: encode_likeness(names, seeds, vectors),
            folder.path / DATA: (json.dumps(data, indent=1, sort_keys=True) + "\n").encode(),
            folder.path / PAGE: _page(entries, failed, vectors),
        }
    )
    return Catalogue(len(entries), len(failed))


def _shown_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """What the catalogue tells of an environment. Paths are relative to the folder of the batch."""
    name, about, job = entry["name"], entry["entry"], entry["job"]
    links = about.get("links")
    links = links if isinstance(links, dict) else {}
    paths = {
        kind: f"{ENVIRONMENTS}/{name}/{file}"
        for kind, file in sorted(links.items())
        if isinstance(file, str) and _PLAIN_NAME.fullmatch(file) and file in entry["files"]
    }
    colors = about.get("colors")
    colors = colors if isinstance(colors, dict) else {}
    kept = {key: value for key, value in about.items() if key not in ("links", "colors")}
    return {
        "name": name,
        "key": entry.get("key"),
        "label": job.get("label"),
        "spec": job["spec"] if isinstance(job.get("spec"), dict) else {},
        "profile": job.get("profile"),
        "textures": job.get("textures"),
        "paths": paths,
        "sky": _color(colors.get("sky")),
        "ground": _color(colors.get("ground")),
        **kept,
    }


def _page(entries: list[dict[str, Any]], failed: list[dict[str, Any]], vectors: Any) -> bytes:
    """The page: the template with the data in it. Only its own script may run in it, whatever the data says."""
    template = resources.files("seedscape.assets").joinpath(TEMPLATE).read_text(encoding="utf-8")
    script = template.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    columns = _columns(entries)
    shrunk = np.round(vectors * 127).astype(np.int8)  # enough to order by
    data = {
        "columns": list(columns),
        "rows": [list(row) for row in zip(*columns.values(), strict=True)] if entries else [],
        "failed": [{key: failure[key] for key in ("name", "kind", "reason")} for failure in failed],
        "width": shrunk.shape[1],
        "vectors": base64.b64encode(shrunk.tobytes()).decode(),
    }
    page = template.replace("{{script-sha256}}", digest)
    return page.replace("{{data}}", _for_html(data)).encode()


def _columns(entries: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Column -> a value for each entry: what the page shows, names said once."""
    spec = sorted({field for entry in entries for field in entry["spec"]})
    figures = sorted({field for entry in entries for field in _figures(entry)})
    plain = ("name", "label", "profile", "sky", "ground", "over", "notes")
    columns: dict[str, list[Any]] = {field: [entry.get(field) for entry in entries] for field in plain}
    columns |= {f"spec.{field}": [entry["spec"].get(field) for entry in entries] for field in spec}
    columns |= {f"figures.{field}": [_figures(entry).get(field) for entry in entries] for field in figures}
    for kind in ("glb", "manifest", "picture", "thumbnail"):  # the folder is the entry's name
        columns[kind] = [entry["paths"].get(kind, "").rpartition("/")[2] or None for entry in entries]
    return columns


def _parquet(entries: list[dict[str, Any]]) -> bytes:
    """One row an environment; lists and tables within it as JSON text."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingPartError(
            f"Parquet needs PyArrow ({error}); install it with: pip install 'seedscape[parquet]'"
        ) from None
    columns = _columns(entries)
    flat = {
        name: [json.dumps(value) if isinstance(value, list | dict) else value for value in values]
        for name, values in columns.items()
    }
    file = BytesIO()
    parquet.write_table(pyarrow.table({name: _one_kind(values) for name, values in flat.items()}), file)
    return file.getvalue()


def _one_kind(values: list[Any]) -> list[Any]:
    """A column of one type: as it is, else as text."""
    kinds = {float if type(value) is int else type(value) for value in values if value is not None}
    if kinds == {float} and any(type(value) is float for value in values):
        return [None if value is None else float(value) for value in values]
    return values if len(kinds) <= 1 else [None if value is None else str(value) for value in values]


def _for_html(data: Any) -> str:
    """JSON that may stand in a script element: nothing in it can end the element or begin a comment."""
    text = json.dumps(data, separators=(",", ":"))  # ASCII
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _figures(entry: dict[str, Any]) -> dict[str, Any]:
    figures = entry.get("figures")
    return figures if isinstance(figures, dict) else {}


def _numbers(values: Any) -> list[float]:
    """Finite numbers, or none at all."""
    if not isinstance(values, list) or not all(type(value) in (int, float) and abs(value) < 1e30 for value in values):
        return []
    return [float(value) for value in values]


def _seed(entry: dict[str, Any]) -> int:
    seed = entry["spec"].get("seed")
    return seed if type(seed) is int and 0 <= seed < 1 << 63 else -1


def _color(value: Any) -> str:
    return value if isinstance(value, str) and _COLOR.fullmatch(value) else _GREY
