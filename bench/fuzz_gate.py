"""Tries the gate's attack suite in other spellings, until the time is up; prints each spelling that gets by.

    .venv/bin/python bench/fuzz_gate.py --minutes 30
    .venv/bin/python bench/fuzz_gate.py --minutes 1 --seed 7

Each try takes a change of tests/ci/changes.py and spells its files otherwise (tests/ci/spellings.py). An
attack must still be asked for its labels, and a harmless change must stay harmless. The seed of a try is
printed with it and repeats it. Exits 1 if anything was found.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.ci.spellings import fault, suite  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long")
    parser.add_argument("--seed", type=int, default=0, help="number of the first try")
    parser.add_argument("--most", type=int, default=20, help="end after so many findings")
    options = parser.parse_args()
    changes = suite()
    end = time.monotonic() + 60 * options.minutes
    tries, found = 0, 0
    while time.monotonic() < end and found < options.most:
        seed = options.seed + tries
        some = random.Random(seed)
        if said := fault(some.choice(changes), some):
            found += 1
            print(f"seed {seed}: {said}", flush=True)
        tries += 1
    print(f"{tries} spellings of {len(changes)} changes, {found} findings")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
