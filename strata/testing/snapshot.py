"""The embedded AWS put back to what it was before a test.

Covers what moto keeps (every account, region and service), in this process. Snowflake and what a Glue job or
a function has written to disk stay as they are.
"""

from __future__ import annotations

import copy
import copyreg
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from strata.errors import StrataError

# A copied lock is a new one: whoever held the old one holds nothing in the copy.
copyreg.pickle(type(threading.Lock()), lambda _: (threading.Lock, ()))
copyreg.pickle(type(threading.RLock()), lambda _: (threading.RLock, ()))
copyreg.pickle(threading.Condition, lambda _: (threading.Condition, ()))


@contextmanager
def aws_restored() -> Iterator[None]:
    """Undo, at the end, all that was done to the embedded AWS meanwhile.

    Raises:
        StrataError: something runs that cannot be copied, such as an execution.
    """
    before = dict(_backends())
    # References to a backend stay references to it: only what it holds is copied.
    memo: dict[int, Any] = {id(backend): backend for backend in before.values()}
    try:
        saved = {place: copy.deepcopy(vars(backend), memo) for place, backend in before.items()}
    except TypeError as error:
        raise StrataError(
            f"the embedded AWS cannot be copied now: {error}", remedy="wait until executions have ended"
        ) from None
    try:
        yield
    finally:
        for place, backend in _backends():
            vars(backend).clear()
            # What was not there is as if it were new.
            vars(backend).update(saved[place] if place in saved else vars(_new(backend, place)))


def _backends() -> Iterator[tuple[tuple[str, str, str], Any]]:
    """Every backend of moto that was made, by service, account and region."""
    from moto.core.base_backend import BackendDict

    seen: set[int] = set()
    for name, module in list(sys.modules.items()):
        if not (name.startswith("moto.") and name.endswith(".models")):
            continue
        for value in list(vars(module).values()):
            if isinstance(value, BackendDict) and id(value) not in seen:
                seen.add(id(value))
                for account, regions in list(value.items()):
                    for region, backend in list(regions.items()):
                        yield (f"{name}.{value.service_name}", account, region), backend


def _new(backend: Any, place: tuple[str, str, str]) -> Any:
    _, account, region = place
    return type(backend)(region, account)
