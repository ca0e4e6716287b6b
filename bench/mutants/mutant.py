"""A mutant: one file of the repository with one fault put in."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes:
        file: the file, as a path in the repository.
        line: the line of the fault.
        end_line: the last line of what is changed.
        kind: what was done, such as `operand`.
        text: the whole file with the fault in it.
        was: the changed lines before, without their indentation.
        becomes: the changed lines after.
        everywhere: whether the line is run by an import, not by a call.
    """

    file: str
    line: int
    end_line: int
    kind: str
    text: str
    was: str
    becomes: str
    everywhere: bool = False


@dataclass(frozen=True)
class Site:
    """A line and a kind of fault, with the ways to put it in; a way gives the file's text, or None."""

    file: str
    line: int
    end_line: int
    kind: str
    source: str
    ways: tuple[Callable[[], str | None], ...]
    everywhere: bool = False

    def mutant(self, random: Random) -> Mutant | None:
        """Put the fault in one of its ways; None where no way gives another program."""
        for way in random.sample(self.ways, len(self.ways)):
            text = way()
            if text is not None and text != self.source:
                was, becomes = _changed(self.source, text)
                return Mutant(
                    self.file, self.line, self.end_line, self.kind, text, was, becomes, self.everywhere
                )
        return None


def drawn(sites: list[Site], seed: str) -> Iterator[Mutant]:
    """Give mutants in an order that the seed decides, each site once and each kind of fault in its turn.

    By number alone, arguments and texts would outweigh conditions and members of sets by far.
    """
    random = Random(seed)
    kinds: dict[str, list[Site]] = {}
    for site in random.sample(sites, len(sites)):
        kinds.setdefault(site.kind, []).append(site)
    while kinds:
        for kind in sorted(kinds):
            mutant = None
            while mutant is None and kinds[kind]:
                mutant = kinds[kind].pop().mutant(random)
            if mutant is not None:
                yield mutant
        kinds = {kind: left for kind, left in kinds.items() if left}


def _changed(before: str, after: str) -> tuple[str, str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    found: dict[str, list[str]] = {"-": [], "+": []}
    for line in lines:
        if line[:1] in found:
            found[line[:1]].append(line[2:].strip())
    return "\n".join(found["-"]), "\n".join(found["+"])
