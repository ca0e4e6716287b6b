"""`python3 -m strata.setup`: install what `make demo` and `make test` need; resumable."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from strata.errors import StrataError
from strata.setup import python, steps


def main() -> int:
    root = Path(__file__).resolve().parents[2]
    try:
        interpreter = python.find_interpreter(os.environ)
        if interpreter is not None:
            os.execv(interpreter, [interpreter, "-m", "strata.setup"])
        steps.run(root)
    except StrataError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\nset-up: interrupted; run the same command again to resume", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
