"""The blocks and attributes that a Terragrunt 1.1 configuration may hold, and their types.

Source: the `hcl:` tags of Terragrunt 1.1.3's `pkg/config`. What is not listed is an error that names it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from strata.errors import StrataError
from strata.live.language.expression import CutExpression
from strata.live.language.hcl import Attribute, Body, ConfigBlock, Configuration

Kind = Literal[
    "string", "bool", "int", "strings", "string_map", "map", "one_type_map", "any", "if_exists", "command"
]

IF_EXISTS = ("error", "skip", "overwrite", "overwrite_terragrunt")


@dataclass(frozen=True)
class Leaf:
    """One attribute to evaluate: its expression, the type it must have, and its name for messages."""

    value: CutExpression
    kind: Kind
    name: str
    line: int


@dataclass(frozen=True)
class BlockSchema:
    """What a block may hold: `attributes` with their kinds, nested `blocks`; and whether it is `named`."""

    attributes: Mapping[str, Kind] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    blocks: Mapping[str, BlockSchema] = field(default_factory=dict)
    named: bool = False
    # Attribute names as Terragrunt prints and exposes them, where they differ from how they are written.
    shown: Mapping[str, str] = field(default_factory=dict)
    # What Terragrunt shows for attributes not set, where it is not null; `omitted` ones it does not show.
    unset: Mapping[str, Any] = field(default_factory=dict)
    omitted: tuple[str, ...] = ()
    # Whether Terragrunt shows the named blocks as a list instead of a map.
    listed: bool = False


_HOOK: dict[str, Kind] = {
    "commands": "strings",
    "execute": "command",
    "working_dir": "string",
    "suppress_stdout": "bool",
}

ROOT = BlockSchema(
    attributes={
        "inputs": "map",
        "prevent_destroy": "bool",
        "terraform_binary": "string",
        "terraform_version_constraint": "string",
        "terragrunt_version_constraint": "string",
        "download_dir": "string",
        "iam_role": "string",
        "iam_assume_role_duration": "int",
        "iam_assume_role_session_name": "string",
        "iam_web_identity_token": "string",
        "generate": "map",
        "remote_state": "map",
    },
    unset=dict.fromkeys(
        (
            "terraform_binary",
            "terraform_version_constraint",
            "terragrunt_version_constraint",
            "download_dir",
            "iam_role",
            "iam_assume_role_session_name",
            "iam_web_identity_token",
        ),
        "",
    ),
    omitted=("prevent_destroy", "generate", "remote_state"),
    blocks={
        "terraform": BlockSchema(
            attributes={
                "source": "string",
                "include_in_copy": "strings",
                "exclude_from_copy": "strings",
                "copy_terraform_lock_file": "bool",
            },
            blocks={
                "extra_arguments": BlockSchema(
                    attributes={
                        "commands": "strings",
                        "arguments": "strings",
                        "required_var_files": "strings",
                        "optional_var_files": "strings",
                        "env_vars": "string_map",
                    },
                    required=("commands",),
                    named=True,
                ),
                "before_hook": BlockSchema(
                    {**_HOOK, "if": "bool", "run_on_error": "bool"}, ("commands", "execute"), named=True
                ),
                "after_hook": BlockSchema(
                    {**_HOOK, "if": "bool", "run_on_error": "bool"}, ("commands", "execute"), named=True
                ),
                "error_hook": BlockSchema(
                    {**_HOOK, "on_errors": "strings"}, ("commands", "execute", "on_errors"), named=True
                ),
            },
        ),
        "remote_state": BlockSchema(
            attributes={
                "backend": "string",
                "config": "map",
                "generate": "map",
                "encryption": "map",
                "disable_init": "bool",
                "disable_dependency_optimization": "bool",
            },
            required=("backend", "config"),
            unset={"disable_init": False, "disable_dependency_optimization": False},
        ),
        "dependency": BlockSchema(
            attributes={
                "config_path": "string",
                "enabled": "bool",
                "skip_outputs": "bool",
                "mock_outputs": "map",
                "mock_outputs_allowed_terraform_commands": "strings",
                "mock_outputs_merge_with_state": "bool",
                "mock_outputs_merge_strategy_with_state": "string",
            },
            required=("config_path",),
            named=True,
            shown={"skip_outputs": "skip"},
        ),
        "dependencies": BlockSchema({"paths": "strings"}, ("paths",)),
        "feature": BlockSchema({"default": "any"}, ("default",), named=True),
        "exclude": BlockSchema(
            {"if": "bool", "actions": "strings", "exclude_dependencies": "bool", "no_run": "bool"},
            ("if", "actions"),
            unset={"exclude_dependencies": False, "no_run": False},
        ),
        "errors": BlockSchema(
            blocks={
                "retry": BlockSchema(
                    {"retryable_errors": "strings", "max_attempts": "int", "sleep_interval_sec": "int"},
                    ("retryable_errors", "max_attempts", "sleep_interval_sec"),
                    named=True,
                    listed=True,
                ),
                "ignore": BlockSchema(
                    {"ignorable_errors": "strings", "message": "string", "signals": "one_type_map"},
                    ("ignorable_errors",),
                    named=True,
                    listed=True,
                    unset={"message": "", "signals": {}},
                ),
            },
        ),
        "generate": BlockSchema(
            {
                "path": "string",
                "if_exists": "if_exists",
                "if_disabled": "string",
                "contents": "string",
                "comment_prefix": "string",
                "disable_signature": "bool",
                "disable": "bool",
                "hcl_fmt": "bool",
            },
            ("path", "if_exists", "contents"),
            named=True,
            unset={
                "comment_prefix": "# ",
                "if_disabled": "skip",
                "disable": False,
                "disable_signature": False,
                # An experiment of Terragrunt; it cannot be set here.
                "mutable": None,
            },
        ),
        "catalog": BlockSchema(
            {"urls": "strings", "default_template": "string", "no_shell": "bool", "no_hooks": "bool"}
        ),
    },
)

INCLUDE = BlockSchema({"path": "string", "expose": "bool", "merge_strategy": "string"}, ("path",), named=True)

Tree = dict[str, Any]


def locals_of(file: Configuration) -> dict[str, Attribute]:
    """The attributes of the file's `locals` block.

    Raises:
        StrataError: there are two such blocks, or one holds a block.
    """
    blocks = [block for block in file.body.blocks if block.type == "locals"]
    if len(blocks) > 1:
        raise StrataError("a file holds one `locals` block only", file=file.path, line=blocks[1].line)
    if blocks and blocks[0].body.blocks:
        inner = blocks[0].body.blocks[0]
        raise StrataError(f"unknown block `{inner.type}` in `locals`", file=file.path, line=inner.line)
    return blocks[0].body.attributes if blocks else {}


def includes_of(file: Configuration) -> list[tuple[str, ConfigBlock]]:
    """The file's `include` blocks, checked, in order, with their names (a bare one is named "")."""
    found: list[tuple[str, ConfigBlock]] = []
    for block in file.body.blocks:
        if block.type != "include":
            continue
        name = block.labels[0] if block.labels else ""
        if name in dict(found):
            raise StrataError(f"two `include` blocks named `{name}`", file=file.path, line=block.line)
        _block(file.path, block, INCLUDE)
        found.append((name, block))
    return found


