"""Results on standard output."""

import json
import math

import pytest

from seedscape.assets.errors import SeedscapeError
from seedscape.cli.say import say, say_json


def test_json_is_ascii_and_has_null_for_what_is_not_finite(capsys: pytest.CaptureFixture[str]) -> None:
    say_json({"é\udcff": [math.nan, (math.inf, 1.5)], "n": 3, "flag": True})
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == {"é\udcff": [None, [None, 1.5]], "n": 3, "flag": True}


def test_without_standard_output_a_result_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(SeedscapeError, match="expected an open standard output"):
        say("lost")
