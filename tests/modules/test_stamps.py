"""What must be the same in every module, and what none may do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(folder for folder in (ROOT / "modules").iterdir() if folder.is_dir())
UNITS = sorted((ROOT / "live").glob("*/*/terragrunt.hcl"))


def test_every_module_has_the_same_context() -> None:
    texts = {(module / "context.tf").read_text(encoding="utf-8") for module in MODULES}
    assert len(texts) == 1


def test_a_provider_has_one_version_constraint() -> None:
    texts = {(module / "versions.tf").read_text(encoding="utf-8") for module in MODULES}
    assert len(texts) == 2  # modules of AWS, modules of Snowflake


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.name)
def test_a_module_is_small_typed_and_plans_the_same_everywhere(module: Path) -> None:
    files = {file.name: file.read_text(encoding="utf-8") for file in module.glob("*.tf")}
    code = "\n".join(
        line for name, text in files.items() if name != "context.tf" for line in text.splitlines()
    )
    assert {"README.md"} <= {file.name for file in module.iterdir()}
    assert len([line for line in code.splitlines() if line.strip()]) < 400
    assert not re.search(r"\bany\b(?!\w)", re.sub(r"#.*|\"[^\"]*\"", "", code)), "no input may be of type any"
    assert not re.search(r"^\s*data \"", code, re.MULTILINE), "data sources are read at apply"
    assert not re.search(r"path\.(root|cwd)", code)
    for name, block in re.findall(r'(?:variable|output) "(\w+)" \{\n(.*?)\n\}', code, re.DOTALL):
        assert "description" in block, f"{name} lacks a description"


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: str(u.parent.relative_to(ROOT)))
def test_a_unit_is_short(unit: Path) -> None:
    lines = [
        line
        for line in unit.read_text(encoding="utf-8").splitlines()
        if line.strip() and line.strip()[0] != "#"
    ]
    assert len(lines) <= 15


def test_no_mock_reaches_an_apply() -> None:
    for file in sorted((ROOT / "live" / "_components").glob("*.hcl")):
        text = file.read_text(encoding="utf-8")
        allowed = re.findall(r"mock_outputs_allowed_terraform_commands = \[(.*)\]", text)
        assert len(allowed) == len(re.findall(r"mock_outputs = \{", text)), file.name
        assert not [commands for commands in allowed if "apply" in commands or "destroy" in commands], (
            file.name
        )
        assert set(re.findall(r"[0-9]{12}", text)) <= {"000000000000"}, (
            f"{file.name}: mocks use the sentinel account"
        )
