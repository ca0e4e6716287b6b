"""What a target receives, with keys that break careless quoting."""

from __future__ import annotations

import json
from typing import Any

import pytest

from strata.cloud.aws.events.input import InvalidInputError, payload, validate

EVENT = {
    "id": "e1",
    "time": "2026-01-02T03:04:05Z",
    "detail": {
        "object": {"key": 'flights/a "b"\\c é + d.csv', "size": 0, "version-id": "v1"},
        "list": [{"n": 1}, {"n": 2}],
    },
}
PATHS = {
    "key": "$.detail.object.key",
    "size": "$.detail.object.size",
    "version": "$.detail.object.version-id",
    "object": "$.detail.object",
    "second": "$.detail.list[1].n",
    "all": "$.detail.list[*].n",
    "missing": "$.detail.nothing",
}


def filled(template: str) -> str:
    target = {"Id": "t", "InputTransformer": {"InputPathsMap": PATHS, "InputTemplate": template}}
    validate(target)
    return payload(
        target, EVENT, rule_arn="arn:rule", rule_name="rule", ingestion_time="2026-01-02T03:04:06Z"
    )


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{"k": <key>, "s": <size>}', {"k": 'flights/a "b"\\c é + d.csv', "s": 0}),
        ('{"k": "<key>"}', {"k": 'flights/a "b"\\c é + d.csv'}),
        ('{"k": "in <key>, <size> bytes"}', {"k": 'in flights/a "b"\\c é + d.csv, 0 bytes'}),
        ('{"v": <version>}', {"v": "v1"}),
        ('{"m": <missing>}', {"m": ""}),
        ('{"m": "x<missing>y"}', {"m": "xy"}),
        ('{"n": <second>, "a": <all>}', {"n": 2, "a": [1, 2]}),
        ('{"quoted": "a \\"<version>\\" b"}', {"quoted": 'a "v1" b'}),
        ('{"r": <aws.events.rule-name>, "t": "<aws.events.event.ingestion-time>"}',
         {"r": "rule", "t": "2026-01-02T03:04:06Z"}),
        ('{"e": <aws.events.event.json>}', {"e": EVENT}),
        ('{"e": <aws.events.event>}', {"e": {"id": "e1", "time": "2026-01-02T03:04:05Z"}}),
        ("<object>", EVENT["detail"]["object"]),  # type: ignore[index]
        ('"<version> is new"', "v1 is new"),
        ("\n  {\"v\": <version>}\n", {"v": "v1"}),
    ],
)  # fmt: skip
def test_template_that_is_json(template: str, expected: Any) -> None:
    assert json.loads(filled(template)) == expected


def test_template_that_is_text() -> None:
    assert filled("<version> of <key>") == 'v1 of flights/a "b"\\c é + d.csv'


def test_object_in_a_string_loses_its_quotes() -> None:
    assert json.loads(filled('{"o": "<all> <second>"}')) == {"o": "[1,2] 2"}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({}, json.dumps(EVENT, ensure_ascii=False, separators=(",", ":"))),
        ({"Input": '{"constant": 1}'}, '{"constant": 1}'),
        ({"InputPath": "$.detail.object.size"}, "0"),
        ({"InputPath": "$.detail.object.version-id"}, '"v1"'),
    ],
)
def test_without_a_transformer(target: dict[str, Any], expected: str) -> None:
    assert payload(target, EVENT, rule_arn="", rule_name="", ingestion_time="") == expected


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ('{"k": <unknown>}', "InputTemplate for target t contains invalid placeholder unknown"),
        ('{"k": <key>', "does not give valid JSON"),
        ('{"k": bare}', "does not give valid JSON"),
    ],
)
def test_invalid_template(template: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        filled(template)


def test_path_that_eventbridge_does_not_know() -> None:
    target = {
        "Id": "t",
        "InputTransformer": {"InputPathsMap": {"a": "$['detail']"}, "InputTemplate": '{"a": <a>}'},
    }
    with pytest.raises(InvalidInputError, match="is not a JSON path"):
        validate(target)
