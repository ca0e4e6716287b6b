"""Queries and DML: resolve names, check privileges, expand views, read external tables, run in the engine."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
from sqlglot import Expr, exp

from strata.cloud.snowflake import access_control, batches, functions, pruning, scan, tables
from strata.cloud.snowflake.catalog import ExternalTable, Table, View
from strata.cloud.snowflake.engine import translated
from strata.cloud.snowflake.errors import (
    SqlError,
    already_exists,
    does_not_exist,
    insufficient_privileges,
    not_implemented,
)
from strata.cloud.snowflake.external_files import METADATA, place_of
from strata.cloud.snowflake.fakesnow_compat import duckdb_of
from strata.cloud.snowflake.grammar import Path
from strata.cloud.snowflake.information_schema import CatalogScan, catalog_scan
from strata.cloud.snowflake.parameters import value_of
from strata.cloud.snowflake.relations import Relations
from strata.cloud.snowflake.result_scan import ResultScan, result_scan
from strata.cloud.snowflake.results import ArrowRows
from strata.cloud.snowflake.scan import FileScan
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.translation import identifiers
from strata.cloud.snowflake.translation.parser import parse
from strata.cloud.snowflake.translation.statement import translate

_numbers = itertools.count(1)
_DML = (exp.Insert, exp.Update, exp.Delete, exp.Merge)
_DONE = "Statement executed successfully."
_TABLE_FUNCTIONS = ("FLATTEN", "GENERATOR", "SPLIT_TO_TABLE", "RESULT_SCAN")
_WRITES = {exp.Insert: "INSERT", exp.Update: "UPDATE", exp.Delete: "DELETE", exp.Merge: "INSERT"}


def run(
    session: SnowflakeSession, sql: str, parameters: Sequence[Any] | dict[str, Any] | None = None
) -> ArrowRows:
    """Run a query, DML, or DDL of an ordinary table.

    Raises:
        SqlError: the statement fails.
    """
    tree = _parsed(session, sql)
    if isinstance(tree, exp.Set):
        return _set_variable(session, tree)
    if isinstance(tree, _DML) and value_of(session, "AUTOCOMMIT") == "false":
        session.transaction.begin()
    return _run(session, tree, parameters)


def run_many(session: SnowflakeSession, sql: str, rows: Sequence[tuple[Any, ...]]) -> ArrowRows:
    """Run a statement for many rows of values, as one change.

    Raises:
        SqlError: it fails for a row; then no row has changed anything.
    """
    tree = _parsed(session, sql)
    if isinstance(tree, _DML) and value_of(session, "AUTOCOMMIT") == "false":
        session.transaction.begin()
    with session.transaction.whole():
        results = [_run(session, part, values) for part, values in batches.chunks(tree, rows)]
    counts = [int(found.table.column(0)[0].as_py() or 0) for found in results if found.table.num_columns]
    return replace(results[-1], table=pa.table({results[-1].rowtype[0]["name"]: [sum(counts)]}))


def _parsed(session: SnowflakeSession, sql: str) -> Expr:
    tree: Expr = translated(lambda: parse(sql))
    identifiers.name_outputs(sql, tree)
    identifiers.normalise(tree)
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
    """Execute SET name = expression."""
    for item in tree.expressions:
        assignment = item.this if isinstance(item, exp.SetItem) else None
        if not isinstance(assignment, exp.EQ):
            raise not_implemented("SET of several variables")
        query = exp.select(assignment.expression.copy())
        value = _run(session, identifiers.normalise(query), None).table.column(0)[0].as_py()
        literal = exp.Literal(this=str(value), is_string=isinstance(value, str))
        session.variables[assignment.this.name.upper()] = literal
    return _run(session, exp.select(exp.alias_(exp.Literal.string(_DONE), "status", quoted=True)), None)


def _run(
    session: SnowflakeSession, tree: Expr, parameters: Sequence[Any] | dict[str, Any] | None
) -> ArrowRows:
    with session.account.lock:
        session.forget_dropped()
        kind = _table_change(session, tree)
        # Before the tables too: RESULT_SCAN may name LAST_QUERY_ID.
        functions.fill(session, tree)
        resolver = Resolver(session)
        tree = resolver.resolve(tree, session.role, (session.database, session.schema))
        if resolver.reads_data:
            _require_warehouse(session)
        functions.fill(session, tree)
        definition = tables.define(session, tree, kind)
    with Readers(session, resolver.scans, resolver.results):
        _bind(session, session.database, session.schema)
        statement = translate(tree, Relations(resolver.columns, session.connection), parameters)
        rows = session.engine.run(session.connection, statement, parameters)
    with session.account.lock:
        _record(session, tree, kind, definition.filled_by(statement.columns))
    return rows


def _bind(session: SnowflakeSession, database: str, schema: str) -> None:
    session.engine.bind(session.connection, database, schema, value_of(session, "TIMEZONE"))


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
    # Without sqlglot's builders, which copy: the scans refer to nodes of this tree.
    described = _select_from(tree.subquery("v", copy=False)).limit(0, copy=False)
    with Readers(session, resolver.scans, opens=False):
        _bind(session, path[0], path[1])
        statement = translate(described, Relations(resolver.columns, session.connection))
        rows = session.engine.run(session.connection, statement)
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


class Readers:
    """Registers the rows of every scan with the session's DuckDB connection while a query runs."""

    def __init__(
        self,
        session: SnowflakeSession,
        scans: Sequence[FileScan],
        results: Sequence[ResultScan | CatalogScan] = (),
        *,
        opens: bool = True,
    ) -> None:
        self._session = session
        self._scans = scans
        self._results = results
        self._opens = opens
        self._names: list[str] = []

    def __enter__(self) -> None:
        duck = duckdb_of(self._session.connection)
        try:
            for result in self._results:
                name = f"_strata_result_{next(_numbers)}"
                duck.register(f"{name}_rows", result.table)
                self._names.append(name)
                result.fill(f"{name}_rows")
            for found in self._scans:
                name = f"_strata_scan_{next(_numbers)}"
                files = scan.prune(self._session, found, f"{name}_files")
                table = scan.read(self._session, found, files) if self._opens else scan.empty()
                duck.register(f"{name}_rows", table)
                self._names.append(name)
                columns = [column for column in table.column_names if column not in METADATA]
                duck.execute(scan.with_value(name, table.schema))
                scan.fill(found, name, columns)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        duck = duckdb_of(self._session.connection)
        for name in self._names:
            duck.execute(f'DROP VIEW IF EXISTS temp.main."{name}"')
            duck.unregister(f"{name}_rows")


