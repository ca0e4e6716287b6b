"""Queries and DML: resolve names, check privileges, expand views, read external tables, run in the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pyarrow as pa
from sqlglot import Expr, exp

from strata.cloud.snowflake import access_control, batches, functions, plans, scan, tables
from strata.cloud.snowflake.catalog import Table, View
from strata.cloud.snowflake.engine import Query, query_of, translated
from strata.cloud.snowflake.errors import (
    SqlError,
    already_exists,
    not_implemented,
    syntax_error,
)
from strata.cloud.snowflake.grammar import Path
from strata.cloud.snowflake.history import BOUND
from strata.cloud.snowflake.information_schema import CatalogScan
from strata.cloud.snowflake.parameters import value_of
from strata.cloud.snowflake.plans import Plan
from strata.cloud.snowflake.readers import Readers
from strata.cloud.snowflake.relations import Relations
from strata.cloud.snowflake.resolver import Resolver, select_from
from strata.cloud.snowflake.result_scan import ResultScan
from strata.cloud.snowflake.results import ArrowRows, Rows
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.translation import identifiers
from strata.cloud.snowflake.translation.parser import parse
from strata.cloud.snowflake.translation.statement import Translated, translate
from strata.cloud.snowflake.translation.types import Type

_DML = (exp.Insert, exp.Update, exp.Delete, exp.Merge)
_DONE = "Statement executed successfully."
# Of a text with thousands of values the tree takes a thousand times its bytes, and it comes once.
_KEPT_TEXT = 10_000


class _BrokenFileError(Exception):
    """The engine met a file that cannot be read, in the middle of a query that has to skip it."""


def run(
    session: SnowflakeSession, sql: str, parameters: Sequence[Any] | dict[str, Any] | None = None
) -> ArrowRows:
    """Run a query, DML, or DDL of an ordinary table.

    Raises:
        SqlError: the statement fails.
    """
    try:
        if not parameters and (plan := _plan(session, sql)) is not None:
            return _read(session, plan, (), None)[0]
        tree = _parsed(session, sql)
        if isinstance(tree, exp.Set):
            return _set_variable(session, tree)
        if isinstance(tree, _DML) and value_of(session, "AUTOCOMMIT") == "false":
            session.transaction.begin()
        return _run(session, tree, parameters, sql)
    except _BrokenFileError:
        return run(session, sql, parameters)


def _plan(session: SnowflakeSession, sql: str) -> Plan | None:
    """Return how the same text was read before, if all that it depends on is as it was."""
    with session.account.lock:
        session.forget_dropped()
        plan = plans.find(session, sql)
        if plan is not None and plan.reads_data:
            _require_warehouse(session)
        return plan


def run_many(session: SnowflakeSession, sql: str, rows: Sequence[tuple[Any, ...]]) -> ArrowRows:
    """Run a statement for many rows of values, as one change.

    Raises:
        SqlError: it fails for a row; then no row has changed anything.
    """
    tree = _parsed(session, sql)
    if isinstance(tree, _DML) and value_of(session, "AUTOCOMMIT") == "false":
        session.transaction.begin()
    as_query = batches.as_query(tree, rows, BOUND)
    if as_query is not None:
        statement, values = as_query
        with session.transaction.whole(), session.history.bound(values):
            return _run(session, statement, None)
    with session.transaction.whole():
        results = [_run(session, part, values) for part, values in batches.chunks(tree, rows)]
    counts = [int(found.table.column(0)[0].as_py() or 0) for found in results if found.table.num_columns]
    return replace(results[-1], table=pa.table({results[-1].rowtype[0]["name"]: [sum(counts)]}))


def _tree(sql: str) -> Expr:
    """Return the tree of a statement; whoever changes it copies it."""
    return _kept_tree(sql) if len(sql) <= _KEPT_TEXT else _read_tree(sql)


@lru_cache(1024)
def _kept_tree(sql: str) -> Expr:
    return _read_tree(sql)


def _read_tree(sql: str) -> Expr:
    tree: Expr = translated(lambda: parse(sql))
    identifiers.name_outputs(sql, tree)
    return identifiers.normalise(tree)


def _parsed(session: SnowflakeSession, sql: str) -> Expr:
    tree = _tree(sql).copy()
    for parameter in list(tree.find_all(exp.Parameter)):
        name = parameter.this.name.upper()
        if name not in session.variables:
            raise SqlError(
                f"SQL compilation error:\nSession variable '${name}' does not exist",
                code=2211,
                sqlstate="02000",
            )
        parameter.replace(session.variables[name].copy())
    return tree


def _set_variable(session: SnowflakeSession, tree: exp.Set) -> ArrowRows:
    """Execute SET name = expression, or SET (name, ...) = (expression, ...)."""
    for item in tree.expressions:
        assignment = item.this if isinstance(item, exp.SetItem) else None
        if not isinstance(assignment, exp.EQ):
            raise not_implemented("SET in this form")
        names, values = (
            side.expressions if isinstance(side, exp.Tuple) else [side]
            for side in (assignment.this, assignment.expression)
        )
        if len(names) != len(values):
            raise not_implemented("SET of several variables from a query")
        query = exp.select(*(value.copy() for value in values))
        found = _run(session, identifiers.normalise(query), None).table
        for name, column in zip(names, found.columns, strict=True):
            value = column[0].as_py()
            literal = exp.Literal(this=str(value), is_string=isinstance(value, str))
            session.variables[name.name.upper()] = literal
    return _run(session, exp.select(exp.alias_(exp.Literal.string(_DONE), "status", quoted=True)), None)


def _run(
    session: SnowflakeSession, tree: Expr, parameters: Sequence[Any] | dict[str, Any] | None, sql: str = ""
) -> ArrowRows:
    """Run a statement; a plan of it is kept for its text, if there is one and nothing else matters."""
    with session.account.lock:
        session.forget_dropped()
        kind = _table_change(session, tree)
        if isinstance(tree, exp.TruncateTable):
            # The engine does not know IF EXISTS, which has been answered where it counts.
            tree.set("exists", False)
        # Before the tables too: RESULT_SCAN may name LAST_QUERY_ID.
        filled = functions.fill(session, tree)
        resolver = Resolver(session)
        tree = resolver.resolve(tree, session.role, (session.database, session.schema))
        if resolver.reads_data:
            _require_warehouse(session)
        filled = functions.fill(session, tree) or filled
        definition = tables.define(session, tree, kind)
        plan = Plan(tree, resolver.uses, resolver.scans, resolver.columns, resolver.reads_data)
        if isinstance(tree, exp.Query) and sql and not parameters:
            from_files = all(found.table is not None for found in plan.scans)
            if from_files and not filled and not resolver.results and not _tree(sql).find(exp.Parameter):
                plans.keep(session, sql, plan)
    rows, columns = _read(session, plan, resolver.results, parameters)
    with session.account.lock:
        _record(session, tree, kind, definition.filled_by(columns))
    return rows


def _read(
    session: SnowflakeSession,
    plan: Plan,
    results: Sequence[ResultScan | CatalogScan],
    parameters: Sequence[Any] | dict[str, Any] | None,
) -> tuple[ArrowRows, Sequence[tuple[str, Type]] | None]:
    """Run a resolved statement; return name and type of each column too, if they are known."""
    scan.mark(plan.scans)
    with Readers(session, plan.scans, results) as readers:
        _bind(session, session.database, session.schema)
        names = tuple(view.name for view in readers.views)
        statement: Query | Translated | None = plan.query(names)
        if statement is None:
            tree = plan.tree.copy() if plan.kept else plan.tree
            scan.fill(tree, plan.scans, readers.views)
            statement = translate(tree, Relations(plan.columns, session.connection), parameters)
            if plan.kept:
                statement = query_of(statement)
                plan.keep(names, statement)
        try:
            return session.engine.run(session.connection, statement, parameters), statement.columns
        except SqlError:
            if session.storage.files.distrust(readers.files):
                raise _BrokenFileError from None
            raise


def _bind(session: SnowflakeSession, database: str, schema: str) -> None:
    session.engine.bind(session.connection, database, schema, value_of(session, "TIMEZONE"))


def describe(session: SnowflakeSession, sql: str) -> ArrowRows | Rows:
    """Return the columns of a query's result, without a row and without reading a file.

    Of a statement that changes data it is the columns of its counts.

    Raises:
        SqlError: it would fail before it runs.
    """
    tree = _parsed(session, sql)
    with session.account.lock:
        session.forget_dropped()
        functions.fill(session, tree)
        resolver = Resolver(session)
        tree = resolver.resolve(tree, session.role, (session.database, session.schema))
        functions.fill(session, tree)
    for found in resolver.scans:
        found.files = ()
    if not isinstance(tree, exp.Query):
        verbs = {exp.Insert: ("inserted",), exp.Delete: ("deleted",), exp.Update: ("updated",)}
        if not isinstance(tree, _DML):
            _table_change(session, tree)
        words = next((found for kind, found in verbs.items() if isinstance(tree, kind)), ())
        columns = [(f"number of rows {word}", "fixed") for word in words]
        if isinstance(tree, exp.Update):
            columns.append(("number of multi-joined rows updated", "fixed"))
        return Rows(columns or [("status", "text")], [])
    return _described(session, tree, resolver, session.database, session.schema)


def _described(
    session: SnowflakeSession, tree: exp.Query, resolver: Resolver, database: str, schema: str
) -> ArrowRows:
    # Without sqlglot's builders, which copy: the scans refer to nodes of this tree.
    limited = select_from(tree.subquery("v", copy=False)).limit(0, copy=False)
    unbound = [None] * len(list(limited.find_all(exp.Placeholder)))
    scan.mark(resolver.scans)
    with Readers(session, resolver.scans, resolver.results, opens=False) as readers:
        _bind(session, database, schema)
        scan.fill(limited, resolver.scans, readers.views)
        statement = translate(limited, Relations(resolver.columns, session.connection), unbound)
        return session.engine.run(session.connection, statement, unbound)


def describe_view(session: SnowflakeSession, path: Path, view: View) -> list[tuple[str, str]]:
    """Return the name and Snowflake type of each column of a view, without reading a file.

    Raises:
        SqlError: its query is invalid, or the owner may not run it.
    """
    resolver = Resolver(session)
    tree = resolver.view(path, view)
    for found in resolver.scans:
        found.files = ()
    functions.fill(session, tree)
    rows = _described(session, tree, resolver, path[0], path[1])
    return [(column["name"], _type_name(column)) for column in rows.rowtype]


def _type_name(column: dict[str, Any]) -> str:
    if column["type"] == "fixed":
        return f"NUMBER({column['precision']},{column['scale']})"
    kind = str(column["type"])
    if kind == "text":
        return f"VARCHAR({column['length']})"
    if kind.startswith("time"):
        return f"{kind.upper()}(9)"
    return {"real": "FLOAT", "binary": "BINARY(8388608)"}.get(kind, kind.upper())


def _table_change(session: SnowflakeSession, tree: Expr) -> str:
    """Return CREATE, DROP or ALTER for DDL of an ordinary table, else the empty string.

    Raises:
        SqlError: the engine does not support the statement.
    """
    if isinstance(tree, exp.Query | exp.Insert | exp.Update | exp.Delete | exp.Merge | exp.TruncateTable):
        return ""
    if isinstance(tree, exp.Commit | exp.Rollback | exp.Transaction | exp.Set):
        return ""
    if isinstance(tree, exp.Create | exp.Drop | exp.Alter) and str(tree.args.get("kind")).upper() == "TABLE":
        verb = tree.key.upper()
        if isinstance(tree, exp.Create):
            table = tree.find(exp.Table)
            assert table is not None
            parts = tuple(p.name if p.args.get("quoted") else p.name.upper() for p in table.parts)
            path = session.resolve("TABLE", parts)
            access_control.require(session.catalog, session.role, "SCHEMA", path[:2], "CREATE TABLE")
            _refuse_same_letters(session, path)
            exists = session.catalog.find("OBJECT", path) is not None
            if exists and not tree.args.get("replace") and not tree.args.get("exists"):
                raise already_exists(path[-1:])
            if tree.args.get("clone"):
                raise not_implemented("CREATE TABLE ... CLONE")
        return verb
    if isinstance(tree, exp.Alter) and str(tree.args.get("kind")).upper() == "SESSION":
        return ""
    if isinstance(tree, exp.Describe):
        return ""
    if isinstance(tree, exp.Column):
        # The grammar library reads a single word as an expression.
        raise syntax_error(tree.name, 0)
    words = tree.sql(dialect="snowflake").split()
    raise not_implemented(" ".join(words[:2]).upper())


def _record(session: SnowflakeSession, tree: Expr, verb: str, definition: tables.Definition) -> None:
    if not verb:
        return
    table = tree.find(exp.Table)
    assert table is not None
    path = (table.catalog, table.db, table.name)
    if verb == "DROP":
        session.catalog.remove("TABLE", path)
        return
    found = session.catalog.find("TABLE", path)
    if verb == "CREATE":
        if found is None:
            found = Table(name=path[2], owner=session.role)
            session.catalog.add("TABLE", path, found)
        elif tree.args.get("exists"):
            return
        definition.fill(found)
    elif found is not None and not definition.renamed:
        tables.altered(session, path, found, definition)
    elif found is not None:
        session.catalog.rename("TABLE", path, definition.renamed)


def _refuse_same_letters(session: SnowflakeSession, path: Path) -> None:
    """Refuse a name that differs from another by its case only: the engine cannot tell them apart."""
    for name in session.catalog.collection("TABLE", path):
        if name != path[2] and name.upper() == path[2].upper():
            raise not_implemented("two relations of one schema whose names differ by case only")


def _require_warehouse(session: SnowflakeSession) -> None:
    warehouse = session.catalog.warehouses.get(session.warehouse)
    usable = warehouse is not None and access_control.holds(
        session.catalog, session.role, "WAREHOUSE", (session.warehouse,), "USAGE"
    )
    if warehouse is None or not usable:
        raise SqlError(
            "No active warehouse selected in the current session.  Select an active warehouse with the "
            "'use warehouse' "
            "command.\n",
            code=606,
            sqlstate="57P03",
        )
    if warehouse.suspended and not warehouse.options["AUTO_RESUME"]:
        raise SqlError(
            f"Warehouse '{warehouse.name}' is suspended and AUTO_RESUME is off.", code=606, sqlstate="57P03"
        )
    warehouse.suspended = False
