"""Write the tables of the README that come from the code: controls from SceneSpec, budgets from the export room.

python scripts/readme_tables.py           renews README.md
python scripts/readme_tables.py --check   exit code 1 if it is stale
"""

import re
import sys
from dataclasses import fields
from pathlib import Path

from seedscape.export.budget import BUDGETS, MB
from seedscape.scene.spec import Choice, SceneSpec, Step, Whole, controls

README = Path(__file__).parent.parent / "README.md"


def controls_table() -> str:
    """One row a field of SceneSpec."""
    rows = ["| field | default | accepts | what it is |", "| --- | --- | --- | --- |"]
    defaults = {field.name: field.default for field in fields(SceneSpec)}
    for name, control in controls().items():
        match control:
            case Choice(names):
                accepts = ", ".join(names())
            case Whole(low, high):
                accepts = f"{low} .. {high}"
            case Step(values, unit):
                accepts = ", ".join(map(str, values)) + f" {unit}"
            case _:
                accepts = f"{control.low:g} .. {control.high:g} {control.unit}".rstrip() + (
                    ", auto" if control.auto else ""
                )
        default = "auto" if defaults[name] is None else defaults[name]
        rows.append(f"| `{name}` | {default} | {accepts} | {control.meaning} |")
    return "\n".join(rows)


def budgets_table() -> str:
    """One row a line of the budget, one column a different budget."""
    kinds = {name: BUDGETS[name] for name in ("universal", "quest")}
    assert all(budget in kinds.values() for budget in BUDGETS.values())
    rows = [f"| at most | {' | '.join(kinds)} |", "| --- | --- | --- |"]
    for field in fields(BUDGETS["universal"]):
        limits = [int(getattr(budget, field.name)) for budget in kinds.values()]
        shown = [f"{limit // MB} MB" if field.name.endswith("bytes") else f"{limit:,}" for limit in limits]
        rows.append(f"| {LINES[field.name]} | {' | '.join(shown)} |")
    return "\n".join(rows)


LINES = {
    "triangles": "triangles",
    "draw_calls": "draw calls",
    "materials": "materials",
    "gpu_texture_bytes": "textures on the GPU (RGBA8 with mip levels)",
    "texture_px": "longer edge of a texture, pixels",
    "bytes": "file",
}
TABLES = {"controls": controls_table, "budgets": budgets_table}


def renewed(text: str) -> str:
    """The README with its tables as the code has them."""
    for name, table in TABLES.items():
        pattern = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if len(pattern.findall(text)) != 1:
            raise SystemExit(f"README.md: expected one pair of <!-- {name} --> marks")
        text = pattern.sub(lambda marks, table=table: f"{marks[1]}{table()}\n{marks[2]}", text)
    return text


if __name__ == "__main__":
    before = README.read_text(encoding="utf-8")
    after = renewed(before)
    if "--check" in sys.argv and before != after:
        sys.exit("README.md is stale: run python scripts/readme_tables.py")
    if before != after:
        README.write_text(after, encoding="utf-8")
