"""Progress: a bar on a terminal, plain lines elsewhere, always on standard error."""

import io

import pytest

from seedscape.cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_elsewhere_every_stage_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        for stage, share in (("terrain", 0.0), ("materials", 0.2), ("materials", 0.4), ("scene", 0.6)):
            progress(stage, share)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "seedscape: terrain\nseedscape: materials\nseedscape: scene\n")


def test_on_a_terminal_it_is_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with Progress() as progress:
        progress("terrain", 0.0)
        progress("export", 0.9)
    shown = terminal.getvalue()
    assert "\x1b[" in shown and "export" in shown and "seedscape: export" not in shown
    assert shown.rstrip("\n").endswith("\x1b[2K"), "the bar is wiped away at the end"
    assert capsys.readouterr().out == ""


def test_a_failure_ends_the_bar_and_passes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(KeyboardInterrupt), Progress() as progress:
        progress("terrain", 0.0)
        raise KeyboardInterrupt
    assert "\x1b[?25h" in terminal.getvalue(), "the cursor is shown again"
