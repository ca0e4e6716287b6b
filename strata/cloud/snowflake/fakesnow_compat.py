"""The private names of fakesnow and DuckDB that this package uses, and the functions that it replaces.

They may change with any version; `missing` returns those that the installed one lacks.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import duckdb
import fakesnow.transforms
import fakesnow.transforms.transforms as transforms
import pyarrow as pa
from fakesnow.instance import FakeSnow
from sqlglot import Expr, exp

from strata.cloud.snowflake import sequences

# Private names by the object that has them.
# Transformations that `strata.cloud.snowflake.translation` does by the types of the operands instead.
_REPLACED = (
    "alias_in_join",
    "alter_session",
    "array_agg",
    "array_agg_within_group",
    "array_construct_etc",
    "array_size",
    "dateadd_date_cast",
    "dateadd_string_literal_timestamp_cast",
    "datediff_string_literal_timestamp_cast",
    "flatten",
    "flatten_value_cast_as_varchar",
    "indices_to_json_extract",
    "integer_precision",
    "json_extract_cased_as_varchar",
    "json_extract_cast_as_varchar",
    "json_extract_precedence",
    "numeric_agg_implicit_cast",
    "object_agg",
    "regex_replace",
    "regex_substr",
    "split",
    "timestamp_offsets",
    "to_date",
    "to_decimal",
    "to_timestamp",
    "to_variant",
    "trim_cast_varchar",
    "try_parse_json",
)
_CONNECTION = ("_duck_conn", "_schema", "database", "database_set", "schema_set", "results_cache")
_DUCKDB = ("_submit",)
_CURSOR = ("_arrow_table", "_execute", "_last_transformed", "_transform", "_transform_explode")


def missing(connection: Any) -> list[str]:
    """Return the names that the installed fakesnow lacks.

    Args:
        connection: a connection of fakesnow.
    """
    needed = [
        ("fakesnow.transforms", fakesnow.transforms, _REPLACED),
        ("FakeSnowflakeConnection", connection, _CONNECTION),
        ("FakeSnowflakeCursor", connection.cursor(), _CURSOR),
        ("DuckDBPyConnection", duckdb.DuckDBPyConnection, _DUCKDB),
    ]
    return [f"{place}.{name}" for place, found, names in needed for name in names if not hasattr(found, name)]


def new_instance() -> FakeSnow:
    """Return an empty fakesnow without the transformations that this project does itself."""
    for name in _REPLACED:
        setattr(fakesnow.transforms, name, _unchanged)
    fakesnow.transforms.create_table_autoincrement = sequences.numbered
    return FakeSnow(create_database_on_connect=False, create_schema_on_connect=False)


def _unchanged(expression: Expr) -> Expr:
    return expression


def duckdb_of(connection: Any) -> Any:
    """Return the DuckDB connection under a connection."""
    return connection._duck_conn


def set_context(connection: Any, database: str, schema: str) -> None:
    """Make a database and a schema the current ones of a connection; an empty name unsets it."""
    connection.database, connection._schema = database or None, schema or None
    connection.database_set, connection.schema_set = bool(database), bool(schema)


def execute(
    connection: Any, tree: Expr, parameters: Sequence[Any] | dict[str, Any] | None
) -> tuple[Any, bool]:
    """Run one statement that is not a query.

    Returns:
        The result as an Arrow table, and whether the statement is a PUT, which fakesnow leaves to its caller.
    """
    if isinstance(tree, exp.Merge):
        return _merge(connection, tree, parameters), False
    cursor = connection.cursor()
    values = list(parameters) if isinstance(parameters, Sequence) else parameters
    transformed = None
    with warnings.catch_warnings():
        # DuckDB advises another way to fetch Arrow; fakesnow chooses.
        warnings.simplefilter("ignore", UserWarning)
        for statement in cursor._transform_explode(tree):
            transformed = cursor._transform(statement, values)
            cursor._execute(transformed, values if transformed.find(exp.Placeholder) else None)
    puts = transformed is not None and bool(transformed.args.get("put_stage_data"))
    return cursor._arrow_table, puts


def read(connection: Any, sql: str, values: list[Any] | None) -> pa.Table:
    """Run a query in the engine: its translation is whole, so that fakesnow has nothing to change."""
    # `sql` of DuckDB parses and binds a query for its columns before it runs it, which takes as long again.
    return duckdb_of(connection)._submit(sql, values, "arrow").arrow_table()


def object_of_columns(star: exp.StarMap) -> Expr:
    """Return fakesnow's translation of OBJECT_CONSTRUCT(*)."""
    return transforms.object_construct(star)


_MERGED = {"INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted"}


def _merge(connection: Any, tree: exp.Merge, parameters: Any) -> pa.Table:
    """Run MERGE in the engine, whose own takes one match of a row only, as Snowflake's does."""
    transformed = connection.cursor()._transform(tree, None)
    duck = duckdb_of(connection)
    values = list(parameters) if parameters and transformed.find(exp.Placeholder) else None
    duck.execute(f"{transformed.sql(dialect='duckdb')} RETURNING merge_action", values)
    done = [action for (action,) in duck.fetchall()]
    actions = {_action(when) for when in tree.find_all(exp.When)}
    return pa.table(
        {f"number of rows {word}": [done.count(name)] for name, word in _MERGED.items() if name in actions}
    )


def _action(when: exp.When) -> str:
    then = when.args["then"]
    return then.name.upper() if isinstance(then, exp.Var) else str(then.key).upper()


def forget_results(connection: Any) -> None:
    """Free the results that a connection keeps for its clients."""
    connection.results_cache.clear()
