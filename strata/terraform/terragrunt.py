"""Runs Terragrunt over some units and tells what became of each; what Terraform printed stays out of sight.

Terraform prints every value that its schema does not call sensitive. So its output goes to a file that no
workflow uploads, and only the titles of errors come out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from strata.errors import StrataError

Command = Literal["plan", "apply"]
LOCK_TIMEOUT = "5m"
_QUOTED = re.compile(r'"[^"\n]*"|`[^`\n]*`')
# Titles that say nothing; the next one does.
_EMPTY_TITLES = ("Terraform encountered problems during initialisation", "error occurred")
_ERROR = re.compile(r"^[\s│╷*]*Error: (.+)$", re.MULTILINE)
_LOCK_ID = re.compile(r"Error acquiring the state lock.*?\bID:\s+([0-9a-f-]{36})", re.DOTALL)
_FAULT = re.compile(r"^\* (\S+\.hcl:\d+\S*: .+)$", re.MULTILINE)
_LONGEST = 300
# What asks GitHub for more: Terraform, providers and hooks get the login they need, not the means to another.
_JOB_SECRETS = ("ACTIONS_", "GITHUB_TOKEN")


@dataclass(frozen=True)
class UnitOutcome:
    """What became of one unit.

    Attributes:
        error: one line without quoted values.
        lock_id: of the lock on its state that another run holds, if that is the error.
    """

    unit: str
    result: Literal["succeeded", "failed", "skipped"]
    error: str | None = None
    lock_id: str | None = None


def run_all(
    root: Path,
    command: Command,
    units: Sequence[str],
    out_dir: Path,
    log: Path,
    *,
    destroy: bool = False,
    variables: Mapping[str, str] | None = None,
) -> dict[str, UnitOutcome]:
    """Run `terragrunt run --all` over exactly these units.

    Args:
        root: the checkout's folder; unit paths count from there.
        command: `plan` saves plans to `out_dir`, `apply` applies those and no others.
        units: their paths, in any order: Terragrunt orders them.
        out_dir: where `<unit>/tfplan.tfplan` and `<unit>/tfplan.json` are.
        log: the file for everything that Terragrunt and Terraform print; it may hold secrets.
        destroy: plan the destruction of the units.
        variables: to set on top of this process's environment.

    Returns:
        One outcome per unit.

    Raises:
        StrataError: Terragrunt is not on PATH, or it failed before it reported on the units.
    """
    if not units:
        return {}
    out_dir.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="strata-terragrunt-") as folder:
        report, filters = Path(folder, "report.json"), Path(folder, "filters")
        filters.write_text("".join(f"./{unit}\n" for unit in units), encoding="utf-8")
        arguments = [
            *("terragrunt", "run", "--all", "--non-interactive", "--no-color", "--log-format", "json"),
            *("--tf-path", "terraform", "--filters-file", str(filters)),
            *("--out-dir", str(out_dir.absolute()), "--json-out-dir", str(out_dir.absolute())),
            *("--report-file", str(report), "--report-format", "json"),
            *("--", command, "-input=false", f"-lock-timeout={LOCK_TIMEOUT}"),
        ]
        if destroy:
            arguments.append("-destroy")
        with log.open("ab") as output:
            before = output.tell()
            try:
                process = subprocess.run(
                    arguments,
                    cwd=root,
                    env=child_environ(variables),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    check=False,
                )
            except FileNotFoundError:
                raise StrataError(
                    "terragrunt is not on PATH", remedy="install the version that .tool-versions names"
                ) from None
        records = _records(log.read_bytes()[before:].decode("utf-8", "replace"))
        if not report.is_file():
            raise StrataError(
                f"terragrunt {command} ended with exit code {process.returncode}: "
                f"{_first_error(records, None)}",
                remedy=f"look into {log} where it ran",
            )
        return _outcomes(report, units, records)


def child_environ(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of Terragrunt: this process's without what only the job itself may use.

    Args:
        variables: to set on top.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_JOB_SECRETS)}
    return {**kept, **(variables or {})}


def first_error(text: str) -> str | None:
    """The first title of an error in Terraform's or Terragrunt's words, without quoted values."""
    titles = [title for title in _ERROR.findall(text) if not title.startswith(_EMPTY_TITLES)]
    titles += _FAULT.findall(text)
    if not titles:
        return None
    return _QUOTED.sub('"…"', titles[0]).strip()[:_LONGEST]


def _outcomes(report: Path, units: Sequence[str], records: list[dict[str, Any]]) -> dict[str, UnitOutcome]:
    try:
        listed = json.loads(report.read_text(encoding="utf-8"))
        runs: dict[str, dict[str, Any]] = {run["Name"].removeprefix("./"): run for run in listed}
    except (ValueError, KeyError, TypeError):
        raise StrataError(
            "terragrunt's report cannot be read", remedy="use the version in .tool-versions"
        ) from None
    outcomes = {}
    for unit in units:
        run = runs.get(unit)
        if run is None:
            outcomes[unit] = UnitOutcome(unit, "failed", _first_error(records, unit))
        elif run["Result"] == "succeeded":
            outcomes[unit] = UnitOutcome(unit, "succeeded")
        elif run["Result"] == "failed":
            cause = str(run.get("Cause", ""))
            error = first_error(cause) or _first_error(records, unit)
            lock = _LOCK_ID.search("\n".join([cause, *_words(records, unit)]))
            outcomes[unit] = UnitOutcome(unit, "failed", error, lock[1] if lock else None)
        else:
            # `early exit` and `excluded`: what it waits for failed, or its own exclude block says so.
            outcomes[unit] = UnitOutcome(unit, "skipped", str(run.get("Reason") or run["Result"]))
    return outcomes


def _first_error(records: list[dict[str, Any]], unit: str | None) -> str:
    for text in _words(records, unit):
        if found := first_error(text):
            return found
    return "terragrunt gave no reason" if unit is None else _first_error(records, None)


def _words(records: list[dict[str, Any]], unit: str | None) -> Iterator[str]:
    """What a unit, or any, records of its errors."""
    for record in records:
        place = str(record.get("working-dir", ""))
        if record.get("level") in ("error", "stderr") and (
            unit is None or place == unit or place.endswith(f"/{unit}")
        ):
            yield str(record.get("msg", ""))


def _records(text: str) -> list[dict[str, Any]]:
    found = []
    for line in text.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            found.append(record)
    return found
