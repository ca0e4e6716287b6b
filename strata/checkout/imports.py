"""Imports without what a library would bring along, and without looking for garbage that they do not make."""

from __future__ import annotations

import contextlib
import gc
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


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage meanwhile: what is imported stays, and an import takes a fifth to a half longer."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