def tree_of(file: Configuration) -> Tree:
    """The file's blocks and attributes as nested dictionaries with a `Leaf` for every attribute.

    The shape is the one Terragrunt shows (`terragrunt render --json`): named blocks become maps from name to
    block.

    Raises:
        StrataError: an unknown block or attribute, a missing one, or a block given twice, by name and line.
    """
    body = Body(
        file.body.attributes, tuple(b for b in file.body.blocks if b.type not in ("locals", "include"))
    )
    tree = _body(file.path, body, ROOT, "the configuration")
    source = tree.get("terraform", {}).get("source")
    if source and any(reference.root == "dependency" for reference in source.value.references()):
        # Terragrunt refuses it too: the source must be known before anything is applied.
        raise StrataError("a module's source cannot use a dependency", file=file.path, line=source.line)
    return tree


def _body(path: Path, body: Body, schema: BlockSchema, where: str) -> Tree:
    tree: Tree = {}
    for name, attribute in body.attributes.items():
        if name not in schema.attributes:
            raise StrataError(f"unknown attribute `{name}` in {where}", file=path, line=attribute.line)
        shown = schema.shown.get(name, name)
        tree[shown] = Leaf(attribute.value, schema.attributes[name], name, attribute.line)
    for block in body.blocks:
        if block.type not in schema.blocks:
            raise StrataError(f"unknown block `{block.type}` in {where}", file=path, line=block.line)
        inner = schema.blocks[block.type]
        content = _block(path, block, inner)
        if not inner.named:
            if block.type in tree:
                raise StrataError(f"`{block.type}` is given twice", file=path, line=block.line)
            tree[block.type] = content
            continue
        named = tree.setdefault(block.type, {})
        if isinstance(named, Leaf):
            raise StrataError(f"`{block.type}` is both attribute and block", file=path, line=block.line)
        if block.labels[0] in named:
            raise StrataError(
                f"two `{block.type}` blocks named `{block.labels[0]}`", file=path, line=block.line
            )
        named[block.labels[0]] = {"name": block.labels[0], **content} if block.type != "generate" else content
    return tree


