"""INFORMATION_SCHEMA: the objects of a database that the role may see, as tables of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlglot import Expr, exp

from strata.cloud.snowflake import access_control
from strata.cloud.snowflake.catalog import ExternalTable, Schema, Securable, Table, View
from strata.cloud.snowflake.errors import not_implemented
from strata.cloud.snowflake.grammar import Path
from strata.cloud.snowflake.relations import parsed
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.translation import types
from strata.cloud.snowflake.translation.tree import cast

Row = dict[str, Any]
_TEXT = pa.string()
_COUNT = pa.int64()
_MOMENT = pa.timestamp("us", "UTC")
_TYPES = {"BASE TABLE": Table, "VIEW": View, "EXTERNAL TABLE": ExternalTable}


@dataclass
class CatalogScan:
    """A view of INFORMATION_SCHEMA that a statement reads."""

    table: pa.Table
    node: exp.Subquery

    def fill(self, name: str) -> None:
        """Complete the subquery over the registered table `name`."""
        columns: list[Expr] = []
        for field in self.table.schema:
            kind = (
                types.number()
                if field.type == _COUNT
                else types.LTZ
                if field.type == _MOMENT
                else types.text()
            )
            columns.append(
                exp.alias_(cast(exp.column(field.name, quoted=True), kind), field.name, quoted=True)
            )
        source = exp.table_(name, db="main", catalog="temp", quoted=True)
        self.node.set("this", exp.Select(expressions=columns, from_=exp.From(this=source)))


def catalog_scan(session: SnowflakeSession, database: str, name: str) -> CatalogScan:
    """Return a scan of a view of a database's INFORMATION_SCHEMA.

    Raises:
        SqlError: the view is not implemented.
    """
    if name not in _VIEWS:
        raise not_implemented(f"INFORMATION_SCHEMA.{name}")
    schema, rows = _VIEWS[name]
    found = [{field.name: row.get(field.name) for field in schema} for row in rows(session, database)]
    return CatalogScan(pa.Table.from_pylist(found, schema=schema), exp.Subquery(this=exp.select("1")))


def columns_of(relation: Securable) -> list[tuple[str, str]]:
    """Return name and type of each column of a table, view or external table."""
    if isinstance(relation, Table):
        return list(relation.columns.items())
    if isinstance(relation, View):
        return list(relation.options["COLUMNS"])
    if isinstance(relation, ExternalTable):
        given = [(column.name, types.sql_name(parsed(column.type))) for column in relation.columns]
        return [("VALUE", "VARIANT"), *given]
    return []


def visible_relations(session: SnowflakeSession, database: str) -> Iterator[tuple[Path, Securable]]:
    """Yield the relations of a database that the role may see."""
    for kind, path, relation in session.catalog.walk():
        if path[0] != database or len(path) != 3 or not isinstance(relation, Table | View | ExternalTable):
            continue
        if session.sees(relation) and access_control.holds(session.catalog, session.role, kind, path):
            yield path, relation


def _named(path: Path) -> Row:
    return {"TABLE_CATALOG": path[0], "TABLE_SCHEMA": path[1], "TABLE_NAME": path[2]}


def _columns(session: SnowflakeSession, database: str) -> Iterator[Row]:
    for path, relation in visible_relations(session, database):
        required = relation.required if isinstance(relation, Table) else ()
        defaults = relation.defaults if isinstance(relation, Table) else {}
        for position, (name, text) in enumerate(columns_of(relation), start=1):
            kind = parsed(text)
            row = _named(path) | {"COLUMN_NAME": name, "ORDINAL_POSITION": position}
            row |= {"DATA_TYPE": _plain_name(text), "IS_NULLABLE": "NO" if name in required else "YES"}
            row |= {
                "COLUMN_DEFAULT": defaults.get(name),
                "IS_IDENTITY": "NO",
                "DATA_TYPE_ALIAS": row["DATA_TYPE"],
            }
            if isinstance(relation, Table | View):
                row["COMMENT"] = relation.comments.get(name)
            if isinstance(relation, Table):
                row |= _identity(relation, name)
            if types.is_fixed(kind):
                precision, scale = types.parameters(kind)
                row |= {"NUMERIC_PRECISION": precision, "NUMERIC_PRECISION_RADIX": 10, "NUMERIC_SCALE": scale}
            elif types.is_text(kind):
                length = types.length_of(kind)
                row |= {
                    "CHARACTER_MAXIMUM_LENGTH": length,
                    "CHARACTER_OCTET_LENGTH": min(length * 4, types.LONGEST),
                }
            elif types.is_timestamp(kind) or kind.this == types.Kind.TIME:
                row["DATETIME_PRECISION"] = 9
            yield row


def _identity(table: Table, column: str) -> Row:
    if column not in table.identities:
        return {}
    start, increment, order = table.identities[column]
    return {
        "IS_IDENTITY": "YES",
        "IDENTITY_GENERATION": "BY DEFAULT",
        "IDENTITY_START": str(start),
        "IDENTITY_INCREMENT": str(increment),
        "IDENTITY_CYCLE": "NO",
        "IDENTITY_ORDERED": "YES" if order == "ORDER" else "NO",
    }


def _plain_name(text: str) -> str:
    name = text.partition("(")[0]
    return {"VARCHAR": "TEXT"}.get(name, name)


def _tables(session: SnowflakeSession, database: str) -> Iterator[Row]:
    for path, relation in visible_relations(session, database):
        kind = next(name for name, found in _TYPES.items() if isinstance(relation, found))
        if session.is_temporary(relation):
            kind = "LOCAL TEMPORARY"
        row = _named(path) | {
            "TABLE_OWNER": relation.owner,
            "TABLE_TYPE": kind,
            "COMMENT": relation.comment or None,
        }
        row |= dict.fromkeys(("CREATED", "LAST_ALTERED", "LAST_DDL"), relation.created_on)
        row |= dict.fromkeys(("IS_TRANSIENT", "IS_TEMPORARY", "IS_DYNAMIC", "IS_ICEBERG", "IS_HYBRID"), "NO")
        row |= {"IS_INSERTABLE_INTO": "YES", "IS_TYPED": "YES"}
        if isinstance(relation, Table):
            row["IS_TRANSIENT"] = "YES" if relation.transient else "NO"
            row["IS_TEMPORARY"] = "YES" if session.is_temporary(relation) else "NO"
            row |= {"ROW_COUNT": session.engine.rows_of(session.connection, path), "AUTO_CLUSTERING_ON": "NO"}
        yield row


def _views(session: SnowflakeSession, database: str) -> Iterator[Row]:
    for path, relation in visible_relations(session, database):
        if isinstance(relation, View):
            row = _named(path) | {"TABLE_OWNER": relation.owner, "VIEW_DEFINITION": relation.text}
            yield row | {
                "CREATED": relation.created_on,
                "COMMENT": relation.comment or None,
                "IS_SECURE": "YES" if relation.secure else "NO",
            }


def _external_tables(session: SnowflakeSession, database: str) -> Iterator[Row]:
    for path, relation in visible_relations(session, database):
        if isinstance(relation, ExternalTable):
            row = _named(path) | {
                "TABLE_OWNER": relation.owner,
                "FILE_FORMAT_TYPE": relation.file_format["TYPE"],
            }
            yield row | {"CREATED": relation.created_on, "COMMENT": relation.comment or None}


def _schemata(session: SnowflakeSession, database: str) -> Iterator[Row]:
    for kind, path, schema in session.catalog.walk():
        if isinstance(schema, Schema) and path[0] == database:
            if not access_control.holds(session.catalog, session.role, kind, path):
                continue
            row = {"CATALOG_NAME": database, "SCHEMA_NAME": path[1], "SCHEMA_OWNER": schema.owner}
            yield row | {"CREATED": schema.created_on, "COMMENT": schema.comment or None}
    yield {"CATALOG_NAME": database, "SCHEMA_NAME": "INFORMATION_SCHEMA"}


def _databases(session: SnowflakeSession, database: str) -> Iterator[Row]:
    for name, found in session.catalog.databases.items():
        if access_control.holds(session.catalog, session.role, "DATABASE", (name,)):
            row = {"DATABASE_NAME": name, "DATABASE_OWNER": found.owner, "CREATED": found.created_on}
            yield row | {"COMMENT": found.comment or None, "TYPE": "STANDARD"}


def _schema(texts: str, counts: str = "", moments: str = "") -> pa.Schema:
    fields = [pa.field(name, _TEXT) for name in texts.split()]
    fields += [pa.field(name, _COUNT) for name in counts.split()]
    return pa.schema(fields + [pa.field(name, _MOMENT) for name in moments.split()])


_RELATION = "TABLE_CATALOG TABLE_SCHEMA TABLE_NAME"
_VIEWS: dict[str, tuple[pa.Schema, Callable[[SnowflakeSession, str], Iterator[Row]]]] = {
    "COLUMNS": (
        _schema(
            f"{_RELATION} COLUMN_NAME COLUMN_DEFAULT IS_NULLABLE DATA_TYPE IS_IDENTITY "
            "IDENTITY_GENERATION IDENTITY_START IDENTITY_INCREMENT IDENTITY_CYCLE IDENTITY_ORDERED COMMENT "
            "DATA_TYPE_ALIAS",
            "ORDINAL_POSITION CHARACTER_MAXIMUM_LENGTH CHARACTER_OCTET_LENGTH NUMERIC_PRECISION "
            "NUMERIC_PRECISION_RADIX NUMERIC_SCALE DATETIME_PRECISION",
        ),
        _columns,
    ),
    "TABLES": (
        _schema(
            f"{_RELATION} TABLE_OWNER TABLE_TYPE IS_TRANSIENT CLUSTERING_KEY IS_INSERTABLE_INTO IS_TYPED "
            "AUTO_CLUSTERING_ON COMMENT IS_TEMPORARY IS_ICEBERG IS_DYNAMIC IS_HYBRID",
            "ROW_COUNT BYTES",
            "CREATED LAST_ALTERED LAST_DDL",
        ),
        _tables,
    ),
    "VIEWS": (_schema(f"{_RELATION} TABLE_OWNER VIEW_DEFINITION IS_SECURE COMMENT", "", "CREATED"), _views),
    "EXTERNAL_TABLES": (
        _schema(f"{_RELATION} TABLE_OWNER FILE_FORMAT_TYPE COMMENT", "", "CREATED"),
        _external_tables,
    ),
    "SCHEMATA": (_schema("CATALOG_NAME SCHEMA_NAME SCHEMA_OWNER COMMENT", "", "CREATED"), _schemata),
    "DATABASES": (_schema("DATABASE_NAME DATABASE_OWNER COMMENT TYPE", "", "CREATED"), _databases),
}
