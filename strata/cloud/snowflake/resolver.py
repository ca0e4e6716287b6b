"""Names of a statement: its tables are qualified, checked, and replaced by what they stand for."""

from __future__ import annotations

from sqlglot import Expr, exp

from strata.cloud.snowflake import access_control, pruning
from strata.cloud.snowflake.catalog import ExternalTable, Securable, Table, View
from strata.cloud.snowflake.engine import translated
from strata.cloud.snowflake.errors import (
    SqlError,
    does_not_exist,
    not_implemented,
    unknown_table_function,
)
from strata.cloud.snowflake.external_files import METADATA, place_of
from strata.cloud.snowflake.grammar import Path
from strata.cloud.snowflake.information_schema import CatalogScan, catalog_scan
from strata.cloud.snowflake.plans import Use
from strata.cloud.snowflake.result_scan import ResultScan, result_scan
from strata.cloud.snowflake.scan import FileScan
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.stage_files import stage_scan
from strata.cloud.snowflake.translation import identifiers
from strata.cloud.snowflake.translation.parser import is_stage, parse

_TABLE_FUNCTIONS = ("FLATTEN", "GENERATOR", "SPLIT_TO_TABLE", "RESULT_SCAN")
_WRITES = {exp.Insert: "INSERT", exp.Update: "UPDATE", exp.Delete: "DELETE", exp.Merge: "INSERT"}


class Resolver:
    """Resolves the tables of one statement; `scans` are the external tables that it reads."""

    def __init__(self, session: SnowflakeSession) -> None:
        self._session = session
        self._catalog = session.catalog
        self.scans: list[FileScan] = []
        self.results: list[ResultScan | CatalogScan] = []
        self.uses: list[Use] = []
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
            if is_stage(table):
                self.reads_data = True
                self.scans.append(stage_scan(self._session, table, names, star))
                self._replace(table, self.scans[-1].node)
                continue
            if isinstance(table.parent, exp.AlterRename) or self._is_function_or_cte(table):
                continue
            path = self._path(table, context)
            if table.find_ancestor(exp.Reference) and path == self._created(tree, context):
                self._qualify(table, path)
                continue
            relation = self._catalog.find("OBJECT", path)
            if relation is not None and not self._session.sees(relation):
                raise does_not_exist("OBJECT", path)
            if isinstance(relation, View | ExternalTable) and _privilege(tree, table) != "SELECT":
                kind = relation.kind.lower()
                raise SqlError(
                    f"SQL compilation error:\n{tree.key.upper()} cannot change the {kind} '{path[2]}'."
                )
            if isinstance(relation, Table):
                self._use(role, path, relation, _privilege(tree, table))
                self._qualify(table, path)
                self.columns[path] = dict(relation.columns)
            elif path[1] == "INFORMATION_SCHEMA":
                access_control.require(self._catalog, role, "DATABASE", path[:1], "USAGE")
                found = catalog_scan(self._session, path[0], path[2])
                self._replace(table, found.node)
                self.results.append(found)
            elif isinstance(relation, View):
                self._use(role, path, relation, "SELECT")
                self._replace(table, self.view(path, relation).subquery(copy=False))
            elif isinstance(relation, ExternalTable):
                self._use(role, path, relation, "SELECT")
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
            return select_from(exp.Subquery(this=tree, alias=alias))
        return tree

    def _is_function_or_cte(self, table: exp.Table) -> bool:
        """Return whether a table is a table function or a common table expression."""
        if isinstance(table.this, exp.Func):
            name = table.this.name if isinstance(table.this, exp.Anonymous) else table.this.sql_name()
            if name.upper() not in _TABLE_FUNCTIONS and not isinstance(table.this, exp.Explode):
                raise unknown_table_function(name.upper())
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

    def _created(self, tree: Expr, context: tuple[str, str]) -> Path | None:
        created = tree.find(exp.Table) if isinstance(tree, exp.Create) else None
        return self._path(created, context) if created is not None else None

    def _path(self, table: exp.Table, context: tuple[str, str]) -> Path:
        parts = [p.name if p.args.get("quoted") else p.name.upper() for p in table.parts]
        missing = 3 - len(parts)
        if missing and not all(context[:missing] if missing == 1 else context):
            self._session.resolve("OBJECT", tuple(parts))
        return (*context[:missing], *parts) if missing < 3 else tuple(parts)

    def _use(self, role: str, path: Path, relation: Securable, privilege: str) -> None:
        self.reads_data = True
        use = Use.of(path, relation, privilege, owner=role if self._views else "")
        use.check(self._catalog, role)
        self.uses.append(use)

    def _qualify(self, table: exp.Table, path: Path) -> None:
        for argument, part in zip(("catalog", "db", "this"), path, strict=True):
            table.set(argument, exp.to_identifier(part, quoted=True))

    def _external(self, table: exp.Table, relation: ExternalTable, names: set[str], star: bool) -> None:
        whole = star or "VALUE" in names
        found = FileScan(
            file_format=relation.file_format,
            place=place_of(self._catalog, relation),
            files=tuple(relation.files.values()),
            node=exp.Subquery(this=exp.select("1")),
            columns=tuple(c for c in relation.columns if star or c.name.upper() in names),
            whole=whole,
            metadata=tuple(name for name in METADATA if name in names),
            predicate=pruning.predicate(table, relation),
            table=relation,
        )
        self._replace(table, found.node)
        self.scans.append(found)

    @staticmethod
    def _replace(table: exp.Table, subquery: Expr) -> None:
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name, quoted=True))
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


def select_from(source: Expr) -> exp.Select:
    return exp.Select(expressions=[exp.Star()], from_=exp.From(this=source))


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
