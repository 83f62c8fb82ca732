"""`python -m seedscape` is the command `seedscape`."""

from seedscape.cli import main

main()
