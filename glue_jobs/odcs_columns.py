"""Columns of a data contract's document, and what all its parts are read with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from glue_jobs import times
from glue_jobs.contract import ORIGIN, Column
from glue_jobs.errors import JobError

# A data set's name is part of an external table's, of object keys and of SQL.
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
RESERVED = {*(column.name for column in ORIGIN), "object"}
# logicalType -> the type where no physicalType says otherwise.
LOGICAL = {
    "string": "string",
    "integer": "int",
    "number": None,
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}
PHYSICAL = {"integer": ("int", "bigint"), "number": ("double", "decimal(p,s)")}
OPTIONS = {
    "string": {"pattern"},
    "date": {"format"},
    "timestamp": {"format", "timezone", "defaultTimezone"},
}
UNCHECKED = ("unique", "enum", "quality")

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


class ColumnReader:
    """Reads the columns of a document's tables and notes what is wrong with them."""

    def __init__(self) -> None:
        self.faults: list[ContractFault] = []

    def columns(self, path: Path, table: Mapping[str, Any]) -> tuple[Column, ...]:
        found: list[Column] = []
        for place, value in enumerate(self.items(table, "properties", path)):
            column = self.column((*path, "properties", place), value)
            if column is None:
                continue
            if column.name in (other.name for other in found):
                self.fault(
                    (*path, "properties", place, "name"),
                    f"the column {column.name} stands there twice",
                    "remove one",
                )
            found.append(column)
        if not found:
            self.fault((*path, "properties"), "the table has no columns", "list them in the file's order")
        return tuple(found)

    def column(self, path: Path, value: object) -> Column | None:
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            self.fault(path, "a column is a mapping with a name", "write - name: …")
            return None
        name = str(value["name"])
        if not NAME.fullmatch(name) or name in RESERVED:
            why = "is the platform's own" if name in RESERVED else "is not a column's name"
            self.fault(
                (*path, "name"),
                f"{name!r} {why}",
                "use another of lower-case letters, digits and underscores, and physicalName for the file's",
            )
        self.customs(value, path, ())
        for field in UNCHECKED:
            if value.get(field):
                self.fault((*path, field), f"the jobs do not check `{field}`", "leave it out")
        kind = self.type(path, name, value)
        options = value.get("logicalTypeOptions") or {}
        known = OPTIONS.get(str(value.get("logicalType")), set())
        for option in options:
            if option not in known:
                self.fault(
                    (*path, "logicalTypeOptions", option),
                    f"the jobs do not check `{option}` of {value.get('logicalType')}",
                    f"leave it out; known: {', '.join(sorted(known)) or 'none'}",
                )
        return Column(
            name=name,
            type=kind,
            nullable=not value.get("required", False),
            header=value.get("physicalName"),
            pattern=self.pattern(path, options.get("pattern")),
            **self.written(path, kind, options),
        )

    def type(self, path: Path, name: str, value: Mapping[str, Any]) -> str:
        logical = value.get("logicalType")
        if logical not in LOGICAL:
            self.fault(
                (*path, "logicalType") if "logicalType" in value else path,
                f"the column {name} has the unknown type {logical!r}",
                f"use one of {', '.join(LOGICAL)}",
            )
            return "string"
        physical = value.get("physicalType", LOGICAL[logical])
        decimal = re.fullmatch(r"decimal\((\d+),(\d+)\)", str(physical)) if logical == "number" else None
        if decimal:
            digits, scale = int(decimal[1]), int(decimal[2])
            if 1 <= digits <= 38 and scale <= digits:
                return f"decimal({digits},{scale})"
        elif physical in PHYSICAL.get(str(logical), (LOGICAL[logical],)):
            return str(physical)
        known = ", ".join(PHYSICAL.get(str(logical), (str(logical),)))
        self.fault(
            (*path, "physicalType") if "physicalType" in value else path,
            f"the column {name} of type {logical} has no physicalType {physical!r}"
            if physical
            else f"the column {name} of type {logical} needs a physicalType",
            f"use {known}" + (" with 1 to 38 digits" if logical == "number" else ""),
        )
        return "string"

    def written(self, path: Path, kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """How a date or timestamp is written."""
        if kind not in ("date", "timestamp"):
            return {}
        place = (*path, "logicalTypeOptions")
        pattern = options.get("format")
        zoned = options.get("timezone", True)
        if pattern is not None:
            try:
                found = times.letters(str(pattern))
            except ValueError as error:
                self.fault((*place, "format"), f"the format {pattern!r} cannot be read: {error}", "change it")
                return {}
            needed = times.DATE_LETTERS if kind == "date" else (*times.DATE_LETTERS, "HH")
            if missing := [letter for letter in needed if letter not in found]:
                self.fault((*place, "format"), f"the format {pattern!r} lacks {', '.join(missing)}", "add it")
            has_zone = any(letter in times.ZONE_LETTERS for letter in found)
            if kind == "date" and len(found) > len(needed):
                self.fault((*place, "format"), f"the format {pattern!r} is of more than a date", "shorten it")
            if kind == "timestamp" and has_zone != options.get("timezone", has_zone):
                self.fault(
                    (*place, "timezone"),
                    f"timezone is {str(zoned).lower()}, but the format {pattern!r} "
                    f"{'has a zone' if has_zone else 'has none'}",
                    "make them agree",
                )
            zoned = has_zone
        zone = None if zoned or kind == "date" else str(options.get("defaultTimezone", "Etc/UTC"))
        if zoned and "defaultTimezone" in options:
            self.fault(
                (*place, "defaultTimezone"),
                "each value has its own zone",
                "leave it out, or write timezone: false",
            )
        if zone is not None and not _is_zone(zone):
            self.fault(
                (*place, "defaultTimezone"),
                f"{zone!r} is not a time zone",
                "use a name such as Europe/Berlin",
            )
        return {"format": pattern, "zone": zone}

    def pattern(self, path: Path, pattern: object) -> str | None:
        if pattern is None:
            return None
        try:
            re.compile(str(pattern))
        except re.error as error:
            self.fault(
                (*path, "logicalTypeOptions", "pattern"),
                f"the pattern {pattern!r} is not a regular expression: {error}",
                "correct it",
            )
        return str(pattern)

    def null_tokens(self, path: Path, custom: Mapping[str, Any]) -> tuple[str, ...]:
        tokens = custom.get("nullTokens", [])
        if not isinstance(tokens, list) or not all(isinstance(token, str) and token for token in tokens):
            self.fault(path, "nullTokens is not a list of texts", "write value: [NA], words of YAML quoted")
            return ()
        return tuple(tokens)

    def customs(self, value: Mapping[str, Any], path: Path, known: tuple[str, ...]) -> dict[str, Any]:
        """The custom properties by name; one with a vendor is another tool's."""
        found = {}
        for place, custom in enumerate(value.get("customProperties") or []):
            if not isinstance(custom, Mapping) or "vendor" in custom:
                continue
            name = str(custom.get("property"))
            if name not in known:
                self.fault(
                    (*path, "customProperties", place, "property"),
                    f"the custom property {name!r} is unknown here",
                    f"{similar(name, known)}; another tool's has a vendor",
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


def _is_zone(name: str) -> bool:
    make: Callable[[str], object] = ZoneInfo
    try:
        make(name)
    except (ValueError, OSError, KeyError):
        return False
    return True
