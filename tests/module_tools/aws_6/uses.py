"""The arguments that the modules give to resources of AWS, and the attributes that they read of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from strata.hcl.syntax import Block, parse

ROOT = Path(__file__).resolve().parents[3]
# Terraform's own, of any resource.
_META = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioner"}
_READ = re.compile(r"\b(aws_\w+)\.\w+(?:\[[^\]]*\])?\.([a-z_]+)\b")


@dataclass(frozen=True)
class Use:
    """One argument of one resource: `block` is the nested block's path, `` for the resource's own."""

    kind: str
    block: str
    name: str
    place: str


def used(root: Path) -> Iterator[Use]:
    """Yield each use in a module's code."""
    for file in sorted((root / "modules").glob("*/*.tf")):
        name = file.relative_to(root).as_posix()
        for block in parse(name, file.read_bytes()).body.children("resource"):
            if block.labels[0].startswith("aws_"):
                yield from _arguments(block, block.labels[0], "", name)


def attributes(root: Path) -> Iterator[Use]:
    """Yield each attribute that a module reads of a resource."""
    for file in sorted((root / "modules").glob("*/*.tf")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            for kind, attribute in _READ.findall(line):
                yield Use(kind, "", attribute, f"{file.relative_to(root).as_posix()}:{number}")


def _arguments(block: Block, kind: str, path: str, file: str) -> Iterator[Use]:
    for name, expression in block.attributes.items():
        if path or name not in _META:
            yield Use(kind, path, name, f"{file}:{expression.line}")
    for inner in block.blocks:
        if not path and inner.type in _META:
            continue
        name = inner.labels[0] if inner.type == "dynamic" else inner.type
        yield Use(kind, path, name, f"{file}:{inner.line}")
        # What a dynamic block makes stands in its `content`.
        body = inner.children("content")[0] if inner.type == "dynamic" else inner
        yield from _arguments(body, kind, f"{path}.{name}".strip("."), file)
