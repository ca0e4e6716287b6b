"""Compares every unit below a folder with the real Terragrunt, which has to be on PATH.

    .venv/bin/python bench/fixtures.py FOLDER            such as test/fixtures of Terragrunt's own source
    .venv/bin/python bench/fixtures.py FOLDER --list     every unit that is not equal, with both answers

The folder is copied, and the copy becomes a Git repository; nothing of it is kept. Each unit is rendered by
both: inputs, source, remote state, generated files and dependencies are equal, both refuse, or Strata refuses
by name. Exits with 1 where a unit differs or where Terragrunt alone refuses. Give no network: sources and
credentials that a unit asks for are part of its render.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from strata.errors import StrataError
from strata.live import LiveTree, Unit, discovery
from strata.terraform.state import StateBackend
from strata.terraform.unit_outputs import dependency_outputs
from tests.live.terragrunt import child_environ, render, significant

VERDICTS = ("equal", "both refuse", "refused here by name", "refused there alone", "differs")
VERDICTS = ("equal", "both refuse", "refused here by name", "refused there alone", "differs")
EQUAL, BOTH, HERE, THERE, DIFFERS = VERDICTS


@dataclass(frozen=True)
class Comparison:
    """What both say of one unit; `ours` and `theirs` are what differs, or the errors."""

    unit: str
    verdict: str
    ours: str = ""
    theirs: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, help="a folder of Terragrunt units")
    parser.add_argument("--unit", action="append", help="only this unit of it; may be repeated")
    parser.add_argument("--list", action="store_true", help="print every unit that is not equal")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    if shutil.which("terragrunt") is None:
        sys.exit("terragrunt is not on PATH")
    with tempfile.TemporaryDirectory(prefix="strata-fixtures-") as scratch:
        root = Path(scratch).resolve() / "fixtures"
        shutil.copytree(arguments.folder, root, symlinks=True)
        subprocess.run(["git", "init", "-q", str(root)], check=True)
        found: list[Comparison] = []
        for item in compare_all(root, arguments.unit):
            found.append(item)
            if arguments.list and item.verdict != EQUAL:
                shown = f"{item.verdict}: {item.unit}\n  here:  {item.ours}\n  there: {item.theirs}"
                print(shown, file=sys.stderr, flush=True)
    counts = Counter(comparison.verdict for comparison in found)
    if arguments.json:
        print(json.dumps({"counts": counts, "units": [vars(item) for item in found]}, indent=2))
    else:
        shown = ", ".join(f"{counts[name]} {name}" for name in VERDICTS)
        print(f"{len(found)} units: {shown}")
    if counts[THERE] or counts[DIFFERS]:
        sys.exit(1)


def compare_all(root: Path, chosen: Sequence[str] | None) -> Iterator[Comparison]:
    """Compare the units of a repository, in order of their paths."""
    environ = child_environ(root.parent)
    tree = LiveTree.load(root, environ=environ)
    units = chosen or discovery.find_units(root)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda unit: compare(tree, unit, environ), units)


def _no_backend(unit: Unit) -> StateBackend:
    raise StrataError(f"{unit.path} has its state in S3")


def compare(tree: LiveTree, unit: str, environ: dict[str, str]) -> Comparison:
    """Compare one unit."""
    theirs, said = render(tree.root / unit, environ)
    ours: dict[str, Any] | None = None
    error = ""
    outputs: Mapping[str, Mapping[str, Any]] = {}
    with contextlib.suppress(StrataError):
        # Without a network, Terragrunt takes mocks too.
        outputs = dependency_outputs(tree, [unit], _no_backend)
    try:
        ours = tree.config(unit, outputs)
    except StrataError as caught:
        error = str(caught).replace(f"{tree.root}/", "")
    if ours is None or theirs is None:
        verdict = THERE if ours is not None else HERE if theirs is not None else BOTH
        return Comparison(unit, verdict, error, said.replace(f"{tree.root}/", ""))
    here, there = significant(ours, tree.root), significant(theirs, tree.root)
    if here == there:
        return Comparison(unit, EQUAL)
    names = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
    return Comparison(unit, DIFFERS, _shown(here, names), _shown(there, names))


def _shown(document: dict[str, Any], names: Sequence[str]) -> str:
    return json.dumps({name: document.get(name) for name in names}, sort_keys=True)


if __name__ == "__main__":
    main()
