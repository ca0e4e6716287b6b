"""A service of the embedded AWS: an object that changes moto while it runs.

`@action("glue", "UpdateJob")` on a method makes it the action of that name, which moto may lack. `@replaces`
does the same for anything else of moto's that `moto_compat` names.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from strata.cloud.aws import moto_compat
from strata.cloud.aws.moto_compat import MotoName
from strata.cloud.aws.patches import Patches

_BINDINGS = "__moto_bindings__"
F = TypeVar("F", bound=Callable[..., Any])


class PartNotImplementedError(NotImplementedError):
    """A part of an action that the embedded cloud does not carry out; the message names it."""


class Binding(NamedTuple):
    """What a method stands in for; `wraps`: the method gets moto's own function as its first argument."""

    names: tuple[MotoName, ...]
    wraps: bool


def action(service: str, name: str, *, wraps: bool = False) -> Callable[[F], F]:
    """Make a method carry out an action of AWS.

    Args:
        service: botocore's name of the service, such as `stepfunctions`.
        name: AWS's name of the action, such as `StartExecution`.
        wraps: give the method moto's own function as its first argument.

    Raises:
        LookupError: the service is not known. That AWS has the action is checked by a test, because reading
            botocore's description of each service takes a quarter of the cloud's start.
    """
    return _bound(Binding((moto_compat.action_name(service, name),), wraps))


def replaces(*names: MotoName, wraps: bool = False) -> Callable[[F], F]:
    """Make a method stand in for functions or methods of moto; a method gets moto's object as an argument.

    Args:
        names: what it replaces.
        wraps: give the method moto's own function as its first argument.
    """
    return _bound(Binding(names, wraps))


def _bound(binding: Binding) -> Callable[[F], F]:
    def mark(method: F) -> F:
        vars(method).setdefault(_BINDINGS, []).append(binding)
        return method

    return mark


class Service:
    """One service, or a part of one; `name` is what `AwsServer` may leave out."""

    name = ""

    def __init__(self) -> None:
        self._patches = Patches()

    def start(self) -> None:
        """Put this service's methods into moto."""
        for attribute, bindings in bindings_of(type(self)).items():
            for binding in bindings:
                for name in binding.names:
                    self._replace(name, getattr(self, attribute), wraps=binding.wraps)

    def stop(self) -> None:
        """Take back every change of moto; a second call does nothing."""
        self._patches.undo()

    def unfinished(self) -> str:
        """Return what goes on here that a snapshot cannot hold, as a clause; empty if nothing does."""
        return ""

    def state(self) -> Any:
        """Return what a snapshot must hold beside what moto keeps; it is pickled."""
        return None

    def load(self, state: Any) -> None:
        """Take over such a state, when moto's has been loaded; None of a snapshot that has none."""

    def set(self, name: MotoName, value: Any) -> None:
        """Set an attribute of moto until this service stops."""
        self._patches.attribute(name.owner(), name.attribute, value)

    def _replace(self, name: MotoName, method: Callable[..., Any], *, wraps: bool) -> None:
        owner = name.owner()
        original = getattr(owner, name.attribute) if wraps else None

        # A function and not the bound method: only a function gets moto's object as an argument.
        def call(*arguments: Any, **named: Any) -> Any:
            return method(original, *arguments, **named) if wraps else method(*arguments, **named)

        call.__name__ = name.attribute
        is_static = isinstance(inspect.getattr_static(owner, name.attribute, None), staticmethod)
        self.set(name, staticmethod(call) if is_static else call)


def bindings_of(kind: type[Service]) -> dict[str, list[Binding]]:
    """Return what each method of a service stands in for."""
    return {
        attribute: getattr(method, _BINDINGS)
        for attribute, method in vars(kind).items()
        if hasattr(method, _BINDINGS)
    }
