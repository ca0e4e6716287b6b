"""What no unit may do; what no module may do is in tests/module_tools."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "live").glob("*/*/terragrunt.hcl"))


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
