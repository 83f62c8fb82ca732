"""From arguments to an exit code: every failure ends as one line on standard error.

Exit codes: 0 done; 2 the request is wrong; 3 over budget; 4 a needed part is missing; 1 anything else, Ctrl-C too.
SEEDSCAPE_DEBUG=1 shows the traceback as well.
"""

import errno
import os
import sys
import traceback
from collections.abc import Sequence

import click

from seedscape import __version__
from seedscape.assets.errors import SeedscapeError
from seedscape.cli.batch import batch
from seedscape.cli.catalog import catalog
from seedscape.cli.compare import compare
from seedscape.cli.evaluate import evaluate
from seedscape.cli.generate import generate
from seedscape.cli.inspect import inspect
from seedscape.cli.sample import sample
from seedscape.cli.serve import serve
from seedscape.cli.similar import similar
from seedscape.cli.store import store
from seedscape.cli.tiles import tiles
from seedscape.cli.train import train
from seedscape.cli.view import view
from seedscape.scene.spec import controls, describe, shown

USAGE_ERROR = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="seedscape %(version)s")
def commands() -> None:
    """A seed in, a complete VR environment out, as one glTF file."""


for command in (
    generate,
    sample,
    inspect,
    tiles,
    batch,
    catalog,
    similar,
    store,
    serve,
    view,
    train,
    evaluate,
    compare,
):
    commands.add_command(command)


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments ask; the exit code."""
    try:
        # Not commands.main(): that would print its own way of errors, and be silent about a closed pipe.
        with commands.make_context("seedscape", list(arguments)) as context:
            commands.invoke(context)
        if sys.stdout is not None:
            sys.stdout.flush()
        return 0
    except click.exceptions.Exit as stop:  # --help and --version
        return stop.exit_code
    except BaseException as error:
        if os.environ.get("SEEDSCAPE_DEBUG") == "1":
            traceback.print_exc()
        if isinstance(error, SystemExit | GeneratorExit):
            raise
        message, code = explain(error, arguments)
        print(f"seedscape: {message}", file=sys.stderr)
        _abandon_stdout()
        return code


def explain(error: BaseException, arguments: Sequence[str] = ()) -> tuple[str, int]:
    """One line for a person and the exit code of a failure."""
    match error:
        case SeedscapeError():
            return str(error), error.exit_code
        case click.ClickException():
            return _explain_usage(error, arguments), USAGE_ERROR
        case KeyboardInterrupt():
            return "interrupted; files that were not finished are not there", 1
        case BrokenPipeError():
            return "standard output was closed before everything was written", 1
        case MemoryError():
            return "not enough memory", 1
        case OSError():
            place = f": {error.filename}" if error.filename else ""
            return ("disk full" if error.errno == errno.ENOSPC else str(error.strerror or error)) + place, 1
    detail = " ".join(str(error).split())
    return f"internal error, {type(error).__name__}: {detail} (SEEDSCAPE_DEBUG=1 shows where)", 1


def _explain_usage(error: click.ClickException, arguments: Sequence[str]) -> str:
    if isinstance(error, click.NoSuchOption) and error.option_name[1:2].isdecimal():  # a negative number
        number = next((text for text in arguments if text.startswith(error.option_name)), error.option_name)
        return f"seed: expected {describe(controls()['seed'])}, got {shown(number)}"
    message = " ".join(error.format_message().split()).rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{message} (see {context.command_path} --help)" if context else message


def _abandon_stdout() -> None:
    """Drop what standard output still holds where it cannot be written, so that Python's exit is silent."""
    try:
        sys.stdout.flush()
    except (AttributeError, OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
