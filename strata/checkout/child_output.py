"""JSON documents in the output of child processes, among other text."""

from __future__ import annotations

import json
import re
from typing import Any

# A byte-order mark, or a notice without a line break before the document, must not hide it.
_START = re.compile(r"^[\ufeff \t]*([{\[])", re.MULTILINE)
_decoder = json.JSONDecoder()


def json_document(output: str) -> Any:
    """Find the one JSON object or array that a program was asked for in all that it printed.

    A notice before or after it (a slow state lock, a version manager's hint, a deprecation) is not part of
    the answer, even if the notice is JSON too: the longest document counts.

    Args:
        output: the program's standard output.

    Raises:
        ValueError: no line begins a JSON object or array.
    """
    found: tuple[int, Any] | None = None
    end = 0
    for start in _START.finditer(output):
        if start.start(1) < end:
            continue
        try:
            document, end = _decoder.raw_decode(output, start.start(1))
        except ValueError:
            continue
        if found is None or end - start.start(1) > found[0]:
            found = end - start.start(1), document
    if found is None:
        raise ValueError("the output holds no JSON object or array")
    return found[1]
