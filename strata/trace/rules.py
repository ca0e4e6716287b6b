"""Which rules take an object's event, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from strata.cloud.aws.events.pattern import alternatives, matches
from strata.trace.models import Condition, RuleMatch


def event_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The event of S3 that an execution's input was made of, as far as the input tells.

    Args:
        given: the input.
    """
    found = {"key": given.get("key"), "size": given.get("size"), "etag": given.get("etag")}
    found |= {"version-id": given.get("version_id"), "sequencer": given.get("sequencer")}
    kept = {name: value for name, value in found.items() if value not in (None, "")}
    return {
        "source": "aws.s3",
        "detail-type": given.get("type") or "Object Created",
        "id": given.get("event_id", ""),
        "time": given.get("time", ""),
        "detail": {"bucket": {"name": given.get("bucket")}, "object": kept},
    }


def explained(name: str, pattern: Mapping[str, Any], event: Mapping[str, Any], **facts: Any) -> RuleMatch:
    """Why a rule takes an event or not.

    Args:
        name: the rule's.
        pattern: its event pattern.
        event: the event.
        facts: what else is known of the rule.
    """
    choices = [
        [_condition(field, wanted, event) for field, wanted in fields.items()]
        for fields in alternatives(pattern)
    ]
    # Of the combinations of `$or`, the one that holds, or that holds best.
    best = max(choices, key=lambda conditions: sum(one.holds for one in conditions) - len(conditions))
    return RuleMatch(name=name, matches=matches(pattern, event), conditions=best, **facts)


def _condition(field: str, wanted: list[Any], event: Mapping[str, Any]) -> Condition:
    nested: Any = wanted
    for part in reversed(field.split(".")):
        nested = {part: nested}
    value: Any = event
    for part in field.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return Condition(
        field=field,
        wanted=", ".join(_words(one) for one in wanted),
        found="" if value is None else value if isinstance(value, str) else json.dumps(value),
        holds=matches(nested, event),
    )


def _words(wanted: Any) -> str:
    if isinstance(wanted, Mapping):
        return ", ".join(f"{name} {json.dumps(value)}" for name, value in wanted.items())
    return json.dumps(wanted)
