"""What holds a mock: one answer for `strata live check`, the runner and CI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strata.ci.fingerprint import MOCKED, fingerprint
from strata.ci.plans import unit_plan
from strata.errors import StrataError
from strata.live.mocks import accounts, holds_mock
from strata.live.model import RenderedUnit
from strata.terraform.mock_guard import refuse_mocked_plan, refuse_mocked_unit

NIL = "00000000-0000-0000-0000-000000000000"
VALUES: dict[str, tuple[Any, bool]] = {
    "the account": ("000000000000", True),
    "in an ARN": ("arn:aws:iam::000000000000:role/mock", True),
    "after a dash": ("mock-raw-000000000000", True),
    "after an underscore": ("MOCK_000000000000", True),
    "after a letter": ("vpce000000000000", True),
    "before a letter": ("000000000000x", True),
    "between letters": ("a000000000000b", True),
    "eleven digits": ("00000000000", False),
    "thirteen digits": ("0000000000000", False),
    "after a digit": ("1000000000000", False),
    "before a digit": ("0000000000001", False),
    "a digit that is not ASCII": ("٠000000000000", True),
    "another account": ("111111111111", False),
    "the nil UUID": (NIL, False),
    "a UUID that ends alike": ("8f0a2c3e-0000-4000-8000-000000000000", False),
    "a UUID in capitals": ("8F0A2C3E-0000-4000-8000-000000000000", False),
    "a UUID in an ARN": (f"arn:aws:kms:eu-west-1:111111111111:key/{NIL}", False),
    "a UUID in a mock's ARN": (f"arn:aws:kms:eu-west-1:000000000000:key/{NIL}", True),
    "two UUIDs": (NIL * 2, True),
    "a UUID between digits": (f"x000000{NIL}000000", False),
    "not quite a UUID": ("0000000-0000-0000-0000-000000000000", True),
    "no text": ("", False),
    "a number": (0, False),
    "nothing": (None, False),
    "in a list": (["a", ["000000000000"]], True),
    "a value": ({"a": {"b": "vpce000000000000"}}, True),
    "a key": ({"000000000000": 1}, True),
    "no mock inside": ({"a": [NIL, "b", 1, None, True]}, False),
}


def plan_of(value: Any, place: str) -> dict[str, Any]:
    """A plan that creates one resource, with the value in a place of it."""
    create = {"actions": ["create"], "before": None, "after_unknown": {}}
    after = {"x": value if place == "resource" else "a"}
    return {
        "format_version": "1.2",
        "resource_changes": [
            {"address": "a_b.c", "mode": "managed", "type": "a_b", "change": {**create, "after": after}}
        ],
        "output_changes": {"o": {**create, "after": value if place == "output" else "a"}},
        "variables": {"v": {"value": value if place == "variable" else "a"}},
    }


@pytest.mark.parametrize("case", VALUES)
def test_who_asks_does_not_matter(case: str) -> None:
    value, expected = VALUES[case]
    assert holds_mock(value) is expected
    assert refused(lambda: refuse_mocked_unit(rendered(value), Path("x.hcl"))) is expected
    for place, shown in (("resource", "a_b.c"), ("output", "output o"), ("variable", "variable v")):
        plan = plan_of(value, place)
        assert refused(lambda plan=plan: refuse_mocked_plan("u", plan)) is expected  # type: ignore[misc]
        assert unit_plan("u", plan).mocked == ((shown,) if expected else ())
        assert unit_plan("u", plan).provisional is expected


@pytest.mark.parametrize("case", [case for case, (value, _) in VALUES.items() if isinstance(value, str)])
def test_a_mock_matches_any_value_of_the_review(case: str) -> None:
    value, expected = VALUES[case]
    marks = fingerprint(plan_of(value, "resource"), "00")
    assert (MOCKED in str(marks)) is expected


def test_accounts_of_a_text() -> None:
    assert accounts(f"arn:aws:kms:eu-west-1:111111111111:key/{NIL} x000000000000") == [
        "111111111111",
        "000000000000",
    ]


def rendered(value: Any) -> RenderedUnit:
    return RenderedUnit("u", "", Path(), {"x": value}, {}, (), (), (), {}, False)


def refused(call: Any) -> bool:
    try:
        call()
    except StrataError:
        return True
    return False
