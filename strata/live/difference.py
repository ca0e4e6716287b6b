"""Where two environments differ in their effective inputs, names apart, and which of that is meant to be."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.errors import StrataError
from strata.live import discovery
from strata.live.tree import LiveTree

ALLOWED = f"{discovery.LIVE}/differences.toml"
_KEYS = {"unit", "input", "reason"}
_ABSENT = "(absent)"


@dataclass(frozen=True)
class Allowed:
    """A difference that is meant to be: `*` in `unit` and `input` stands for anything."""

    unit: str
    input: str
    reason: str

    def covers(self, unit: str, path: str) -> bool:
        """Whether it is about this input of this component."""
        pairs = ((self.unit, unit), (self.input, path))
        return all(re.fullmatch(".*".join(map(re.escape, wanted.split("*"))), text) for wanted, text in pairs)


@dataclass(frozen=True)
class InputDifference:
    """One input that differs; `reason` says why it may, and is empty where nothing allows it."""

    unit: str
    path: str
    left: Any
    right: Any
    reason: str


def read_allowed(root: Path) -> list[Allowed]:
    """The allow-list; empty where the file is missing.

    Raises:
        StrataError: it is not TOML, or an entry lacks a key or has one that is not a text.
    """
    path = root / ALLOWED
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise StrataError(f"not TOML: {error}", file=path, line=int(found[1]) if found else None) from None
    entries = content.pop("allow", [])
    if content or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise StrataError("only `[[allow]]` tables are known", file=path)
    for entry in entries:
        if set(entry) != _KEYS:
            raise StrataError(
                f"an entry has the keys {', '.join(sorted(_KEYS))}, not {', '.join(sorted(entry)) or 'none'}",
                file=path,
            )
        wrong = [key for key, value in entry.items() if not isinstance(value, str) or not value]
        if wrong:
            raise StrataError(f"`{wrong[0]}` of an entry is not a text, or is empty", file=path)
    return [Allowed(**entry) for entry in entries]


def differences(tree: LiveTree, left: str, right: str) -> list[InputDifference]:
    """All differences between two environments, by component and input.

    Names, account and region are an environment's own: where a value is the same but for them, it is the
    same.

    Raises:
        StrataError: an unknown environment, one that cannot be rendered, or a faulty allow-list.
    """
    allowed = read_allowed(tree.root)
    sides = [_effective(tree, left), _effective(tree, right)]
    return list(_compared(sides[0], sides[1], allowed))


def _compared(
    left: Mapping[str, Mapping[str, Any]], right: Mapping[str, Mapping[str, Any]], allowed: Sequence[Allowed]
) -> Iterator[InputDifference]:
    for unit in sorted({*left, *right}):
        if unit not in left or unit not in right:
            shown = ["a unit" if unit in side else _ABSENT for side in (left, right)]
            yield InputDifference(unit, "", shown[0], shown[1], _reason(allowed, unit, ""))
            continue
        before, after = left[unit], right[unit]
        for path in sorted({*before, *after}):
            one, other = before.get(path, _Missing), after.get(path, _Missing)
            same = one.shown == other.shown or one.neutral == other.neutral
            if not same or (one is _Missing) != (other is _Missing):
                yield InputDifference(unit, path, one.shown, other.shown, _reason(allowed, unit, path))


def _reason(allowed: Sequence[Allowed], unit: str, path: str) -> str:
    return next((entry.reason for entry in allowed if entry.covers(unit, path)), "")


@dataclass(frozen=True)
class _Value:
    """A value as it is, and without what is the environment's own."""

    shown: Any
    neutral: Any


_Missing = _Value(_ABSENT, None)


def _effective(tree: LiveTree, environment: str) -> dict[str, dict[str, _Value]]:
    """By component and path, what its module is told, and the module itself."""
    units = {unit.path: unit.component for unit in tree.units(environment)}
    found: dict[str, dict[str, _Value]] = {}
    for path, document in tree.configs(list(units)).items():
        inputs = document.get("inputs") or {}
        own = _own(inputs.get("context") or {}, environment)
        values = {"source": (document.get("terraform") or {}).get("source")}
        values |= dict(_leaves(inputs, ()))
        found[units[path]] = {_neutral(key, own): _Value(v, _neutral(v, own)) for key, v in values.items()}
    return found


def _own(context: Mapping[str, Any], environment: str) -> list[tuple[re.Pattern[str], str]]:
    """What to leave out of a comparison: the environment's name as a word of a name, account and region."""
    own = {"<environment>": environment, "<account>": "account_id", "<region>": "region"}
    names = {mark: environment if mark == "<environment>" else context.get(key) for mark, key in own.items()}
    return [
        (re.compile(rf"(?<![A-Za-z0-9]){re.escape(str(name))}(?![A-Za-z0-9])", re.IGNORECASE), mark)
        for mark, name in names.items()
        if name
    ]


def _neutral(value: Any, own: Sequence[tuple[re.Pattern[str], str]]) -> Any:
    if isinstance(value, str):
        for pattern, mark in own:
            value = pattern.sub(mark, value)
    return value


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, str(index)))
    else:
        yield ".".join(path), value
