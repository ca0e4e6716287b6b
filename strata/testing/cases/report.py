"""How a failing case is shown."""

from __future__ import annotations

import difflib
import json
import shlex
from collections.abc import Iterator
from typing import Any

from strata.testing.cases.compare import NOTHING, ValueDifference
from strata.testing.cases.outcome import UNKNOWN
from strata.testing.cases.verdict import CaseFailedError


def failure_text(error: CaseFailedError) -> str:
    """The differences of a case, expected (-) against planned (+), and the command that runs it again."""
    lines = [error.terraform] if error.terraform else []
    for difference in error.found:
        lines += _difference(error, difference)
    lines += ["", f"run it again: {again(error.case.id)}"]
    return "\n".join(lines)


def again(node_id: str) -> str:
    """The command that runs one case."""
    file, _, name = node_id.partition("::")
    # A case file holds one case; a README has several examples.
    return f"pytest {shlex.quote(file if file.endswith('.yaml') else f'{file}::{name}')}"


def _difference(error: CaseFailedError, difference: ValueDifference) -> Iterator[str]:
    case = error.case
    line = case.document.line(difference.keys) if case.document is not None else case.line
    note = f"  ({difference.note})" if difference.note else ""
    yield f"{case.shown}:{line}: {difference.place}{note}"
    expected, planned = _shown(difference.expected), _shown(difference.planned)
    if len(expected) == len(planned) == 1:
        yield f"  - expected {expected[0]}"
        yield f"  + planned  {planned[0]}"
        return
    yield "  - expected"
    yield "  + planned"
    for text in difflib.ndiff(expected, planned):
        if not text.startswith("?"):
            yield f"  {text}"


def _shown(value: Any) -> list[str]:
    if value is NOTHING or value is UNKNOWN:
        return [repr(value)]
    return json.dumps(value, indent=2, sort_keys=True, default=repr, ensure_ascii=False).splitlines()
