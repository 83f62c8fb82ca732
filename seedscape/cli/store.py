"""`seedscape store gc|verify STORE`: the upkeep of a store of finished work."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedscape.assets.errors import RequestError, SeedscapeError
from seedscape.cli.say import note, say
from seedscape.scene.spec import shown

if TYPE_CHECKING:
    from seedscape.assets.store import Store

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
UNITS_BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


@click.group()
def store() -> None:
    """Look after a store of finished work."""


@store.command()
@click.argument("folder", metavar="STORE")
@click.option("--max-age", metavar="AGE", help="Remove what was not used for so long: 30d, 12h.")
@click.option("--max-size", metavar="SIZE", help="Remove the longest unused down to so much: 50G, 800M.")
def gc(folder: str, max_age: str | None, max_size: str | None) -> None:
    """Remove what was not used for long, or the longest unused beyond a size; others may go on using the store."""
    if max_age is None and max_size is None:
        raise RequestError("expected --max-age or --max-size, got neither")
    age_s = None if max_age is None else seconds("--max-age", max_age)
    num_bytes = None if max_size is None else size_bytes("--max-size", max_size)
    done = _open(folder).gc(max_age_s=age_s, max_bytes=num_bytes)
    say(
        f"removed {done.objects} objects of {done.bytes / 1e6:.1f} MB and {done.records} records; "
        f"left {done.left_objects} objects of {done.left_bytes / 1e6:.1f} MB"
    )


@store.command()
@click.argument("folder", metavar="STORE")
def verify(folder: str) -> None:
    """Read every object; damaged ones are set aside. Exit code 1 when there were any."""
    found = _open(folder).verify()
    for name in found.damaged:
        note(f"damaged, set aside: {name}")
    say(f"{found.objects} objects of {found.bytes / 1e6:.1f} MB and {found.records} records are good")
    if found.damaged:
        raise SeedscapeError(f"expected a store without damage, got {len(found.damaged)} damaged files; set aside")


def _open(folder: str) -> "Store":
    from seedscape.assets.store import Store

    if "\0" in folder or not Path(folder, "objects").is_dir():
        raise RequestError(f"expected the folder of a store, got {shown(folder)}")
    return Store(folder)


def seconds(flag: str, text: str) -> int:
    """30d, 12h, 5m or 60s. RequestError: it is none of these."""
    return _quantity(flag, text, UNITS_S, "30d, 12h, 5m or 60s")


def size_bytes(flag: str, text: str) -> int:
    """50G, 800M or bytes. RequestError: it is none of these."""
    return _quantity(flag, text, UNITS_BYTES, "50G, 800M or bytes")


def _quantity(flag: str, text: str, units: dict[str, int], examples: str) -> int:
    match = re.fullmatch(r"([0-9]{1,15})([a-z]?)b?", text.lower())
    if not match or match[2] not in units:
        raise RequestError(f"{flag}: expected e.g. {examples}, got {shown(text)}")
    return int(match[1]) * units[match[2]]
