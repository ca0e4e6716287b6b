"""What `strata plan` prints of attributes: before and after, short, and nothing that drives a terminal."""

from __future__ import annotations

import pytest

from strata.cli.commands.plan import value_lines
from strata.plan.values import ValueChange
from strata.terraform.plan_document import InstanceChange

LONG = "x" * 59 + "…"


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("update", ("days", "30", "14"), ["      days  30 → 14"]),
        ("replace", ("id", "a", "(known after apply)"), ["      id  a → (known after apply)"]),
        (
            "update",
            ("p", "(sensitive value)", "(sensitive value)"),
            ["      p  (sensitive value) → (sensitive value)"],
        ),
        ("update", ("t", None, "x" * 61), [f"      t  null → {LONG}"]),
        ("update", ("t", "a\nb", "\x1b[31m\u202e"), ["      t  a\\nb → \ufffd[31m\ufffd"]),
        ("create", ("t", None, "x"), []),
        ("delete", ("t", "x", None), []),
    ],
)
def test_before_and_after(kind: str, value: tuple[str, str | None, str | None], expected: list[str]) -> None:
    change = InstanceChange("a.b", "a", kind, (kind,), (value[0],), values=(ValueChange(*value),))
    assert [line.plain for line in value_lines(change)] == expected
