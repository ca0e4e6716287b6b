"""What `python3 -m strata.setup` does: choose a Python, and let it run the steps."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from strata.checkout.files import denied
from strata.errors import StrataError, with_page
from strata.setup import python, steps


def main() -> int:
    """Run set-up.

    Returns:
        The exit code: 0, 1 for a fault, 130 after Ctrl-C.
    """
    root = Path(__file__).resolve().parents[2]
    try:
        interpreter = python.find_interpreter(os.environ)
        if interpreter is None:
            interpreter = steps.bring_python(root)
        if interpreter != Path(sys.executable):
            os.execv(interpreter, [str(interpreter), "-m", "strata.setup", *sys.argv[1:]])
        steps.run(root, bench="bench" in sys.argv[1:])
    except StrataError as error:
        print(f"set-up: {with_page(error)}", file=sys.stderr)
        return error.exit_code
    except PermissionError as error:
        print(f"set-up: {denied(error, '.strata and .venv')}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nset-up: interrupted; run the same command again to resume", file=sys.stderr)
        return 130
    return 0
