"""Adds, lists and clears the faults of a running embedded cloud."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError

from strata.checkout.loopback import ask_cloud
from strata.errors import StrataError
from strata.faults.fault import Fault

PATH = "/_strata/faults"


def new_fault(**asked: Any) -> Fault:
    """Return a fault.

    Args:
        asked: fields of `Fault`.

    Raises:
        StrataError: a name or a value is not known.
    """
    try:
        return Fault(**asked)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise StrataError(f"{field}: {first['msg']}") from None


class Faults:
    """The faults of one running cloud.

    Args:
        aws_url: where its AWS listens.
    """

    def __init__(self, aws_url: str) -> None:
        self._url = f"{aws_url}{PATH}"

    def add(self, operation: str, effect: str, **more: Any) -> Fault:
        """Add a fault; return it with its name.

        Args:
            operation: `service:Operation`.
            effect: what happens.
            more: other fields of `Fault`.

        Raises:
            StrataError: a name or a value is not known, or the cloud does not answer.
        """
        fault = new_fault(operation=operation, effect=effect, **more)
        return Fault(**ask_cloud(self._url, "POST", fault.model_dump_json().encode()))

    def listed(self) -> list[dict[str, Any]]:
        """Return the faults as documents, with `calls` and `struck`.

        Raises:
            StrataError: the cloud does not answer.
        """
        found: list[dict[str, Any]] = ask_cloud(self._url)
        return found

    def clear(self, *names: str) -> list[str]:
        """Take faults back, all of them if none is named; return their names.

        Raises:
            StrataError: a name is not known, or the cloud does not answer.
        """
        query = f"?{urlencode([('name', name) for name in names])}" if names else ""
        cleared: list[str] = ask_cloud(f"{self._url}{query}", "DELETE")
        return cleared
