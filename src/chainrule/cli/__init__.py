"""The command line: one module for each command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line, by default the program's own, and exit.

    The exit code is 0, 1 if a check fails, 2 if the user gave something that does not fit (said in one
    sentence on stderr), 130 after Ctrl-C.
    """
    try:
        from chainrule.cli.app import run  # here, so that Ctrl-C while it is imported ends quietly too

        code = run(arguments)
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
