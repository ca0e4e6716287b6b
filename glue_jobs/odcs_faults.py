"""What is wrong with a contract's document, and what all its parts are read with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from glue_jobs.errors import JobError

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class ContractFault:
    """What is wrong with a contract: where in its document, what, and what to do."""

    path: Path
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path)) or 'the document'}: {self.message} ({self.remedy})"


class ContractError(JobError):
    """A document is not a contract.

    Args:
        faults: all of them.
    """

    def __init__(self, faults: list[ContractFault]) -> None:
        super().__init__(f"the data contract cannot be used: {'; '.join(map(str, faults))}")
        self.faults = faults


class FaultReader:
    """Reads parts of a document and notes what is wrong with them."""

    def __init__(self) -> None:
        self.faults: list[ContractFault] = []

    def customs(self, value: Mapping[str, Any], path: Path, known: tuple[str, ...]) -> dict[str, Any]:
        """The custom properties by name; one with a vendor is another tool's."""
        found = {}
        for place, custom in enumerate(value.get("customProperties") or []):
            if not isinstance(custom, Mapping) or "vendor" in custom:
                continue
            name = str(custom.get("property"))
            if name not in known:
                meant, other = similar(name, known), "property of another tool needs a `vendor`"
                self.fault(
                    (*path, "customProperties", place, "property"),
                    f"the custom property {name!r} is unknown here",
                    f"{meant} A {other}" if meant.endswith("?") else f"{meant}; a {other}",
                )
            found[name] = custom.get("value")
        return found

    def custom_place(self, value: Mapping[str, Any], path: Path, name: str) -> Path:
        places = (
            place
            for place, custom in enumerate(value.get("customProperties") or [])
            if isinstance(custom, Mapping) and custom.get("property") == name
        )
        return (*path, "customProperties", next(places, 0), "value")

    def items(self, value: Mapping[str, Any], name: str, path: Path) -> list[Any]:
        items = value.get(name, [])
        if isinstance(items, list):
            return items
        self.fault((*path, name), f"`{name}` is not a list", "begin each entry with a dash")
        return []

    def fault(self, path: Path, message: str, remedy: str) -> None:
        fault = ContractFault(path, message, remedy)
        if fault not in self.faults:
            self.faults.append(fault)


def similar(name: str, known: Mapping[str, Any] | tuple[str, ...] | list[str]) -> str:
    """A remedy for a name that is not there."""
    close = get_close_matches(name, list(known), 1)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known) or 'none'}"
