"""A missing or too old tool stops set-up at once, in one line that says what to install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

JAVA_17 = "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2"
JAVA_8 = "echo 'java version \"1.8.0_402\"' >&2"
TERRAFORM = "echo 'Terraform v1.11.4'"
OLD_TERRAFORM = "echo 'Terraform v1.5.7'"


@dataclass(frozen=True)
class Case:
    name: str
    java: str | None
    terraform: str | None
    says: tuple[str, ...]


CASES = [
    Case("no Java", None, TERRAFORM, ("Java", "17", "install")),
    Case("Java 8", JAVA_8, TERRAFORM, ("Java 8", "17", "install")),
    Case("no Terraform", JAVA_17, None, ("Terraform", "1.11", "install")),
    Case("Terraform 1.5", JAVA_17, OLD_TERRAFORM, ("1.5.7", "1.11")),
    Case("neither", None, None, ("Java", "Terraform", "install")),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_set_up_names_what_is_missing(case: Case, tmp_path: Path, root: Path) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(root / "strata", checkout / "strata", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", "pyproject.toml"):
        shutil.copy(root / name, checkout)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, script in (("java", case.java), ("terraform", case.terraform)):
        if script is not None:
            (tools / name).write_text(f"#!/bin/sh\n{script}\n")
            (tools / name).chmod(0o755)

    result = subprocess.run(
        # -S: set-up runs before any package is there.
        [sys.executable, "-S", "-m", "strata.setup"],
        cwd=checkout,
        env={"PATH": str(tools), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    errors = result.stderr.splitlines()
    assert result.returncode == 1, result.stdout + result.stderr
    assert len(errors) == 1, errors
    for word in case.says:
        assert word in errors[0]
    assert not (checkout / ".venv").exists(), "nothing is made before the tools are there"


def test_an_unsupported_python_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from strata.errors import StrataError
    from strata.setup import python

    monkeypatch.setattr(python, "SUPPORTED", ())
    with pytest.raises(StrataError, match=r"Python 3\.11 or 3\.12 is required, not 3\.\d+"):
        python.find_interpreter({"PATH": str(tmp_path)})


def test_every_package_is_pinned_with_hashes_and_no_index(root: Path) -> None:
    from strata.setup.packages import read_requirements

    text = (root / "requirements.txt").read_text()
    blocks = read_requirements(root / "requirements.txt")

    assert {"pyspark", "moto", "fakesnow", "tftest", "boto3", "pytest", "pytest-xdist"} <= blocks.keys()
    assert all("--hash=sha256:" in lines for lines in blocks.values())
    assert "://" not in text
    assert "--index" not in text.replace("--no-emit-index-url", "")
    assert os.sep + "work" not in text
