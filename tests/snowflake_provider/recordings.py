"""The recordings of the real provider: how they are kept, what the stand-in may do otherwise, what it does not."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.snowflake_provider.recorder import RECORDINGS, Observation, Values

# Where an observation holds whole states: address -> values.
_STATES = ("refreshed", "state", "imported")


def path_of(version: str) -> Path:
    """The recording of a provider's version."""
    return RECORDINGS / f"{version}.json"


def write(version: str, cases: Mapping[str, Observation], statements: Mapping[str, Any]) -> None:
    """Keep what was observed: states as what differs from the address's state before."""
    pool = _Pool()
    packed = {name: pool.pack(observed) for name, observed in cases.items()}
    document = {"provider": version, "cases": packed, "values": pool.values, "statements": statements}
    path_of(version).write_text(_text(document, 3) + "\n", encoding="utf-8")


def _text(value: Any, depth: int, indent: str = "") -> str:
    """JSON with a line for each value down to a depth."""
    if not depth or not isinstance(value, dict) or not value:
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    below = indent + " "
    lines = [f"{below}{json.dumps(name)}: {_text(value[name], depth - 1, below)}" for name in sorted(value)]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def read(version: str) -> tuple[dict[str, Observation], dict[str, Any]]:
    """What was observed, case by case, and the statements."""
    document = json.loads(path_of(version).read_text("utf-8"))
    pool = _Pool(document["values"])
    return {name: pool.unpack(case) for name, case in document["cases"].items()}, document["statements"]


class _Pool:
    """Values by a name; a state is kept as what differs from the one before it."""

    def __init__(self, values: dict[str, Any] | None = None) -> None:
        self.values: dict[str, Any] = values or {}
        self._known: dict[str, str] = {}
        self._last: dict[str, tuple[str, Values]] = {}

    def pack(self, observed: Any) -> Any:
        if not isinstance(observed, dict):
            return observed
        return {
            name: {address: self._name(address, values) for address, values in item.items()}
            if name in _STATES
            else self.pack(item)
            for name, item in observed.items()
        }

    def unpack(self, packed: Any) -> Any:
        if not isinstance(packed, dict):
            return packed
        return {
            name: {address: self._value(reference) for address, reference in item.items()}
            if name in _STATES
            else self.unpack(item)
            for name, item in packed.items()
        }

    def _name(self, address: str, values: Values) -> str:
        text = address + json.dumps(values, sort_keys=True)
        if text not in self._known:
            name = f"{address}#{sum(key.startswith(f'{address}#') for key in self.values) + 1}"
            kept = self._shared(values)
            before = self._last.get(address)
            if before is not None and before[1].keys() == kept.keys():
                differing = {key: value for key, value in kept.items() if value != before[1][key]}
                self.values[name] = {"as": before[0], "but": differing}
            else:
                self.values[name] = {"is": kept}
            self._known[text] = name
            self._last[address] = (name, kept)
        return self._known[text]

    def _shared(self, values: Values) -> Values:
        """Parameters are long, and alike for many objects."""
        if not values.get("parameters"):
            return values
        text = json.dumps(values["parameters"], sort_keys=True)
        if text not in self._known:
            self._known[text] = f"parameters#{sum(key.startswith('parameters#') for key in self.values) + 1}"
            self.values[self._known[text]] = values["parameters"]
        return values | {"parameters": self._known[text]}

    def _value(self, name: str) -> Values:
        kept = self._kept(name)
        parameters = kept.get("parameters")
        return kept | {"parameters": self.values[parameters]} if isinstance(parameters, str) else kept

    def _kept(self, name: str) -> Values:
        entry = self.values[name]
        found: Values = entry["is"] if "is" in entry else self._kept(entry["as"]) | entry["but"]
        return found


@dataclass(frozen=True)
class Difference:
    """What the stand-in does otherwise, and is meant to.

    Attributes:
        case: the case.
        path: a regular expression of the place in its observations, steps joined by `/`.
        reason: why.
        addresses: whether what errors say may differ, but not which resources they are about.
    """

    case: str
    path: str
    reason: str
    addresses: bool = False

    def covers(self, place: str, real: Any, ours: Any) -> bool:
        """Whether the difference at a place is this one."""
        if not re.fullmatch(self.path, place):
            return False
        return not self.addresses or [_address(text) for text in real] == [_address(text) for text in ours]


def _address(error: str) -> str:
    return error.split(":")[0]


def differences() -> list[Difference]:
    """The differences of `recorded/differences.toml`."""
    document = tomllib.loads((RECORDINGS / "differences.toml").read_text("utf-8"))
    return [Difference(**entry) for entry in document["difference"]]


def compare(real: Any, ours: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Each place where two observations differ, with both values."""
    if isinstance(real, dict) and isinstance(ours, dict):
        for name in sorted(real.keys() | ours.keys()):
            below = f"{place}/{name}" if place else name
            yield from compare(real.get(name, "absent"), ours.get(name, "absent"), below)
    elif isinstance(real, list) and isinstance(ours, list) and _comparable(real, ours):
        for index, (one, other) in enumerate(zip(real, ours, strict=True)):
            yield from compare(one, other, f"{place}/{index}")
    elif real != ours:
        yield place, real, ours


def _comparable(real: list[Any], ours: list[Any]) -> bool:
    return len(real) == len(ours) and any(isinstance(item, dict) for item in real)
