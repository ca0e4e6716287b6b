"""The gate's attack suite in other spellings: by chance, from a seed.

A spelling that keeps the meaning (layout, comments, escapes, ends of lines, a byte order mark, the order of
blocks) must keep what is asked, of harmless changes too. One that Terraform reads the same, but people write
for a purpose only (templates, heredocs, parentheses, computed keys, functions, another file, JSON), may ask
for more, and never for less.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from strata.ci.code_rules import check_change
from strata.errors import StrataError
from strata.hcl.nodes import Node
from strata.hcl.syntax import Block, parse
from strata.hcl.values import constant, elements, string_value
from tests.ci.changes import BASE, BASE_OF_MORE, MORE, ROWS, Written
from tests.hcl.texts import respelled

Change = tuple[str, dict[str, str], Mapping[str, str], set[str]]
_HCL = (".tf", ".tofu", ".hcl")


def suite(*, all_files: bool = False) -> list[Change]:
    """Every change of the suite with HCL in it: its name, files, base, and the rules that must be asked for.

    Args:
        all_files: the others too.
    """
    rows = [(name, {path: text}, BASE, set(rules)) for name, path, text, rules in ROWS]
    more = [(name, dict(files), BASE_OF_MORE, set(rules)) for name, files, rules in MORE]
    return [
        one for one in (*rows, *more) if all_files or any(map(_is_hcl, *zip(*one[1].items(), strict=True)))
    ]


def fault(change: Change, some: random.Random) -> str | None:
    """Spell a change otherwise and judge it; what is wrong, if anything is, with the text."""
    name, files, base, rules = change
    strict = some.random() < 0.4
    spelled = {}
    for path, text in files.items():
        if _is_hcl(path, text):
            path, text = _same(path, text, some) if strict else other(path, text, some)
        spelled[path] = text
    try:
        found = {one.rule for one in check_change(Written.of(spelled, dict(base)))}
    except StrataError as error:
        # The gate is closed, which only a harmless change does not deserve.
        return None if rules or not strict else f"{name}: {error.message}\n{_shown(spelled)}"
    if found == rules if strict else found >= rules:
        return None
    return f"{name}: {sorted(found)} instead of {sorted(rules)}\n{_shown(spelled)}"


def _shown(files: Mapping[str, str]) -> str:
    return "".join(f"--- {path}\n{text!r}\n" for path, text in files.items())


def _is_hcl(path: str, text: str) -> bool:
    if not path.endswith(_HCL) or path.endswith(".lock.hcl"):
        return False
    try:
        parse(path, text.encode())
    except StrataError:
        return False
    return True


def _same(path: str, text: str, some: random.Random) -> tuple[str, str]:
    if some.random() < 0.4:
        text = _shuffled(path, text, some)
    # In Terragrunt's files an escape is a finding of its own.
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    return path, respelled(plain, some, escape=path.endswith(".tf"))


def other(path: str, text: str, some: random.Random) -> tuple[str, str]:
    """A file as people do not write it, which Terraform reads the same."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    for _ in range(some.randint(1, 4)):
        changed = _replaced(path, text, some)
        try:
            parse(path, changed.encode())
        except StrataError:
            continue
        text = changed
    if path.endswith(".tf") and some.random() < 0.15:
        return f"{path}.json", json.dumps(
            _json_body(parse(path, text.encode()).body), ensure_ascii=some.random() < 0.5
        )
    if some.random() < 0.5:
        text = respelled(text, some, escape=True)
    if path.endswith(".tf") and some.random() < 0.1:
        # The file that it was goes on as it is.
        path = path.replace("main.tf", some.choice(("other.tf", "main_override.tf", "a b.tf", "é.tf")))
    return path, text


def _shuffled(path: str, text: str, some: random.Random) -> str:
    """The top-level items in another order."""
    items = [node.text for node in parse(path, text.encode()).body.node.children]
    some.shuffle(items)
    return "".join(f"{item}\n" for item in items)


def _replaced(path: str, text: str, some: random.Random) -> str:
    """One place spelled otherwise."""
    body = parse(path, text.encode()).body
    nodes = [node for node in _all(body.node) if _spellings(node)]
    if not nodes:
        return text
    node = some.choice(nodes)
    return text[: node.start] + some.choice(_spellings(node))(node, some) + text[node.end :]


def _all(node: Node) -> Iterator[Node]:
    return node.walk()


_Spelling = Callable[[Node, random.Random], str]


