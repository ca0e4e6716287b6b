"""The state of the embedded AWS as bytes: what moto keeps, and what waits to be delivered.

Covers every account, region and service. The keys of assumed roles, and what a Glue job or a function has
written to disk, are not part of it: they end with the cloud.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import threading
import weakref
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.service import Service
from strata.cloud.snapshot import SnapshotError, Unpickler, unpickled

# Service, account and region of a backend.
Place = tuple[str, str, str]
_BLOB_BYTES = 65_536


def new_lock() -> Any:
    """Return a free lock: whoever held the saved one holds nothing of the loaded one."""
    return threading.Lock()


def new_rlock() -> Any:
    """Return a free reentrant lock."""
    return threading.RLock()


def new_condition() -> threading.Condition:
    """Return a condition without waiters."""
    return threading.Condition()


def new_event() -> threading.Event:
    """Return an event that is not set."""
    return threading.Event()


def ended_thread() -> threading.Thread:
    """Return a thread that has run: only what has ended is saved."""
    thread = threading.Thread()
    thread.start()
    thread.join()
    return thread


def private_key(der: bytes) -> Any:
    """Return a private key, such as KMS holds."""
    return load_der_private_key(der, password=None)


def weak_values(values: dict[Any, Any]) -> weakref.WeakValueDictionary[Any, Any]:
    """Return a dictionary that forgets a value with its last other reference."""
    return weakref.WeakValueDictionary(values)


def filled(
    kind: type[dict[Any, Any]], items: dict[Any, Any], state: dict[str, Any], missing: type | None
) -> Any:
    """Return a dictionary of a class of moto's own, made without its arguments.

    Args:
        kind: the class; that of S3's versions shows other items than it holds.
        items: what it holds.
        state: its attributes.
        missing: what a defaultdict makes of a missing key.
    """
    made = kind.__new__(kind)
    dict.update(made, items)
    vars(made).update(state)
    if isinstance(made, defaultdict):
        made.default_factory = missing
    return made


_REPLACED = {
    type(threading.Lock()): new_lock,
    type(threading.RLock()): new_rlock,
    threading.Condition: new_condition,
    threading.Event: new_event,
    threading.Thread: ended_thread,
}
_FUNCTIONS = {
    "re": ["_compile"],
    "requests.structures": ["CaseInsensitiveDict"],
    __name__: [function.__name__ for function in (filled, private_key, weak_values, *_REPLACED.values())],
}


class AwsState:
    """All that one embedded AWS holds, saved and loaded.

    Args:
        context: the cloud.
        services: all services, to which moto's objects may refer.
        started: those that serve, which may have a state of their own; the list changes.
    """

    def __init__(
        self, context: CloudContext, services: Sequence[Service], started: Sequence[Service]
    ) -> None:
        # What is the cloud's own, whichever state it holds.
        self._kept: Mapping[str, Any] = {**{it.name: it for it in services}, "context": context}
        self._started = started

    def save(self) -> bytes:
        """Return the state.

        Raises:
            SnapshotError: something goes on that cannot be saved, such as an execution.
        """
        if busy := [text for service in self._started if (text := service.unfinished())]:
            raise SnapshotError(
                f"the embedded AWS cannot be saved now: {busy[0]}", remedy="save it when this has ended"
            )
        content = io.BytesIO()
        try:
            backends = dict(_backends())
            places = {id(backend): place for place, backend in backends.items()}
            pickler = _Pickler(content, self._kept, places)
            pickler.dump(
                {
                    "backends": {place: vars(backend) for place, backend in backends.items()},
                    "services": {service.name: service.state() for service in self._started},
                }
            )
        # The last one: another request has changed a dictionary meanwhile.
        except (TypeError, AttributeError, pickle.PicklingError, RuntimeError) as error:
            raise SnapshotError(f"the embedded AWS cannot be saved: {error}") from error
        return pickle.dumps((pickler.blobs, content.getvalue()), protocol=5)

    def load(self, content: bytes) -> None:
        """Replace all that the embedded AWS holds.

        Raises:
            SnapshotError: the bytes are damaged, or were written by another version; nothing has changed.
        """
        try:
            blobs, pickled = unpickled(Unpickler(content, ()))
            state = unpickled(_Unpickler(pickled, self._kept, blobs))
        except (TypeError, ValueError):
            state = None
        if not isinstance(state, dict) or state.keys() != {"backends", "services"}:
            raise SnapshotError("the state cannot be read: it is not one of the embedded AWS")
        saved = state["backends"]
        for place, backend in list(_backends()):
            vars(backend).clear()
            # What was not there is as if it were new.
            vars(backend).update(saved.get(place) or vars(_new(backend, place)))
        for place in saved.keys() - dict(_backends()).keys():
            vars(_backend(place)).update(saved[place])
        moto.index_buckets()
        for service in self._started:
            service.load(state["services"].get(service.name))


def _made_by(found: defaultdict[Any, Any]) -> type | None:
    """Return the class of what a defaultdict makes: a function has no name to be found by."""
    return type(found.default_factory()) if found.default_factory else None


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, kept: Mapping[str, Any], places: Mapping[int, Place]) -> None:
        super().__init__(file, protocol=5)
        self._names = {id(value): ("kept", name) for name, value in kept.items()}
        self._places = places
        self.blobs: dict[str, bytes] = {}

    def persistent_id(self, obj: Any) -> Any:
        """Return the name of what is not part of the state: a service, a backend as such, or many bytes."""
        if type(obj) is bytes and len(obj) >= _BLOB_BYTES:
            # A layer's archive is an object of S3 and the layer, and has tens of megabytes.
            digest = hashlib.sha256(obj).hexdigest()
            self.blobs[digest] = obj
            return "blob", digest
        return self._names.get(id(obj)) or self._places.get(id(obj))

    def reducer_override(self, obj: Any) -> Any:
        """Return how to make what cannot be pickled."""
        if (new := _REPLACED.get(type(obj))) is not None:
            return new, ()
        if isinstance(obj, dict) and type(obj).__module__.partition(".")[0] == "moto":
            missing = _made_by(obj) if isinstance(obj, defaultdict) else None
            return filled, (type(obj), dict(dict.items(obj)), vars(obj), missing)
        if isinstance(obj, weakref.WeakValueDictionary):
            return weak_values, (dict(obj),)
        if isinstance(obj, defaultdict) and "<lambda>" in getattr(obj.default_factory, "__name__", ""):
            return defaultdict, (_made_by(obj),), None, None, iter(obj.items())
        if hasattr(obj, "private_bytes"):
            return private_key, (obj.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),)
        return NotImplemented


class _Unpickler(Unpickler):
    def __init__(self, content: bytes, kept: Mapping[str, Any], blobs: Mapping[str, bytes]) -> None:
        super().__init__(content, ("moto", "strata.cloud.aws"), _FUNCTIONS)
        self._named = {"kept": kept, "blob": blobs}

    def persistent_load(self, pid: Any) -> Any:
        """Return what has this name in the cloud that loads."""
        return self._named[pid[0]][pid[1]] if pid[0] in self._named else _backend(pid)


def _backends() -> Iterator[tuple[Place, Any]]:
    """Every backend of moto that was made, by service, account and region."""
    for backends in moto.all_backends():
        for account, regions in list(backends.items()):
            for region, backend in list(regions.items()):
                yield (f"{type(backend).__module__}.{backends.service_name}", account, region), backend


def _backend(place: Any) -> Any:
    """Return a backend, made if need be."""
    name, account, region = place
    module, _, service = name.rpartition(".")
    return moto.backends_of(module, service)[account][region]


def _new(backend: Any, place: Place) -> Any:
    _, account, region = place
    return type(backend)(region, account)
