"""The columns of the tables that a statement names, for the translation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from strata.cloud.snowflake.fakesnow_compat import duckdb_of
from strata.cloud.snowflake.grammar import Path
from strata.cloud.snowflake.translation import types
from strata.cloud.snowflake.translation.scopes import Columns
from strata.cloud.snowflake.translation.types import Type


class Relations:
    """Finds the columns of the tables that a statement names.

    Args:
        columns: those of ordinary tables, by their path, as the catalogue held them when they were resolved.
        connection: of fakesnow; scans are registered with it.
    """

    def __init__(self, columns: Mapping[Path, Mapping[str, str]], connection: Any) -> None:
        self._columns = columns
        self._connection = connection

    def __call__(self, table: exp.Table) -> Columns | None:
        path = (table.catalog, table.db, table.name)
        if path[:2] == ("temp", "main"):
            return engine_columns(self._connection, path)
        found = self._columns.get(path)
        return None if found is None else {name: parsed(kind) for name, kind in found.items()}


def parsed(text: str) -> Type:
    """Return a type that the catalogue holds as text."""
    return types.normal(exp.DataType.build(text, dialect="snowflake"))


def engine_columns(connection: Any, path: tuple[str, ...]) -> Columns:
    """Return the columns of a relation of the engine, with the nearest types of Snowflake."""
    name = ".".join('"' + part.replace('"', '""') + '"' for part in path)
    schema = duckdb_of(connection).sql(f"SELECT * FROM {name} LIMIT 0")
    return dict(zip(schema.columns, (_engine_type(str(kind)) for kind in schema.types), strict=True))


def _engine_type(kind: str) -> Type:
    if kind.startswith("DECIMAL"):
        precision, scale = kind[8:-1].split(",")
        return types.number(int(precision), int(scale))
    return _ENGINE_TYPES.get(
        kind, types.VARIANT if kind.startswith(("STRUCT", "MAP")) or kind.endswith("]") else types.text()
    )


_ENGINE_TYPES: Mapping[str, Type] = {
    **dict.fromkeys(
        (
            "TINYINT",
            "SMALLINT",
            "INTEGER",
            "BIGINT",
            "UTINYINT",
            "USMALLINT",
            "UINTEGER",
            "UBIGINT",
            "HUGEINT",
        ),
        types.number(),
    ),
    "FLOAT": types.FLOAT,
    "DOUBLE": types.FLOAT,
    "BOOLEAN": types.BOOLEAN,
    "DATE": types.DATE,
    "TIME": types.TIME,
    "TIMESTAMP": types.NTZ,
    "TIMESTAMP_NS": types.NTZ,
    "TIMESTAMP_MS": types.NTZ,
    "TIMESTAMP_S": types.NTZ,
    "TIMESTAMP WITH TIME ZONE": types.LTZ,
    "BLOB": types.BINARY,
    "JSON": types.VARIANT,
}
