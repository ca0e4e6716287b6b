"""What is a block, an attribute, a literal or an error to Strata is that to Terraform's own parser.

Few texts of the many that `texts.py` can write; HCL_TEXTS=20000 HCL_SEED=7 looks at more, and at others.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from strata.hcl.syntax import Block, HclFile, HclSyntaxError, Node, parse
from strata.hcl.values import constant, string_value
from tests.ci import test_gate
from tests.hcl import terraform
from tests.hcl.test_reader import REFUSED, VALUES
from tests.hcl.texts import Writer
from tests.live import test_errors
from tests.module_tools import conftest

COUNT = int(os.environ.get("HCL_TEXTS", "600"))
SEED = int(os.environ.get("HCL_SEED", "1"))
# Terraform's `fmt` takes more than twice the time for twice the files.
AT_ONCE = 2000
NOT_CONSTANT = ("Variables not allowed", "Function calls not allowed")
LAZY = ("conditional", "&&", "||", "template_if", "for_tuple_expr", "for_object_expr", "template_for")


def written(root: Path) -> list[str]:
    """Every text that the tests of the readers and of the gate hold, and every file of the repository."""
    tables = tomllib.loads((root / "tests/live/semantics.toml").read_text(encoding="utf-8"))["case"]
    found = [content for _, _, content, _ in test_gate.ROWS]
    found += [str(content) for content in test_gate.BASE.values()]
    found += [
        *test_errors.GOOD.values(),
        *conftest.STORE.values(),
        *REFUSED,
        *(f"a = {text}\n" for text in VALUES),
    ]
    found += [text for changed, _, _ in test_errors.FAULTS.values() for text in changed.values() if text]
    found += [text for case in tables for text in case["files"].values()]
    folders = ("live", "modules", "tests")
    found += [
        path.read_bytes().decode("utf-8")
        for folder in folders
        for ending in ("*.tf", "*.hcl")
        for path in sorted((root / folder).rglob(ending))
        if ".terraform" not in path.parts
    ]
    return list(dict.fromkeys(found))


def batches(root: Path) -> Iterator[list[str]]:
    own = written(root)
    texts = own + Writer(SEED).texts(COUNT, own)
    for start in range(0, len(texts), AT_ONCE):
        yield texts[start : start + AT_ONCE]


def test_terraform_agrees(root: Path, tmp_path: Path) -> None:
    for number, texts in enumerate(batches(root)):
        folder = tmp_path / str(number)
        files = {index: file for index, text in enumerate(texts) if (file := read(text))}
        refused = terraform.refused(texts, folder / "refused")
        differing = [texts[i] for i in range(len(texts)) if (i in files) == (i in refused)]
        assert differing == []
        check_bodies(list(files.values()), folder / "bodies")
        check_values(list(files.values()), folder / "values")


def read(text: str) -> HclFile | None:
    try:
        return parse("x.tf", text.encode("utf-8"))
    except HclSyntaxError:
        return None


def check_bodies(files: list[HclFile], folder: Path) -> None:
    """Every body stands alone, its items under names that Terraform does not know and complains of."""
    found = [one for file in files for one in bodies(file.body)]
    texts, items = [text for text, _ in found], [item for _, item in found]
    said = terraform.unknown_items(texts, folder)
    assert [
        (text, said.get(index, []), expected)
        for index, (text, expected) in enumerate(zip(texts, items, strict=True))
        if sorted(said.get(index, [])) != sorted(expected)
    ] == []


def bodies(block: Block) -> Iterator[tuple[str, list[terraform.Item]]]:
    node = block.node if block.node.type == "body" else block.node.all("body")[0]
    text, items = node.text, []
    for item in reversed(node.children):
        place = item.start - node.start
        text = f"{text[:place]}z_{text[place:]}"
        items.append(terraform.Item(item.line - node.line + 1, item.type, f"z_{item.children[0].text}"))
    yield text, items
    for inner in block.blocks:
        yield from bodies(inner)


def check_values(files: list[HclFile], folder: Path) -> None:
    nodes = {node.text: node for file in files for node in values(file.body)}
    known, why = terraform.constants(list(nodes), folder)
    wrong: list[tuple[str, Any, Any]] = []
    for index, (text, node) in enumerate(nodes.items()):
        ours = constant(node)
        theirs = (known[index],) if index in known else why[index]
        if ours is not None and ours != theirs:
            wrong.append((text, ours, theirs))
        if (alone := string_value(node)) is not None and (alone,) != theirs:
            wrong.append((text, alone, theirs))
        if refers(node) and index in known and not any(one.type in LAZY for one in node.walk()):
            wrong.append((text, "not constant", theirs))
        if not refers(node) and theirs in NOT_CONSTANT:
            wrong.append((text, "constant", theirs))
    assert wrong == []


def values(block: Block) -> Iterator[Node]:
    yield from (expression.node for expression in block.attributes.values())
    for inner in block.blocks:
        yield from values(inner)


def refers(node: Node, bound: frozenset[str] = frozenset()) -> bool:
    """Whether the value depends on a variable or a function; `bound` are the names of a `for` around."""
    if node.type == "function_call" or (node.type == "variable_expr" and node.text not in bound):
        return True
    children = node.children
    if node.type == "object_elem" and children[0].children[0].type == "variable_expr":
        # A bare name is a key; with steps after it, it is a variable after all.
        children = children if len(children[0].children) > 1 else children[1:]
    starts = [child for child in children if child.type in ("for_intro", "template_for_start")]
    if not starts:
        return any(refers(child, bound) for child in children)
    names = {name.text for name in starts[0].all("identifier")}
    return refers(starts[0], bound) or any(
        refers(child, bound | names) for child in children if child != starts[0]
    )


@pytest.mark.parametrize("text", REFUSED)
def test_what_terraform_refuses_is_refused(text: str) -> None:
    assert read(text) is None
