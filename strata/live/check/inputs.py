"""Contracts between a unit and its module: every input declared, of its type, none missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from strata.hcl.conversion import faults
from strata.live.check import places
from strata.live.check.findings import CheckFinding
from strata.live.check.snapshot import CheckedUnit, LiveSnapshot
from strata.modules.interface import Module

# S3's limit for a bucket's name.
BUCKET_NAME = 63
_TEMPLATE = re.compile(r"[$%]\{")


def check(snapshot: LiveSnapshot) -> Iterator[CheckFinding]:
    """All findings of this file's contracts."""
    for unit in snapshot.units.values():
        if unit.unit.environment in snapshot.unsettled:
            continue
        if unit.document is not None and unit.module is not None:
            yield from _declared(snapshot, unit, unit.module)
        yield from _templates(snapshot, unit)
        yield from _bucket_names(snapshot, unit)


def _declared(snapshot: LiveSnapshot, unit: CheckedUnit, module: Module) -> Iterator[CheckFinding]:
    for name, value in unit.inputs.items():
        variable = module.variables.get(name)
        if variable is None:
            yield CheckFinding(
                *_place(snapshot, unit, (name,)),
                "input-unknown",
                f"`{name}` is not a variable of module {module.name}",
                "delete it, or declare the variable: Terraform ignores it without a word",
            )
        elif value is None:
            # Null asks for the default.
            if not variable.nullable and variable.default is None:
                yield CheckFinding(
                    *_place(snapshot, unit, (name,)),
                    "input-type",
                    f"`{name}` is null, and the variable of module {module.name} does not allow that",
                    "give it a value",
                )
        elif variable.type is not None:
            for path, fault in faults(value, variable.type, (name,)):
                yield CheckFinding(
                    *_place(snapshot, unit, path),
                    "input-type",
                    f"`{'.'.join(path)}` {fault}",
                    f"see the variable's type: {variable.file}:{variable.line}",
                )
    for name, variable in module.variables.items():
        if name not in unit.inputs and variable.default is None:
            yield CheckFinding(
                *_inputs_place(snapshot, unit),
                "input-missing",
                f"{unit.unit.path} does not give `{name}`, which module {module.name} has no default for",
                f"add `{name}` to the inputs; see {variable.file}:{variable.line}",
            )


def _templates(snapshot: LiveSnapshot, unit: CheckedUnit) -> Iterator[CheckFinding]:
    for name, value in unit.inputs.items():
        if isinstance(value, str):
            continue
        for path in _with_template(value, (name,)):
            yield CheckFinding(
                *_place(snapshot, unit, path),
                "input-template",
                f"`{'.'.join(path)}` holds a template mark inside a collection",
                "take it out: Terraform reads collections as HCL, where it means something",
            )


def _with_template(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, str) and _TEMPLATE.search(value):
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            if _TEMPLATE.search(key):
                yield (*path, key)
            yield from _with_template(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _with_template(item, (*path, str(index)))


def _bucket_names(snapshot: LiveSnapshot, unit: CheckedUnit) -> Iterator[CheckFinding]:
    context, buckets = unit.inputs.get("context"), unit.inputs.get("buckets")
    if isinstance(context, dict) and isinstance(buckets, dict):
        for key in buckets:
            name = "-".join(
                str(part)
                for part in (
                    context.get("project"),
                    key,
                    context.get("environment"),
                    context.get("account_id"),
                )
            )
            if len(name) > BUCKET_NAME:
                yield CheckFinding(
                    *_place(snapshot, unit, ("buckets", key)),
                    "bucket-name",
                    f"the bucket `{name}` has {len(name)} characters, S3 allows {BUCKET_NAME}",
                    "shorten the key, the project's or the environment's name",
                )
    name = str(unit.state.get("bucket", ""))
    if len(name) > BUCKET_NAME:
        place = places.of_block(snapshot.root, unit.files, "remote_state", "", "config")
        yield CheckFinding(
            *(place or (f"{unit.unit.path}/terragrunt.hcl", 1)),
            "bucket-name",
            f"the state bucket `{name}` has {len(name)} characters, S3 allows {BUCKET_NAME}",
            "shorten the project's or the environment's name",
        )


def _place(snapshot: LiveSnapshot, unit: CheckedUnit, path: tuple[str, ...]) -> places.Place:
    return places.of_input(snapshot.root, unit.files, path) or _inputs_place(snapshot, unit)


def _inputs_place(snapshot: LiveSnapshot, unit: CheckedUnit) -> places.Place:
    for file in unit.files:
        found = places.body(snapshot.root, file).attributes.get("inputs")
        if found is not None:
            return file.relative_to(snapshot.root).as_posix(), found.line
    return unit.files[0].relative_to(snapshot.root).as_posix(), 1
