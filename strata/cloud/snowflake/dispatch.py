"""Dispatch of statements to their handlers."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from strata.cloud.snowflake import access_control, queries
from strata.cloud.snowflake.catalog import ExternalTable
from strata.cloud.snowflake.errors import SqlError, does_not_exist, not_implemented
from strata.cloud.snowflake.grammar import SqlStatement
from strata.cloud.snowflake.kinds import KINDS, Kind
from strata.cloud.snowflake.results import ArrowRows, Rows, rows_of, status
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.statements import (
    accounts,
    columns,
    databases,
    description,
    external_tables,
    grant_listing,
    grants,
    listing,
    records,
    sessions,
    stages,
    views,
)
from strata.cloud.snowflake.statements.creation import Modifiers

# Longer texts come once.
_KEPT_TEXT = 10_000


@dataclass(frozen=True)
class Statements:
    """The handlers of one kind's statements; None for an unsupported statement."""

    row: listing.Recorder
    create: Callable[[SnowflakeSession, SqlStatement, Modifiers], Rows] | None = None
    alter: Callable[[SnowflakeSession, SqlStatement], Rows] | None = None
    drop: Callable[[SnowflakeSession, SqlStatement], Rows] | None = None
    describe: description.Describer | None = None


def _of_account(
    kind: str, row: listing.Recorder, describe: description.Describer | None = None
) -> Statements:
    return Statements(
        row,
        partial(accounts.create, kind=kind),
        partial(accounts.alter, kind=kind),
        partial(accounts.drop, kind=kind),
        describe,
    )


_STATEMENTS = {
    "DATABASE": Statements(
        records.database,
        databases.create_database,
        partial(databases.alter, kind="DATABASE"),
        partial(databases.drop, kind="DATABASE"),
        description.contents,
    ),
    "SCHEMA": Statements(
        records.schema,
        databases.create_schema,
        partial(databases.alter, kind="SCHEMA"),
        partial(databases.drop, kind="SCHEMA"),
        description.contents,
    ),
    "STAGE": Statements(
        records.stage, stages.create_stage, stages.alter_stage, stages.drop_stage, description.stage
    ),
    "FILE FORMAT": Statements(
        records.file_format,
        stages.create_file_format,
        stages.alter_file_format,
        stages.drop_file_format,
        description.file_format,
    ),
    "VIEW": Statements(records.view, views.create, views.alter, views.drop, description.view),
    # CREATE and ALTER of an external table are dispatched before the catalogue is locked; those of a table
    # are the engine's.
    "EXTERNAL TABLE": Statements(
        records.external_table, drop=external_tables.drop, describe=description.external_table
    ),
    "TABLE": Statements(records.table),
    "USER": _of_account("USER", records.user, description.user),
    "ROLE": _of_account("ROLE", records.role),
    "WAREHOUSE": _of_account("WAREHOUSE", records.warehouse, description.contents),
    "INTEGRATION": _of_account("INTEGRATION", records.integration, description.integration),
    "RESOURCE MONITOR": _of_account("RESOURCE MONITOR", records.monitor),
}


def execute(
    session: SnowflakeSession,
    sql: str,
    parameters: Sequence[Any] | dict[str, Any] | None = None,
    query_id: str = "",
) -> Rows | ArrowRows:
    """Run one statement in a session; its query gets a new id unless one is given.

    Raises:
        SqlError: it is refused, fails or is unsupported; the message names it.
    """
    session.query_id = query_id or str(uuid.uuid4())
    rows = _execute(session, sql, parameters)
    session.history.keep(session.query_id, rows)
    return rows


def _execute(
    session: SnowflakeSession, sql: str, parameters: Sequence[Any] | dict[str, Any] | None
) -> Rows | ArrowRows:
    verb = _verb(sql)
    if verb not in _VERBS:
        return queries.run(session, sql, parameters)
    statement = SqlStatement(sql)
    if verb in _COMMITS:
        # Each statement that changes the catalogue commits the transaction before it.
        session.transaction.end("COMMIT")
    if (verb in ("CREATE", "ALTER") and statement.sees(verb, "EXTERNAL", "TABLE")) or (
        verb == "CREATE" and statement.sees("CREATE", "OR", "REPLACE", "EXTERNAL", "TABLE")
    ):
        # Reading the bucket must not hold the catalogue's lock.
        statement.take(verb)
        modifiers = Modifiers(replace=statement.take("OR REPLACE"))
        statement.expect("EXTERNAL TABLE")
        if verb == "CREATE":
            return external_tables.create(session, statement, modifiers)
        return external_tables.alter(session, statement)
    with session.account.lock:
        rows = _VERBS[verb](session, statement)
    return queries.run(session, sql, parameters) if rows is None else rows


def _verb(sql: str) -> str:
    """Return a statement's first word in capitals; the empty string of what begins with another sign."""
    return _kept_verb(sql) if len(sql) <= _KEPT_TEXT else SqlStatement(sql).word()


@lru_cache(1024)
def _kept_verb(sql: str) -> str:
    return SqlStatement(sql).word()


