"""Databases and schemas."""

from __future__ import annotations

from strata.cloud.snowflake import access_control
from strata.cloud.snowflake.catalog import Database, ExternalTable, Schema, Table
from strata.cloud.snowflake.errors import SqlError, not_implemented
from strata.cloud.snowflake.grammar import Path, SqlStatement
from strata.cloud.snowflake.properties import apply_properties, unset_properties
from strata.cloud.snowflake.results import Rows, status
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.statements.creation import (
    Modifiers,
    all_or_nothing,
    existing,
    if_not_exists,
    target,
)


def create_database(session: SnowflakeSession, statement: SqlStatement, modifiers: Modifiers) -> Rows:
    modifiers = if_not_exists(statement, modifiers)
    path = session.resolve("DATABASE", statement.name())
    access_control.require(
        session.catalog, session.role, "ACCOUNT", access_control.ACCOUNT, "CREATE DATABASE"
    )
    _refuse_copies(statement)
    properties = statement.properties()
    database = Database(name=path[0], owner=session.role, options={"TRANSIENT": modifiers.transient})
    apply_properties("DATABASE", database, properties)
    answer = existing(session, "DATABASE", path, modifiers)
    if answer is not None:
        return answer
    if path[0] in session.catalog.databases:
        _drop_database(session, path)
    session.engine.create_database(path[0])
    session.catalog.add("DATABASE", path, database)
    _add_schema(session, (path[0], "PUBLIC"), Schema(name="PUBLIC", owner=session.role))
    session.database, session.schema = path[0], "PUBLIC"
    return status(f"Database {path[0]} successfully created.")


def create_schema(session: SnowflakeSession, statement: SqlStatement, modifiers: Modifiers) -> Rows:
    modifiers = if_not_exists(statement, modifiers)
    path = session.resolve("SCHEMA", statement.name())
    access_control.require(session.catalog, session.role, "DATABASE", path[:1], "CREATE SCHEMA")
    _refuse_copies(statement)
    managed = statement.take("WITH MANAGED ACCESS")
    properties = statement.properties()
    schema = Schema(name=path[1], owner=session.role)
    schema.options = {"TRANSIENT": modifiers.transient, "MANAGED ACCESS": managed}
    apply_properties("SCHEMA", schema, properties)
    answer = existing(session, "SCHEMA", path, modifiers)
    if answer is not None:
        return answer
    if path[1] in session.catalog.databases[path[0]].schemas:
        _drop_schema(session, path)
    _add_schema(session, path, schema)
    session.database, session.schema = path
    return status(f"Schema {path[1]} successfully created.")


def alter(session: SnowflakeSession, statement: SqlStatement, kind: str) -> Rows:
    """Execute ALTER DATABASE and ALTER SCHEMA."""
    path, answer = target(session, kind, statement)
    if answer is not None:
        return answer
    access_control.require(session.catalog, session.role, kind, path, "MODIFY")
    securable = session.catalog.get(kind, path)
    if statement.take("SET"):
        with all_or_nothing(securable):
            apply_properties(kind, securable, statement.properties())
    elif statement.take("UNSET"):
        with all_or_nothing(securable):
            unset_properties(kind, securable, statement)
    elif kind == "SCHEMA" and statement.take("ENABLE MANAGED ACCESS"):
        securable.options["MANAGED ACCESS"] = True
    elif kind == "SCHEMA" and statement.take("DISABLE MANAGED ACCESS"):
        securable.options["MANAGED ACCESS"] = False
    elif statement.take("RENAME TO"):
        access_control.require_ownership(session.catalog, session.role, kind, path)
        return _rename(session, kind, path, statement)
    else:
        raise not_implemented(f"ALTER {kind} {statement.word()}")
    statement.expect_end()
    return status("Statement executed successfully.")


def drop(session: SnowflakeSession, statement: SqlStatement, kind: str) -> Rows:
    """Execute DROP DATABASE and DROP SCHEMA."""
    path, answer = target(session, kind, statement)
    restrict = statement.take_any("CASCADE", "RESTRICT") == "RESTRICT"
    statement.expect_end()
    if answer is not None:
        return answer
    access_control.require_ownership(session.catalog, session.role, kind, path)
    if restrict and kind == "SCHEMA" and list(session.catalog.walk_schema(path)):
        raise SqlError(f"SQL compilation error:\nCannot drop schema '{path[1]}': it is not empty.")
    if kind == "DATABASE":
        _drop_database(session, path)
    else:
        _drop_schema(session, path)
    return status(f"{path[-1]} successfully dropped.")


def _refuse_copies(statement: SqlStatement) -> None:
    for clause in ("CLONE", "FROM", "AS REPLICA OF"):
        if statement.take(clause):
            raise not_implemented(f"CREATE ... {clause}")


def _add_schema(session: SnowflakeSession, path: Path, schema: Schema) -> None:
    session.engine.create_schema(*path)
    session.catalog.add("SCHEMA", path, schema)


def _drop_database(session: SnowflakeSession, path: Path) -> None:
    _refuse_dependents(session, path)
    session.catalog.remove("DATABASE", path)
    session.engine.drop_database(path[0])
    if session.database == path[0]:
        session.database = session.schema = ""


def _drop_schema(session: SnowflakeSession, path: Path) -> None:
    _refuse_dependents(session, path)
    session.catalog.remove("SCHEMA", path)
    session.engine.drop_schema(*path)
    if (session.database, session.schema) == path:
        session.schema = ""


def _refuse_dependents(session: SnowflakeSession, path: Path) -> None:
    """Refuse to drop a stage that an external table in another place uses."""
    for kind, table, securable in session.catalog.walk():
        if not isinstance(securable, ExternalTable) or kind != "EXTERNAL TABLE":
            continue
        if securable.stage[: len(path)] == path and table[: len(path)] != path:
            raise SqlError(
                f"SQL compilation error:\nCannot drop: stage '{'.'.join(securable.stage)}' has a dependent "
                "external "
                f"table '{'.'.join(table)}'.",
                code=3911,
                sqlstate="2BP01",
            )


def _rename(session: SnowflakeSession, kind: str, path: Path, statement: SqlStatement) -> Rows:
    holds_tables = any(
        isinstance(s, Table) and p[: len(path)] == path for k, p, s in session.catalog.walk() if k == "TABLE"
    )
    if holds_tables:
        raise not_implemented(f"ALTER {kind} ... RENAME TO while it holds tables")
    names = statement.name()
    statement.expect_end()
    new = path[: -len(names)] + names if len(names) < len(path) else names
    session.catalog.rename(kind, path, new)
    if kind == "DATABASE":
        session.engine.drop_database(path[0])
        session.engine.create_database(new[0])
        for schema in session.catalog.databases[new[0]].schemas:
            session.engine.create_schema(new[0], schema)
    else:
        session.engine.drop_schema(*path)
        session.engine.create_schema(*new)
    return status("Statement executed successfully.")
