"""The command `strata`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; faults become one line on standard error and a non-zero exit code."""
    from strata.cli.app import run

    sys.exit(run(sys.argv[1:]))
