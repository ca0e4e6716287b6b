"""What Terragrunt would load for each unit, evaluated: the gate's word on values whose text shows nothing.

A value can end the text that it is put into, name another module or another command, however it is computed.
So this compares what the units come to before and after a change. It has no credential, no network and no
variable of the job; `run_cmd` is refused.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strata.ci.code_rules import GateFinding
from strata.ci.git import ChangeTrees
from strata.errors import StrataError
from strata.live import LiveTree, discovery
from strata.live.generate import generated_files

# Decided on elsewhere: inputs by the plan, the graph by the rules on text.
_OTHERS = ("dependencies", "dependency", "generate", "inputs", "locals")
# All that evaluation needs of the job.
_VARIABLES = ("HOME", "PATH", "TF_CLI_CONFIG_FILE", "TMPDIR")
_RELEASE = re.compile(r"(?P<place>[^?]+)/(?P<module>[\w-]+)\?ref=(?P<tag>(?P=module)/v\d+\.\d+\.\d+)")
_LOCAL = re.compile(r"/modules//(?P<module>[\w-]+)")
# A quoted text on one line without templates: whatever it says, the code around it is the same.
_TEXT = re.compile(r'"(?:[^"\\$%\n]|\\.|[$%](?!\{))*"')
_SETTINGS = "env.hcl"


@dataclass(frozen=True)
class Inventory:
    """What the units of a tree load.

    Attributes:
        units: unit path -> part, such as `generates provider.tf` -> its value.
        faults: unit or environment path -> the place of what cannot be evaluated.
        tags: the tags that sources name, with a unit that does.
    """

    units: Mapping[str, Mapping[str, str]]
    faults: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


def check_loaded(trees: ChangeTrees, terraform: Path | str = "terraform") -> list[GateFinding]:
    """What units would load that they did not before the change, by value.

    Args:
        trees: of the change.
        terraform: the program that evaluates expressions.
    """
    places = release_places(trees.base, terraform)
    base, head = (inventory(tree, places, terraform) for tree in (trees.base, trees.head))
    return list(compare(base, head, trees.change.is_merged))


def is_configuration(path: str) -> bool:
    """Whether what units come to may depend on a file."""
    return path.endswith(".hcl") or path.startswith(f"{discovery.LIVE}/")


def compare(base: Inventory, head: Inventory, is_merged: Callable[[str], bool]) -> Iterator[GateFinding]:
    """What differs; a unit that is new may be what others are.

    Args:
        base, head: before and after a change.
        is_merged: whether a tag stands for what was reviewed before.
    """
    for tag, unit in head.tags.items():
        if tag not in base.tags and not is_merged(tag):
            yield GateFinding("code", unit, f"the release {tag} is not a tag of what was merged")
    for place, where in head.faults.items():
        yield GateFinding("code", place, f"cannot be evaluated, so that what it loads is unknown: {where}")
    known: dict[str, set[str]] = {}
    for parts in base.units.values():
        for part, value in parts.items():
            known.setdefault(part, set()).add(_shape(part, value))
    for unit, parts in head.units.items():
        before = base.units.get(unit)
        for part in sorted({*parts, *(before or ())}):
            value = parts.get(part, "")
            if before is not None and before.get(part, "") != value:
                yield GateFinding("code", unit, f"what it loads changes by value: {part}")
            elif before is None and value and _shape(part, value) not in known.get(part, ()):
                yield GateFinding("code", unit, f"loads what no unit did before: {part}")
        if before is None and base.units and "remote_state" not in parts:
            yield GateFinding("code", unit, "has no remote state: it would be kept in the job")


def inventory(root: Path, places: set[str], terraform: Path | str = "terraform") -> Inventory:
    """Evaluate every unit of a tree.

    Args:
        root: the tree's folder.
        places: where releases of this repository come from, see `release_places`.
        terraform: the program that evaluates expressions.
    """
    environ = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    units: dict[str, dict[str, str]] = {}
    faults: dict[str, str] = {}
    tags: dict[str, str] = {}
    if not (root / discovery.LIVE).is_dir():
        return Inventory(units)
    tree = LiveTree.load(root, environ=environ, terraform=terraform)
    for environment in tree.environments():
        try:
            paths = discovery.units_of(root, environment)
            documents = tree.configs(paths, command="render")
            found = {path: dict(_parts(root, places, document)) for path, document in documents.items()}
        except StrataError as error:
            # Its words may quote a value.
            faults[f"{discovery.LIVE}/{environment}"] = _place(root, error)
            continue
        units |= found
        for path, document in documents.items():
            if release := _RELEASE.fullmatch(_source(document)):
                tags.setdefault(release["tag"], path)
    return Inventory(units, faults, tags)


def release_places(root: Path, terraform: Path | str = "terraform") -> set[str]:
    """Where the settings of a tree say that releases come from."""
    environ = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    files = sorted((root / discovery.LIVE).glob(f"*/{_SETTINGS}"))
    try:
        values = LiveTree.load(root, environ=environ, terraform=terraform).locals(files) if files else []
    except StrataError:
        return set()
    return {str(found["modules"]) for found in values if "modules" in found}


def _parts(root: Path, places: set[str], document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for file in generated_files(document, list):
        yield f"generates {file.path}", f"{file.if_exists}\n{file.contents}".replace(str(root), "")
    terraform = document.get("terraform") or {}
    for name, value in terraform.items():
        if name != "source" and value:
            yield f"terraform {name}", _plain(root, value)
    yield "source", _module(root, places, _source(document))
    for name, value in document.items():
        if name not in (*_OTHERS, "terraform") and value not in (None, "", {}, [], False):
            yield name, _plain(root, value)


def _source(document: Mapping[str, Any]) -> str:
    return str((document.get("terraform") or {}).get("source") or "")


def _module(root: Path, places: set[str], source: str) -> str:
    """A source; of this repository's modules the name alone, whichever release it is."""
    release = _RELEASE.fullmatch(source)
    if release and release["place"] in places:
        return f"module {release['module']}"
    local = source.replace(str(root), "")
    found = _LOCAL.fullmatch(local)
    return f"module {found['module']}" if found else local


def _shape(part: str, value: str) -> str:
    """A part as any unit may have it: what only differs in plain texts is the same code."""
    if part == "source" and value.startswith("module "):
        return "module"
    return _TEXT.sub('""', value) if part.startswith("generates ") or part == "remote_state" else value


def _plain(root: Path, value: Any) -> str:
    return json.dumps(value, sort_keys=True).replace(str(root), "")


def _place(root: Path, error: StrataError) -> str:
    if error.file is None:
        return "no place is known"
    file = str(error.file).replace(f"{root}/", "")
    return f"{file}:{error.line}" if error.line else file