class Resolver:
    """Resolves the tables of one statement; `scans` are the external tables that it reads."""

    def __init__(self, session: SnowflakeSession) -> None:
        self._session = session
        self._catalog = session.catalog
        self.scans: list[FileScan] = []
        self.results: list[ResultScan | CatalogScan] = []
        self.columns: dict[Path, dict[str, str]] = {}
        self.reads_data = False
        self._views: list[Path] = []

    def resolve(self, tree: Expr, role: str, context: tuple[str, str]) -> Expr:
        """Qualify, check and replace every table of `tree` in place, and return it."""
        names = {column.name.upper() for column in tree.find_all(exp.Column)}
        star = any(not isinstance(s.parent, exp.Count) for s in tree.find_all(exp.Star))
        star = star or any(isinstance(column.this, exp.Star) for column in tree.find_all(exp.Column))
        for rows in list(tree.find_all(exp.TableFromRows)):
            if isinstance(rows.this, exp.Anonymous) and rows.this.name.upper() == "RESULT_SCAN":
                self.results.append(result_scan(self._session, rows))
        for table in list(tree.find_all(exp.Table)):
            if isinstance(table.parent, exp.AlterRename) or self._is_function_or_cte(table):
                continue
            path = self._path(table, context)
            relation = self._catalog.find("OBJECT", path)
            if relation is not None and not self._session.sees(relation):
                raise does_not_exist("OBJECT", path)
            if isinstance(relation, View | ExternalTable) and _privilege(tree, table) != "SELECT":
                kind = relation.kind.lower()
                raise SqlError(
                    f"SQL compilation error:\n{tree.key.upper()} cannot change the {kind} '{path[2]}'."
                )
            if isinstance(relation, Table):
                self._check(role, "TABLE", path, _privilege(tree, table))
                self._qualify(table, path)
                self.columns[path] = dict(relation.columns)
            elif path[1] == "INFORMATION_SCHEMA":
                access_control.require(self._catalog, role, "DATABASE", path[:1], "USAGE")
                found = catalog_scan(self._session, path[0], path[2])
                self._replace(table, found.node)
                self.results.append(found)
            elif isinstance(relation, View):
                self._check(role, "VIEW", path, "SELECT")
                self._replace(table, self.view(path, relation).subquery(copy=False))
            elif isinstance(relation, ExternalTable):
                self._check(role, "EXTERNAL TABLE", path, "SELECT")
                self._external(table, relation, names, star)
            elif _creates(tree, table):
                self._qualify(table, path)
            else:
                raise does_not_exist("OBJECT", path)
        return tree

    def view(self, path: Path, view: View) -> exp.Query:
        """Return the query of a view, resolved with its owner's privileges."""
        if path in self._views:
            raise SqlError(f"SQL compilation error:\nView '{'.'.join(path)}' refers to itself.", code=2057)
        self._views.append(path)
        tree = identifiers.normalise(translated(lambda: parse(view.query)))
        if not isinstance(tree, exp.Query):
            raise SqlError("SQL compilation error:\nA view needs a query after AS.")
        self.resolve(tree, view.owner, (path[0], path[1]))
        self._views.pop()
        if view.columns:
            alias = exp.TableAlias(
                this=exp.to_identifier("v", quoted=True),
                columns=[exp.to_identifier(name, quoted=True) for name in view.columns],
            )
            return _select_from(exp.Subquery(this=tree, alias=alias))
        return tree

    def _is_function_or_cte(self, table: exp.Table) -> bool:
        """Return whether a table is a table function or a common table expression."""
        if isinstance(table.this, exp.Func):
            name = table.this.name if isinstance(table.this, exp.Anonymous) else table.this.sql_name()
            if name.upper() not in _TABLE_FUNCTIONS and not isinstance(table.this, exp.Explode):
                raise SqlError(f"SQL compilation error:\nUnknown table function {name.upper()}", code=2141)
            return True
        if not isinstance(table.this, exp.Identifier):
            raise not_implemented(f"FROM {table.sql(dialect='snowflake')}")
        if table.args.get("db"):
            return False
        ancestor: Expr | None = table
        while ancestor is not None:
            scope = ancestor.args.get("with_") or ancestor.args.get("with")
            if isinstance(scope, exp.With):
                for query in scope.expressions:
                    if query.alias.upper() == table.name.upper():
                        return True
            ancestor = ancestor.parent
        return False

    def _path(self, table: exp.Table, context: tuple[str, str]) -> Path:
        parts = [p.name if p.args.get("quoted") else p.name.upper() for p in table.parts]
        missing = 3 - len(parts)
        if missing and not all(context[:missing] if missing == 1 else context):
            self._session.resolve("OBJECT", tuple(parts))
        return (*context[:missing], *parts) if missing < 3 else tuple(parts)

    def _check(self, role: str, kind: str, path: Path, privilege: str) -> None:
        self.reads_data = True
        if privilege:
            access_control.require(self._catalog, role, kind, path)
            if not access_control.holds(self._catalog, role, kind, path, privilege):
                raise insufficient_privileges(kind, path)
        else:
            access_control.require_ownership(self._catalog, role, kind, path)

    def _qualify(self, table: exp.Table, path: Path) -> None:
        for argument, part in zip(("catalog", "db", "this"), path, strict=True):
            table.set(argument, exp.to_identifier(part, quoted=True))

    def _external(self, table: exp.Table, relation: ExternalTable, names: set[str], star: bool) -> None:
        whole = star or "VALUE" in names
        found = FileScan(
            table=relation,
            place=place_of(self._session, relation),
            files=tuple(relation.files.values()),
            node=exp.Subquery(this=exp.select("1")),
            columns=tuple(c for c in relation.columns if star or c.name.upper() in names),
            whole=whole,
            metadata=tuple(name for name in METADATA if name in names),
            predicate=pruning.predicate(table, relation),
        )
        self._replace(table, found.node)
        self.scans.append(found)

    @staticmethod
    def _replace(table: exp.Table, subquery: Expr) -> None:
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.this.copy()))
        subquery.set("alias", alias)
        for argument in ("joins", "laterals", "sample", "pivots"):
            if table.args.get(argument):
                subquery.set(argument, table.args[argument])
        # Columns may be written with the table's full name; the subquery only has the last part.
        root = table.find_ancestor(exp.Select)
        for column in root.find_all(exp.Column) if root is not None else ():
            if column.args.get("db") and column.table.upper() == table.name.upper():
                column.set("db", None)
                column.set("catalog", None)
        table.replace(subquery)


