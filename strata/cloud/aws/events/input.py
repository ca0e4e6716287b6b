"""What a target receives: the event, a constant, a part of the event, or a template filled from it.

Rules: EventBridge User Guide, "Amazon EventBridge input transformation". A placeholder outside quotes stands
for the value as JSON; inside a JSON string it stands for the text of the value, escaped so that the string
stays a string (keys hold quotes and backslashes), an object there loses its quotes, and a path that finds
nothing leaves an empty string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_PLACEHOLDER = re.compile(r"<([\w.-]+)>")
# A JSON string, so that a placeholder is known to be inside or outside of one.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_PREDEFINED = frozenset(
    f"aws.events.{name}" for name in ("rule-arn", "rule-name", "event", "event.json", "event.ingestion-time")
)
_STEP = re.compile(r"\.([\w/-]+|\*)|\[(\d+|\*)\]")
_NOTHING = object()


class InvalidInputError(ValueError):
    """The template, or what comes of it, is not valid; the message says why."""


def payload(
    target: Mapping[str, Any], event: Mapping[str, Any], *, rule_arn: str, rule_name: str, ingestion_time: str
) -> str:
    """Return the text a target receives for an event.

    Raises:
        InvalidInputError: a template for a JSON object does not give one.
    """
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath"):
        found = _find(target["InputPath"], event)
        return "" if found is _NOTHING else _json(found)
    transformer = target.get("InputTransformer")
    if not transformer:
        return _json(event)
    values = {name: _find(path, event) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_name,
        "aws.events.event.ingestion-time": ingestion_time,
        "aws.events.event.json": event,
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
    }
    return _fill(transformer["InputTemplate"], values)


def validate(target: Mapping[str, Any]) -> None:
    """Check a target's transformer.

    Raises:
        InvalidInputError: a placeholder has no entry in InputPathsMap, or the template is not JSON where it
            looks like it.
    """
    transformer = target.get("InputTransformer")
    if not transformer:
        return
    template = transformer["InputTemplate"]
    known = set(transformer.get("InputPathsMap") or {}) | _PREDEFINED
    for name in _PLACEHOLDER.findall(template):
        if name not in known:
            raise InvalidInputError(
                f"InputTemplate for target {target['Id']} contains invalid placeholder {name}."
            )
    for path in (transformer.get("InputPathsMap") or {}).values():
        _find(path, {})
    _fill(template, dict.fromkeys(known, ""))


def _fill(template: str, values: Mapping[str, Any]) -> str:
    def outside(text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: _as_json(values.get(found[1], _NOTHING)), text)

    def inside(text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: _as_text(values.get(found[1], _NOTHING), escaped=True), text)

    stripped = template.strip()
    if not stripped.startswith(("{", "[", '"', "<")) or (
        stripped.startswith("<") and not _PLACEHOLDER.fullmatch(stripped)
    ):
        return _PLACEHOLDER.sub(
            lambda found: _as_text(values.get(found[1], _NOTHING), escaped=False), template
        )
    pieces = []
    end = 0
    for string in _STRING.finditer(template):
        pieces += [outside(template[end : string.start()]), inside(string[0])]
        end = string.end()
    filled = "".join([*pieces, outside(template[end:])])
    try:
        json.loads(filled)
    except ValueError as error:
        raise InvalidInputError(f"the input template does not give valid JSON: {error}") from None
    return filled


def _as_json(value: Any) -> str:
    return '""' if value is _NOTHING else _json(value)


def _as_text(value: Any, *, escaped: bool) -> str:
    if value is _NOTHING:
        return ""
    text = value if isinstance(value, str) else _json(value).replace('"', "")
    return _json(text)[1:-1] if escaped else text


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _find(path: str, event: Any) -> Any:
    """Follow a JSON path; `*` gives a list."""
    if not path.startswith("$") or "".join(m[0] for m in _STEP.finditer(path)) != path[1:]:
        raise InvalidInputError(f"{path!r} is not a JSON path that EventBridge knows")
    found = [event]
    many = False
    for step in _STEP.finditer(path):
        name, index = step[1], step[2]
        if "*" in (name, index):
            many = True
            found = [v for f in found for v in (f.values() if isinstance(f, Mapping) else _as_list(f))]
        elif name is not None:
            found = [f[name] for f in found if isinstance(f, Mapping) and name in f]
        else:
            found = [f[int(index)] for f in found if isinstance(f, list) and int(index) < len(f)]
    if many:
        return found
    return found[0] if found else _NOTHING


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
