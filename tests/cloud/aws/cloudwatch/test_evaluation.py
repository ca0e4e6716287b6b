"""The state of an alarm by its datapoints and settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strata.cloud.aws.cloudwatch.evaluation import MISSING, Settings, evaluate
from tests.yaml_files import load

CASES = load(Path(__file__).with_name("evaluations.yaml"))
VALUES = {"0": 1.0, "X": 9.0, "-": None}


@pytest.mark.parametrize("case", CASES, ids=lambda it: f"{it['m']} of {it['n']}: {it['points']}")
@pytest.mark.parametrize("missing", MISSING)
def test_missing_data(case: dict[str, Any], missing: str) -> None:
    settings = Settings("GreaterThanThreshold", 5.0, case["n"], case["m"], missing)
    points = [VALUES[letter] for letter in reversed(case["points"].split())]
    assert (evaluate(settings, points).state or "kept") == case[missing]


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", [6.0]),
        ("GreaterThanOrEqualToThreshold", [5.0, 6.0]),
        ("LessThanThreshold", [4.0]),
        ("LessThanOrEqualToThreshold", [4.0, 5.0]),
    ],
)
def test_comparisons(comparison: str, breaching: list[float]) -> None:
    settings = Settings(comparison, 5.0, 1, 1)
    assert [it for it in (4.0, 5.0, 6.0) if evaluate(settings, [it]).state == "ALARM"] == breaching
