"""Measures the test library: the same cases by the library, by tftest one by one, and by `terraform test`.

    .venv/bin/python bench/test_library.py               60 cases three ways, growth from 10 to 300, the plot
    .venv/bin/python bench/test_library.py --sample 12   tftest on 12 of the 60 only, the rest extrapolated

The cases are the repository's own, of the modules that need the AWS provider only, spread evenly. Compared
is on sound ones; as many that must be refused are then run with them by the library, to count what they cost
in starts. One worker each, every process start included. The library is pytest as a user runs it: the median
of three runs, with what it keeps from run to run (which attributes are sets, what is wrong with a state
machine's definition); one run that starts with nothing kept is shown beside. The two others have Terraform's
own settings, not ours for Go's collector; what they ask of Step Functions is answered as fast.
Beyond the number of cases there are, the growth repeats them under other names. Prints tables, or JSON with
--json, and exits 1 if a ratio misses its target.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

try:
    import psutil
except ModuleNotFoundError:
    sys.exit("psutil is not installed (run `make bench BENCH=test_library`)")
import tftest

from strata.cli.views.console import err, out, print_json, table
from strata.terraform.toolchain import Toolchain, find_toolchain
from strata.testing.cases.case import Case, read_case
from strata.testing.cases.composition import CaseRoot
from strata.testing.cases.layout import RepositoryLayout
from strata.testing.cases.literals import literal
from strata.testing.cases.providers import DEFAULTS
from strata.testing.cases.services import PlanServices

ROOT = Path(__file__).resolve().parents[1]
LAYOUT = RepositoryLayout(ROOT, (ROOT / "modules/*",), ROOT / "tests" / "modules", ROOT / ".strata")
TARGETS = {"tftest / library": 35.0, "terraform test / library": 4.5}
CASES = 60
RUNS = 3
GROWTH = (10, 30, 60, 150, 300)
PLOT = ROOT / "docs" / "examples" / "test_library.png"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--cases", type=int, default=CASES, help="cases to compare on (default 60)")
    parser.add_argument("--sample", type=int, help="cases that tftest plans (default: all of these)")
    parser.add_argument("--growth", type=int, nargs="*", default=list(GROWTH), help="numbers of cases")
    parser.add_argument("--plot", type=Path, default=PLOT, help="where the plot goes")
    arguments = parser.parse_args()
    toolchain = find_toolchain(LAYOUT.state)
    figures: dict[str, Any] = {"cores": os.cpu_count(), "cases": arguments.cases}
    every = all_cases()
    sound = spread([case for case in every if case.error is None], arguments.cases)
    refused = spread([case for case in every if case.error is not None], arguments.cases)
    with PlanServices(toolchain) as services:
        environment = toolchain.environment(services.variables({"aws"}))
        del environment["GOGC"]
        figures |= three_ways(sound, toolchain, environment, arguments.sample or len(sound))
    say(f"library, these and {len(refused)} to be refused")
    both = library([*sound, *refused])
    figures["with refused"] = both["seconds"]
    figures["more starts for refused cases"] = both["starts"] - figures["library"]["starts"]
    growth = {}
    for number in arguments.growth:
        say(f"library, {number} cases")
        growth[number] = library(repeated(every, number))
    figures["growth"] = {number: run["seconds"] for number, run in growth.items()}
    if growth:
        largest = growth[max(growth)]
        figures["largest"] = {name: largest[name] for name in ("terraform_mb", "provider_mb", "starts")}
        plot(figures, arguments.plot)
    if arguments.json:
        print_json(figures)
    else:
        show(figures)
    missed = [name for name, target in TARGETS.items() if figures[name] < target]
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


def all_cases() -> list[Case]:
    """Every case file of the modules that need the AWS provider only."""
    found = []
    for module in LAYOUT.names:
        if "snowflake" in LAYOUT.module(module).requirements:
            continue
        for path in sorted((LAYOUT.cases / module).glob("*.yaml")):
            if path.name != "inputs.yaml":
                found.append(read_case(path, LAYOUT, LAYOUT.shown(path)))
    return found


def spread(cases: list[Case], number: int) -> list[Case]:
    """As many cases, evenly taken from all."""
    return [cases[index * len(cases) // number] for index in range(number)]


def repeated(cases: list[Case], number: int) -> list[Case]:
    """As many cases, repeated under other names where there are fewer."""
    if number <= len(cases):
        return spread(cases, number)
    rounds = -(-number // len(cases))
    every = [dataclasses.replace(case, name=f"{case.name}-{n}") for n in range(rounds) for case in cases]
    return every[:number]


def three_ways(
    cases: list[Case], toolchain: Toolchain, environment: dict[str, str], sample: int
) -> dict[str, Any]:
    """The library, `terraform test` and tftest on the same cases."""
    say(f"library, {len(cases)} cases, nothing kept")
    with tempfile.TemporaryDirectory(prefix="strata-bench-") as kept:
        cold = library(cases, Path(kept))["seconds"]
    say(f"library, {len(cases)} cases, {RUNS} times")
    runs = sorted((library(cases) for _ in range(RUNS)), key=lambda run: float(run["seconds"]))
    ours = runs[RUNS // 2]
    say("terraform test")
    theirs = terraform_test(cases, toolchain, environment)
    assert theirs["failed"] == [], theirs["failed"]
    say(f"tftest, {sample} cases one by one")
    taken = spread(cases, sample)
    one_by_one = [plain_tftest(case, toolchain, environment) for case in taken]
    seconds = sum(one_by_one) * len(cases) / len(taken)
    return {
        "library": ours,
        "library, each run": [run["seconds"] for run in runs],
        "library, nothing kept": cold,
        "terraform test": theirs["seconds"],
        "tftest": seconds,
        "tftest measured on": len(taken),
        "tftest / library": seconds / ours["seconds"],
        "terraform test / library": theirs["seconds"] / ours["seconds"],
    }


def library(cases: list[Case], kept: Path = LAYOUT.state / "testing") -> dict[str, Any]:
    """Run pytest on the cases in a repository of their own; all must pass. What it keeps lies in `kept`."""
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="strata-bench-") as folder:
        root = Path(folder)
        shutil.copytree(ROOT / "modules", root / "modules", ignore=shutil.ignore_patterns(".terraform*"))
        (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n", encoding="utf-8")
        (root / ".strata").mkdir()
        (root / ".strata" / "testing").symlink_to(kept.resolve())
        write_cases(cases, root / "tests" / "modules")
        command = [sys.executable, "-m", "pytest", "-p", "strata.testing.plugin", "-p", "no:randomly", "-q"]
        begun = time.monotonic()
        with memory() as peak:
            process = subprocess.Popen(
                [*command, "tests"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            printed, _ = process.communicate()
        seconds = time.monotonic() - begun
    planned = re.search(r"planned (\d+) cases in (\S+) s with (\d+) starts", printed)
    if process.returncode != 0 or planned is None or int(planned[1]) != len(cases):
        sys.exit(f"the library's run failed:\n{printed[-3000:]}")
    return {"seconds": seconds, "starts": int(planned[3]), **peak}


def write_cases(cases: Iterable[Case], folder: Path) -> None:
    """The case files, and the files that their modules read, as in the repository."""
    for case in cases:
        assert case.document is not None
        target = folder / case.module
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(case.document.path, target / f"{case.name}.yaml")
        for shared in (LAYOUT.cases / case.module / "inputs.yaml", LAYOUT.cases / "inputs.yaml"):
            if shared.is_file():
                place = folder if shared.parent == LAYOUT.cases else target
                shutil.copyfile(shared, place / "inputs.yaml")
        if LAYOUT.files(case.module).is_dir():
            shutil.copytree(LAYOUT.files(case.module), target / "files", dirs_exist_ok=True)


def plain_tftest(case: Case, toolchain: Toolchain, environment: dict[str, str]) -> float:
    """Seconds of one case as tftest's documentation does it: set up a copy, plan, look at the plan."""
    with tempfile.TemporaryDirectory(prefix="strata-bench-") as folder:
        begun = time.monotonic()
        root = CaseRoot(Path(folder) / "root", LAYOUT)
        root.add(case, own_copy=False)
        root.write_providers()
        test = tftest.TerraformTest(str(root.folder), binary=str(toolchain.terraform))
        test.env = environment
        test.setup()
        assert test.plan(output=True).resource_changes, case.id
        return time.monotonic() - begun


