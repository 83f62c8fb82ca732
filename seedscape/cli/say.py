"""Results on standard output; everything else goes to standard error."""

import json
import math
import sys
from typing import Any

from seedscape.assets.errors import SeedscapeError


def say(text: str) -> None:
    """One result line (or several) on standard output."""
    if sys.stdout is None:
        raise SeedscapeError("expected an open standard output, got a closed one")
    print(text, flush=True)


def say_json(value: dict[str, Any]) -> None:
    """One JSON object on standard output: ASCII, so that no locale can spoil it; JSON has no NaN, null stands for it."""
    say(json.dumps(_finite(value), indent=2, allow_nan=False))


def note(text: str) -> None:
    """A remark for the person, on standard error."""
    print(f"seedscape: {text}", file=sys.stderr, flush=True)


def _finite(value: Any) -> Any:
    match value:
        case dict():
            return {key: _finite(item) for key, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
        case float():
            return value if math.isfinite(value) else None
    return value
