"""What `strata live check` finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class CheckFinding:
    """A contract that is broken: where, which, what is wrong, and what to do.

    Attributes:
        file: the path from the repository's folder.
        line: the 1-based line.
        rule: the contract's name.
        message: what is wrong.
        remedy: what to do, an imperative sentence.
    """

    file: str
    line: int
    rule: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message} ({self.remedy}) [{self.rule}]"