def _block(path: Path, block: ConfigBlock, schema: BlockSchema) -> Tree:
    expected = 1 if schema.named else 0
    if len(block.labels) != expected and not (block.type == "include" and not block.labels):
        wants = "one name" if expected else "no name"
        raise StrataError(f"block `{block.type}` takes {wants}", file=path, line=block.line)
    where = f"`{' '.join((block.type, *block.labels))}`"
    missing = [name for name in schema.required if name not in block.body.attributes]
    if missing:
        raise StrataError(f"{where} lacks the attribute `{missing[0]}`", file=path, line=block.line)
    return _body(path, block.body, schema, where)


def leaves(tree: Tree) -> Iterator[Leaf]:
    """Every leaf of the tree."""
    for value in tree.values():
        if isinstance(value, Leaf):
            yield value
        elif isinstance(value, dict):
            yield from leaves(value)


def typed(value: Any, leaf: Leaf) -> Any:
    """The evaluated `value` as the leaf's kind asks, by HCL's conversions between primitive types.

    Raises:
        StrataError: the value does not convert, with file and line.
    """
    if value is None:
        return None
    if leaf.kind == "any":
        return value
    converted = _CONVERSIONS[leaf.kind](value)
    if converted is None:
        raise StrataError(
            f"`{leaf.name}` must be {_NAMES[leaf.kind]}, not {json.dumps(value)[:60]}",
            file=leaf.value.path,
            line=leaf.line,
        )
    return converted


def _string(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def _if_exists(value: Any) -> str | None:
    return value if value in IF_EXISTS else None


def _command(value: Any) -> list[str] | None:
    found = _strings(value)
    return found if found and found[0] else None


def _bool(value: Any) -> bool | None:
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value))


def _int(value: Any) -> int | None:
    if isinstance(value, str) and value.lstrip("-").isdecimal():
        return int(value)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _strings(value: Any) -> list[str] | None:
    found = [_string(item) for item in value] if isinstance(value, list) else [None]
    return [item for item in found if item is not None] if None not in found else None


def _string_map(value: Any) -> dict[str, str] | None:
    found = {key: _string(item) for key, item in value.items()} if isinstance(value, dict) else {"": None}
    return (
        {key: item for key, item in found.items() if item is not None} if None not in found.values() else None
    )


def _map(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _one_type_map(value: Any) -> dict[str, Any] | None:
    found = _map(value)
    kinds = {type(item) for item in found.values()} - {type(None)} if found else set()
    if found and str in kinds:
        # HCL makes strings of them all where one is a string.
        texts = _string_map({key: item for key, item in found.items() if item is not None})
        return None if texts is None else {key: texts.get(key) for key in found}
    return found if len(kinds) < 2 or kinds == {int, float} else None


_CONVERSIONS: dict[Kind, Any] = {
    "string": _string,
    "bool": _bool,
    "int": _int,
    "strings": _strings,
    "string_map": _string_map,
    "map": _map,
    "one_type_map": _one_type_map,
    "if_exists": _if_exists,
    "command": _command,
}
_NAMES: dict[Kind, str] = {
    "string": "a string",
    "bool": "true or false",
    "int": "a whole number",
    "strings": "a list of strings",
    "string_map": "a map of strings",
    "map": "a map",
    "one_type_map": "a map whose values have one type",
    "if_exists": f"one of {', '.join(IF_EXISTS)}",
    "command": "a command, a list that begins with a program",
}
