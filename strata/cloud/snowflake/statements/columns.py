"""SHOW COLUMNS, SHOW ... KEYS, SHOW OBJECTS, DESCRIBE TABLE and COMMENT ON."""

from __future__ import annotations

import json
from typing import Any

from strata.cloud.snowflake import access_control
from strata.cloud.snowflake.catalog import ExternalTable, Securable, Table, View, like
from strata.cloud.snowflake.errors import SqlError, not_implemented
from strata.cloud.snowflake.grammar import Path, SqlStatement
from strata.cloud.snowflake.information_schema import columns_of, visible_relations
from strata.cloud.snowflake.kinds import KINDS
from strata.cloud.snowflake.relations import parsed
from strata.cloud.snowflake.results import DESCRIBE, Rows, rows_of, status
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.statements.records import text
from strata.cloud.snowflake.translation import types


def show_columns(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """Execute SHOW COLUMNS [LIKE '...'] [IN ...]; read from LIKE on."""
    pattern = statement.string() if statement.take("LIKE") else ""
    rows = []
    for path, relation in _relations(session, statement):
        external = isinstance(relation, ExternalTable)
        required = relation.required if isinstance(relation, Table) else ()
        defaults = relation.defaults if isinstance(relation, Table) else {}
        expressions = (
            {c.name: c.expression for c in relation.columns} if isinstance(relation, ExternalTable) else {}
        )
        for name, kind in columns_of(relation):
            if pattern and not like(pattern, name):
                continue
            rows.append(
                {
                    "table_name": path[2],
                    "schema_name": path[1],
                    "column_name": name,
                    "data_type": _json_type(kind, nullable=name not in required),
                    "null?": "NOT_NULL" if name in required else "true",
                    "default": defaults.get(name, ""),
                    "kind": "VIRTUAL_COLUMN" if external and name in expressions else "COLUMN",
                    "expression": expressions.get(name, ""),
                    "comment": relation.comments.get(name, "") if isinstance(relation, Table | View) else "",
                    "database_name": path[0],
                    "autoincrement": relation.identity_of(name) if isinstance(relation, Table) else "",
                }
            )
    statement.expect_end()
    columns = [
        "table_name",
        "schema_name",
        "column_name",
        "data_type",
        "null?",
        "default",
        "kind",
        "expression",
        "comment",
        "database_name",
        "autoincrement",
    ]
    return rows_of([(name, "text") for name in columns], rows)


def _relations(session: SnowflakeSession, statement: SqlStatement) -> list[tuple[Path, Securable]]:
    """Read IN ..., and return the relations that it names."""
    where = ""
    path: Path = ()
    if statement.take("IN"):
        where = statement.take_any("ACCOUNT", "DATABASE", "SCHEMA", "TABLE", "VIEW")
        if where == "ACCOUNT":
            found = [r for name in session.catalog.databases for r in visible_relations(session, name)]
            return sorted(found, key=lambda item: item[0])
        if statement.done or statement.sees("LIMIT") or statement.sees("STARTS"):
            path = (session.database, session.schema) if where == "SCHEMA" else (session.database,)
        else:
            name = statement.name()
            by_parts = {1: "TABLE", 2: "SCHEMA", 3: "TABLE"} if not where else {}
            kind = where or by_parts.get(len(name), "TABLE")
            path = session.resolve("OBJECT" if kind in ("TABLE", "VIEW") else kind, name)
    elif session.database:
        path = (session.database, session.schema) if session.schema else (session.database,)
    if not path or not path[0]:
        return []
    if len(path) == 3:
        relation = session.catalog.get("OBJECT", path)
        access_control.require(session.catalog, session.role, relation.kind, path)
    else:
        kind = "DATABASE" if len(path) == 1 else "SCHEMA"
        session.catalog.get(kind, path)
    found = [r for r in visible_relations(session, path[0]) if r[0][: len(path)] == path]
    return sorted(found, key=lambda item: item[0])


def _json_type(text_: str, *, nullable: bool) -> str:
    kind = parsed(text_)
    found: dict[str, Any] = {"type": text_.partition("(")[0], "nullable": nullable}
    if types.is_fixed(kind):
        precision, scale = types.parameters(kind)
        found = {"type": "FIXED", "precision": precision, "scale": scale, "nullable": nullable}
    elif types.is_text(kind):
        length = types.length_of(kind)
        octets = min(length * 4, types.LONGEST)
        found = {"type": "TEXT", "length": length, "byteLength": octets, "nullable": nullable, "fixed": False}
    elif types.is_float(kind):
        found["type"] = "REAL"
    elif types.is_timestamp(kind) or kind.this == types.Kind.TIME:
        found = {"type": found["type"], "precision": 0, "scale": 9, "nullable": nullable}
    return json.dumps(found, separators=(",", ":"))


def show_keys(session: SnowflakeSession, statement: SqlStatement, kind: str) -> Rows:
    """Execute SHOW PRIMARY KEYS and UNIQUE KEYS [IN ...]."""
    rows = []
    for path, relation in _relations(session, statement):
        keys = relation.keys.get(kind, ()) if isinstance(relation, Table) else ()
        for number, key in enumerate(keys, start=1):
            for sequence, name in enumerate(key, start=1):
                rows.append(
                    {
                        "created_on": relation.created_on,
                        "database_name": path[0],
                        "schema_name": path[1],
                        "table_name": path[2],
                        "column_name": name,
                        "key_sequence": str(sequence),
                        "constraint_name": _constraint(relation, path, kind, key, number),
                        "rely": "false",
                        "comment": "",
                    }
                )
    statement.expect_end()
    columns = text(
        "created_on database_name schema_name table_name column_name key_sequence constraint_name "
        "rely comment"
    )
    return rows_of(columns, rows)


def _constraint(
    relation: Securable | None, path: Path, kind: str, columns: tuple[str, ...], number: int = 1
) -> str:
    """Return the name of a key: the given one, or one that is made."""
    given = relation.key_names.get((kind, columns)) if isinstance(relation, Table) else None
    return given or f"SYS_CONSTRAINT_{path[2]}_{kind}_{number}"


def show_imported_keys(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """Execute SHOW IMPORTED KEYS [IN ...]."""
    rows = []
    for path, relation in _relations(session, statement):
        for number, key in enumerate(relation.references if isinstance(relation, Table) else (), start=1):
            referred = session.catalog.find("TABLE", key.table)
            primary = referred.keys.get("PRIMARY", ((),))[0] if referred is not None else ()
            for sequence, (own, other) in enumerate(
                zip(key.columns, key.referred or primary, strict=False), start=1
            ):
                rows.append(
                    {
                        "created_on": relation.created_on,
                        **dict(zip(_place("pk"), (*key.table, other), strict=True)),
                        **dict(zip(_place("fk"), (*path, own), strict=True)),
                        "key_sequence": str(sequence),
                        "update_rule": "NO ACTION",
                        "delete_rule": "NO ACTION",
                        "fk_name": key.name or f"SYS_CONSTRAINT_{path[2]}_FOREIGN_{number}",
                        "pk_name": _constraint(referred, key.table, "PRIMARY", primary),
                        "deferrability": "NOT DEFERRABLE",
                        "rely": "false",
                        "comment": "",
                    }
                )
    statement.expect_end()
    names = [*_place("pk"), *_place("fk"), "key_sequence", "update_rule", "delete_rule", "fk_name", "pk_name"]
    return rows_of(text(" ".join(["created_on", *names, "deferrability rely comment"])), rows)


def _place(side: str) -> list[str]:
    return [f"{side}_{part}_name" for part in ("database", "schema", "table", "column")]


def show_objects(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """Execute SHOW OBJECTS [LIKE '...'] [IN ...] [STARTS WITH '...'] [LIMIT n]; read from LIKE on."""
    pattern = statement.string() if statement.take("LIKE") else ""
    found = _relations(session, statement)
    prefix = statement.string() if statement.take("STARTS WITH") else ""
    limit = int(statement.value()) if statement.take("LIMIT") else len(found)
    if statement.take("FROM"):
        after = statement.string()
        found = [item for item in found if item[0][2] > after]
    statement.expect_end()
    rows = [
        {
            "created_on": relation.created_on,
            "name": path[2],
            "database_name": path[0],
            "schema_name": path[1],
            "kind": relation.kind,
            "comment": relation.comment,
            "owner": relation.owner,
            "owner_role_type": "ROLE",
            "is_hybrid": "N",
            "is_dynamic": "N",
            "is_iceberg": "N",
        }
        for path, relation in found
        if path[2].startswith(prefix) and (not pattern or like(pattern, path[2]))
    ]
    columns = text(
        "created_on name database_name schema_name kind comment cluster_by rows bytes owner retention_time "
        "owner_role_type is_hybrid is_dynamic is_iceberg"
    )
    return rows_of(columns, rows[:limit])


def describe_table(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """Execute DESCRIBE TABLE; read from the name on. A view and an external table may be named too."""
    path = session.resolve("OBJECT", statement.name())
    statement.take("TYPE = COLUMNS")
    statement.expect_end()
    relation = session.relation(path)
    access_control.require(session.catalog, session.role, relation.kind, path)
    required = relation.required if isinstance(relation, Table) else ()
    defaults = relation.defaults if isinstance(relation, Table) else {}
    keys: dict[str, Any] = relation.keys if isinstance(relation, Table) else {}
    rows = [
        {
            "name": name,
            "type": kind,
            "kind": "COLUMN",
            "null?": "N" if name in required else "Y",
            "default": defaults.get(name) or _identity(relation, name),
            "comment": relation.comments.get(name) if isinstance(relation, Table | View) else None,
            "primary key": "Y" if any(name in key for key in keys.get("PRIMARY", ())) else "N",
            "unique key": "Y" if any(name in key for key in keys.get("UNIQUE", ())) else "N",
        }
        for name, kind in columns_of(relation)
    ]
    names = ["name", "type", "kind", "null?", "default", "primary key", "unique key"]
    names += ["check", "expression", "comment", "policy name", "privacy domain"]
    return rows_of([(name, "text") for name in names], rows, DESCRIBE)


def _identity(relation: Securable, column: str) -> str | None:
    return (relation.identity_of(column) or None) if isinstance(relation, Table) else None


def comment(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """Execute COMMENT [IF EXISTS] ON <kind> <name> IS '...'."""
    statement.expect("COMMENT")
    optional = statement.take("IF EXISTS")
    statement.expect("ON")
    if statement.take("COLUMN"):
        return _comment_column(session, statement)
    for kind in KINDS.values():
        if statement.take_any(*kind.phrases):
            break
    else:
        raise not_implemented(f"COMMENT ON {statement.word()}")
    name = kind.name
    path = session.resolve(name, statement.name())
    statement.expect("IS")
    words = statement.string()
    statement.expect_end()
    found = session.catalog.find(name, path)
    if found is None and optional:
        return status("Statement executed successfully.")
    access_control.require_ownership(session.catalog, session.role, name, path)
    session.catalog.get(name, path).comment = words
    return status("Statement executed successfully.")


def _comment_column(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    *parts, column = statement.name()
    path = session.resolve("TABLE", tuple(parts))
    statement.expect("IS")
    words = statement.string()
    statement.expect_end()
    relation = session.relation(path)
    if not isinstance(relation, Table | View):
        raise not_implemented("COMMENT ON COLUMN of other than a table or a view")
    access_control.require_ownership(session.catalog, session.role, relation.kind, path)
    if column not in dict(columns_of(relation)):
        raise SqlError(f"SQL compilation error:\ninvalid identifier '{column}'", code=904, sqlstate="42000")
    relation.comments[column] = words
    return status("Statement executed successfully.")
