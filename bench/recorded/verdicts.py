"""Compares what a scenario recorded here with what was recorded at AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

# Values that the recordings leave out; one may be named after another.
_LEFT_OUT = r"<(?:[^<>]|<[^<>]+>)+>"
_PLACEHOLDER = re.compile(_LEFT_OUT)
_ANY = frozenset(
    {
        "timestamp",
        "date",
        "datetime",
        "time",
        "start-date",
        "stop-date",
        "uuid",
        "generated-uuid",
        "RequestId",
    }
    | {"RandomNumberGenerated"}
)
_IGNORED = frozenset({"ResponseMetadata"})
# The headers of a task's answer are those of the machines on its way.
_HEADERS = frozenset({"AllHttpHeaders", "HttpHeaders"})
_ENDS = ("Succeeded", "Failed", "TimedOut", "Aborted")
# What the embedded cloud says of what it does not have.
_REFUSED = re.compile(r"embedded cloud|embedded Lambda|NotImplemented|not implemented")


@dataclass(frozen=True)
class Verdict:
    """What came of one scenario; `kind`: equal, outcome, refused, differs or broken."""

    scenario: str
    kind: str
    reason: str = ""

    @property
    def folder(self) -> str:
        """Return the folder or file of scenarios that it is of."""
        return self.scenario.split("/v2/")[1].split("/")[0].split(".py")[0]

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def judge(result: dict[str, Any], recorded: Any) -> Verdict:
    """Judge one scenario.

    Args:
        result: what ran here: `scenario`, `matched` (key to value) and `failure`.
        recorded: the scenario's entry in the recordings.
    """
    scenario, matched = result["scenario"], result["matched"]
    expected = recorded["recorded-content"]
    literal = result.get("literals", {})
    differences = list(_all_differences(expected, matched, literal))
    text = json.dumps(matched) + result["failure"]
    if not differences and not result["failure"]:
        return Verdict(scenario, "equal")
    outcomes = list(_all_differences(_outcome(expected), _outcome(matched), literal))
    if not outcomes and not result["failure"]:
        return Verdict(scenario, "outcome", "; ".join(differences[:3]))
    reason = "; ".join(outcomes[:3]) or "; ".join(differences[:3])
    if _REFUSED.search(text):
        return Verdict(scenario, "refused", _REFUSED.split(text, maxsplit=1)[1][:200])
    if result["failure"]:
        return Verdict(scenario, "broken", f"{result['failure'][-300:]} | {reason}")
    return Verdict(scenario, "differs", reason)


def _all_differences(expected: Any, actual: Any, literals: dict[str, str]) -> Iterator[str]:
    for key, value in expected.items():
        if key not in actual:
            yield f"{key}: not recorded here"
        else:
            yield from _differences(value, actual[key], key)


def _differences(expected: Any, actual: Any, place: str) -> Iterator[str]:
    # The recordings hold JSON where AWS sends its text.
    if isinstance(actual, str) and isinstance(expected, dict | list):
        try:
            actual = json.loads(actual)
        except ValueError:
            yield f"{place}: {_short(expected)} there, {_short(actual)} here"
            return
    if isinstance(expected, dict) and isinstance(actual, dict):
        open_names = [name for name in expected if _PLACEHOLDER.fullmatch(name)]
        for name in sorted(expected.keys() | actual.keys()):
            if name in _IGNORED or name in open_names or (name in _HEADERS and name in actual):
                continue
            if name not in actual:
                yield f"{place}.{name}: missing here, {_short(expected[name])} there"
            elif name not in expected:
                if not open_names:
                    yield f"{place}.{name}: {_short(actual[name])} here only"
            else:
                yield from _differences(expected[name], actual[name], f"{place}.{name}")
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            kinds = f"{_short(_kinds(expected))} / {_short(_kinds(actual))}"
            yield f"{place}: {len(expected)} there, {len(actual)} here: {kinds}"
            return
        for number, (left, right) in enumerate(zip(expected, actual, strict=True)):
            yield from _differences(left, right, f"{place}[{number}]")
    elif not _same(expected, actual):
        yield f"{place}: {_short(expected)} there, {_short(actual)} here"


def _kinds(values: list[Any]) -> Any:
    return [v.get("type", v) if isinstance(v, dict) else v for v in values]


def _same(expected: Any, actual: Any) -> bool:
    if expected == actual and isinstance(expected, bool) == isinstance(actual, bool):
        return True
    if not isinstance(expected, str):
        return False
    if expected in _ANY or expected.replace("-", "_").endswith(
        ("_arn", "_name", "_id", "_key", "_time", "_url")
    ):
        return True
    text = actual if isinstance(actual, str) else json.dumps(actual)
    text = text.replace(" (reached max retries: 0)", "")
    if _canonical(expected) == _canonical(text):
        return True
    # With a value left out, what was JSON may not be any more.
    return _matches(_canonical(expected), _canonical(text) if _is_json(expected) else text)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _canonical(text: str) -> str:
    try:
        return json.dumps(json.loads(text), sort_keys=True) if text[:1] in "[{" else text
    except ValueError:
        return text


# Names that stand for values inside texts.
_IN_TEXTS = re.compile(
    _LEFT_OUT + r"|(?<=\W)(?:timestamp|date|time|\w+[_-](?:arn|name|id|url|key))(?=\W)|111111111111"
)


def _matches(expected: str, actual: str) -> bool:
    parts = _IN_TEXTS.split(expected)
    return len(parts) > 1 and re.fullmatch(".*?".join(map(re.escape, parts)), actual, re.DOTALL) is not None


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 700 else text[:697] + "..."


def _outcome(value: Any) -> Any:
    """Replace each history by its last event: how the execution ended."""
    if isinstance(value, dict):
        events = value.get("events")
        if isinstance(events, list) and events and all(isinstance(e, dict) and "type" in e for e in events):
            end = events[-1]
            details = {k: v for k, v in end.items() if k.endswith("EventDetails")}
            return {"end": end["type"], **details}
        return {name: _outcome(member) for name, member in value.items()}
    return [_outcome(member) for member in value] if isinstance(value, list) else value
