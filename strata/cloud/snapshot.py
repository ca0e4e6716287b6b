"""What a service of the embedded cloud holds, as bytes, over HTTP: AWS and Snowflake answer PATH alike.

GET gives the bytes, PUT replaces all that the service holds with what such bytes say.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from typing import Any

from strata.errors import StrataError

PATH = "/_strata/snapshot"
# The parts of these that a value may be made of; a function could do anything.
_PLAIN: Mapping[str, Collection[str]] = {
    "builtins": (
        "bytearray",
        "complex",
        "dict",
        "frozenset",
        "int",
        "list",
        "object",
        "range",
        "set",
        "slice",
        "str",
    ),
    "collections": ("OrderedDict", "defaultdict", "deque"),
    "copyreg": ("_reconstructor",),
    "datetime": ("date", "datetime", "time", "timedelta", "timezone"),
    "decimal": ("Decimal",),
    "uuid": ("UUID",),
    "zoneinfo": ("ZoneInfo._unpickle",),
}


class SnapshotError(StrataError):
    """The state cannot be saved now, or the bytes cannot be loaded."""


class Snapshot:
    """The state of one service.

    Args:
        save: returns all that the service holds.
        load: replaces it with what such bytes say.
    """

    def __init__(self, save: Callable[[], bytes], load: Callable[[bytes], None]) -> None:
        self._save = save
        self._load = load

    def answer(self, method: str, body: bytes) -> tuple[HTTPStatus, bytes]:
        """Return status and content for a request; of a refused one the content is the reason."""
        try:
            if method == "GET":
                return HTTPStatus.OK, self._save()
            if method == "PUT":
                self._load(body)
                return HTTPStatus.OK, b""
        except StrataError as error:
            return HTTPStatus.CONFLICT, str(error).encode()
        return HTTPStatus.METHOD_NOT_ALLOWED, b"GET saves, PUT loads"


class Unpickler(pickle.Unpickler):
    """Reads pickled values, and makes only objects of classes that are named as safe.

    A pickle may name any function of Python to be called, so a file from elsewhere could run its code:
    https://docs.python.org/3/library/pickle.html#restricting-globals.

    Args:
        content: the pickle.
        packages: whose classes may be made.
        functions: module → names of functions that may be called beside.
    """

    def __init__(
        self, content: bytes, packages: Collection[str], functions: Mapping[str, Collection[str]] = {}
    ) -> None:
        super().__init__(io.BytesIO(content))
        self._packages = tuple(packages)
        self._functions = functions

    def find_class(self, module: str, name: str) -> Any:
        """Return a class that may be made.

        Raises:
            UnpicklingError: it may not, or the installed version does not have it.
        """
        if name in _PLAIN.get(module, ()) or name in self._functions.get(module, ()):
            return super().find_class(module, name)
        if self._ours(module):
            found = super().find_class(module, name)
            # A module of ours also names what it imports.
            if isinstance(found, type) and self._ours(found.__module__):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} may not be made from a file")

    def _ours(self, module: str) -> bool:
        return any(module == package or module.startswith(f"{package}.") for package in self._packages)


def unpickled(unpickler: pickle.Unpickler) -> Any:
    """Return what an unpickler reads.

    Raises:
        SnapshotError: the bytes are damaged, or were written by another version.
    """
    try:
        return unpickler.load()
    # Whatever a class of another version does with a state that it does not know.
    except Exception as error:
        raise SnapshotError(
            f"the state cannot be read: {type(error).__name__}: {error}",
            remedy="it is damaged, or another version of Strata wrote it",
        ) from error
