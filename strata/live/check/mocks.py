"""Contracts between units: what one reads of another, and what stands for it before that is applied."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from strata.hcl.conversion import faults
from strata.hcl.types import Collection, Object, Type
from strata.live.check import places
from strata.live.check.findings import CheckFinding
from strata.live.check.snapshot import CheckedUnit, LiveSnapshot
from strata.live.language.expression import CutExpression, FunctionCall, VariableReference
from strata.live.language.schema import leaves
from strata.live.mocks import SENTINEL, accounts
from strata.live.model import Dependency

# Commands that change nothing anywhere.
READ_ONLY = frozenset({"init", "validate", "plan", "show", "graph", "providers", "render", "console", "fmt"})
_STEP = re.compile(r'\s*\[\s*"([^"\\$%]*)"\s*\]|\.([A-Za-z_][\w-]*)')
_COMMANDS = "mock_outputs_allowed_terraform_commands"


def check(snapshot: LiveSnapshot) -> Iterator[CheckFinding]:
    """All findings of this file's contracts."""
    units = snapshot.units
    for unit in units.values():
        for dependency in unit.unit.dependencies:
            target = units.get(dependency.path)
            if target is not None and target.module is not None:
                yield from _outputs_in_use(snapshot, unit, dependency, target)
                yield from _mock_types(snapshot, unit, dependency, target)
            if dependency.mock_outputs is not None:
                yield from _mocks(snapshot, unit, dependency)


def _outputs_in_use(
    snapshot: LiveSnapshot, unit: CheckedUnit, dependency: Dependency, target: CheckedUnit
) -> Iterator[CheckFinding]:
    for file, line, steps in _references(unit, dependency.name):
        shown = f"dependency.{dependency.name}.outputs.{'.'.join(steps)}"
        place = file.relative_to(snapshot.root).as_posix()
        if not steps:
            yield CheckFinding(
                place,
                line,
                "dependency-output",
                f"the outputs of dependency `{dependency.name}` are used as a whole, or by a computed name",
                f"name the output: dependency.{dependency.name}.outputs.NAME",
            )
            continue
        if steps[0] not in target.outputs:
            known = ", ".join(sorted(target.outputs)) or "none"
            yield CheckFinding(
                place,
                line,
                "dependency-output",
                f"{shown}: the module of {dependency.path} has no output `{steps[0]}`",
                f"use one of {known}, or add the output to the module",
            )
            continue
        lost = _lost(target.outputs[steps[0]], steps[1:])
        if lost is not None:
            yield CheckFinding(
                place,
                line,
                "dependency-output",
                f"{shown}: the output `{steps[0]}` has no attribute `{lost}`",
                "use an attribute that the module's output has",
            )
        if dependency.mock_outputs is not None and steps[0] not in dependency.mock_outputs:
            mocks = _place(snapshot, unit, dependency.name, "mock_outputs")
            yield CheckFinding(
                *mocks,
                "mock-output",
                f"the output `{steps[0]}` of dependency `{dependency.name}` is in use and has no mock",
                f"add `{steps[0]}` to its mock_outputs",
            )


def _mock_types(
    snapshot: LiveSnapshot, unit: CheckedUnit, dependency: Dependency, target: CheckedUnit
) -> Iterator[CheckFinding]:
    for name, value in (dependency.mock_outputs or {}).items():
        if name not in target.outputs:
            yield CheckFinding(
                *_place(snapshot, unit, dependency.name, "mock_outputs", name),
                "mock-output",
                f"the mock `{name}` stands for no output of {dependency.path}",
                "delete it, or give it the output's name",
            )
            continue
        for path, fault in faults(value, _some(target.outputs[name]), (name,), strict=True):
            yield CheckFinding(
                *_place(snapshot, unit, dependency.name, "mock_outputs", *path),
                "mock-type",
                f"the mock `{'.'.join(path)}` of dependency `{dependency.name}` {fault}",
                f"give it the type of the output of {dependency.path}",
            )


def _mocks(snapshot: LiveSnapshot, unit: CheckedUnit, dependency: Dependency) -> Iterator[CheckFinding]:
    allowed = dependency.mock_outputs_allowed_terraform_commands
    changing = sorted(set(allowed) - READ_ONLY)
    if not allowed or changing:
        scope = f"for {', '.join(changing)}" if allowed else "for every command"
        yield CheckFinding(
            *_place(snapshot, unit, dependency.name, _COMMANDS),
            "mock-commands",
            f"the mocks of dependency `{dependency.name}` are allowed {scope}",
            f"list commands that only read: {', '.join(sorted(READ_ONLY))}",
        )
    for path, text in _strings(dependency.mock_outputs, ()):
        # Whatever else it holds, only the mocks' account may be in it.
        if set(accounts(text)) != {SENTINEL}:
            yield CheckFinding(
                *_place(snapshot, unit, dependency.name, "mock_outputs", *path),
                "mock-sentinel",
                f"the mock `{'.'.join(path)}` of dependency `{dependency.name}` does not carry the account "
                f"{SENTINEL}",
                f"write {SENTINEL} into it: an apply whose plan holds that is refused",
            )


def _references(unit: CheckedUnit, name: str) -> Iterator[tuple[Any, int, tuple[str, ...]]]:
    """The outputs of one dependency in use: file, line, names after `outputs`; none where all are used."""
    seen = set()
    for scope in unit.scopes:
        for leaf in leaves(scope.tree):
            for line, steps in _dependency_steps(leaf.value):
                found = (scope.file.path, line, steps[2:])
                if steps[:1] == (name,) and steps[1:2] in ((), ("outputs",)) and found not in seen:
                    seen.add(found)
                    yield found


def _dependency_steps(expression: CutExpression) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The line of each reference to `dependency`, and the names that follow it, those in `["name"]` too."""
    for part, after in zip(expression.parts, (*expression.parts[1:], ""), strict=True):
        if isinstance(part, FunctionCall):
            for argument in part.arguments:
                yield from _dependency_steps(argument)
        elif isinstance(part, VariableReference) and part.root == "dependency":
            steps = list(part.steps)
            while isinstance(after, str) and (step := _STEP.match(after)):
                steps.append(step[1] or step[2])
                after = after[step.end() :]
            yield part.line, tuple(steps)


def _lost(found: Type, steps: tuple[str, ...]) -> str | None:
    """The first step that the type does not have."""
    for step in steps:
        if isinstance(found, Object):
            if step not in found.fields:
                return step
            found = found.fields[step].type
        elif isinstance(found, Collection) and found.kind == "map":
            found = found.element
        else:
            return None
    return None


def _some(wanted: Type) -> Type:
    """The type, its objects with any of their attributes: a mock needs only what is used."""
    if isinstance(wanted, Object):
        return Object(
            {
                name: type(field)(_some(field.type), True, field.default)
                for name, field in wanted.fields.items()
            }
        )
    if isinstance(wanted, Collection):
        return Collection(wanted.kind, _some(wanted.element))
    return wanted


def _strings(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(item, (*path, key))
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item, path)


def _place(snapshot: LiveSnapshot, unit: CheckedUnit, name: str, attribute: str, *path: str) -> places.Place:
    for file in unit.files:
        for block in places.body(snapshot.root, file).children("dependency"):
            if block.labels == (name,):
                found = block.attributes.get(attribute)
                return file.relative_to(snapshot.root).as_posix(), (
                    places.of_key(found, path) if found else block.line
                )
    return unit.files[0].relative_to(snapshot.root).as_posix(), 1
