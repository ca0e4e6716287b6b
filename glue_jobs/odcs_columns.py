"""Columns of a data contract's document."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from glue_jobs import times
from glue_jobs.contract import ORIGIN, Column
from glue_jobs.odcs_faults import Path
from glue_jobs.odcs_rules import BOUNDS, LENGTHS, RuleReader

# A data set's name is part of an external table's, of object keys and of SQL.
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
RESERVED = {*(column.name for column in ORIGIN), "object"}
# Words that Snowflake refuses as the name of a column, in CREATE or in an expression. It lists others that it
# refuses elsewhere only: as a table's name (`left`, `full`) or in SHOW (`account`, `schema`).
# https://docs.snowflake.com/en/sql-reference/reserved-keywords
KEYWORDS = frozenset({
    "all", "alter", "and", "any", "as", "between", "by", "case", "cast", "check", "column", "connect",
    "constraint", "create", "current", "current_date", "current_time", "current_timestamp",
    "current_user", "delete", "distinct", "drop", "else", "exists", "false", "following", "for", "from",
    "grant", "group", "having", "ilike", "in", "increment", "insert", "intersect", "into", "is", "like",
    "localtime", "localtimestamp", "minus", "not", "null", "of", "on", "or", "order", "qualify",
    "regexp", "revoke", "rlike", "row", "rows", "sample", "select", "set", "some", "start", "table",
    "tablesample", "then", "to", "trigger", "true", "try_cast", "union", "unique", "update", "values",
    "when", "whenever", "where", "window", "with",
})  # fmt: skip
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
    "string": {"pattern", *LENGTHS},
    "integer": {*BOUNDS},
    "number": {*BOUNDS},
    "date": {"format", *BOUNDS},
    "timestamp": {"format", "timezone", "defaultTimezone", *BOUNDS},
}


class ColumnReader(RuleReader):
    """Reads the columns of a document's tables and notes what is wrong with them."""

    def columns(self, path: Path, table: Mapping[str, Any]) -> tuple[Column, ...]:
        found: list[Column] = []
        for place, value in enumerate(self.items(table, "properties", path)):
            column = self.column((*path, "properties", place), value)
            if column is None:
                continue
            if column.name in (other.name for other in found):
                self.fault(
                    (*path, "properties", place, "name"),
                    f"the column {column.name} occurs twice",
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
            **self.written(path, kind, options),
            **self.rules(path, kind, value),
        )

    def not_a_keyword(self, place: Path, name: str, remedy: str) -> None:
        """Note a fault if a column of the curated table has a name that Snowflake refuses."""
        if name in KEYWORDS:
            self.fault(place, f"{name!r} is a reserved word of Snowflake", remedy)

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

    def null_tokens(self, path: Path, custom: Mapping[str, Any]) -> tuple[str, ...]:
        tokens = custom.get("nullTokens", [])
        if not isinstance(tokens, list) or not all(isinstance(token, str) and token for token in tokens):
            self.fault(path, "nullTokens is not a list of texts", "write value: [NA], words of YAML quoted")
            return ()
        return tuple(tokens)


def _is_zone(name: str) -> bool:
    make: Callable[[str], object] = ZoneInfo
    try:
        make(name)
    except (ValueError, OSError, KeyError):
        return False
    return True
