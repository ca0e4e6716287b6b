"""The pages of fidelity are made from their data."""

from __future__ import annotations

from pathlib import Path

from strata.cloud.fidelity import page
from strata.cloud.snowflake import fidelity
from strata.cloud.snowflake.translation import contract


def test_the_page_is_up_to_date(root: Path) -> None:
    assert (root / "docs/fidelity.md").read_text() == page(), (
        "run python -m strata.cloud.fidelity > docs/fidelity.md"
    )


def test_the_page_of_the_embedded_snowflake_is_up_to_date(root: Path) -> None:
    assert (root / "docs/fidelity-snowflake.md").read_text() == fidelity.page(), (
        "run python -m strata.cloud.snowflake.fidelity > docs/fidelity-snowflake.md"
    )


def test_no_function_is_in_two_states() -> None:
    functions = contract.read()["functions"]
    names = [name for state in functions.values() for group in state.values() for name in group]
    assert sorted(set(names)) == sorted(names)
