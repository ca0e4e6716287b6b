"""What attributes would change from and to, as text that may be shown: what is sensitive is not in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from strata.plan.document import PlannedChange

SENSITIVE = "(sensitive value)"
UNKNOWN = "(known after apply)"


@dataclass(frozen=True)
class ValueChange:
    """One attribute before and after; None where there is none."""

    name: str
    before: str | None
    after: str | None


def value_changes(change: PlannedChange) -> tuple[ValueChange, ...]:
    """The attributes of a change that differ, or are not known yet; sorted by name.

    Of a new or a deleted resource these are all that have a value.
    """
    old, new = _object(change.before), _object(change.after)
    later = change.unknown if isinstance(change.unknown, Mapping) else dict.fromkeys(new, change.unknown)
    found = []
    for name in sorted({*old, *new, *later}):
        unknown = later.get(name)
        was, will = old.get(name), new.get(name)
        if was == will and not _any(unknown):
            continue
        found.append(
            ValueChange(
                name,
                _text(was, None, _part(change.secret_before, name)),
                _text(will, unknown, _part(change.secret_after, name)),
            )
        )
    return tuple(found)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _part(marks: Any, name: Any) -> Any:
    """The marks of a part of a value; a mark of the whole holds for each part."""
    if isinstance(marks, Mapping):
        return marks.get(name)
    if isinstance(marks, list):
        return marks[name] if isinstance(name, int) and name < len(marks) else None
    return marks


def _any(marks: Any) -> bool:
    if isinstance(marks, Mapping):
        return any(_any(value) for value in marks.values())
    if isinstance(marks, list):
        return any(_any(value) for value in marks)
    return bool(marks)


def _text(value: Any, unknown: Any, secret: Any) -> str | None:
    shown = _masked(value, unknown, secret)
    if shown is None or isinstance(shown, str):
        return shown
    return json.dumps(shown, ensure_ascii=False)


def _masked(value: Any, unknown: Any, secret: Any) -> Any:
    """A value with words for what may not be shown or is not known; JSON inside of a text is left alone."""
    if secret is True:
        return SENSITIVE
    if unknown is True:
        return UNKNOWN
    if isinstance(value, Mapping):
        names = {**value, **(unknown if isinstance(unknown, Mapping) else {})}
        return {name: _masked(value.get(name), _part(unknown, name), _part(secret, name)) for name in names}
    if isinstance(value, list):
        return [_masked(one, _part(unknown, place), _part(secret, place)) for place, one in enumerate(value)]
    # Marks below what is not there yet.
    if _any(secret):
        return SENSITIVE
    return UNKNOWN if _any(unknown) else value
