"""Print case by step what a provider does; see docs/testing.md."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from strata.errors import StrataError
from tests.snowflake_provider.life import STEPS, UNIMPORTABLE, Life
from tests.snowflake_provider.providers import REAL, STAND_IN, in_a_folder


def table(life: Life) -> str:
    """Case by step: `ok`, or how much was not as it should be."""
    width = max(len(case) for case in life.faults)
    lines = ["  ".join(["case".ljust(width), *STEPS])]
    for case, faults in life.faults.items():
        cells = [(str(len(faults[step])) if step in faults else "ok").ljust(len(step)) for step in STEPS]
        lines.append("  ".join([case.ljust(width), *cells]).rstrip())
    sound = sum(not faults for faults in life.faults.values())
    lines.append(f"{sound} of {len(life.faults)} cases")
    lines += [f"import of {kind}: {UNIMPORTABLE[kind]['reason']}" for kind in sorted(life.unimportable)]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.snowflake_provider", description=__doc__)
    parser.add_argument("--provider", choices=(REAL, STAND_IN), default=REAL)
    parser.add_argument("--json", type=Path, help="write faults and states to this file")
    arguments = parser.parse_args()
    try:
        life = in_a_folder(arguments.provider, Path(__file__).resolve().parents[2], os.environ)
    except StrataError as error:
        print(error, file=sys.stderr)
        return 1
    print(table(life))
    for case, faults in life.faults.items():
        for step, texts in faults.items():
            print(f"\n{case}, {step}:", *texts, sep="\n  ")
    if arguments.json:
        document = {"faults": life.faults, "states": life.states}
        arguments.json.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return int(any(life.faults.values()))


if __name__ == "__main__":
    sys.exit(main())
