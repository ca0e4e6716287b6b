"""The SQL client of one configured provider, logged in to the embedded Snowflake."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import snowflake.connector
from snowflake.connector.errors import Error, ProgrammingError

from strata.cloud.snowflake.grammar import quote_path
from strata.cloud.snowflake.provider.rules import ZERO_TIME
from strata.cloud.snowflake.provider.values import Object

Row = dict[str, Any]
# Error numbers of objects that do not exist or are hidden from the role.
_ABSENT = (2003, 2043)


class Client:
    """Sends statements in one session.

    Raises:
        snowflake.connector.errors.Error: the login fails.
    """

    def __init__(self, login: Mapping[str, Any], features: Collection[str] = ()) -> None:
        self._features = frozenset(features)
        self._connection = snowflake.connector.connect(**login)

    def has(self, feature: str) -> bool:
        """Return whether the provider's configuration enables a preview or experimental feature."""
        return feature in self._features

    def close(self) -> None:
        self._connection.close()

    def execute(self, sql: str) -> list[Row]:
        """Run a statement and return its rows by column name."""
        with self._connection.cursor(snowflake.connector.DictCursor) as cursor:
            cursor.execute(sql)
            return [dict(row) for row in cursor.fetchall()]

    def find(self, sql: str) -> list[Row] | None:
        """Run a statement and return its rows; None if its object does not exist."""
        try:
            return self.execute(sql)
        except ProgrammingError as error:
            if error.errno in _ABSENT:
                return None
            raise

    def show(self, plural: str, path: Sequence[str]) -> Row | None:
        """Return the row of SHOW <plural> for the object of this exact name, or None."""
        where = (
            f" IN {'DATABASE' if len(path) == 2 else 'SCHEMA'} {quote_path(tuple(path[:-1]))}"
            if path[1:]
            else ""
        )
        rows = self.find(f"SHOW {plural} LIKE {literal(path[-1])}{where}") or ()
        return next((row for row in rows if row["name"] == path[-1]), None)

    def parameters(self, kind: str, path: Sequence[str]) -> dict[str, Row]:
        rows = self.execute(f"SHOW PARAMETERS IN {kind} {quote_path(tuple(path))}")
        return {row["key"]: row for row in rows}

    def properties(self, sql: str) -> dict[str, Any]:
        """Return the properties of a DESC: property -> value."""
        rows = self.execute(sql)
        return {row["property"]: row["value"] if "value" in row else row["property_value"] for row in rows}


def literal(value: Any) -> str:
    """Return a value as a SQL literal."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return "(" + ", ".join(literal(item) for item in value) + ")"
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def output(
    row: Row, fields: Mapping[str, Any], renamed: Mapping[str, str] | None = None, times: Collection[str] = ()
) -> list[Object]:
    """Convert a row into a `show_output` or `describe_output`: one object of the schema's types, never null.

    Args:
        row: values by column.
        fields: the object's fields and their types.
        renamed: field -> column, if they differ.
        times: fields of times; an empty one is Go's zero time.
    """
    columns = renamed or {}
    found = {name: _typed(row.get(columns.get(name, name)), kind) for name, kind in fields.items()}
    return [found | {name: found[name] or ZERO_TIME for name in times}]


def _typed(value: Any, kind: Any) -> Any:
    if isinstance(kind, list):
        return (
            value
            if isinstance(value, list)
            else [part.strip() for part in str(value or "").split(",") if part]
        )
    if kind == "bool":
        return str(value).lower() in ("true", "y")
    if kind == "number":
        digits = str(value or "").strip("%")
        return int(float(digits)) if digits.replace(".", "", 1).lstrip("-").isdigit() else 0
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f} +0000 UTC"
    return (
        ""
        if value is None or value == "null"
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


__all__ = ["Client", "Error", "Row", "literal", "output"]
