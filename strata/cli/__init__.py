"""The command `strata`."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command; faults become one line on standard error and a non-zero exit code."""
    # A command makes many objects and little garbage: looking for it so often takes a fifth of its time.
    gc.set_threshold(10_000)
    from strata.cli.app import run

    sys.exit(run(sys.argv[1:]))
