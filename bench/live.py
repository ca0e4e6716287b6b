"""Measures the live tree: render and check of many units, one plan of an environment against its units'.

    .venv/bin/python bench/live.py             trees of 10, 100 and 1,000 units; plans of dev, never applied
    .venv/bin/python bench/live.py --apply     plans of dev after it has been applied
    .venv/bin/python bench/live.py --no-plans  trees only

The trees are synthetic: environments of ten units, each with the root, a component, a dependency with mocks,
and a module of its own kind. Commands are timed whole, from start to exit. Where Terragrunt is on PATH,
`render --all` of 100 units and of dev and `run --all plan` of dev are timed too; to render dev's eleven units
is mostly the start of Python and of two Terraform processes, so it has no target. Prints a table, and JSON
with --json; ends with exit code 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import operator
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

try:
    import psutil
except ModuleNotFoundError:
    sys.exit("psutil is not installed (run `make bench BENCH=live`)")

from strata.cli.views.console import out, print_json, table
from strata.platform.session import PlatformSession, interruptible
from strata.platform.workspace import Workspace, find_account
from strata.terraform.runner import Runner

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS = ROOT / "tests" / "live" / "contracts" / "tree"
STRATA = str(Path(sys.executable).parent / "strata")
SIZES = (10, 100, 1000)
UNITS = 10
TERRAGRUNT_RENDER = ["terragrunt", "render", "--all", "--json", "--write", "--tf-path", "terraform"]
TARGETS = {
    "render and check 1,000 units": "< 10",
    "growth, 100 to 1,000 units": "<= 10",
    "units' own plans / environment plan": ">= 5",
    "terragrunt run --all plan / environment plan": ">= 5",
    "100 units: terragrunt render --all / strata live render": ">= 10",
    "strata live check": "< 3",
}
_COMPARE = {"<": operator.lt, "<=": operator.le, ">=": operator.ge}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--apply", action="store_true", help="apply dev before it is planned")
    parser.add_argument("--no-plans", action="store_true", help="only read trees")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    figures = trees()
    with tempfile.TemporaryDirectory(dir=ROOT / ".strata") as folder:
        checkout = copy(Path(folder) / "checkout")
        figures |= renders(checkout)
        if not arguments.no_plans:
            with interruptible():
                figures |= plans(checkout, apply_first=arguments.apply)
    if arguments.json:
        print_json(figures)
    else:
        rows: list[list[Any]] = [
            [name, round(value, 2), TARGETS.get(name, "")] for name, value in figures.items()
        ]
        out.print(table(f"live tree on {os.cpu_count()} cores", ["what", "seconds or ratio", "target"], rows))
    if missed := [name for name, value in figures.items() if not meets(name, value)]:
        sys.exit(f"missed: {', '.join(missed)}")


def meets(name: str, value: float) -> bool:
    """Whether a figure meets its target, if it has one."""
    if name not in TARGETS:
        return True
    sign, bound = TARGETS[name].split()
    return bool(_COMPARE[sign](value, float(bound)))


def trees() -> dict[str, float]:
    """Render and check trees of growing size."""
    figures: dict[str, float] = {}
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            synthesize(Path(folder), size)
            figures[f"render {size:,} units"] = seconds([STRATA, "live", "render", "--json"], Path(folder))
            figures[f"check {size:,} units"] = seconds([STRATA, "live", "check"], Path(folder))
            both = figures[f"render {size:,} units"] + figures[f"check {size:,} units"]
            figures[f"render and check {size:,} units"] = both
            if size == 100 and shutil.which("terragrunt"):
                theirs = best(TERRAGRUNT_RENDER, Path(folder) / "live", environ=plain())
                figures["100 units: terragrunt render --all"] = theirs
                figures["100 units: terragrunt render --all / strata live render"] = (
                    theirs / figures["render 100 units"]
                )
    figures["growth, 100 to 1,000 units"] = (
        figures["render and check 1,000 units"] / figures["render and check 100 units"]
    )
    return figures


def synthesize(root: Path, size: int) -> None:
    """A repository of `size` units that breaks no contract."""
    shutil.copy(CONTRACTS / "terragrunt.hcl", root)
    shutil.copy(CONTRACTS / ".terragrunt-filters", root)
    components = root / "live" / "_components"
    components.mkdir(parents=True)
    for number in range(UNITS):
        name = f"part{number}"
        (root / "modules" / name).mkdir(parents=True)
        (root / "modules" / name / "main.tf").write_text(module(first=number == 0))
        (components / f"{name}.hcl").write_text(component(name, f"part{number - 1}" if number else ""))
    env = (CONTRACTS / "live" / "dev" / "env.hcl").read_text()
    env = env.replace('    store  = "local"\n', "").replace(
        '    reader = "local"', "\n".join(f'    part{number} = "local"' for number in range(UNITS))
    )
    lock = (CONTRACTS / "live" / "dev" / "store" / ".terraform.lock.hcl").read_text()
    for number in range(size // UNITS):
        folder = root / "live" / f"env{number}"
        folder.mkdir()
        (folder / "env.hcl").write_text(env.replace("111111111111", f"{100000000000 + number}"))
        for part in range(UNITS):
            unit = folder / f"part{part}"
            unit.mkdir()
            text = (CONTRACTS / "live" / "dev" / "store" / "terragrunt.hcl").read_text()
            (unit / "terragrunt.hcl").write_text(text.replace("store.hcl", f"part{part}.hcl"))
            (unit / ".terraform.lock.hcl").write_text(lock)
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", "-C", str(root), *command], check=True)


def module(*, first: bool) -> str:
    """A module with the inputs and outputs that `component` uses."""
    text = (CONTRACTS / "modules" / "store" / "main.tf").read_text()
    return text if first else f'{text}\nvariable "upstream_arn" {{\n  type = string\n}}\n'


def component(name: str, upstream: str) -> str:
    """A component that depends on another one, if it is not the first."""
    text = (CONTRACTS / "live" / "_components" / "store.hcl").read_text()
    for old in ("modules//store", 'versions["store"'):
        text = text.replace(old, old.replace("store", name))
    if not upstream:
        return text
    mocks = 'key_arn = "arn:aws:kms:eu-west-1:000000000000:key/mock"'
    dependency = (
        f'dependency "{upstream}" {{\n  config_path = "../{upstream}"\n\n'
        f'  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan"]\n'
        f"  mock_outputs = {{\n    {mocks}\n  }}\n}}\n\n"
    )
    inputs = f"inputs = {{\n  upstream_arn   = dependency.{upstream}.outputs.key_arn\n"
    return text.replace("inputs = {\n", dependency + inputs)


def copy(folder: Path) -> Path:
    """A checkout that Terragrunt may write its caches to."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / ".strata").mkdir()
    for cache in ("cache", "jars"):
        if (ROOT / ".strata" / cache).is_dir():
            (folder / ".strata" / cache).symlink_to(ROOT / ".strata" / cache)
    return folder


