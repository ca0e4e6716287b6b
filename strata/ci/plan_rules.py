"""Rules of plans as data: paths in a resource's values, and what is expected there (`plan_rules.yaml`).

A finding says which rule a change breaks and in which attribute, never a value.
"""

from __future__ import annotations

import contextlib
import fnmatch
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from strata.errors import StrataError
from strata.plan.document import PlannedChange

USER_RULES = "plan_rules.yaml"
_BUILT_IN = Path(__file__).with_name("plan_rules.yaml")
_MODEL = ConfigDict(frozen=True, extra="forbid", strict=True)
_NAME = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
# Names on the way to a value, and the value as JSON.
Leaf = tuple[str, str]


class Expectation(BaseModel):
    """What a change must keep at a path; see the head of `plan_rules.yaml`."""

    model_config = _MODEL

    path: Annotated[str, Field(min_length=1)]
    never: list[str | bool | int] = []
    not_: Annotated[str | None, Field(alias="not")] = None
    keep: bool = False
    closed: bool = False
    least: bool = False
    forever: list[int] = []

    def broken(self, before: Any, after: Any, unknown: Any = None) -> bool:
        """Whether a change from one value to another breaks it.

        Args:
            before, after: a resource's values, or None.
            unknown: what is known after the apply only: it may be anything, so that nothing is kept.
        """
        steps = self.path.split(".")
        if (self.closed or self.keep or self.least) and before is not None and is_unknown(unknown, steps):
            return True
        old, new = (Counter(leaves(value, steps)) for value in (before, after))
        added = [json.loads(value) for _, value in new - old]
        if any(value == one and type(value) is type(one) for value in added for one in self.never):
            return True
        if self.not_ and any(isinstance(one, str) and re.fullmatch(self.not_, one) for one in added):
            return True
        if (self.closed and added) or (self.keep and old - new):
            return True
        return self.least and self._less(old, new)

    def _less(self, old: Counter[Leaf], new: Counter[Leaf]) -> bool:
        """Whether there is another limit, or a smaller one; silence sets none."""
        had, has = (sorted(self._limits(several), reverse=True) for several in (old, new))
        return len(has) > len(had) or any(later < sooner for later, sooner in zip(has, had, strict=False))

    def _limits(self, found: Counter[Leaf]) -> Iterator[float]:
        for _, value in found.elements():
            with contextlib.suppress(ValueError):
                number = float(json.loads(value))
                if number not in self.forever:
                    yield number


class PlanRule(BaseModel):
    """A rule of plans; see the head of `plan_rules.yaml`."""

    model_config = _MODEL

    name: _NAME
    label: _NAME
    says: str
    types: list[str]
    actions: list[Literal["create", "update", "replace", "delete", "forget"]]
    unless: list[Expectation] = []

    def concerns(self, kind: str, action: str) -> bool:
        """Whether it is about an action on a type of resource."""
        return action in self.actions and any(fnmatch.fnmatchcase(kind, one) for one in self.types)


class PlanFinding(BaseModel):
    """A rule that a change breaks, without values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    rule: str
    label: str
    what: str


def read_rules(file: Path) -> tuple[PlanRule, ...]:
    """Read a file of rules.

    Raises:
        StrataError: it is not YAML, or not a list of rules.
    """
    try:
        return tuple(
            TypeAdapter(list[PlanRule]).validate_python(yaml.safe_load(file.read_text(encoding="utf-8")))
        )
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        raise StrataError(
            "the rules are not YAML", file=file, line=None if line is None else line + 1
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise StrataError(
            f"not a list of rules: {where}: {first['msg']}",
            file=file,
            remedy="see the head of strata/ci/plan_rules.yaml",
        ) from None


@cache
def built_in() -> tuple[PlanRule, ...]:
    """The rules that hold in every repository."""
    return read_rules(_BUILT_IN)


def rules_of(root: Path) -> tuple[PlanRule, ...]:
    """The built-in rules and the repository's own."""
    file = root / USER_RULES
    return (*built_in(), *(read_rules(file) if file.is_file() else ()))


def of_action(rules: Sequence[PlanRule], kind: str, action: str) -> Iterator[PlanRule]:
    """The rules that an action alone breaks."""
    return (rule for rule in rules if not rule.unless and rule.concerns(kind, action))


def of_values(rules: Sequence[PlanRule], change: PlannedChange) -> Iterator[tuple[PlanRule, str]]:
    """The rules that a change's values break, each with the attribute that does."""
    for rule in rules:
        if not rule.concerns(change.type, change.kind):
            continue
        broken = (one for one in rule.unless if one.broken(change.before, change.after, change.unknown))
        if (first := next(broken, None)) is not None:
            yield rule, first.path.partition(".")[0]


def leaves(value: Any, steps: Sequence[str], names: str = "") -> Iterator[Leaf]:
    """The values at a path that say something, as JSON, each with the names on its way."""
    if not steps:
        if isinstance(value, str | int | float) and value != "":
            yield names, json.dumps(value)
        return
    step, *rest = steps
    match step:
        case "$json":
            yield from leaves(_parsed(value), rest, names)
        case "**":
            for name, inner in _inner(value):
                yield from leaves(inner, ["**"], _joined(names, name))
            yield from leaves(value, [], names)
        case "*":
            for name, inner in _inner(value):
                yield from leaves(inner, rest, _joined(names, name))
        case _ if isinstance(value, Mapping):
            yield from leaves(value.get(step), rest, names)


def is_unknown(unknown: Any, steps: Sequence[str]) -> bool:
    """Whether anything at a path is known after the apply only."""
    if isinstance(unknown, bool) or not steps:
        return unknown is True
    step, *rest = steps
    if step in ("*", "**"):
        return any(is_unknown(inner, steps if step == "**" else rest) for _, inner in _inner(unknown))
    return isinstance(unknown, Mapping) and is_unknown(unknown.get(step), rest)


def _inner(value: Any) -> Iterator[tuple[str, Any]]:
    """What is in a value; the place in a list says nothing."""
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from (("", inner) for inner in value)


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return None
    try:
        found = json.loads(value)
    except ValueError:
        return value
    if isinstance(found, dict) and isinstance(found.get("Statement"), dict):
        return {**found, "Statement": [found["Statement"]]}
    return found


def _joined(names: str, name: str) -> str:
    return f"{names}.{name}" if name else names
