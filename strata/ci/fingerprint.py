"""A normalised plan as keyed hashes: enough to know the reviewed plan again, and where another differs.

Every leaf of what a plan would make is hashed on its own with a key that only the stored record holds, so
that the digest in a comment does not help to guess a value, and the record says what differs without
holding a value itself.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from strata.ci.plans import action_of, changes_output
from strata.ci.reading import NOT_AT_HAND, Repository
from strata.errors import StrataError
from strata.live.mocks import holds_mock
from strata.plan import document as plans
from strata.plan.document import PlannedChange

UNKNOWN = "(unknown)"
MOCKED = "(mock)"
_WILD = (UNKNOWN, MOCKED)
_ACTION = "@action"
_CHANGED = "@changed"
_OUTPUT = "output."
_MODEL = ConfigDict(frozen=True, extra="forbid")


class PlanFingerprint(BaseModel):
    """One plan of one unit: address (or `output.<name>`) -> path of a leaf -> mark of its value."""

    model_config = _MODEL

    resources: dict[str, dict[str, str]] = Field(default_factory=dict)

    @property
    def digest(self) -> str:
        """One name for all of it; equal for equal plans under the same key."""
        text = json.dumps(self.resources, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class Record(BaseModel):
    """What was reviewed: for each unit the plans that the reviewers saw, its own and the environment's.

    `key` makes it confidential: whoever has it can try values. It is stored where the apply role alone reads.
    """

    model_config = _MODEL

    format: Literal[1] = 1
    environment: str
    commit: str
    key: str
    units: dict[str, tuple[PlanFingerprint, ...]] = Field(default_factory=dict)


class UnreviewedAction(BaseModel):
    """Something that a plan would do and that was not reviewed."""

    model_config = _MODEL

    address: str
    what: str


def new_key() -> str:
    """A key for one record."""
    return secrets.token_hex(32)


def load_record(path: Path) -> Record:
    """Read a record.

    Raises:
        StrataError: the file is missing or is not a record.
    """
    try:
        return parse_record(path.read_bytes(), str(path))
    except OSError as error:
        raise StrataError(f"the reviewed plans cannot be read: {error.strerror}", file=path) from None


def parse_record(content: bytes, name: str) -> Record:
    """Read a record from its bytes.

    Raises:
        StrataError: it is damaged; `name` stands in its message.
    """
    try:
        return Record.model_validate_json(content)
    except ValueError as error:
        raise StrataError(f"not a record of reviewed plans: {type(error).__name__}", file=name) from None


def fingerprint(document: Mapping[str, Any], key: str) -> PlanFingerprint:
    """Normalise a plan JSON.

    Only what would change counts, with its new values: not the values before, which another apply may have
    moved without any effect. JSON in strings (policies, state machines) is looked into.
    """
    secret = bytes.fromhex(key)
    found: dict[str, dict[str, str]] = {}
    for change in plans.changes(document):
        action = action_of(change)
        if action is None or not change.managed:
            continue
        marks = {_ACTION: action, **_marks(change, secret)}
        if action in ("update", "replace"):
            marks[_CHANGED] = " ".join(change.changed())
        found[change.address] = marks
    for output in plans.outputs(document):
        if changes_output(output):
            found[f"{_OUTPUT}{output.address}"] = {
                _ACTION: "/".join(output.actions),
                **_marks(output, secret),
            }
    return PlanFingerprint(resources=dict(sorted(found.items())))


def differences(
    reviewed: PlanFingerprint, now: PlanFingerprint, repository: Repository = NOT_AT_HAND
) -> list[UnreviewedAction]:
    """What `now` would do that `reviewed` did not say.

    Doing less does not count as a difference: a second run after a failure finds the first half done. Nor do
    outputs: the units that read them are planned and compared themselves. A value that was unknown or a mock
    in review may be anything now.
    """
    found = []
    for address, marks in now.resources.items():
        if address.startswith(_OUTPUT):
            continue
        expected = reviewed.resources.get(address)
        if expected is None:
            found.append(
                UnreviewedAction(address=repository.shown(address), what=f"{marks[_ACTION]} was not reviewed")
            )
        elif expected[_ACTION] != marks[_ACTION]:
            found.append(
                UnreviewedAction(
                    address=repository.shown(address),
                    what=f"reviewed was {expected[_ACTION]}, planned is {marks[_ACTION]}",
                )
            )
        else:
            found += _leaf_differences(repository.shown(address), expected, marks)
    return found


def closest(
    reviewed: tuple[PlanFingerprint, ...], now: PlanFingerprint, repository: Repository = NOT_AT_HAND
) -> list[UnreviewedAction]:
    """The differences from the reviewed plan that is nearest; none if any of them covers `now`."""
    return min(
        (differences(one, now, repository) for one in reviewed),
        key=len,
        default=differences(PlanFingerprint(), now, repository),
    )


def _leaf_differences(
    address: str, expected: Mapping[str, str], marks: Mapping[str, str]
) -> Iterator[UnreviewedAction]:
    wild = {path for path, mark in expected.items() if mark in _WILD}
    names = {_name(path) for path in wild}
    more = set(marks.get(_CHANGED, "").split()) - set(expected.get(_CHANGED, "").split()) - names
    differing = {
        _name(path)
        for path in {*expected, *marks} - {_ACTION, _CHANGED}
        if expected.get(path) != marks.get(path) and not _covered(path, wild)
    }
    for name in sorted(more | differing):
        yield UnreviewedAction(address=address, what=f"{name or 'the value'} differs from what was reviewed")


def _covered(path: str, wild: set[str]) -> bool:
    """Whether the path, or one above it, was not known in review."""
    return any(path == place or path.startswith(f"{place}\0") or place == "" for place in wild)


def _name(path: str) -> str:
    return path.split("\0", 1)[0]


def _marks(change: PlannedChange, key: bytes) -> dict[str, str]:
    return {
        "\0".join(path): mark
        if mark in _WILD
        else hmac.new(key, mark.encode(), hashlib.sha256).hexdigest()[:32]
        for path, mark in _leaves((), change.after, change.unknown)
    }


def _leaves(path: tuple[str, ...], value: Any, unknown: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    if unknown is True:
        yield path, UNKNOWN
        return
    if isinstance(value, str):
        if (inner := _json(value)) is not None:
            value, unknown = inner, None
        elif holds_mock(value):
            yield path, MOCKED
            return
    if isinstance(value, dict) or (value is None and isinstance(unknown, dict)):
        below = unknown if isinstance(unknown, dict) else {}
        known: dict[str, Any] = value or {}
        for name in sorted({*known, *below}):
            yield from _leaves((*path, name), known.get(name), below.get(name))
    elif isinstance(value, list):
        masks = unknown if isinstance(unknown, list) else []
        for index, item in enumerate(value):
            yield from _leaves((*path, str(index)), item, masks[index] if index < len(masks) else None)
    elif value is not None:
        yield path, json.dumps(value)


def _json(text: str) -> Any:
    if text[:1] not in "{[" or not text:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict | list) else None
