"""Job files: many environments asked for at once.

TOML: what stands at the top counts for every table of [[jobs]]; without [[jobs]], the top is the only one. A table has fields
of the spec, `seeds`, `grid`, `sample`, `profile` or `profiles`, `textures`, `preview`, and a `name` for people.
JSON Lines: a table a line. CSV: a header of fields, then a job a row.
"""

import csv
import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import Any

from seedscape.assets.errors import RequestError
from seedscape.cli.request import read_text
from seedscape.scene.spec import (
    MAX_SEED,
    Real,
    check_values,
    controls,
    describe,
    shown,
    unknown,
    values_from_text,
)

MAX_FILE_BYTES = 64 << 20
MAX_JOBS = 1_000_000
MAX_NAME = 80
PLAIN = ("name", "profile", "textures", "preview")
MANY = ("seeds", "grid", "sample", "profiles")
KINDS = (".toml", ".csv", ".jsonl")


@dataclass(frozen=True)
class Wish:
    """One environment asked for. fields: checked fields of the spec, those that were given."""

    fields: dict[str, Any]
    profile: str = "universal"
    textures: str | None = None
    preview: bool = True
    name: str | None = None


def read_job_file(path: str | os.PathLike[str]) -> list[Wish]:
    """The environments that a job file asks for, at most a million. RequestError: file, place, what was expected and came."""
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise RequestError(f"expected a job file that ends in {', '.join(KINDS)}, got {shown(path.name)}")
    text = read_text(path, "job file", MAX_FILE_BYTES)
    if kind == ".csv":
        return _bounded(path.name, _csv_wishes(path.name, text))
    tables = _toml_tables(path.name, text) if kind == ".toml" else _json_tables(path.name, text)
    return _bounded(path.name, _wishes(tables))


def read_tables(tables: Iterable[Mapping[str, Any]]) -> list[Wish]:
    """As `read_job_file`, of tables that are there already."""
    return _bounded("jobs", _wishes((f"jobs[{k}]", table) for k, table in enumerate(tables)))


def _bounded(place: str, wishes: Iterator[Wish]) -> list[Wish]:
    found = list(islice(wishes, MAX_JOBS + 1))
    if len(found) > MAX_JOBS:
        raise RequestError(f"{place}: expected at most {MAX_JOBS:,} jobs, got more")
    if not found:
        raise RequestError(f"{place}: expected at least one job, got none")
    return found


def _wishes(tables: Iterable[tuple[str, Any]]) -> Iterator[Wish]:
    for place, table in tables:
        try:
            yield from expand(table)
        except RequestError as error:
            raise RequestError(f"{place}: {error}") from None


def expand(table: Any) -> Iterator[Wish]:
    """The environments of one table: every seed with every place of the grid, every draw of the sample, every profile."""
    from seedscape.export.profiles import require_profile

    if not isinstance(table, Mapping) or not all(isinstance(key, str) for key in table):
        raise RequestError(f"expected a table of fields, got {shown(table)}")
    known = (*controls(), *PLAIN, *MANY)
    for key in table:
        if key not in known:
            raise RequestError(unknown("a field of a job", key, known))
    fields = {key: _checked(key, value) for key, value in table.items() if key in controls()}
    seeds, profiles = _seeds(table, fields), _profiles(table)
    textures = _plain(table, "textures", str, None)
    for profile in profiles:
        require_profile(profile, textures)
    preview, name = _plain(table, "preview", bool, True), _name(table)
    grid, (draws, number, ranges) = _grid(table.get("grid", {}), fields), _sample(table.get("sample", {}), fields)
    size = len(seeds) * len(profiles) * draws
    for values in grid.values():
        size *= len(values)
    if size > MAX_JOBS:
        raise RequestError(f"expected at most {MAX_JOBS:,} jobs, got {size:,}")
    for seed in seeds:
        for place in product(*grid.values()):
            for draw in range(draws):
                drawn = _drawn(ranges, number, seed, draw)
                spec = {**fields, **dict(zip(grid, place, strict=True)), **drawn, "seed": seed}
                for profile in profiles:
                    yield Wish(spec, profile, textures, preview, name)


