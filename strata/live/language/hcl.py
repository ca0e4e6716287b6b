"""Terragrunt's files as blocks and attributes, their expressions cut up for evaluation."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from strata.errors import StrataError
from strata.hcl import syntax
from strata.live.language.expression import CutExpression, ExpressionReader


@dataclass(frozen=True)
class Attribute:
    name: str
    value: CutExpression
    line: int


@dataclass(frozen=True)
class ConfigBlock:
    type: str
    labels: tuple[str, ...]
    body: Body
    line: int


@dataclass(frozen=True)
class Body:
    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: tuple[ConfigBlock, ...] = ()


@dataclass(frozen=True, eq=False)
class Configuration:
    """One parsed file."""

    path: Path
    text: str
    body: Body


def parse(path: Path) -> Configuration:
    """Parse the file at `path`.

    Raises:
        HclSyntaxError: it has a syntax error (with its line).
        StrataError: it cannot be read, or calls an unknown function.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise StrataError("the file does not exist", file=path) from None
    except OSError as error:
        raise StrataError(f"the file cannot be read: {error}", file=path) from None
    file = syntax.parse(str(path), raw)
    return Configuration(path, file.text, _body(file.body, ExpressionReader(path, file.text)))


def _body(block: syntax.Block, reader: ExpressionReader) -> Body:
    attributes = {
        name: Attribute(name, reader.expression(value.node, frozenset(), ()), value.line)
        for name, value in block.attributes.items()
    }
    inner = tuple(ConfigBlock(one.type, one.labels, _body(one, reader), one.line) for one in block.blocks)
    return Body(attributes, inner)
