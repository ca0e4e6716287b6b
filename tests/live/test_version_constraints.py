"""Which version meets which constraint, as hashicorp/go-version says."""

from __future__ import annotations

import pytest

from strata.live.evaluation.functions import FunctionError, satisfies


@pytest.mark.parametrize(
    ("version", "constraint", "meets"),
    [
        ("1.2.3", "1.2.3", True),
        ("1.2.3", "= 1.2.3", True),
        ("1.2.3", "= 1.2", False),
        ("1.2.0", "= 1.2", True),
        ("1.2.3", "!= 1.2.3", False),
        ("1.2.3", "!= 1.2.4", True),
        ("1.2.3", "> 1.2.2", True),
        ("1.2.3", "> 1.2.3", False),
        ("1.2.3", ">= 1.2.3", True),
        ("1.2.3", ">= 1.2.4", False),
        ("1.2.3", "< 1.2.4", True),
        ("1.2.3", "< 1.2.3", False),
        ("1.2.3", "<= 1.2.3", True),
        ("1.2.3", "<= 1.2.2", False),
        ("1.10.0", "> 1.9", True),
        ("v1.2.3", "v1.2.3", True),
        (" 1.2.3 ", ">=1.2", True),
        # The last part given may grow, the parts before it may not.
        ("1.2.3", "~> 1", True),
        ("3.0", "~> 1", True),
        ("0.9", "~> 1", False),
        ("1.9.9", "~> 1.2", True),
        ("1.2.0", "~> 1.2", True),
        ("1.1.9", "~> 1.2", False),
        ("2.0.0", "~> 1.2", False),
        ("1.2.9", "~> 1.2.3", True),
        ("1.2.3", "~> 1.2.3", True),
        ("1.2.2", "~> 1.2.3", False),
        ("1.3.0", "~> 1.2.3", False),
        ("1.5", ">= 1.0, < 2.0", True),
        ("2.0", ">= 1.0, < 2.0", False),
        ("0.9", ">= 1.0, < 2.0", False),
        ("1.5", ">= 1.0, != 1.5, < 2.0", False),
    ],
)
def test_a_version_and_a_constraint(version: str, constraint: str, meets: bool) -> None:
    assert satisfies(version, constraint) is meets


@pytest.mark.parametrize(
    ("version", "constraint", "meets"),
    [
        ("3.0", "~> 1", False),
        ("1.9", "~> 1", True),
        ("0.9", "~> 1", False),
        ("2.0", "~> 1.2", False),
        ("1.3.0", "~> 1.2.3", False),
        ("1.2.4", "~> 1.2.3", True),
        ("3.0", ">= 1", True),
    ],
)
def test_a_providers_version(version: str, constraint: str, meets: bool) -> None:
    assert satisfies(version, constraint, of_provider=True) is meets


@pytest.mark.parametrize(
    ("version", "constraint", "message"),
    [
        ("1.2.3", "=> 1.0", "`=> 1.0` is not a version constraint of plain numbers"),
        ("1.2.3", ">= 1.0,", "`` is not a version constraint"),
        ("1.2.3", ">= 1.0-beta", "`>= 1.0-beta` is not a version constraint"),
        ("1.2.3-rc1", ">= 1.0", "`1.2.3-rc1` is not a version of plain numbers"),
        ("x1.2", ">= 1.0", "`x1.2` is not a version"),
    ],
)
def test_what_cannot_be_compared(version: str, constraint: str, message: str) -> None:
    with pytest.raises(FunctionError, match=message):
        satisfies(version, constraint)