def _seeds(table: Mapping[str, Any], fields: Mapping[str, Any]) -> "range | list[int]":
    """Of `seed`, or of `seeds`: "1-200", [1, 2, "10-20"]."""
    if ("seed" in table) == ("seeds" in table):
        raise RequestError("expected one of seed and seeds, got " + ("both" if "seed" in table else "neither"))
    if "seed" in fields:
        return [fields["seed"]]
    given = table["seeds"]
    if isinstance(given, str):
        return _seed_range(given)
    if not isinstance(given, list | tuple | range) or not len(given):
        raise RequestError(f'seeds: expected "FIRST-LAST" or a list of seeds, got {shown(given)}')
    seeds: list[int] = []
    for part in given if len(given) <= MAX_JOBS else ():
        seeds += _seed_range(part) if isinstance(part, str) else [check_values({"seed": part})["seed"]]
        if len(seeds) > MAX_JOBS:
            break
    if not 0 < len(seeds) <= MAX_JOBS:
        raise RequestError(f"seeds: expected at most {MAX_JOBS:,}, got more")
    return seeds


def _seed_range(text: str) -> range:
    match = re.fullmatch(r"\s*([0-9]{1,16})\s*(?:-\s*([0-9]{1,16})\s*)?", text)
    first = int(match[1]) if match else 1
    last = int(match[2] or match[1]) if match else 0
    if not first <= last <= MAX_SEED:
        raise RequestError(f'seeds: expected a range "FIRST-LAST" within 0 to {MAX_SEED}, got {shown(text)}')
    if last - first >= MAX_JOBS:
        raise RequestError(f"seeds: expected at most {MAX_JOBS:,}, got {last - first + 1:,}")
    return range(first, last + 1)


def _profiles(table: Mapping[str, Any]) -> list[str]:
    if "profile" in table and "profiles" in table:
        raise RequestError("expected one of profile and profiles, got both")
    if "profiles" not in table:
        return [_plain(table, "profile", str, "universal")]
    given = table["profiles"]
    if not isinstance(given, list | tuple) or not given or not all(isinstance(name, str) for name in given):
        raise RequestError(f"profiles: expected a list of names, got {shown(given)}")
    return list(dict.fromkeys(given))


