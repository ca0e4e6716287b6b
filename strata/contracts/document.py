"""A contract's file: its document, and the line of everything in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from glue_jobs.odcs import SUFFIX
from strata.errors import StrataError

FOLDER = Path("glue_jobs", "contracts")
Steps = tuple[str | int, ...]


@dataclass(frozen=True)
class ContractDocument:
    """The document of one file.

    Attributes:
        file: where it is.
        text: what is in it.
    """

    file: Path
    text: str

    @classmethod
    def read(cls, file: Path) -> ContractDocument:
        """Read a file.

        Raises:
            StrataError: it is missing, is not UTF-8, or is not YAML.
        """
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise StrataError("the file is missing", file=file, remedy="name a contract") from None
        except UnicodeDecodeError:
            raise StrataError("the file is not UTF-8", file=file, remedy="save it as UTF-8") from None
        found = cls(file, text)
        try:
            _ = found.content, found._root
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise StrataError(
                f"the file is not YAML: {error.problem}", file=file, line=line, remedy="correct the line"
            ) from None
        except yaml.YAMLError as error:
            raise StrataError(f"the file is not YAML: {error}", file=file, line=1) from None
        return found

    @property
    def name(self) -> str:
        """The data set that the file's name names."""
        return self.file.name.removesuffix(SUFFIX)

    @cached_property
    def content(self) -> Any:
        """The document as Python's values."""
        return yaml.safe_load(self.text)

    @cached_property
    def _root(self) -> Node | None:
        root: Node | None = yaml.compose(self.text, Loader=yaml.SafeLoader)
        return root

    def line(self, path: Steps) -> int:
        """The line of a part of the document, or of the nearest part above that is there."""
        node, line = self._root, 1
        for step in path:
            found = _inner(node, step)
            if found is None:
                break
            line, node = found
        return line

    def repeated(self) -> Iterator[tuple[int, str]]:
        """The keys that stand twice in one mapping, with their lines; YAML's readers differ on them."""
        todo = [self._root]
        while todo:
            node = todo.pop()
            if isinstance(node, SequenceNode):
                todo += node.value
            if isinstance(node, MappingNode):
                seen = set()
                for key, value in node.value:
                    todo.append(value)
                    if isinstance(key, ScalarNode) and key.value in seen:
                        yield key.start_mark.line + 1, key.value
                    seen.add(key.value if isinstance(key, ScalarNode) else None)


def _inner(node: Node | None, step: str | int) -> tuple[int, Node] | None:
    """A part of a node, with the line that it begins on."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        inner: Node = node.value[step]
        return inner.start_mark.line + 1, inner
    return None
