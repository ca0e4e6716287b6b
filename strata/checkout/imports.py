"""Imports without what a library would bring along, and without looking for garbage that they do not make."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator
from importlib.abc import MetaPathFinder
from types import ModuleType


@contextlib.contextmanager
def left_out(module: str) -> Iterator[None]:
    """Let an optional library seem not to be installed, unless it has been imported.

    snowflake-connector-python imports pandas wherever it is: half a second and 20 MiB in every process, for
    methods that nothing here calls.

    Args:
        module: its name.
    """
    finder = _Absent(module)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Absent(MetaPathFinder):
    """Finds that a module is not there.

    Not by a None among sys.modules, which pyarrow takes for the module.
    """

    def __init__(self, module: str) -> None:
        self._module = module

    def find_spec(self, fullname: str, path: object, target: ModuleType | None = None) -> None:
        """Refuse the module."""
        if fullname == self._module:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


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
