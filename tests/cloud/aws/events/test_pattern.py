"""Which events a pattern takes; the expected answers follow the examples of the EventBridge User Guide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strata.cloud.aws.events.pattern import matches
from strata.cloud.aws.events.pattern_syntax import InvalidPatternError, validate
from tests import yaml_files

INVALID: dict[str, list[Any]] = yaml_files.load(Path(__file__).with_name("invalid_patterns.yaml"))
EVENT = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "resources": ["arn:aws:s3:::raw", "arn:aws:s3:::other"],
    "detail": {
        "bucket": {"name": "raw"},
        "object": {"key": 'flights/2013 01 "é".csv', "size": 0, "tags": [{"k": "a"}, {"k": "b"}]},
        "flag": True,
        "nothing": None,
        "a.b": "dotted",
        "ip": "10.0.0.7",
        "star": "a*b",
        "back": "a\\b",
        "deep": [["x"], ["y"]],
        "pairs": [{"x": 1, "y": 2}, {"x": 3, "y": 4}],
        "empty": [],
        "some": [{"a": 1, "b": 2}, {"a": 3, "c": 4}],
    },
}
CASES: list[tuple[Any, bool]] = [
    ({"source": ["aws.s3"]}, True),
    ({"source": ["aws.ec2", "aws.s3"]}, True),
    ({"source": ["aws.ec2"]}, False),
    ({"resources": ["arn:aws:s3:::other"]}, True),
    ({"detail": {"object": {"key": [{"prefix": "flights/"}]}}}, True),
    ({"detail": {"object": {"key": [{"prefix": "Flights/"}]}}}, False),
    ({"detail": {"object": {"key": [{"prefix": {"equals-ignore-case": "Flights/"}}]}}}, True),
    ({"detail": {"object": {"key": [{"suffix": ".csv"}]}}}, True),
    ({"detail": {"object": {"key": [{"suffix": {"equals-ignore-case": ".CSV"}}]}}}, True),
    ({"detail": {"object": {"key": [{"wildcard": "flights/*.csv"}]}}}, True),
    ({"detail": {"object": {"key": [{"wildcard": "flights/*.json"}]}}}, False),
    ({"detail": {"object": {"key": [{"wildcard": r"flights/\*.csv"}]}}}, False),
    ({"detail": {"bucket": {"name": [{"equals-ignore-case": "RAW"}]}}}, True),
    ({"detail": {"object": {"size": [{"numeric": ["=", 0]}]}}}, True),
    ({"detail": {"object": {"size": [{"numeric": [">", 0]}]}}}, False),
    ({"detail": {"object": {"size": [{"numeric": [">=", 0, "<", 5]}]}}}, True),
    ({"detail": {"flag": [{"numeric": ["=", 1]}]}}, False),
    ({"detail": {"flag": [1]}}, False),
    ({"detail": {"flag": [True]}}, True),
    ({"detail": {"nothing": [None]}}, True),
    ({"detail": {"missing": [None]}}, False),
    ({"detail": {"missing": [{"exists": False}]}}, True),
    ({"detail": {"bucket": {"name": [{"exists": True}]}}}, True),
    ({"detail": {"bucket": [{"exists": True}]}}, False),  # exists is about leaves
    ({"detail": {"object": {"key": [{"anything-but": ["a", "b"]}]}}}, True),
    ({"detail": {"bucket": {"name": [{"anything-but": "raw"}]}}}, False),
    ({"detail": {"bucket": {"name": [{"anything-but": {"prefix": "ra"}}]}}}, False),
    ({"detail": {"bucket": {"name": [{"anything-but": {"suffix": ["x", "y"]}}]}}}, True),
    ({"detail": {"bucket": {"name": [{"anything-but": {"wildcard": "*a*"}}]}}}, False),
    ({"detail": {"missing": [{"anything-but": "a"}]}}, False),
    ({"detail": {"object": {"tags": {"k": ["b"]}}}}, True),
    ({"detail": {"object": {"tags": {"k": ["c"]}}}}, False),
    ({"detail": {"a": {"b": ["dotted"]}}}, True),  # names join with dots, on both sides
    ({"detail": {"a.b": ["dotted"]}}, True),
    ({"detail.a.b": ["dotted"]}, True),
    ({"detail": {"bucket.name": ["raw"]}}, True),
    ({"detail": {"bucket.name": {"name": ["raw"]}}}, False),
    ({"detail": {"pairs": {"x": [1], "y": [2]}}}, True),
    ({"detail": {"pairs": {"x": [1], "y": [4]}}}, False),  # of one element of the list
    # An absent field is looked for in the element that the names before it have chosen, as event-ruler does.
    ({"detail": {"some": {"a": [1], "b": [{"exists": False}]}}}, False),
    ({"detail": {"some": {"a": [3], "b": [{"exists": False}]}}}, True),
    ({"detail": {"some": {"a": [3], "b": [{"exists": False}, 9]}}}, True),
    ({"detail": {"some": {"b": [{"exists": False}], "c": [4]}}}, False),
    ({"detail": {"some": {"b": [{"exists": False}]}}}, False),
    ({"detail": {"pairs": {"x": [3, 1], "y": [{"exists": True}]}}}, True),
    ({"detail": {"pairs": {"x": [1], "z": [{"exists": False}]}}}, True),
    ({"detail": {"pairs": {"x": [1]}, "pairs.y": [4]}}, False),
    ({"detail": {"empty": [{"exists": True}]}}, False),
    ({"detail": {"empty": [{"exists": False}]}}, True),
    ({"detail": {"nothing": [{"exists": True}]}}, True),
    ({"detail": {"nothing": [{"anything-but": "x"}]}}, True),
    ({"detail": {"missing": ["x", {"exists": False}]}}, True),
    ({"detail": {"bucket": {"name": [{"exactly": "raw"}]}}}, True),
    ({"detail": {"bucket": {"name": [{"exactly": "ra"}]}}}, False),
    ({"detail": {"bucket": {"name": [{"prefix": ""}]}}}, True),
    ({"detail": {"object": {"size": [{"prefix": ""}]}}}, False),
    ({"detail": {"bucket": {"name": [{"wildcard": "*-*-*"}]}}}, False),
    ({"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}}, True),
    ({"detail": {"ip": [{"cidr": "10.0.1.0/24"}]}}, False),
    ({"$or": [{"source": ["aws.ec2"]}, {"detail": {"flag": [True]}}]}, True),
    ({"$or": [{"source": ["aws.ec2"]}, {"detail": {"flag": [False]}}]}, False),
    ({"source": ["aws.s3"], "detail": {"$or": [{"flag": [False]}, {"ip": ["10.0.0.7"]}]}}, True),
    ({"source": ["aws.ec2"], "detail": {"$or": [{"flag": [True]}, {"ip": ["10.0.0.7"]}]}}, False),
    ({"source": ["aws.s3"], "detail": {"flag": [False]}}, False),
    ({"detail": {"object": {"size": [{"numeric": ["<", 0]}]}}}, False),
    ({"detail": {"object": {"size": [{"numeric": ["<", 1]}]}}}, True),
    ({"detail": {"object": {"size": [{"numeric": ["<=", 0]}]}}}, True),
    ({"detail": {"object": {"size": [{"numeric": ["<=", -1]}]}}}, False),
    ({"detail": {"object": {"size": [{"numeric": [">", -1]}]}}}, True),
    ({"detail": {"object": {"size": [{"numeric": [">=", 0]}]}}}, True),
    ({"detail": {"object": {"size": [{"numeric": [">=", 1]}]}}}, False),
    ({"detail": {"object": {"size": [{"numeric": ["=", 1]}]}}}, False),
    ({"detail": {"object": {"size": [{"numeric": [">", 0, "<", 5]}]}}}, False),
    ({"detail": {"object": {"key": [{"numeric": ["=", 0]}]}}}, False),
    ({"detail": {"object": {"size": [0]}}}, True),
    ({"detail": {"object": {"size": [False]}}}, False),
    ({"detail": {"object": {"size": [{"prefix": "0"}]}}}, False),
    ({"detail": {"object": {"key": [{"prefix": "csv"}]}}}, False),
    ({"detail": {"object": {"key": [{"suffix": "flights/"}]}}}, False),
    ({"detail": {"object": {"key": [{"prefix": {"equals-ignore-case": "CSV"}}]}}}, False),
    ({"detail": {"bucket": {"name": [{"equals-ignore-case": "RA"}]}}}, False),
    ({"detail": {"object": {"key": [{"wildcard": "*2013*"}]}}}, True),
    ({"detail": {"object": {"key": [{"wildcard": "flights/"}]}}}, False),
    ({"detail": {"star": [{"wildcard": r"a\*b"}]}}, True),
    ({"detail": {"star": [{"wildcard": r"a\\\*b"}]}}, False),
    ({"detail": {"back": [{"wildcard": r"a\\b"}]}}, True),
    ({"detail": {"bucket": {"name": [{"exists": False}]}}}, False),
    ({"detail": {"missing": [{"exists": True}]}}, False),
    ({"detail": {"object": {"tags": {"k": [{"exists": True}]}}}}, True),
    ({"detail": {"bucket": {"name": [{"anything-but": ["raw", "b"]}]}}}, False),
    ({"detail": {"bucket": {"name": [{"anything-but": {"equals-ignore-case": ["RAW"]}}]}}}, False),
    ({"detail": {"bucket": {"name": [{"anything-but": {"suffix": "w"}}]}}}, False),
    ({"detail": {"bucket": {"name": [{"anything-but": {"prefix": ["x", "ra"]}}]}}}, False),
    ({"detail": {"object": {"size": [{"anything-but": 1}]}}}, True),
    ({"detail": {"object": {"size": [{"anything-but": 0}]}}}, False),
    ({"resources": [{"anything-but": "arn:aws:s3:::raw"}]}, True),
    ({"resources": [{"prefix": "arn:aws:sqs"}, {"prefix": "arn:aws:s3"}]}, True),
    ({"detail": {"bucket": {"name": [{"cidr": "10.0.0.0/24"}]}}}, False),
    ({"detail": {"ip": [{"cidr": "10.0.0.1/24"}]}}, True),
    ({"detail": {"deep": ["x"]}}, True),
    ({"detail": {"bucket": ["raw"]}}, False),
    ({"detail": {"flag": {"x": [1]}}}, False),
    ({"detail": {"$or": [{"flag": [False]}, {"ip": ["none"]}, {"bucket": {"name": ["raw"]}}]}}, True),
]


@pytest.mark.parametrize(("pattern", "expected"), CASES, ids=[str(c[0])[:70] for c in CASES])
def test_pattern(pattern: dict[str, Any], expected: bool) -> None:
    validate(pattern)
    assert matches(pattern, EVENT) is expected


@pytest.mark.parametrize(
    ("reason", "pattern"), [(reason, pattern) for reason, patterns in INVALID.items() for pattern in patterns]
)
def test_invalid_pattern(reason: str, pattern: Any) -> None:
    with pytest.raises(InvalidPatternError) as raised:
        validate(pattern)
    assert str(raised.value) == reason


def test_empty_pattern_takes_every_event() -> None:
    assert matches({}, EVENT)
