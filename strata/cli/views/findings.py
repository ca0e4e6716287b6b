"""The findings of a check, and the exit code that they make."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from strata.cli.views.console import err, out, print_json

if TYPE_CHECKING:
    from strata.contracts.check import ContractFinding
    from strata.live.check.findings import CheckFinding

    Findings = Sequence[CheckFinding] | Sequence[ContractFinding]


def end_with(findings: Findings, counts: str, page: str, *, json_: bool) -> None:
    """Print findings, one a line, and what was counted.

    Args:
        findings: all of them.
        counts: what was checked, with its number.
        page: the page that says what each rule requires.
        json_: whether to print a JSON list instead.

    Raises:
        typer.Exit: there are findings; with 1.
    """
    if json_:
        print_json([dataclasses.asdict(finding) for finding in findings])
    else:
        for finding in findings:
            out.print(str(finding), markup=False, soft_wrap=True)
        err.print(f"{counts}, {len(findings)} finding{'' if len(findings) == 1 else 's'}")
    if findings:
        err.print(f"see {page}", soft_wrap=True)
        raise typer.Exit(1)
