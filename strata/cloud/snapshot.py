"""The snapshot of one service, over HTTP: AWS and Snowflake answer PATH alike."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Generic, TypeVar

from strata.errors import StrataError

PATH = "/_strata/snapshot"
T = TypeVar("T")


class Snapshot(Generic[T]):
    """What a service held when it was saved last.

    Args:
        save: returns a copy of all that the service holds.
        restore: puts such a copy back; it may use it up.
    """

    def __init__(self, save: Callable[[], T], restore: Callable[[T], None]) -> None:
        self._save = save
        self._restore = restore
        self._saved: list[T] = []

    def answer(self, method: str) -> tuple[HTTPStatus, str]:
        """Return status and text for a request: POST saves, DELETE puts back what was saved last, once."""
        try:
            if method == "POST":
                self._saved[:] = [self._save()]
            elif method == "DELETE" and self._saved:
                self._restore(self._saved.pop())
            else:
                return HTTPStatus.CONFLICT, "POST saves, DELETE puts back what was saved"
        except StrataError as error:
            return HTTPStatus.CONFLICT, str(error)
        return HTTPStatus.OK, ""
