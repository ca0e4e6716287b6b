"""YAML with the line of everything in it, and without YAML 1.1's surprises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from strata.errors import StrataError

Keys = tuple[str | int, ...]


_MERGE = "tag:yaml.org,2002:merge"


# libyaml is fifteen times as fast, and in all of PyYAML's wheels.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """Plain scalars as in YAML 1.2's core schema.

    By the older rules `2012-10-17`, the version of every policy, is a date, `yes` and `on` are true, `1:30`
    is 90, and an account's leading zero makes its number octal.
    """

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", list("-+0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)


@dataclass(frozen=True)
class Document:
    """What a YAML file holds.

    Attributes:
        path: the file.
        value: its content as plain Python values.
        lines: the 1-based line of each key or element, by its path from the top.
    """

    path: Path
    value: Any
    lines: Mapping[Keys, int]

    def line(self, path: Keys) -> int:
        """The line of what a path leads to, or of the nearest thing above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_document(path: Path, shown: str) -> Document:
    """Read a YAML file.

    Args:
        path: the file.
        shown: what errors call it.

    Raises:
        StrataError: it cannot be read, is not YAML, holds more than one document, or has a key twice or one
            that is not a string.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StrataError(f"the file cannot be read: {error}", file=shown) from None
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Keys, int] = {}
        value = None if node is None else _construct(loader, node, (), lines, shown)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        raise StrataError(f"no valid YAML: {error.problem}", file=shown, line=line) from None
    except yaml.YAMLError as error:
        raise StrataError(f"no valid YAML: {' '.join(str(error).split())}", file=shown) from None
    finally:
        loader.dispose()
    return Document(path, value, lines)


def _construct(loader: _Loader, node: yaml.Node, path: Keys, lines: dict[Keys, int], shown: str) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [
            _construct(loader, item, (*path, index), lines, shown) for index, item in enumerate(node.value)
        ]
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node)
    seen: set[str] = set()
    for key, _ in node.value:
        if key.tag == _MERGE:
            continue
        if not isinstance(key, yaml.ScalarNode) or not isinstance(loader.construct_object(key), str | int):
            raise StrataError("a key must be a string", file=shown, line=key.start_mark.line + 1)
        if key.value in seen:
            raise StrataError(f"`{key.value}` is set twice", file=shown, line=key.start_mark.line + 1)
        seen.add(key.value)
    loader.flatten_mapping(node)
    found: dict[str, Any] = {}
    for key, item in node.value:
        here = (*path, str(key.value))
        lines[here] = key.start_mark.line + 1
        found[str(key.value)] = _construct(loader, item, here, lines, shown)
    return found
