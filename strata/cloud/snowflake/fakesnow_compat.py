"""The private names of fakesnow that this package uses, and the function that it replaces.

They may change with any version; `missing` returns those that the installed one lacks.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import fakesnow.transforms
import fakesnow.transforms.transforms as transforms
from fakesnow.instance import FakeSnow
from sqlglot import Expr, exp

# Private names by the object that has them.
_TRANSFORM = "numeric_agg_implicit_cast"
_AGGREGATES = ("_NUMERIC_ONLY_AGGS", "_numeric_agg_col_name")
_CONNECTION = ("_duck_conn", "_schema", "database", "database_set", "schema_set", "results_cache")
_CURSOR = ("_arrow_table", "_last_params", "_last_sql", "_last_transformed")


def missing(connection: Any) -> list[str]:
    """Return the names that the installed fakesnow lacks.

    Args:
        connection: a connection of fakesnow.
    """
    needed = [
        ("fakesnow.transforms", fakesnow.transforms, (_TRANSFORM,)),
        ("fakesnow.transforms.transforms", transforms, _AGGREGATES),
        ("FakeSnowflakeConnection", connection, _CONNECTION),
        ("FakeSnowflakeCursor", connection.cursor(), _CURSOR),
    ]
    return [f"{place}.{name}" for place, found, names in needed for name in names if not hasattr(found, name)]


def new_instance() -> FakeSnow:
    """Return an empty fakesnow whose sums of decimals are exact.

    fakesnow casts the argument of every numeric aggregate to DOUBLE, so that text can be summed. That
    makes decimals inexact, so the cast is left out.
    """
    setattr(fakesnow.transforms, _TRANSFORM, _exact_aggregate)
    return FakeSnow(create_database_on_connect=False, create_schema_on_connect=False)


def _exact_aggregate(expression: Expr) -> Expr:
    if isinstance(expression, transforms._NUMERIC_ONLY_AGGS) and isinstance(expression.parent, exp.Select):
        name = transforms._numeric_agg_col_name(expression, expression.this)
        if name:
            return exp.alias_(expression, name, quoted=True)
    return expression


def duckdb_of(connection: Any) -> Any:
    """Return the DuckDB connection under a connection."""
    return connection._duck_conn


def set_context(connection: Any, database: str, schema: str) -> None:
    """Make a database and a schema the current ones of a connection; an empty name unsets it."""
    connection.database, connection._schema = database or None, schema or None
    connection.database_set, connection.schema_set = bool(database), bool(schema)


def execute(
    connection: Any, sql: str, parameters: Sequence[Any] | dict[str, Any] | None
) -> tuple[Any, list[Any], str, bool]:
    """Run one statement.

    Returns:
        The result as an Arrow table, DuckDB's description of its columns, the query's id, and whether the
        statement is a PUT, which fakesnow leaves to its caller.
    """
    cursor = connection.cursor()
    with warnings.catch_warnings():
        # DuckDB advises another way to fetch Arrow; fakesnow chooses.
        warnings.simplefilter("ignore", UserWarning)
        cursor.execute(sql, binding_params=parameters, server=True)
    described = duckdb_of(connection).execute(f"DESCRIBE {cursor._last_sql}", cursor._last_params).fetchall()
    transformed = cursor._last_transformed
    puts = transformed is not None and bool(transformed.args.get("put_stage_data"))
    return cursor._arrow_table, described, cursor.sfqid, puts


def forget_results(connection: Any) -> None:
    """Free the results that a connection keeps for its clients."""
    connection.results_cache.clear()
