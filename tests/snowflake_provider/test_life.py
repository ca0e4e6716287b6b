"""Every case of the Snowflake modules, lived through with the stand-in and with the real provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.snowflake_provider.life import STEPS, UNIMPORTABLE, Life

pytestmark = [pytest.mark.terraform, pytest.mark.needs("terraform")]


@pytest.mark.parametrize("step", STEPS)
def test_every_case_comes_through(life: Life, step: str) -> None:
    assert {case: faults[step] for case, faults in life.faults.items() if step in faults} == {}


def test_no_case_is_left_out(life: Life, root: Path) -> None:
    files = {
        f"{module}/{path.name}"
        for module in ("snowflake", "snowflake-integration")
        for path in (root / "tests" / "modules" / module).glob("*.yaml")
        if "\nexpect:" in f"\n{path.read_text(encoding='utf-8')}"
    }
    others = {
        "live/dev/snowflake",
        "live/dev/snowflake-integration",
        "snowflake/README.md::readme-lake",
        "snowflake/README.md::readme-github-and-json",
        "snowflake-integration/README.md::readme-default",
        "snowflake-integration/README.md::readme-two-buckets",
    }
    assert set(life.faults) == files | others
    assert {case for case, resources in life.states.items() if not resources} == set()


def test_what_cannot_be_imported_is_what_is_listed(life: Life) -> None:
    assert life.unimportable == set(UNIMPORTABLE)
