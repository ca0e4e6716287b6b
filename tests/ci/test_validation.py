"""`strata ci validate` on small modules: none is changed, and each error names its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from strata.ci.validation import validate_modules
from strata.errors import StrataError

pytestmark = [pytest.mark.terraform, pytest.mark.needs("terraform")]

MODULES = {
    "good": ('output "x" {\n  value = 1\n}\n', []),
    "wrong": (
        'output "x" {\n  value = 1\n}\n\noutput "y" {\n  value = local.missing\n}\n',
        ["modules/wrong/main.tf:6: Reference to undeclared local value"],
    ),
    "unknown": ('module "x" {\n  source = "./nowhere"\n}\n', ["init: Error: Unreadable module directory"]),
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, (text, _) in MODULES.items():
        (tmp_path / "modules" / name).mkdir(parents=True)
        (tmp_path / "modules" / name / "main.tf").write_text(text)
    # Without code of its own, a folder is not a module.
    (tmp_path / "modules/empty").mkdir()
    return tmp_path


def test_every_module_is_validated(checkout: Path) -> None:
    before = sorted(checkout.glob("modules/**/*"))
    assert validate_modules(checkout) == {name: errors for name, (_, errors) in MODULES.items()}
    assert sorted(checkout.glob("modules/**/*")) == before


def test_chosen_modules_are(checkout: Path) -> None:
    assert validate_modules(checkout, ["good"]) == {"good": []}


def test_a_module_that_is_not_there(checkout: Path) -> None:
    with pytest.raises(StrataError, match="module empty does not exist") as caught:
        validate_modules(checkout, ["good", "empty"])
    assert caught.value.remedy == "it is one of good, unknown, wrong"


def test_a_fault_of_a_nested_module_is_in_its_own_file(tmp_path: Path) -> None:
    for name, text in {
        "caller": 'module "inner" {\n  source = "../inner"\n}\n',
        "inner": 'output "x" {\n  value = local.nothing\n}\n',
    }.items():
        (tmp_path / "modules" / name).mkdir(parents=True)
        (tmp_path / "modules" / name / "main.tf").write_text(text, encoding="utf-8")
    fault = ["modules/inner/main.tf:2: Reference to undeclared local value"]
    assert validate_modules(tmp_path) == {"caller": fault, "inner": fault}
