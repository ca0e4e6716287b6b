"""Makes live trees from seeds and compares them with the real Terragrunt, which has to be on PATH.

    .venv/bin/python bench/trees.py                    200 trees: graph, renders, plans
    .venv/bin/python bench/trees.py --count 20 --first 1000
    .venv/bin/python bench/trees.py --no-plans         graph and renders only

Graph: units, order and dependencies are those of `terragrunt find --dag`. Renders: every unit is equal to
`terragrunt render --all`, or both refuse it. Plans: the plan of the environment is the sum of the units' own
by `terragrunt run --all plan`: the same resources, actions and known values. The modules need no provider,
nothing is applied. Exits with 1 where a tree differs.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from strata.errors import StrataError
from strata.terraform.toolchain import find_toolchain
from tests.live.compared import MadeTree, compare_graph, compare_plans, compare_renders, own_plans, write_tree
from tests.live.generated import tree
from tests.live.unapplied import plan_unapplied


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="how many trees")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--no-plans", action="store_true", help="only graph and renders")
    arguments = parser.parse_args()
    if shutil.which("terragrunt") is None:
        sys.exit("terragrunt is not on PATH")
    started = time.monotonic()
    units = resources = differing = 0
    for seed in range(arguments.first, arguments.first + arguments.count):
        with tempfile.TemporaryDirectory(prefix="strata-trees-") as folder:
            found = _renders(Path(folder, "renders"), seed)
            if not arguments.no_plans:
                planned, faults = _plans(Path(folder, "plans"), seed)
                found += faults
                units += len(planned)
                resources += sum(len(plan.get("resource_changes", [])) for plan in planned.values())
        differing += bool(found)
        for line in found:
            print(f"seed {seed}: {line}", flush=True)
        if (seed - arguments.first + 1) % 10 == 0:
            print(f"{seed - arguments.first + 1} trees", file=sys.stderr, flush=True)
    print(f"{units} units planned with {resources} resources, {time.monotonic() - started:.0f} s")
    print(f"{differing} of {arguments.count} trees differ")
    if differing:
        sys.exit(1)


def _renders(folder: Path, seed: int) -> list[str]:
    folder.mkdir()
    made = write_tree(folder, tree(seed))
    return [*compare_graph(made), *compare_renders(made)]


def _plans(folder: Path, seed: int) -> tuple[Mapping[str, Mapping[str, Any]], list[str]]:
    folder.mkdir()
    made: MadeTree = write_tree(folder, tree(seed, plannable=True))
    try:
        own = own_plans(made, folder / "own")
        whole = plan_unapplied(made.load(), find_toolchain(folder / "state"), folder / "whole")
    except StrataError as error:
        return {}, [str(error)]
    return own, compare_plans(whole, own)


if __name__ == "__main__":
    main()
