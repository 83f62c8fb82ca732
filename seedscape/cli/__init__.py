"""The command line: `seedscape COMMAND ...`, also as `python -m seedscape`.

One file a command. Heavy imports stay inside the commands, so that `--help` is there at once.
"""

import os
import signal
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line of this process and end it with the exit code of the contract (see `run`)."""
    code = 1
    try:
        _open_missing_streams()
        from seedscape.cli.run import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while the program was still loading, or already ending
        print("seedscape: interrupted", file=sys.stderr)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the work is done; a late Ctrl-C must not print a traceback
    sys.exit(code)


def _open_missing_streams() -> None:
    """Give closed standard streams a file: else the first file that is opened would become "standard output"."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:  # print(..., file=None) would write to standard output
        sys.stderr = os.fdopen(2, "w", errors="backslashreplace")