def _spellings(node: Node) -> list[_Spelling]:
    """How a node may be spelled otherwise."""
    parent = node.parent
    if parent is None:
        return []
    if (
        parent.type == "block"
        and node.type in ("identifier", "string_lit")
        and node is not parent.children[0]
    ):
        return [_label]
    if parent.type == "object_elem" and node is parent.children[0]:
        return [_key] if string_value(node) is not None or re.fullmatch(r"[\w-]+", node.text) else []
    if node.type == "expression" and parent.type in (
        "attribute",
        "object_elem",
        "tuple",
        "function_arguments",
    ):
        text = [_template, _heredoc, _escaped] if string_value(node) is not None else []
        return [*text, _parentheses, _conditional, _index, _function, _nested]
    return []


def _label(node: Node, some: random.Random) -> str:
    value = node.text if node.type == "identifier" else string_value(node) or ""
    bare = re.fullmatch(r"[A-Za-z_][\w-]*", value)
    return value if bare and some.random() < 0.5 else _quoted(value, some)


def _key(node: Node, some: random.Random) -> str:
    value = string_value(node)
    value = node.text if value is None else value
    quoted = _quoted(value, some)
    return some.choice((quoted, f"({quoted})", f'"${{{quoted}}}"', f'("${{{quoted}}}")'))


def _quoted(value: str, some: random.Random) -> str:
    """A quoted text with some of its characters escaped."""
    pieces = []
    for sign in value:
        if sign in '"\\':
            pieces.append(f"\\{sign}")
        elif sign not in "$%{\n" and some.random() < 0.2:
            pieces.append(some.choice((f"\\u{ord(sign):04x}", f"\\u{ord(sign):04X}", f"\\U{ord(sign):08x}")))
        else:
            pieces.append({"\n": "\\n"}.get(sign, sign))
    return '"' + "".join(pieces).replace("${", "$${").replace("%{", "%%{") + '"'


def _escaped(node: Node, some: random.Random) -> str:
    return _quoted(string_value(node) or "", some)


def _template(node: Node, some: random.Random) -> str:
    quoted = _quoted(string_value(node) or "", some)
    return some.choice((f'"${{{quoted}}}"', f'"${{ {quoted} }}"', f'"${{~ {quoted} ~}}"', f'"%{{ if true }}${{{quoted}}}%{{ endif }}"'))  # fmt: skip


def _heredoc(node: Node, some: random.Random) -> str:
    value = (string_value(node) or "").replace("${", "$${").replace("%{", "%%{")
    return some.choice(
        (f"<<E\n{value}\nE\n", f"<<-EOT\n    {value}\n  EOT\n", f"trimspace(<<E\n{value}\nE\n)")
    )


def _parentheses(node: Node, some: random.Random) -> str:
    return some.choice((f"({node.text})", f"((\n{node.text}\n))", f"( /* ) */ {node.text} )"))


def _conditional(node: Node, some: random.Random) -> str:
    return some.choice((f"true ? {node.text} : null", f"(1 == 2 ? null : {node.text})"))


def _index(node: Node, some: random.Random) -> str:
    return some.choice((f"[{node.text}][0]", f"{{ x = {node.text} }}.x", f'{{ "x" : {node.text} }}["x"]', f"[for x in [{node.text}] : x][0]"))  # fmt: skip


def _function(node: Node, some: random.Random) -> str:
    return some.choice((f"try({node.text}, null)", f"coalesce({node.text})", f"core::try({node.text})", f"one([{node.text}]...)"))  # fmt: skip


def _nested(node: Node, some: random.Random) -> str:
    text = node.text
    for _ in range(some.randint(3, 40)):
        text = f"({text})"
    return text


def _json_body(block: Block) -> dict[str, Any]:
    """A body in Terraform's JSON syntax."""
    found: dict[str, Any] = {name: _json_value(value.node) for name, value in block.attributes.items()}
    for inner in block.blocks:
        place = found
        names = (inner.type, *inner.labels)
        for name in names[:-1]:
            place = place.setdefault(name, {})
            if isinstance(place, list):
                place = place[-1]
        place.setdefault(names[-1], [])
        if isinstance(place[names[-1]], list):
            place[names[-1]].append(_json_body(inner))
    return found


def _json_value(node: Node) -> Any:
    known = constant(node)
    if known is not None:
        return known[0]
    while node.type == "expression" and len(node.children) == 1:
        node = node.children[0]
    if node.type == "quoted_template":
        return node.text[1:-1]
    pairs = list(elements(node))
    if node.type == "object" and pairs and all(key is not None for key, _, _ in pairs):
        return {key: _json_value(value) for key, _, value in pairs}
    return "${" + node.text + "}"
