"""checkov, in a virtual environment of its own (`.strata/checkov`): its pins clash with the platform's."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from strata.checkout.child_environment import pip_environment
from strata.checkout.child_output import json_document
from strata.checkout.file_lock import held
from strata.errors import StrataError
from strata.lint.checkov_input import with_unknowns
from strata.lint.findings import LintFinding

REQUIREMENTS = "requirements-checkov.txt"
CHECKS = "CKV*"


def ensure(root: Path, note: Callable[[str], None]) -> Path:
    """Install checkov, unless the pinned version is there; return the program.

    Args:
        root: the checkout's folder; nothing outside its `.strata` is written.
        note: called with what is being done when it takes long.

    Raises:
        StrataError: no version is pinned, or pip failed: its output is kept in `.strata`.
    """
    # A copy of the checkout may link to another's: one installation is enough.
    folder = (root / ".strata" / "checkov").resolve()
    program = folder / "bin" / "checkov"
    try:
        pinned = (root / REQUIREMENTS).read_bytes()
    except FileNotFoundError:
        raise StrataError("the file does not exist", file=REQUIREMENTS) from None
    # A virtual environment holds absolute paths, and packages for one Python.
    wanted = hashlib.sha256(f"{folder} {sys.version_info[:2]} ".encode() + pinned).hexdigest()
    stamp = folder / "ready"
    folder.parent.mkdir(parents=True, exist_ok=True)

    def wait(holder: str) -> None:
        note(f"waiting for {holder}, which installs checkov")

    with held(folder.with_suffix(".lock"), "checkov's installation", math.inf, wait):
        if stamp.is_file() and stamp.read_text() == wanted:
            return program
        note("installing checkov")
        log = folder.parent / "checkov.log"
        with log.open("w") as file:
            # This Python's pip installs into it: an own pip would take as long as half of checkov.
            _call([sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)], root, file, log)
            pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install"]
            # Bytecode is made of what is imported, a small part of it all.
            arguments = ["--no-input", "--no-deps", "--no-compile", "--require-hashes", "--requirement"]
            _call([*pip, *arguments, str(root / REQUIREMENTS)], root, file, log)
        stamp.write_text(wanted)
    return program


def check(program: Path, document: Mapping[str, Any], scratch: Path) -> Iterator[LintFinding]:
    """What checkov finds in a plan, by all its frameworks.

    Args:
        program: from `ensure`.
        document: the plan, as `terraform show -json` prints it.
        scratch: an empty folder.

    Raises:
        StrataError: checkov failed, could not read the plan, or looked at no resource of it.
    """
    plan = scratch / "plan.json"
    plan.write_text(json.dumps(with_unknowns(document)), encoding="utf-8")
    done = subprocess.run(
        [
            *(str(program), "--file", str(plan), "--framework", "all", "--output", "json"),
            *("--quiet", "--compact", "--skip-download"),
        ],
        cwd=scratch,
        # No API key, configuration or external checks of the user's.
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(scratch), "LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found = json_document(done.stdout)
    except ValueError:
        output = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no output"]
        raise StrataError(f"checkov failed: {output[0]}") from None
    reports: list[dict[str, Any]] = found if isinstance(found, list) else [found]
    planned = next((report for report in reports if report.get("check_type") == "terraform_plan"), None)
    if planned is None or not planned["summary"]["resource_count"]:
        raise StrataError("checkov looked at no resource of the plan")
    for report in reports:
        if report.get("summary", {}).get("parsing_errors"):
            raise StrataError(f"checkov could not read the plan ({report['check_type']})")
        for failed in report.get("results", {}).get("failed_checks", []):
            yield LintFinding(failed["check_id"], failed["resource"], failed["check_name"])


def _call(command: list[str], root: Path, file: Any, log: Path) -> None:
    environ = pip_environment(root)
    done = subprocess.run(command, cwd=root, env=environ, stdout=file, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        lines = log.read_text(errors="replace").strip().splitlines()
        output = [line for line in lines if line.startswith("ERROR")] or lines[-1:] or ["no output"]
        raise StrataError(
            f"checkov could not be installed: {output[-1]}",
            remedy=f"see {log}; run it again when the package registry answers",
        )
