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
        "star": "a*b",
        "back": "a\\b",
        "deep": [["x"], ["y"]],
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
    ({"source": ["aws.ec2"], "detail": {"$or": [{"flag": [True]}, {"ip": ["10.0.0.7"]}]}}, False),
    ({"source": ["aws.s3"], "detail": {"flag": [False]}}, False),
    ({}, True),
    ({"detail": {"object": {"size": [{"numeric": ["<", 0]}]}}}, False),
    ({"detail": {"object": {"size": [{"numeric": ["<", 1]}]}}}, True),
    ({"detail": {"object": {"size": [{"numeric": ["<=", 0]}]}}}, True),
    ({"detail": {"object": {"size": [{"numeric": ["<=", -1]}]}}}, False),
    ({"detail": {"object": {"size": [{"numeric": [">", -1]}]}}}, True),
    ({"detail": {"object": {"size": [{"numeric": [">=", 0]}]}}}, True),
    ({"detail": {"object": {"size": [{"numeric": [">=", 1]}]}}}, False),
    ({"detail": {"object": {"size": [{"numeric": ["=", 1]}]}}}, False),
    ({"detail": {"object": {"size": [{"numeric": [">=", 0, "<", 0]}]}}}, False),
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
    ({"detail": {"ip": [{"cidr": "not a network"}]}}, False),
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
    ("pattern", "message"),
    [
        ([], "Filter is not an object"),
        ({"source": "aws.s3"}, '"source" must be an object or an array'),
        ({"detail": {"a": {"b": 1}}}, '"detail.a.b" must be an object or an array'),
        ({"source": []}, "Empty arrays are not allowed"),
        ({"detail": {"k": [["a"]]}}, '"detail.k": a value cannot be an array'),
        ({"detail": {"k": [{"prefixx": "a"}]}}, '"detail.k": unrecognized match type prefixx'),
        ({"detail": {"k": ["fine", {"prefix": 1}]}}, '"detail.k": prefix match pattern must be a string'),
        (
            {"detail": {"k": [{"suffix": {"prefix": "a"}}]}},
            '"detail.k": suffix match pattern must be a string',
        ),
        ({"k": [{"wildcard": 1}]}, '"k": wildcard match pattern must be a string'),
        ({"k": [{"cidr": 1}]}, '"k": cidr match pattern must be a string'),
        ({"k": [{"equals-ignore-case": 1}]}, '"k": equals-ignore-case match pattern must be a string'),
        ({"k": [{"numeric": ["~", 1]}]}, '"k": numeric match pattern is malformed'),
        ({"k": [{"numeric": ["=", "1"]}]}, '"k": numeric match pattern is malformed'),
        ({"k": [{"numeric": ["=", True]}]}, '"k": numeric match pattern is malformed'),
        ({"k": [{"numeric": ["=", 1, "<"]}]}, '"k": numeric match pattern is malformed'),
        ({"k": [{"numeric": [">", 1, "~", 2]}]}, '"k": numeric match pattern is malformed'),
        ({"k": [{"numeric": [">", 1, "<", "2"]}]}, '"k": numeric match pattern is malformed'),
        ({"k": [{"numeric": [">", 1, "<", 2, "=", 3]}]}, '"k": numeric match pattern is malformed'),
        ({"k": [{"numeric": "=1"}]}, '"k": numeric match pattern is malformed'),
        ({"k": [{"exists": "yes"}]}, '"k": exists match pattern must be either true or false'),
        ({"k": [{"prefix": "a", "suffix": "b"}]}, '"k": only one key allowed in match expression'),
        ({"k": [{"anything-but": []}]}, '"k": anything-but must not be empty'),
        ({"k": [{"anything-but": None}]}, '"k": anything-but must not be empty'),
        (
            {"k": [{"anything-but": {"numeric": ["=", 1]}}]},
            '"k": anything-but takes a value, a list or one of prefix, suffix, equals-ignore-case, wildcard',
        ),
        (
            {"k": [{"anything-but": {"prefix": "a", "suffix": "b"}}]},
            '"k": anything-but takes a value, a list or one of prefix, suffix, equals-ignore-case, wildcard',
        ),
        ({"$or": [{"a": ["x"]}, {"b": "y"}]}, '"b" must be an object or an array'),
        ({"d": {"$or": [{"a": ["x"]}, {"b": "y"}]}}, '"d.b" must be an object or an array'),
    ],
)
def test_invalid_pattern(pattern: Any, message: str) -> None:
    with pytest.raises(InvalidPatternError) as raised:
        validate(pattern)
    assert str(raised.value) == message
