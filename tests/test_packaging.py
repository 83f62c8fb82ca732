"""What the package says of itself in pyproject.toml is what stands in the folders."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import seedscape

ROOT = Path(__file__).parent.parent
ROOMS = ("generation", "scene", "export", "assets")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def package_folders() -> dict[str, Path]:
    """Import name -> folder of every package, each once although the face holds links to the rooms."""
    folders = {
        ".".join(("seedscape", *p.parent.relative_to(ROOT).parts)): p.parent
        for r in ROOMS
        for p in (ROOT / r).rglob("__init__.py")
    }
    face = [p.parent for p in (ROOT / "seedscape").rglob("__init__.py") if p.resolve() == p]
    return folders | {".".join(p.relative_to(ROOT).parts): p for p in face}


def test_every_package_folder_is_listed() -> None:
    assert set(package_folders()) == set(PROJECT["tool"]["setuptools"]["packages"])


def test_links_in_the_face_lead_to_the_rooms() -> None:
    for room in ROOMS:
        assert (ROOT / "seedscape" / room).resolve() == ROOT / room


def test_no_python_file_stands_outside_a_package() -> None:
    listed = set(package_folders().values())
    stray = [p for room in ROOMS for p in (ROOT / room).rglob("*.py") if p.parent not in listed]
    assert stray == []


def test_every_weight_file_is_shipped() -> None:
    listed = PROJECT["tool"]["setuptools"]["package-data"]["seedscape.assets"]
    patterns = [pattern for pattern in listed if pattern.startswith("weights/")]
    shipped = {path for pattern in patterns for path in (ROOT / "assets").glob(pattern)}
    assert shipped == {path for path in (ROOT / "assets" / "weights").rglob("*") if path.is_file()}


def test_every_page_is_shipped() -> None:
    listed = PROJECT["tool"]["setuptools"]["package-data"]["seedscape.assets"]
    assert {path.name for path in (ROOT / "assets").glob("*.html")} <= set(listed)


def test_every_requirement_is_pinned_in_the_constraints() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9a-z.]*", pin) for pin in pins), "each line: name==version"
    project = PROJECT["project"]
    wanted = chain(project["dependencies"], *project["optional-dependencies"].values())
    names = {re.split(r"[^A-Za-z0-9_.-]", requirement)[0] for requirement in wanted}
    assert names <= {pin.split("==")[0] for pin in pins}
    assert "torch==2.13.0" in pins


def test_the_version_has_an_entry_in_the_changelog() -> None:
    assert f"\n## {seedscape.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_requirement_is_used() -> None:
    project = PROJECT["project"]
    lines = chain(project["dependencies"], *project["optional-dependencies"].values())
    names = {re.split(r"[^A-Za-z0-9_.-]", line)[0] for line in lines}
    roots = [ROOT / folder for folder in (*ROOMS, "seedscape", "tests")]
    code = "\n".join(
        path.read_text() for root in roots for path in root.rglob("*.py") if "node_modules" not in path.parts
    )
    found = set(re.findall(r"^\s*(?:import|from) (\w+)|import_module\(\"(\w+)", code, re.MULTILINE))
    imported = {name for pair in found for name in pair}
    script = (ROOT / "scripts" / "test").read_text()
    tools = set(re.findall(r"\$bin/(?:python\" -m )?(\w+)", script))
    if re.search(r"\$bin/pytest\".* --dist ", script):
        tools.add("pytest_xdist")  # a plugin has no command of its own
    unused = {name for name in names if {"pillow": "PIL"}.get(name, name.replace("-", "_")) not in imported | tools}
    assert unused == set()
