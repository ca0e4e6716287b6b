"""Measures `strata ci affected`, `gate` and `plan-summary` on this repository.

    .venv/bin/python bench/ci.py                    three runs of each
    .venv/bin/python bench/ci.py --before HEAD~20   the same with the code of that commit, and the ratio

The change is one value of live/dev/env.hcl and a comment of a module, in a clone: they reach every part of
the gate, evaluation of both trees and loading of the module included. The plans are of the whole of dev.
Shown are the least wall time and the least CPU time (user and system, children included) of the runs: CPU
depends less on what else runs on the machine. Prints a table, or JSON with --json, and exits 1 if a command
takes more than its limit of wall time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from strata.ci.plans import PLAN_JSON
from strata.cli.views.console import out, print_json, table
from strata.platform.offline_plan import offline_plan

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 3.0
RUNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--before", help="commit whose code is measured too")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="strata-bench-") as folder:
        place = Path(folder)
        clone = changed_clone(place / "clone")
        plans = place / "plans"
        (plans / "live/dev/all").mkdir(parents=True)
        document = offline_plan(ROOT, "dev", lambda text: None, policies_known=True)
        (plans / "live/dev/all" / PLAN_JSON).write_text(json.dumps(document), encoding="utf-8")
        commands = {
            "affected": ["ci", "affected", "--base", "HEAD~1"],
            "gate": ["ci", "gate", "--base", "HEAD~1"],
            "plan-summary": ["ci", "plan-summary", "dev", "--plans", str(plans)],
        }
        now = {name: measured(ROOT, clone, words) for name, words in commands.items()}
        before = {}
        if options.before:
            code = place / "before"
            git("-C", str(ROOT), "worktree", "add", "--quiet", "--detach", str(code), options.before)
            try:
                before = {name: measured(code, clone, words) for name, words in commands.items()}
            finally:
                git("-C", str(ROOT), "worktree", "remove", "--force", str(code))
    report(now, before, options.json)
    sys.exit(any(wall > LIMIT for wall, _ in now.values()))


def changed_clone(folder: Path) -> Path:
    """A clone of this repository with one more commit."""
    git("clone", "--quiet", str(ROOT), str(folder))
    file = folder / "live/dev/env.hcl"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("credits_per_month    = 20", "credits_per_month    = 21"), encoding="utf-8")
    with (folder / "modules/s3/main.tf").open("a", encoding="utf-8") as module:
        module.write("# A comment.\n")
    git(
        "-C",
        str(folder),
        "-c",
        "user.name=bench",
        "-c",
        "user.email=bench@example.org",
        "commit",
        "-qam",
        "value",
    )
    return folder


def measured(code: Path, clone: Path, words: list[str]) -> tuple[float, float]:
    """The least seconds of wall and of CPU of a command, with the library of a checkout."""
    environ = {**os.environ, "PYTHONPATH": str(code), "PYTHONDONTWRITEBYTECODE": ""}
    start = "import sys; from strata.cli import main; sys.argv[0] = 'strata'; sys.exit(main())"
    times = []
    # The first one compiles the library's files, and does not count.
    for _ in range(RUNS + 1):
        used, began = cpu(), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-P", "-c", start, *words],
            cwd=clone,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        times.append((time.perf_counter() - began, cpu() - used))
        if done.returncode:
            sys.exit(f"`strata {' '.join(words)}` failed: {done.stderr[-500:]}")
    return min(wall for wall, _ in times[1:]), min(used for _, used in times[1:])


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)


def report(
    now: dict[str, tuple[float, float]], before: dict[str, tuple[float, float]], as_json: bool
) -> None:
    if as_json:
        print_json({"now": now, "before": before, "limit": LIMIT})
        return
    rows = []
    for name, (wall, used) in now.items():
        was = before.get(name, (0.0, 0.0))[1]
        ratio = round(was / used, 1) if was else None
        rows.append([f"strata ci {name}", round(wall, 2), round(used, 2), round(was, 2) or None, ratio])
    out.print(table(None, ["command", "wall s", "CPU s", "CPU s before", "ratio"], rows))


if __name__ == "__main__":
    main()
