"""Show the tools of this machine; exit 1 if a required one is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from strata.checkout import tools
from strata.cli.checkout import checkout_root
from strata.cli.options import Json
from strata.cli.views.console import out, print_json, table
from strata.cloud.aws.glue.spark.jars import missing_jars
from strata.cloud.aws.glue.spark.java import find_java
from strata.errors import StrataError
from strata.setup.python import SUPPORTED
from strata.terraform.toolchain import find_toolchain

EXAMPLES = ("strata doctor", "strata doctor --json")


@dataclass(frozen=True)
class DoctorFinding:
    """One thing the platform needs (or, if `needed` is false, can use), and what was found."""

    name: str
    needed: bool
    found: bool
    detail: str


def run(json_: Json = False) -> None:
    """Print what was found.

    Raises:
        StrataError: a required tool is missing.
    """
    root = checkout_root()
    findings = [
        _look("Python", _python),
        _look("Java", _java),
        _look("Terraform", lambda: _terraform(root)),
        _look("AWS provider", lambda: find_toolchain(root / ".strata").aws_provider),
        _look("Spark's S3A jars", lambda: _jars(root / ".strata" / "jars")),
        _terragrunt(),
    ]
    if json_:
        print_json([asdict(finding) for finding in findings])
    else:
        rows = [[f.name, "found" if f.found else "missing", f.detail] for f in findings]
        out.print(table(None, ["what", "", "detail"], rows))
    missing = [finding.name for finding in findings if finding.needed and not finding.found]
    if missing:
        raise StrataError(
            f"missing: {', '.join(missing)}", remedy="install what the table names", page="docs/setup.md"
        )


def _look(name: str, find: Callable[[], str]) -> DoctorFinding:
    try:
        return DoctorFinding(name, True, True, find())
    except StrataError as error:
        return DoctorFinding(name, True, False, str(error))


def _python() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] not in SUPPORTED:
        raise StrataError(
            f"{version} at {sys.executable}, 3.11 to 3.13 is required", remedy="run `make setup`"
        )
    brought = Path(sys.base_prefix).is_relative_to(tools.FOLDER)
    place = f"{tools.BROUGHT}; none on PATH was suitable" if brought else f"made from {sys.base_prefix}"
    return f"{version} at {sys.executable} ({place})"


def _jars(folder: Path) -> str:
    missing = missing_jars(folder)
    if missing:
        names = ", ".join(jar.file for jar in missing)
        raise StrataError(f"{names} missing or incomplete in {folder}", remedy="run `make setup`")
    return str(folder)


def _java() -> str:
    java = find_java(os.environ)
    return f"{java.version} at {java.path} ({java.reason})"


def _terraform(root: Path) -> str:
    found = find_toolchain(root / ".strata")
    return f"{found.product} {found.terraform_version} at {found.terraform} ({found.reason})"


def _terragrunt() -> DoctorFinding:
    path = shutil.which("terragrunt")
    if path is None:
        return DoctorFinding("Terragrunt", False, False, "optional here; CI and production use it")
    result = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    # Its own line among those of a version manager's shim.
    lines = [line.strip() for line in result.stdout.splitlines() if "terragrunt version" in line]
    return DoctorFinding("Terragrunt", False, True, f"{(lines or ['unknown version'])[-1]} at {path}")
