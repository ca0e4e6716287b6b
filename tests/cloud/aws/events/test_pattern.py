"""Which events a pattern takes; the expected answers follow the examples of the EventBridge User Guide."""

from __future__ import annotations

from typing import Any

import pytest

from strata.cloud.aws.events.pattern import InvalidPatternError, matches, validate

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
    ({"detail": {"a": {"b": ["dotted"]}}}, False),
    ({"detail": {"a.b": ["dotted"]}}, True),
    ({"detail": {"ip": [{"cidr": "10.0.0.0/24"}]}}, True),
    ({"detail": {"ip": [{"cidr": "10.0.1.0/24"}]}}, False),
    ({"$or": [{"source": ["aws.ec2"]}, {"detail": {"flag": [True]}}]}, True),
    ({"$or": [{"source": ["aws.ec2"]}, {"detail": {"flag": [False]}}]}, False),
    ({"source": ["aws.s3"], "detail": {"$or": [{"flag": [False]}, {"ip": ["10.0.0.7"]}]}}, True),
]


@pytest.mark.parametrize(("pattern", "expected"), CASES, ids=[str(c[0])[:70] for c in CASES])
def test_pattern(pattern: dict[str, Any], expected: bool) -> None:
    validate(pattern)
    assert matches(pattern, EVENT) is expected


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ({"source": "aws.s3"}, '"source" must be an object or an array'),
        ({"source": []}, "Empty arrays are not allowed"),
        ({"detail": {"k": [{"prefixx": "a"}]}}, "unrecognized match type prefixx"),
        ({"detail": {"k": [{"numeric": ["~", 1]}]}}, "numeric match pattern is malformed"),
        ({"detail": {"k": [{"numeric": ["=", "1"]}]}}, "numeric match pattern is malformed"),
        ({"detail": {"k": [{"exists": "yes"}]}}, "exists match pattern must be either true or false"),
        ({"detail": {"k": [{"prefix": "a", "suffix": "b"}]}}, "only one key allowed"),
        ({"detail": {"k": [{"anything-but": {"numeric": ["=", 1]}}]}}, "anything-but takes"),
    ],
)
def test_invalid_pattern(pattern: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidPatternError, match=message.replace("(", r"\(")):
        validate(pattern)