def describe(session: SnowflakeSession, sql: str, query_id: str) -> Rows | ArrowRows:
    """Return the columns of a statement's result, without a row; nothing runs and no file is read.

    Raises:
        SqlError: it is refused, or would fail before it runs.
    """
    session.query_id = query_id
    verb = _verb(sql)
    if verb in ("SHOW", "DESCRIBE", "DESC", "LIST", "LS"):
        rows = _execute(session, sql, None)
        return Rows(rows.columns, [], rows.statement_type) if isinstance(rows, Rows) else rows
    if verb in _VERBS:
        return Rows([("status", "text")], [])
    return queries.describe(session, sql)


def execute_many(
    session: SnowflakeSession, sql: str, rows: Sequence[tuple[Any, ...]], query_id: str
) -> ArrowRows:
    """Run one statement for many rows of bound values; where it fails, no row has changed anything.

    Raises:
        SqlError: it fails for a row.
    """
    session.query_id = query_id
    found = queries.run_many(session, sql, rows)
    session.history.keep(session.query_id, found)
    return found


def _create(session: SnowflakeSession, statement: SqlStatement) -> Rows | None:
    statement.expect("CREATE")
    replace = statement.take("OR REPLACE")
    statement.take("SCOPED")
    kept = {"TRANSIENT": False, "TEMPORARY": False, "SECURE": False}
    while word := statement.take_any("TRANSIENT", "TEMPORARY", "TEMP", "SECURE"):
        kept["TEMPORARY" if word == "TEMP" else word] = True
    modifiers = Modifiers(replace, kept["TRANSIENT"], kept["TEMPORARY"], secure=kept["SECURE"])
    if statement.sees("TABLE"):
        return None
    kind = _kind(statement, "CREATE", creates=True)
    create = _STATEMENTS[kind.name].create
    if create is None:
        raise not_implemented(f"CREATE {kind.name}")
    return create(session, statement, modifiers)


def _alter(session: SnowflakeSession, statement: SqlStatement) -> Rows | None:
    statement.expect("ALTER")
    if statement.sees("TABLE"):
        return _of_table(session, statement)
    if statement.sees("SESSION"):
        return sessions.alter(session, statement)
    kind = _kind(statement, "ALTER")
    alter = _STATEMENTS[kind.name].alter
    if alter is None:
        raise not_implemented(f"ALTER {kind.name}")
    return alter(session, statement)


def _drop(session: SnowflakeSession, statement: SqlStatement) -> Rows | None:
    statement.expect("DROP")
    if statement.sees("TABLE"):
        return _drop_missing_table(session, statement)
    kind = _kind(statement, "DROP")
    drop = _STATEMENTS[kind.name].drop
    if drop is None:
        raise not_implemented(f"DROP {kind.name}")
    return drop(session, statement)


def _kind(statement: SqlStatement, verb: str, *, creates: bool = False) -> Kind:
    """Read the kind of a statement's object; CREATE accepts the first of its phrases only."""
    if not statement.sees("DATABASE", "ROLE"):
        for kind in KINDS.values():
            if statement.take_any(*(kind.phrases[:1] if creates else kind.phrases)):
                return kind
    raise not_implemented(f"{verb} {statement.word()} {_second(statement)}".strip())


def _drop_missing_table(session: SnowflakeSession, statement: SqlStatement) -> Rows | None:
    """Answer DROP TABLE IF EXISTS of a missing table; leave any other to the engine."""
    statement.expect("TABLE")
    if not statement.take("IF EXISTS"):
        return None
    path = session.resolve("TABLE", statement.name())
    if session.catalog.find("TABLE", path) is not None:
        return None
    return status(f"Drop statement executed successfully ({path[-1]} already dropped).")


def _of_table(session: SnowflakeSession, statement: SqlStatement) -> Rows | None:
    """Answer TRUNCATE and ALTER TABLE IF EXISTS of a missing table; leave any other to the engine."""
    statement.take_any("TRUNCATE", "ALTER")
    statement.take("TABLE")
    optional = statement.take("IF EXISTS")
    name = statement.name()
    if len(name) > 3 or (not session.database and len(name) < 3):
        return None
    path = session.resolve("TABLE", name)
    if isinstance(session.catalog.find("OBJECT", path), ExternalTable) and not statement.done:
        return external_tables.alter_columns(session, path, statement)
    if optional and session.catalog.find("TABLE", path) is None:
        return status("Statement executed successfully.")
    return None


# Columns of SHOW of the kinds that an account has none of.
_NONE = {
    "INDEXES": (
        "created_on name is_unique columns included_columns table database_name schema_name owner "
        "owner_role_type"
    ),
    "SEQUENCES": (
        "name database_name schema_name next_value interval created_on owner comment owner_role_type ordered"
    ),
}


