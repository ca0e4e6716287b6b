"""Imports without what a library would bring along."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def left_out(module: str) -> Iterator[None]:
    """Let an optional library seem not to be installed, unless it has been imported.

    snowflake-connector-python imports pandas wherever it is: half a second and 20 MiB in every process, for
    methods that nothing here calls.

    Args:
        module: its name.
    """
    if module in sys.modules:
        yield
        return
    # The import system's own way to say so: https://docs.python.org/3/reference/import.html#the-module-cache
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]