def _grid(given: Any, fields: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Field -> its values, each checked."""
    if not isinstance(given, Mapping):
        raise RequestError(f"grid: expected a table of field = [values], got {shown(given)}")
    grid = {}
    for field, values in given.items():
        _require_free("grid", field, fields)
        if not isinstance(values, list | tuple) or not 0 < len(values) <= MAX_JOBS:
            raise RequestError(f"grid: {field}: expected a list of values, got {shown(values)}")
        grid[field] = [_checked(field, value, "grid: ") for value in values]
    return grid


def _sample(given: Any, fields: Mapping[str, Any]) -> tuple[int, int, dict[str, Any]]:
    """(draws for each seed, the number they depend on, field -> (low, high) or a list of values)."""
    if not isinstance(given, Mapping):
        raise RequestError(f"sample: expected a table with count and field = ranges, got {shown(given)}")
    if not given:
        return 1, 0, {}
    count, number = given.get("count", 1), given.get("number", 0)
    for name, value, low in (("count", count, 1), ("number", number, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= MAX_JOBS:
            raise RequestError(f"sample: {name}: expected a whole number {low} to {MAX_JOBS:,}, got {shown(value)}")
    ranges: dict[str, Any] = {}
    for field, values in given.items():
        if field in ("count", "number"):
            continue
        _require_free("sample", field, fields)
        control = controls()[field]
        if isinstance(values, Mapping) and values.keys() == {"low", "high"} and isinstance(control, Real):
            low, high = (_checked(field, values[end], "sample: ") for end in ("low", "high"))
            if low is None or high is None or not low <= high:
                raise RequestError(f"sample: {field}: expected low and high, the low one first, got {shown(values)}")
            ranges[field] = (low, high)
        elif isinstance(values, list | tuple) and 0 < len(values) <= MAX_JOBS:
            ranges[field] = [_checked(field, value, "sample: ") for value in values]
        else:
            either = "{ low = .., high = .. } or a list" if isinstance(control, Real) else "a list"
            raise RequestError(f"sample: {field}: expected {either}, each {describe(control)}, got {shown(values)}")
    return count, number, ranges


def _drawn(ranges: Mapping[str, Any], number: int, seed: int, draw: int) -> dict[str, Any]:
    """One draw; it depends on the sample's number, the seed, the draw and the field alone."""
    if not ranges:
        return {}
    from seedscape.generation.rng import fractions, stream

    drawn = {}
    for field, values in ranges.items():
        share = float(fractions(stream(seed, "jobs", number, draw, field), 1)[0])
        if isinstance(values, tuple):
            low, high = values
            drawn[field] = min(high, max(low, round(low + share * (high - low), 3)))
        else:
            drawn[field] = values[int(share * len(values))]
    return drawn


def _require_free(place: str, field: Any, fields: Mapping[str, Any]) -> None:
    known = [name for name in controls() if name != "seed"]
    if field not in known:
        raise RequestError(f"{place}: " + unknown("a field of the spec", str(field), known))
    if field in fields:
        raise RequestError(f"{place}: expected fields that are not given beside it, got {field}")


def _checked(field: str, value: Any, place: str = "") -> Any:
    """A value of a field; "auto" as in text, since TOML has no null."""
    control = controls()[field]
    if value == "auto" and isinstance(control, Real) and control.auto:
        return None
    try:
        return check_values({field: value})[field]
    except RequestError as error:
        raise RequestError(f"{place}{error}") from None


def _plain(table: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:
    value = table.get(key, default)
    if value is not default and not isinstance(value, kind):
        raise RequestError(f"{key}: expected {'true or false' if kind is bool else 'a name'}, got {shown(value)}")
    return value


def _name(table: Mapping[str, Any]) -> str | None:
    name = _plain(table, "name", str, None)
    if name is not None and not (0 < len(name) <= MAX_NAME and name.isprintable()):
        raise RequestError(f"name: expected 1 to {MAX_NAME} printable characters, got {shown(name)}")
    return None if name is None else str(name)


def _toml_tables(place: str, text: str) -> Iterator[tuple[str, Any]]:
    try:
        top = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = shown(str(error)) if isinstance(error, ValueError) else "nesting too deep"
        raise RequestError(f"{place}: expected TOML, got text that is not: {reason}") from None
    tables = top.pop("jobs", None)
    if tables is None:
        yield place, top
        return
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise RequestError(f"{place}: expected tables [[jobs]], got {shown(tables)}")
    for k, table in enumerate(tables):
        given = dict(top)
        for one, many in (("seed", "seeds"), ("profile", "profiles")):
            if one in table or many in table:  # the table's own counts, in whichever form
                given.pop(one, None), given.pop(many, None)
        yield f"{place}, jobs[{k}]", given | table


def _json_tables(place: str, text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield f"{place}, line {number}", json.loads(line)
            except (ValueError, RecursionError) as error:
                raise RequestError(f"{place}, line {number}: expected a JSON object, got {shown(str(error))}") from None


def _csv_wishes(place: str, text: str) -> Iterator[Wish]:
    rows = csv.reader(text.splitlines(), strict=True)
    try:
        header = [cell.strip() for cell in next(rows, [])]
        known = (*controls(), *PLAIN)
        for name in header:
            if name not in known:
                raise RequestError(unknown("a field of a job", name, known))
        if len(set(header)) != len(header) or "seed" not in header:
            raise RequestError("expected a header of different fields with seed among them, got another")
        for row in rows:
            if row:
                yield _csv_wish(header, row)
    except (RequestError, csv.Error) as error:
        raise RequestError(f"{place}, line {rows.line_num}: {error}") from None


def _csv_wish(header: list[str], row: list[str]) -> Wish:
    if len(row) != len(header):
        raise RequestError(f"expected {len(header)} cells, got {len(row)}")
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=True) if cell.strip()}
    plain: dict[str, Any] = {name: cells.pop(name) for name in PLAIN if name in cells}
    if "preview" in plain:
        if plain["preview"].lower() not in ("true", "false"):
            raise RequestError(f"preview: expected true or false, got {shown(plain['preview'])}")
        plain["preview"] = plain["preview"].lower() == "true"
    return next(expand(values_from_text(cells) | plain))