def _show(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    statement.expect("SHOW")
    if statement.take("GRANTS"):
        return grant_listing.show_grants(session, statement)
    if statement.take("FUTURE GRANTS"):
        return grant_listing.show_future_grants(session, statement)
    if statement.take("USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER"):
        return listing.show_workload_identities(session, statement.name())
    if statement.take("TERSE"):
        return _terse(_show_kind(session, statement))
    return _show_kind(session, statement)


_TERSE = ("created_on", "name", "kind", "database_name", "schema_name")


def _terse(rows: Rows) -> Rows:
    """Return the columns of SHOW TERSE; one that the kind does not have is null."""
    names = [name for name, _ in rows.columns]
    records = [dict(zip(names, row, strict=True)) for row in rows.rows]
    return rows_of([(name, dict(rows.columns).get(name, "text")) for name in _TERSE], records)


def _show_kind(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    for kind in KINDS.values():
        if statement.take_any(*kind.shown_as):
            return listing.show(session, statement, kind, _STATEMENTS[kind.name].row)
    for phrase, shown in _NONE.items():
        if statement.take(phrase):
            return listing.show_none(session, statement, shown)
    if statement.take("REPLICATION DATABASES"):
        return listing.show_replication_databases(session, statement)
    if statement.take("VARIABLES"):
        return sessions.show_variables(session, statement)
    if statement.take("COLUMNS"):
        return columns.show_columns(session, statement)
    if statement.take("OBJECTS"):
        return columns.show_objects(session, statement)
    if key := statement.take_any("PRIMARY KEYS", "UNIQUE KEYS"):
        return columns.show_keys(session, statement, key.split()[0])
    if statement.take("IMPORTED KEYS"):
        return columns.show_imported_keys(session, statement)
    if statement.take("PARAMETERS"):
        return listing.show_parameters(session, statement)
    raise not_implemented(f"SHOW {statement.word()}")


def _describe(session: SnowflakeSession, statement: SqlStatement) -> Rows | None:
    statement.take_any("DESCRIBE", "DESC")
    if statement.take("TABLE"):
        return columns.describe_table(session, statement)
    kind = _kind(statement, "DESCRIBE")
    describer = _STATEMENTS[kind.name].describe
    if describer is None:
        raise not_implemented(f"DESCRIBE {kind.name}")
    return description.describe(session, statement, kind, describer)


def _grant(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    statement.expect("GRANT")
    return grants.grant(session, statement)


def _revoke(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    statement.expect("REVOKE")
    return grants.revoke(session, statement)


def _use(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    statement.expect("USE")
    if statement.take("SECONDARY ROLES"):
        if statement.take("NONE"):
            return status("Statement executed successfully.")
        raise not_implemented("USE SECONDARY ROLES")
    kind = statement.take_any("ROLE", "WAREHOUSE", "DATABASE", "SCHEMA")
    name = statement.name()
    statement.expect_end()
    use(session, kind or ("DATABASE" if len(name) == 1 else "SCHEMA"), name)
    return status("Statement executed successfully.")


def use(session: SnowflakeSession, kind: str, name: tuple[str, ...]) -> None:
    """Set the session's role, warehouse, database or schema.

    Raises:
        SqlError: it does not exist, or the user or role may not use it.
    """
    path = session.resolve(kind, name)
    if kind != "ROLE" and session.catalog.find(kind, path) is None:
        raise SqlError(
            "SQL compilation error:\nObject does not exist, or operation cannot be performed.",
            code=2043,
            sqlstate="02000",
        )
    if kind == "ROLE":
        if path[0] not in session.catalog.roles:
            raise does_not_exist("ROLE", path)
        if path[0] not in access_control.roles_of_user(session.catalog, session.user):
            raise SqlError(
                f"SQL access control error:\nRequested role '{path[0]}' is not assigned to the executing "
                "user. Specify "
                "another role to activate.",
                code=3013,
                sqlstate="42501",
            )
        session.role = path[0]
        return
    access_control.require(session.catalog, session.role, kind, path)
    if kind == "WAREHOUSE":
        session.warehouse = path[0]
    elif kind == "DATABASE":
        session.database = path[0]
        session.schema = "PUBLIC" if "PUBLIC" in session.catalog.databases[path[0]].schemas else ""
    else:
        session.database, session.schema = path


def _list(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """Execute LIST @stage[/path] on an external stage."""
    statement.take_any("LIST", "LS")
    location = statement.stage_path()
    statement.expect_end()
    files = stages.files(session, location)
    columns = [("name", "text"), ("size", "fixed"), ("md5", "text"), ("last_modified", "text")]
    return rows_of(columns, files)


def _second(statement: SqlStatement) -> str:
    word = statement.word(1)
    return (
        word
        if word.isalpha() and word in ("ROLE", "POLICY", "INTEGRATION", "VIEW", "TABLE", "RULE", "POOL")
        else ""
    )


_COMMITS = ("COMMENT", "CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "TRUNCATE")
_VERBS = {
    "CREATE": _create,
    "ALTER": _alter,
    "DROP": _drop,
    "SHOW": _show,
    "DESCRIBE": _describe,
    "DESC": _describe,
    "GRANT": _grant,
    "REVOKE": _revoke,
    "USE": _use,
    "LIST": _list,
    "LS": _list,
    "BEGIN": sessions.begin,
    "START": sessions.begin,
    "COMMIT": sessions.end,
    "ROLLBACK": sessions.end,
    "UNSET": sessions.unset_variables,
    "COMMENT": columns.comment,
    "TRUNCATE": _of_table,
}
