"""Data sources that a case answers itself, as `override_data` does in Terraform's own tests.

Only `terraform test` has overrides. In a case's copy of a module, the data source becomes the call of a
module with an output for each attribute: that can be referred to in all the ways a data source can.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strata.errors import did_you_mean
from strata.hcl.syntax import Block, HclFile, Node
from strata.modules.interface import Module
from strata.testing.cases.case import Case
from strata.testing.cases.layout import RepositoryLayout
from strata.testing.cases.literals import literal

KEY = "override_data"
_CALL = re.compile(r"module\.([\w-]+)\.")
_DATA = re.compile(r"data\.([\w-]+)\.([\w-]+)")
# Arguments of the block, and not of the data source.
_REPETITION = ("count", "for_each", "depends_on")
_META = (*_REPETITION, "provider")


@dataclass(frozen=True)
class Override:
    """What a case says that a data source answers.

    Attributes:
        address: Terraform's, from inside the case's module.
        module: the module that reads it.
        kind, name: the labels of its block.
        values: by attribute.
    """

    address: str
    module: Module
    kind: str
    name: str
    values: Mapping[str, Any]

    @property
    def label(self) -> str:
        """The name of the call that takes its place."""
        return f"{KEY}--{self.kind}--{self.name}"

    def block(self) -> Block:
        """Its block."""
        return next(b for _, b in self.module.blocks("data") if b.labels == (self.kind, self.name))


def overrides(case: Case, layout: RepositoryLayout) -> list[Override]:
    """The overrides of a case.

    Raises:
        StrataError: the module reads no such data source, or an attribute is missing that it reads; file and
            line are the place in the case.
    """
    module = layout.module(case.module)
    known = module.data_addresses
    found = []
    for address, values in case.override_data.items():
        if address not in known:
            raise case.fault(
                f"module {case.module} reads no {address}",
                (KEY, address),
                did_you_mean(address, known),
            )
        reading, rest = module, address
        while call := _CALL.match(rest):
            reading, rest = reading.nested[call[1]], rest[call.end() :]
        data = _DATA.fullmatch(rest)
        assert data is not None
        found.append(Override(address, reading, data[1], data[2], values))
    for one in found:
        _check_attributes(case, one, [other for other in found if other.module.folder == one.module.folder])
        _check_calls(case, one, module, found)
    return found


def check_answers(case: Case, layout: RepositoryLayout, attributes: Callable[[str], Collection[str]]) -> None:
    """Check that a case gives data sources only attributes that they have.

    Args:
        case: the case.
        layout: where the modules are.
        attributes: those of a type, none if it is not known.

    Raises:
        StrataError: it does not; file and line are the place in the case.
    """
    for one in overrides(case, layout):
        known = sorted(attributes(one.kind))
        for name in one.values:
            if known and name not in known:
                raise case.fault(
                    f"{one.address} has no attribute {name}",
                    (KEY, one.address, name),
                    did_you_mean(name, known),
                )


def write_overrides(given: list[Override], layout: RepositoryLayout, tree: Path) -> None:
    """Put overrides into a case's own copy of the modules.

    Args:
        given: the overrides.
        layout: where the modules are.
        tree: the folder that stands for the layout's base.
    """
    for folder in {one.module.folder: None for one in given}:
        # Two calls of a folder have one copy of it.
        here = list({one.label: one for one in given if one.module.folder == folder}.values())
        target = tree / layout.folder(here[0].module).relative_to(layout.base)
        for file in here[0].module.files:
            if (text := _rewritten(file, here)) != file.text:
                path = target / file.name.rpartition("/")[2]
                path.unlink()
                path.write_text(text, encoding="utf-8")
        calls = "\n".join(_call(one, here) for one in here)
        (target / f"{KEY}.tf").write_text(calls, encoding="utf-8")
        for one in here:
            (target / one.label).mkdir()
            (target / one.label / "main.tf.json").write_text(json.dumps(_answers(one)), encoding="utf-8")


def _arguments(one: Override) -> dict[str, Node]:
    """The arguments of the data source that keep their values."""
    attributes = one.block().attributes.items()
    return {name: value.node for name, value in attributes if name not in _META and name not in one.values}


def _repetition(one: Override) -> dict[str, Node]:
    attributes = one.block().attributes
    return {name: attributes[name].node for name in _REPETITION if name in attributes}


def _answers(one: Override) -> dict[str, Any]:
    """The module that answers: the arguments of the data source, and over them what the case says."""
    arguments = _arguments(one)
    outputs = {name: {"value": f"${{var.given_{name}}}"} for name in arguments}
    outputs |= {name: {"value": literal(value)} for name, value in one.values.items()}
    variables = {f"given_{name}": {"default": None} for name in arguments}
    # Terraform refuses an empty mapping.
    return {kind: blocks for kind, blocks in (("variable", variables), ("output", outputs)) if blocks}


def _call(one: Override, here: list[Override]) -> str:
    lines = [f'  source = "./{one.label}"']
    lines += [f"  {name} = {_text(node, here)}" for name, node in _repetition(one).items()]
    lines += [f"  given_{name} = {_text(node, here)}" for name, node in _arguments(one).items()]
    return "\n".join([f'module "{one.label}" {{', *lines, "}", ""])


def _rewritten(file: HclFile, here: list[Override]) -> str:
    """A file's text without the blocks of the data sources, on the same lines."""
    gone = _gone(file, here)
    edits = [(node.start, node.end, "\n" * node.text.count("\n")) for node in gone]
    edits += [edit for edit in _references(file.body.node, here) if not _within(edit[0], gone)]
    return _edited(file.text, 0, edits)


