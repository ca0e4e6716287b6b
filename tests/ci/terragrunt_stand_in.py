"""Stands in for Terragrunt where it is not on PATH: the calls that `strata ci` makes, by Strata's own runner.

It knows no other call. As Terragrunt it has the job's own login and no other. Each call is counted in the file that STRATA_STAND_IN_COUNT names.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.platform.workspace import Workspace
from strata.terraform.events import UnitResult

_LOGIN = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def main(arguments: list[str]) -> int:
    """Run one call; return its exit code."""
    with Path(os.environ["STRATA_STAND_IN_COUNT"]).open("a") as file:
        file.write(" ".join(arguments) + "\n")
    if arguments[:3] == ["hcl", "fmt", "--check"]:
        return _format(Path.cwd())
    if arguments[:1] != ["run"]:
        print(f"the stand-in for terragrunt knows no `{' '.join(arguments)}`", file=sys.stderr)
        return 1
    split = arguments.index("--")
    options, command = arguments[1:split], arguments[split + 1 :]
    values = {name: options[index + 1] for index, name in enumerate(options[:-1]) if name.startswith("--")}
    if "--all" in options:
        filters = Path(values["--filters-file"]).read_text().split()
        units = [line.removeprefix("./") for line in filters]
        return _all(Path.cwd(), units, command, values)
    return _one(Path(values["--working-dir"]), command)


def _format(root: Path) -> int:
    """Terraform's format is HCL's: one file after the other by `terraform fmt -`."""
    wrong = 0
    for path in sorted(root.rglob("*.hcl")):
        if any(part.startswith(".") for part in path.relative_to(root).parts):
            continue
        said = subprocess.run(
            ["terraform", "fmt", "-"], input=path.read_text(), capture_output=True, text=True, check=True
        )
        if said.stdout != path.read_text():
            print(f"{path}: not formatted", file=sys.stderr)
            wrong += 1
    return 1 if wrong else 0


def _workspace(root: Path, unit: str) -> Workspace:
    endpoints = Endpoints.model_validate_json(os.environ["STRATA_TEST_ENDPOINTS"])
    login = {name: os.environ[name] for name in _LOGIN if name in os.environ}
    return Workspace(root, unit.split("/")[1], endpoints.model_copy(update={"session": login}))


def _all(root: Path, units: list[str], command: list[str], values: dict[str, str]) -> int:
    workspace, out_dir = _workspace(root, units[0]), Path(values["--out-dir"])
    runner = workspace.runner(lambda event: None)
    if command[0] == "plan":
        gone = "-destroy" in command
        results = runner.plan(workspace.environment, units, out_dir=out_dir, destroy=gone)
    else:
        results = runner.apply(workspace.environment, units, out_dir=out_dir)
    Path(values["--report-file"]).write_text(json.dumps([_record(result) for result in results]))
    return 0 if all(result.ok for result in results) else 1


def _record(result: UnitResult) -> dict[str, str]:
    if result.ok:
        return {"Name": result.unit, "Result": "succeeded"}
    word = "early exit" if result.state == "skipped" else "failed"
    return {"Name": result.unit, "Result": word, "Reason": "run error", "Cause": f"Error: {result.error}"}


def _one(place: Path, command: list[str]) -> int:
    root = next(folder for folder in place.parents if (folder / "terragrunt.hcl").is_file())
    unit = place.relative_to(root).as_posix()
    workspace = _workspace(root, unit)
    runner = workspace.runner(lambda event: None)
    if command[0] not in ("plan", "apply"):
        print(f"Error: the stand-in for terragrunt knows no {command[0]}", file=sys.stderr)
        return 1
    run = runner.plan if command[0] == "plan" else runner.apply
    (result,) = run(workspace.environment, [unit])
    if not result.ok:
        print(f"Error: {result.error}", file=sys.stderr)
        return 1
    if command[0] == "apply":
        print("Apply complete! Resources: as planned.")
        return 0
    return 2 if result.actions else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except StrataError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(1)
