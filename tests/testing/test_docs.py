"""docs/testing.md, run: its cases, commands, fixtures' examples, and the failure that it shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from .conftest import Ran, run_pytest

pytestmark = [pytest.mark.terraform, pytest.mark.spark, pytest.mark.needs("terraform")]

WRONG = "docs-wrong"


def blocks(root: Path, kind: str) -> list[str]:
    text = (root / "docs" / "testing.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def documented(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One run of all commands in a copy of the repository; the first case also with a wrong expectation."""
    copy = tmp_path_factory.mktemp("docs")
    ignore = shutil.ignore_patterns(".*", "__pycache__")
    for name in ("modules", "live", "glue_jobs", "tests/modules"):
        shutil.copytree(root / name, copy / name, ignore=ignore)
    for name in ("terragrunt.hcl", "pyproject.toml", ".terragrunt-filters"):
        shutil.copy(root / name, copy / name)
    for case in blocks(root, "yaml"):
        path = re.match(r"# (\S+)\n", case)
        assert path, case
        (copy / path[1]).write_text(case, encoding="utf-8")
    first = blocks(root, "yaml")[0]
    assert "status: Enabled" in first
    wrong = first.replace("status: Enabled", "status: Suspended")
    (copy / "tests/modules/s3" / f"{WRONG}.yaml").write_text(wrong, encoding="utf-8")
    (copy / "tests/test_own.py").write_text("\n\n".join(blocks(root, "python")), encoding="utf-8")
    # The others take minutes, or need the real provider.
    commands = [command for command in blocks(root, "sh") if command.startswith("pytest ")]
    assert len(commands) == 2
    arguments = [word for command in commands for word in command.split()[1:]]
    return run_pytest(copy, *arguments, f"tests/modules/s3/{WRONG}.yaml", "tests/test_own.py")


def test_what_is_documented_passes(root: Path, documented: Ran) -> None:
    names = re.findall(r"^def (test_\w+)", "\n".join(blocks(root, "python")), re.MULTILINE)
    assert len(names) == 6
    ran = {name.partition("[")[0] for name in documented.tests}
    assert {"s3/docs-example", "s3/docs-refused", *(f"test_own/{name}" for name in names)} <= ran
    failed = {name: text for name, text in documented.tests.items() if text}
    assert set(failed) == {f"s3/{WRONG}"}, failed


def test_the_failure_is_as_shown(root: Path, documented: Ran) -> None:
    shown = blocks(root, "text")[0].replace("docs-example", WRONG)
    assert documented.tests[f"s3/{WRONG}"] == shown.rstrip("\n")
