"""Environments as data: a new one is a copy of another's folder with its `env.hcl` changed."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.errors import StrataError, did_you_mean
from strata.hcl.literals import literal
from strata.hcl.syntax import Block, Node, parse
from strata.hcl.values import elements
from strata.live import discovery
from strata.live.settings import faults, read_fields
from strata.live.tree import LiveTree

FILE = "env.hcl"
_NAME = re.compile(r"[a-z][a-z0-9]{1,9}")
# What a new environment is asked for: the key, and the question.
QUESTIONS = {
    "account_id": "AWS account, 12 digits",
    "region": "AWS region",
    "snowflake.account": "Snowflake account",
    "protected": "Protected (released modules only)",
    "disposable": "May a destroy delete buckets with what is in them",
    "glue.worker_type": "Glue worker type",
    "glue.number_of_workers": "Glue workers for a job",
    "warehouse.size": "Size of the Snowflake warehouse",
    "retention_days.logs": "Days that logs are kept",
    "retention_days.noncurrent": "Days that old versions of objects are kept",
}


@dataclass(frozen=True)
class EnvironmentSummary:
    """A folder of `live`: its name, the number of its units, the evaluated locals of its env.hcl."""

    name: str
    units: int
    settings: Mapping[str, Any]


def environments(tree: LiveTree) -> list[EnvironmentSummary]:
    """All environments, by name.

    Raises:
        StrataError: an env.hcl is missing or cannot be read.
    """
    names = tree.environments()
    settings = tree.locals([tree.root / discovery.LIVE / name / FILE for name in names])
    return [
        EnvironmentSummary(name, len(discovery.units_of(tree.root, name)), found)
        for name, found in zip(names, settings, strict=True)
    ]


def setting(settings: Mapping[str, Any], key: str) -> Any:
    """The value of a dotted key; None if it is not there."""
    found: Any = settings
    for step in key.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def create(tree: LiveTree, name: str, source: str, answers: Mapping[str, Any]) -> Path:
    """Copy the environment `source` to a new one, with the answers in its env.hcl.

    In every string of env.hcl the source's account and name, as a word of a name, become the new ones, so
    that ARNs of roles are the new environment's.

    Args:
        tree: the live tree.
        name: the new environment; the folder's name is its only name.
        source: the environment to copy.
        answers: values by dotted key.

    Returns:
        The new folder.

    Raises:
        StrataError: the name is taken or is none, the source does not exist, a key is unknown or its value is
            not allowed, another environment has the account. Nothing is written then.
    """
    known = check_new(tree, name, source)
    live = tree.root / discovery.LIVE
    text = _edited((live / source / FILE).read_text(encoding="utf-8"), known[source], name, answers)
    with tempfile.TemporaryDirectory(dir=live, prefix=".new-") as scratch:
        draft = Path(scratch, name)
        _copy(live / source, draft)
        (draft / FILE).write_text(text, encoding="utf-8")
        _refuse_faults(tree, draft / FILE, known)
        draft.rename(live / name)
    return live / name


def check_new(tree: LiveTree, name: str, source: str) -> dict[str, EnvironmentSummary]:
    """Whether a new environment can have the name and that source; gives those that there are.

    Raises:
        StrataError: the name is taken or is none, or the source does not exist.
    """
    if not _NAME.fullmatch(name):
        raise StrataError(
            f"`{name}` is not a valid name of an environment",
            remedy="take 2 to 10 lower-case letters and digits, a letter first",
        )
    known = {environment.name: environment for environment in environments(tree)}
    if source not in known:
        raise StrataError(
            f"environment `{source}` does not exist", remedy=f"use one of: {', '.join(sorted(known))}"
        )
    if (tree.root / discovery.LIVE / name).exists():
        raise StrataError(f"{discovery.LIVE}/{name} exists", remedy="choose another name, or delete it first")
    return known


def _copy(source: Path, target: Path) -> None:
    """Copy what makes up an environment: no caches of Terraform or Terragrunt."""

    def unwanted(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if name.startswith(".") and name != discovery.LOCK_FILE]

    shutil.copytree(source, target, ignore=unwanted)


def _refuse_faults(tree: LiveTree, file: Path, known: Mapping[str, EnvironmentSummary]) -> None:
    (settings,) = tree.locals([file])
    for fault in faults(settings, read_fields(tree.root)):
        raise StrataError(fault.message, remedy=f"give it with --set {'.'.join(fault.path)}=VALUE")
    for other in known.values():
        if other.settings.get("account_id") == settings["account_id"]:
            raise StrataError(
                f"environment {other.name} already has account {settings['account_id']}",
                remedy="give this one its own: --set account_id=VALUE",
            )


def _edited(text: str, source: EnvironmentSummary, name: str, answers: Mapping[str, Any]) -> str:
    """The source's env.hcl with the answers, and the new environment's account and name in its strings."""
    shown = f"{discovery.LIVE}/{source.name}/{FILE}"
    file = parse(shown, text.encode("utf-8"))
    block = next(iter(file.body.children("locals")), None)
    if block is None:
        raise StrataError("no `locals` block", file=shown)
    edits: dict[tuple[int, int], str] = {}
    for key, value in answers.items():
        node = _value_node(block, key.split("."))
        if node is None:
            raise StrataError(
                f"`{key}` is not a key of env.hcl", file=shown, remedy=did_you_mean(key, _keys(block))
            )
        edits[node.start, node.end] = literal(value)
    old, new = str(source.settings.get("account_id")), str(answers.get("account_id", ""))
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(source.name)}(?![A-Za-z0-9])")
    for expression in block.attributes.values():
        for node in expression.node.walk():
            span = (node.start, node.end)
            if node.type != "string_lit" or any(a <= span[0] and span[1] <= b for a, b in edits):
                continue
            before = node.text
            after = word.sub(name, before.replace(old, new) if new else before)
            if after != before:
                edits[span] = after
    edited = file.text
    for (start, end), replacement in sorted(edits.items(), reverse=True):
        edited = edited[:start] + replacement + edited[end:]
    return edited


def _keys(block: Block) -> Iterator[str]:
    """The dotted keys of an env.hcl."""
    todo = [(name, expression.node) for name, expression in block.attributes.items()]
    for name, node in todo:
        yield name
        todo += [(f"{name}.{key}", value) for key, _, value in elements(node) if key is not None]


def _value_node(block: Block, path: list[str]) -> Node | None:
    found = block.attributes.get(path[0])
    node = found.node if found else None
    for step in path[1:]:
        node = next((value for key, _, value in elements(node) if key == step), None) if node else None
    return node


def parsed_answer(text: str) -> Any:
    """A value as a person types it: true, false, numbers, JSON lists and maps; anything else is a string.

    Twelve digits are an account, not a number.
    """
    if re.fullmatch(r"0\d*|\d{12}", text) and text != "0":
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
