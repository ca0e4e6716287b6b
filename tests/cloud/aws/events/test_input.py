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
    "first": "$.detail.list[0]",
    "values": "$.*",
    "far": "$.detail.list[2].n",
    "named": "$.detail.list.n",
    "text": "$.id[0]",
    "stars": "$.id[*]",
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
        ('[<size>, "<size>"]', [0, "0"]),
        ("<version>", "v1"),
        ('{"a": <first>, "b": <values>, "c": <far>, "d": <named>, "e": <text>}',
         {"a": {"n": 1}, "b": ["e1", "2026-01-02T03:04:05Z", EVENT["detail"]], "c": "", "d": "", "e": ""}),
        ('{"arn": "<aws.events.rule-arn>", "x": <stars>}', {"arn": "arn:rule", "x": []}),
    ],
)  # fmt: skip
def test_template_that_is_json(template: str, expected: Any) -> None:
    assert json.loads(filled(template)) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("<version> of <key>", 'v1 of flights/a "b"\\c é + d.csv'),
        ("new: <second>, <missing>.", "new: 2, ."),
        ("  <version> <version>", "  v1 v1"),
        ("all <all>", "all [1,2]"),
    ],
)
def test_template_that_is_text(template: str, expected: str) -> None:
    assert filled(template) == expected


def test_object_in_a_string_loses_its_quotes() -> None:
    assert json.loads(filled('{"o": "<all> <second>"}')) == {"o": "[1,2] 2"}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({}, json.dumps(EVENT, ensure_ascii=False, separators=(",", ":"))),
        ({"Input": '{"constant": 1}'}, '{"constant": 1}'),
        ({"InputPath": "$.detail.object.size"}, "0"),
        ({"InputPath": "$.detail.object.version-id"}, '"v1"'),
        ({"InputPath": "$.detail.none"}, ""),
        ({"InputPath": "$"}, json.dumps(EVENT, ensure_ascii=False, separators=(",", ":"))),
        ({"Input": ""}, ""),
        ({"Input": "1", "InputPath": "$.id"}, "1"),
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


@pytest.mark.parametrize("path", ["$['detail']", "detail", "$.a b", "$..a", "$.a[x]", ""])
def test_path_that_eventbridge_does_not_know(path: str) -> None:
    target = {"Id": "t", "InputTransformer": {"InputPathsMap": {"a": path}, "InputTemplate": '{"a": <a>}'}}
    with pytest.raises(InvalidInputError) as raised:
        validate(target)
    assert str(raised.value) == f"{path!r} is not a JSON path that EventBridge knows"


def test_a_target_without_a_transformer_is_valid() -> None:
    validate({"Id": "t"})
    validate({"Id": "t", "InputTransformer": {"InputTemplate": '"<aws.events.event.ingestion-time>"'}})
