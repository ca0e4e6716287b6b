"""Terraform's own opinion on the layout of its files."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from strata.errors import StrataError
from strata.lint.findings import LintFinding

CHECKS = {"format": "Terraform files are laid out by `terraform fmt`"}


def check(root: Path, terraform: Path, environ: dict[str, str]) -> Iterator[LintFinding]:
    """The files of `modules` that `terraform fmt` would change.

    Raises:
        StrataError: Terraform cannot read one.
    """
    done = subprocess.run(
        [str(terraform), "fmt", "-check", "-recursive", "-no-color", "modules"],
        cwd=root,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 3):
        raise StrataError(f"terraform fmt failed: {done.stderr.strip().splitlines()[-1]}")
    # A notice of a version manager's is not a file.
    for name in (line for line in done.stdout.splitlines() if (root / line).is_file()):
        yield LintFinding("format", name, "run `terraform fmt`", name, 1)
