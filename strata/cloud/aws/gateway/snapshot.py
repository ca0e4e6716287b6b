"""A snapshot of the embedded AWS: what moto keeps, saved and put back.

Covers every account, region and service. What a Glue job or a function has written to disk stays as it is.
"""

from __future__ import annotations

import copy
import copyreg
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from strata.cloud.aws import moto_compat as moto
from strata.errors import StrataError

Place = tuple[str, str, str]
Saved = Mapping[Place, dict[str, Any]]

# A copied lock is a new one: whoever held the old one holds nothing in the copy.
copyreg.pickle(type(threading.Lock()), lambda _: (threading.Lock, ()))
copyreg.pickle(type(threading.RLock()), lambda _: (threading.RLock, ()))
copyreg.pickle(threading.Condition, lambda _: (threading.Condition, ()))


def save() -> Saved:
    """Return a copy of all that the embedded AWS keeps.

    Raises:
        StrataError: something runs that cannot be copied, such as an execution.
    """
    found = dict(_backends())
    # References to a backend stay references to it: only what it holds is copied.
    memo: dict[int, Any] = {id(backend): backend for backend in found.values()}
    try:
        return {place: copy.deepcopy(vars(backend), memo) for place, backend in found.items()}
    except TypeError as error:
        raise StrataError(
            f"the embedded AWS cannot be copied now: {error}", remedy="wait until executions have ended"
        ) from None


def restore(saved: Saved) -> None:
    """Put back what was saved, once: it is used, not copied again."""
    for place, backend in _backends():
        vars(backend).clear()
        # What was not there is as if it were new.
        vars(backend).update(saved[place] if place in saved else vars(_new(backend, place)))


def _backends() -> Iterator[tuple[Place, Any]]:
    """Every backend of moto that was made, by service, account and region."""
    for backends in moto.all_backends():
        for account, regions in list(backends.items()):
            for region, backend in list(regions.items()):
                yield (f"{type(backend).__module__}.{backends.service_name}", account, region), backend


def _new(backend: Any, place: Place) -> Any:
    _, account, region = place
    return type(backend)(region, account)