def terraform_test(cases: list[Case], toolchain: Toolchain, environment: dict[str, str]) -> dict[str, Any]:
    """Seconds of one `terraform test` with a run block per case, and the names of runs that failed."""
    runs: list[dict[str, Any]] = []
    for index, case in enumerate(cases):
        block: dict[str, Any] = {
            "command": "plan",
            "module": {"source": f"./modules/{case.module}"},
            "variables": literal(case.inputs),
        }
        runs.append({f"case_{index}": block})
    with tempfile.TemporaryDirectory(prefix="strata-bench-") as folder:
        begun = time.monotonic()
        root = CaseRoot(Path(folder) / "root", LAYOUT)
        for case in cases:
            root.bring_files(case)
        required = {"aws": {"source": "hashicorp/aws"}}
        (root.folder / "main.tf.json").write_text(
            json.dumps({"terraform": {"required_providers": required}}), encoding="utf-8"
        )
        text = json.dumps({"provider": {"aws": DEFAULTS["hashicorp/aws"]}, "run": runs})
        (root.folder / "cases.tftest.json").write_text(text, encoding="utf-8")
        checked(toolchain, environment, root.folder, "init", "-input=false", "-no-color")
        done = subprocess.run(
            [str(toolchain.terraform), "test", "-json"],
            cwd=root.folder, env=environment, capture_output=True, text=True,
        )  # fmt: skip
        seconds = time.monotonic() - begun
    states: dict[str, str] = {}
    for line in done.stdout.splitlines():
        message = json.loads(line)
        run = message.get("test_run", {})
        if "status" in run and run.get("progress", "complete") == "complete":
            states[run["run"]] = run["status"]
    if not states:
        sys.exit(f"terraform test ran nothing:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    failed = [f"case_{i}" for i in range(len(cases)) if states.get(f"case_{i}") != "pass"]
    return {"seconds": seconds, "failed": failed}


def checked(toolchain: Toolchain, environment: dict[str, str], folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        [str(toolchain.terraform), *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode != 0:
        sys.exit(f"terraform {arguments[0]} failed:\n{done.stdout}{done.stderr}")


@contextmanager
def memory() -> Any:
    """The largest resident size of Terraform and of the AWS provider below this process, in MB."""
    peak = {"terraform_mb": 0, "provider_mb": 0}
    over = threading.Event()

    def watch() -> None:
        me = psutil.Process()
        while not over.wait(0.1):
            for child in me.children(recursive=True):
                try:
                    name, size = child.name(), child.memory_info().rss >> 20
                except psutil.Error:
                    continue
                kind = "provider_mb" if name.startswith("terraform-pro") else "terraform_mb"
                if name.startswith("terraform"):
                    peak[kind] = max(peak[kind], size)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def plot(figures: dict[str, Any], path: Path) -> None:
    """Seconds over the number of cases, the library's measured, the others' from their cost a case."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    growth = {int(number): seconds for number, seconds in figures["growth"].items()}
    numbers = sorted(growth)
    figure, axes = pyplot.subplots(figsize=(7, 4.2), dpi=120)
    lines: list[tuple[str, Callable[[int], float]]] = [
        ("plain tftest, one by one", lambda n: figures["tftest"] / figures["cases"] * n),
        ("terraform test", lambda n: figures["terraform test"] / figures["cases"] * n),
    ]
    for name, cost in lines:
        axes.plot(numbers, [cost(n) for n in numbers], "--", label=f"{name} (from {figures['cases']} cases)")
    axes.plot(numbers, [growth[n] for n in numbers], "o-", label="strata.testing")
    axes.set(xlabel="cases", ylabel="seconds", yscale="log", title="One worker, every process start included")
    axes.grid(alpha=0.3, which="both")
    # Below the axes: inside, it would hide a line.
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, frameon=False, fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path)


def show(figures: dict[str, Any]) -> None:
    ours = figures["library"]
    rows: list[list[Any]] = [
        [f"library, median of {RUNS}", round(ours["seconds"], 1), ""],
        ["library, nothing kept", round(figures["library, nothing kept"], 1), ""],
        ["terraform test", round(figures["terraform test"], 1), ""],
        [f"tftest, measured on {figures['tftest measured on']}", round(figures["tftest"], 1), ""],
        *([name, round(figures[name], 1), f">= {target}"] for name, target in TARGETS.items()),
        ["process starts", ours["starts"], ""],
        ["library, with as many to be refused", round(figures["with refused"], 1), ""],
        ["more starts for refused cases", figures["more starts for refused cases"], "<= 3"],
        ["Terraform, MB", ours["terraform_mb"], ""],
        ["AWS provider, MB", ours["provider_mb"], ""],
    ]
    title = f"{figures['cases']} sound cases, {figures['cores']} cores"
    out.print(table(title, ["what", "seconds or ratio", "target"], rows))
    grown = [[number, round(seconds, 1)] for number, seconds in figures["growth"].items()]
    out.print(table("the library", ["cases", "seconds"], grown))


def say(text: str) -> None:
    err.print(text)


if __name__ == "__main__":
    main()
