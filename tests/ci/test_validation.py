"""Where `strata ci validate` finds a fault of a module, or of one that it calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from strata.ci.validation import validate_modules

pytestmark = [pytest.mark.terraform, pytest.mark.needs("terraform")]


def test_a_fault_of_a_nested_module_is_in_its_own_file(tmp_path: Path) -> None:
    for name, text in {
        "caller": 'module "inner" {\n  source = "../inner"\n}\n',
        "inner": 'output "x" {\n  value = local.nothing\n}\n',
    }.items():
        (tmp_path / "modules" / name).mkdir(parents=True)
        (tmp_path / "modules" / name / "main.tf").write_text(text, encoding="utf-8")
    fault = ["modules/inner/main.tf:2: Reference to undeclared local value"]
    assert validate_modules(tmp_path) == {"caller": fault, "inner": fault}