def renders(checkout: Path) -> dict[str, float]:
    """The repository's own environment, by Strata and by Terragrunt."""
    figures = {"strata live render": best([STRATA, "live", "render", "--json"], checkout)}
    figures["strata live check"] = best([STRATA, "live", "check"], checkout, codes=(0, 1))
    if shutil.which("terragrunt"):
        figures["terragrunt render --all"] = best(
            TERRAGRUNT_RENDER, checkout / "live" / "dev", environ=plain()
        )
        figures["terragrunt render --all / strata live render"] = (
            figures["terragrunt render --all"] / figures["strata live render"]
        )
    return figures


def plans(checkout: Path, *, apply_first: bool) -> dict[str, float]:
    """Plans of dev: as one, unit by unit, by Terragrunt; each a second time, when all is initialised."""
    account = find_account(checkout, "dev")
    with PlatformSession(checkout, "dev", account_id=account.account_id, region=account.region) as session:
        workspace = Workspace(checkout, "dev", session.endpoints)
        runner = workspace.runner(lambda event: None)
        runner.bootstrap("dev")
        if apply_first:
            failed = [str(result.error) for result in runner.apply("dev") if not result.ok]
            if failed:
                sys.exit("\n".join(failed))
        settle()
        figures = {"environment plan": best([STRATA, "plan", "dev"], checkout, codes=(0, 2))}
        runner.plan("dev")
        total = min(own_plans(runner, workspace.unit_paths()) for _ in range(2))
        figures["units' own plans"] = total
        figures["units' own plans / environment plan"] = total / figures["environment plan"]
        if shutil.which("terragrunt"):
            environ = plain() | session.endpoints.environment()
            environ["TF_CLI_CONFIG_FILE"] = str(workspace.toolchain.cli_config)
            environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
            command = ["terragrunt", "run", "--all", "--non-interactive", "--tf-path", "terraform", "plan"]
            figures["terragrunt run --all plan"] = best(command, checkout / "live" / "dev", environ=environ)
            figures["terragrunt run --all plan / environment plan"] = (
                figures["terragrunt run --all plan"] / figures["environment plan"]
            )
    return figures


def settle() -> None:
    """Wait until the embedded cloud has started its Spark processes, which go on after the cloud answers."""
    for _ in range(120):
        if psutil.cpu_percent(1.0) < 10:
            return


def own_plans(runner: Runner, paths: list[str]) -> float:
    """The sum of the units' own plans, one after the other."""
    started = time.monotonic()
    for path in paths:
        (result,) = runner.plan("dev", [path])
        if not result.ok:
            sys.exit(str(result.error))
    return time.monotonic() - started


def plain() -> dict[str, str]:
    """An environment with a CLI configuration that exists."""
    found = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "AWS_"))}
    return found | {"TF_CLI_CONFIG_FILE": os.devnull, "TG_NO_COLOR": "true"}


def best(
    command: list[str], folder: Path, *, codes: tuple[int, ...] = (0,), environ: dict[str, str] | None = None
) -> float:
    """The best of three runs' seconds: the first ones initialise."""
    return min(seconds(command, folder, codes=codes, environ=environ) for _ in range(3))


def seconds(
    command: list[str], folder: Path, *, codes: tuple[int, ...] = (0,), environ: dict[str, str] | None = None
) -> float:
    """Run a command; its seconds."""
    started = time.monotonic()
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        sys.exit(f"{' '.join(command)} failed in {folder}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.monotonic() - started


if __name__ == "__main__":
    main()
