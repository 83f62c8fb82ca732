"""The README says what the code does: its tables are the code's, its commands and files exist."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import cast

import click
import pytest

from seedscape.cli.run import commands

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^(?:.*&& )?(seedscape .+?)\s*(?:#.*)?$", README, re.MULTILINE)


def test_the_tables_are_those_of_the_code() -> None:
    script = [sys.executable, "scripts/readme_tables.py", "--check"]
    done = subprocess.run(
        script, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_first_command_is_there() -> None:
    assert "seedscape generate 42" in COMMANDS


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_parses(line: str) -> None:
    """Down to the last command, with its options; nothing is run."""
    arguments, command = shlex.split(line)[1:], cast(click.Command, commands)
    while isinstance(command, click.Group):
        name = arguments.pop(0)
        assert name in command.commands, line
        command = command.commands[name]
    command.make_context("seedscape", arguments)


def test_every_linked_file_is_there() -> None:
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in target]
    assert [target for target in targets if not (ROOT / target).exists()] == []
