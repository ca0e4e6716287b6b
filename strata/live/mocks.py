"""The account of mock outputs, 000000000000: what holds it was made without knowing the real value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from strata.plan import document as plans

SENTINEL = "000000000000"

# Its last group has twelve digits too, and says nothing of an account.
_UUID = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Fa-f])")
_ACCOUNT = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")


def accounts(text: str) -> list[str]:
    """Every number of twelve digits in a text, UUIDs aside, whatever letters are beside it."""
    return _ACCOUNT.findall(_UUID.sub(" ", text))


def holds_mock(value: Any) -> bool:
    """Whether a value, or a value or a key in it, holds the mocks' account."""
    return next(places(value), None) is not None


def places(value: Any, path: str = "") -> Iterator[str]:
    """Where in a value the mocks' account is: `.name` and `[index]`, "" for the value itself."""
    if isinstance(value, str):
        if SENTINEL in accounts(value):
            yield path
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from places(str(name), f"{path}.{name}")
            yield from places(item, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from places(item, f"{path}[{index}]")


def planned(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where a plan holds a mock: a resource's address, an output or a variable, and the place in its value.

    Args:
        document: from `terraform show -json`.
    """
    values = {change.address: change.after for change in plans.changes(document)}
    values |= {f"output {output.address}": output.after for output in plans.outputs(document)}
    values |= {f"variable {name}": value for name, value in plans.variables(document).items()}
    for subject, value in values.items():
        for place in places(value):
            yield subject, place
