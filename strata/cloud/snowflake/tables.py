"""The columns of ordinary tables, as the catalogue keeps them beside the engine."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import Expr, exp

from strata.cloud.snowflake.catalog import Table
from strata.cloud.snowflake.errors import SqlError, not_implemented
from strata.cloud.snowflake.grammar import Path
from strata.cloud.snowflake.relations import engine_columns
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.translation import types
from strata.cloud.snowflake.translation.types import Type

Declared = Sequence[tuple[str, Type | None]]


def declared(tree: Expr) -> list[tuple[str, Type | None]]:
    """Return the columns that CREATE TABLE or ALTER TABLE declares; a type is None where none is given.

    Raises:
        SqlError: a name is given twice, or two names differ by case only.
    """
    found = [
        (definition.name, types.normal(definition.args["kind"]) if definition.args.get("kind") else None)
        for definition in tree.find_all(exp.ColumnDef)
    ]
    if isinstance(tree, exp.Create) and isinstance(tree.this, exp.Schema) and not found:
        found = [
            (identifier.name, None)
            for identifier in tree.this.expressions
            if isinstance(identifier, exp.Identifier)
        ]
    names = [name for name, _ in found]
    if len(set(names)) != len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise SqlError(
            f"SQL compilation error:\nduplicate column name '{double}'", code=2025, sqlstate="42S21"
        )
    if len({name.upper() for name in names}) != len(names):
        raise not_implemented("columns of one table whose names differ by case only")
    return found


def created(columns: Declared | None, outputs: Sequence[tuple[str, Type]] | None) -> dict[str, str]:
    """Return the columns of a new table, from its definition and from the query that fills it."""
    given = list(columns or ())
    if not given:
        return {name: types.sql_name(kind) for name, kind in outputs or ()}
    kinds = (
        [kind for _, kind in outputs]
        if outputs and len(outputs) == len(given)
        else [types.text()] * len(given)
    )
    return {name: types.sql_name(kind or kinds[i]) for i, (name, kind) in enumerate(given)}


def altered(session: SnowflakeSession, path: Path, table: Table, columns: Declared | None) -> None:
    """Follow a change of a table's columns in the engine."""
    now = engine_columns(session.connection, path)
    before = list(table.columns.items())
    added = dict(columns or ())
    kept: dict[str, str] = {}
    for index, (name, natural) in enumerate(now.items()):
        known = table.columns.get(name)
        if known is None and name not in added and len(now) == len(before):
            known = before[index][1]
        kept[name] = types.sql_name(added.get(name) or natural) if known is None else known
    table.columns = kept