def _select_from(source: Expr) -> exp.Select:
    return exp.Select(expressions=[exp.Star()], from_=exp.From(this=source))


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
        tables.altered(session, path, found, definition.columns)
    elif found is not None:
        session.catalog.rename("TABLE", path, definition.renamed)


def _refuse_same_letters(session: SnowflakeSession, path: Path) -> None:
    """Refuse a name that differs from another by its case only: the engine cannot tell them apart."""
    for name in session.catalog.collection("TABLE", path):
        if name != path[2] and name.upper() == path[2].upper():
            raise not_implemented("two relations of one schema whose names differ by case only")


def _creates(tree: Expr, table: exp.Table) -> bool:
    if isinstance(tree, exp.Create):
        schema = tree.this
        return schema is table or (isinstance(schema, exp.Schema) and schema.this is table)
    return False


def _privilege(tree: Expr, table: exp.Table) -> str:
    """Return the privilege that a statement needs on a table; the empty string means ownership."""
    if isinstance(tree, exp.TruncateTable):
        return "TRUNCATE"
    written = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    if written is not table and table not in (tree.args.get("tables") or ()):
        return "SELECT"
    for kind, privilege in _WRITES.items():
        if isinstance(tree, kind):
            return privilege
    return "" if isinstance(tree, exp.Drop | exp.Alter | exp.Create) else "SELECT"


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