def _gone(file: HclFile, here: list[Override]) -> list[Node]:
    """The blocks that calls take the place of."""
    labels = [(one.kind, one.name) for one in here]
    return [block.node for block in file.body.children("data") if block.labels in labels]


def _within(index: int, nodes: list[Node]) -> bool:
    return any(node.start <= index < node.end for node in nodes)


def _text(node: Node, here: list[Override]) -> str:
    return _edited(node.text, node.start, list(_references(node, here)))


def _references(node: Node, here: list[Override]) -> Iterator[tuple[int, int, str]]:
    for steps in _readings(node):
        for one in here:
            if _names(steps) == (one.kind, one.name):
                yield steps[0].start, steps[2].end, f"module.{one.label}"


def _edited(text: str, offset: int, edits: list[tuple[int, int, str]]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[: start - offset] + new + text[end - offset :]
    return text


def _readings(node: Node) -> Iterator[list[Node]]:
    """The parts of each expression that begins with `data.TYPE.NAME`."""
    for one in node.walk():
        steps = one.children
        if one.type == "expression" and len(steps) > 2 and steps[0].text == "data":
            yield steps


def _names(steps: list[Node]) -> tuple[str, str]:
    return steps[1].children[-1].text, steps[2].children[-1].text


def _check_attributes(case: Case, one: Override, here: list[Override]) -> None:
    known = {*one.values, *_arguments(one)}
    for file in one.module.files:
        # Of a block that goes, some arguments stay.
        moved = [
            node for other in here for node in (*_arguments(other).values(), *_repetition(other).values())
        ]
        stay = [node for node in moved if node.source is file.body.node.source]
        gone = _gone(file, here)
        for steps in _readings(file.body.node):
            attribute = next((step for step in steps[3:] if step.type == "get_attr"), None)
            if _names(steps) != (one.kind, one.name) or attribute is None:
                continue
            if _within(steps[0].start, gone) and not _within(steps[0].start, stay):
                continue
            name = attribute.children[-1].text
            if name not in known:
                raise case.fault(
                    f"{one.address} lacks the attribute {name}, which {file.name}:{attribute.line} reads",
                    (KEY, one.address),
                    remedy=f"say what it is: `{name}: …`",
                )


def _check_calls(case: Case, one: Override, module: Module, given: list[Override]) -> None:
    """Refuse what one copy of a module cannot do: answer two callers differently."""
    suffix = f"data.{one.kind}.{one.name}"
    values = {other.address: other.values for other in given}
    for address in module.data_addresses:
        same = address.endswith(suffix) and _folder(module, address) == one.module.folder
        if same and values.get(address) != one.values:
            raise case.fault(
                f"{one.address} and {address} are read by one folder, {one.module.folder}",
                (KEY, one.address),
                remedy="give both the same values",
            )


def _folder(module: Module, address: str) -> str:
    while call := _CALL.match(address):
        module, address = module.nested[call[1]], address[call.end() :]
    return module.folder
