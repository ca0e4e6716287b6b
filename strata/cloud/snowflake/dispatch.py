"""Which part of the embedded Snowflake does a statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strata.cloud.snowflake import privileges as rights
from strata.cloud.snowflake import queries
from strata.cloud.snowflake.errors import SqlError, does_not_exist, unsupported
from strata.cloud.snowflake.grammar import SqlStatement
from strata.cloud.snowflake.results import ArrowRows, Rows, rows_of, status
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.statements import (
    accounts,
    databases,
    description,
    external_tables,
    grant_listing,
    grants,
    listing,
    stages,
    views,
)
from strata.cloud.snowflake.statements.creation import Modifiers

_ACCOUNT_KINDS = {
    "WAREHOUSE": "WAREHOUSE",
    "ROLE": "ROLE",
    "USER": "USER",
    "STORAGE INTEGRATION": "INTEGRATION",
    "INTEGRATION": "INTEGRATION",
    "RESOURCE MONITOR": "RESOURCE MONITOR",
}


def execute(
    session: SnowflakeSession, sql: str, parameters: Sequence[Any] | dict[str, Any] | None = None
) -> Rows | ArrowRows:
    """Run one statement in a session.

    Raises:
        SqlError: it is refused, fails, or is not done by the embedded Snowflake; the text names it.
    """
    statement = SqlStatement(sql)
    verb = statement.word()
    if (verb in ("CREATE", "ALTER") and statement.sees(verb, "EXTERNAL", "TABLE")) or (
        verb == "CREATE" and statement.sees("CREATE", "OR", "REPLACE", "EXTERNAL", "TABLE")
    ):
        # These read the bucket and take the catalogue's lock only around that.
        statement.take(verb)
        modifiers = Modifiers(replace=statement.take("OR REPLACE"))
        statement.expect("EXTERNAL TABLE")
        if verb == "CREATE":
            return external_tables.create(session, statement, modifiers)
        return external_tables.alter(session, statement)
    if verb in _VERBS:
        with session.account.lock:
            rows = _VERBS[verb](session, statement)
        if rows is not None:
            return rows
    return queries.run(session, sql, parameters)


def _create(session: SnowflakeSession, statement: SqlStatement) -> Rows | None:
    statement.expect("CREATE")
    replace = statement.take("OR REPLACE")
    kept = {"TRANSIENT": False, "TEMPORARY": False}
    while word := statement.take_any("TRANSIENT", "TEMPORARY", "TEMP", "SECURE"):
        kept["TEMPORARY" if word == "TEMP" else word] = True
    modifiers = Modifiers(replace, kept["TRANSIENT"], kept["TEMPORARY"])
    if statement.sees("TABLE"):
        return None
    if statement.take("DATABASE"):
        if statement.sees("ROLE"):
            raise unsupported("CREATE DATABASE ROLE")
        return databases.create_database(session, statement, modifiers)
    if statement.take("SCHEMA"):
        return databases.create_schema(session, statement, modifiers)
    if statement.take("STAGE"):
        return stages.create_stage(session, statement, modifiers)
    if statement.take("FILE FORMAT"):
        return stages.create_file_format(session, statement, modifiers)
    if statement.take("VIEW"):
        return views.create(session, statement, modifiers)
    for phrase, kind in _ACCOUNT_KINDS.items():
        if phrase != "INTEGRATION" and statement.take(phrase):
            return accounts.create(session, statement, modifiers, kind)
    raise unsupported(f"CREATE {statement.word()} {_second(statement)}".strip())


def _alter(session: SnowflakeSession, statement: SqlStatement) -> Rows | None:
    statement.expect("ALTER")
    if statement.sees("TABLE") or statement.sees("SESSION"):
        return None
    for kind in ("DATABASE", "SCHEMA"):
        if statement.take(kind):
            return databases.alter(session, statement, kind)
    if statement.take("STAGE"):
        return stages.alter_stage(session, statement)
    if statement.take("FILE FORMAT"):
        return stages.alter_file_format(session, statement)
    if statement.take("VIEW"):
        return views.alter(session, statement)
    for phrase, kind in _ACCOUNT_KINDS.items():
        if statement.take(phrase):
            return accounts.alter(session, statement, kind)
    raise unsupported(f"ALTER {statement.word()} {_second(statement)}".strip())


def _drop(session: SnowflakeSession, statement: SqlStatement) -> Rows | None:
    statement.expect("DROP")
    if statement.sees("TABLE"):
        return _drop_missing_table(session, statement)
    if statement.sees("DATABASE", "ROLE"):
        raise unsupported("DROP DATABASE ROLE")
    for kind in ("DATABASE", "SCHEMA"):
        if statement.take(kind):
            return databases.drop(session, statement, kind)
    if statement.take("STAGE"):
        return stages.drop_stage(session, statement)
    if statement.take("FILE FORMAT"):
        return stages.drop_file_format(session, statement)
    if statement.take("EXTERNAL TABLE"):
        return external_tables.drop(session, statement)
    if statement.take("VIEW"):
        return views.drop(session, statement)
    for phrase, kind in _ACCOUNT_KINDS.items():
        if statement.take(phrase):
            return accounts.drop(session, statement, kind)
    raise unsupported(f"DROP {statement.word()} {_second(statement)}".strip())


def _drop_missing_table(session: SnowflakeSession, statement: SqlStatement) -> Rows | None:
    """DROP TABLE IF EXISTS of a table that is not there; any other is the engine's."""
    statement.expect("TABLE")
    if not statement.take("IF EXISTS"):
        return None
    path = session.resolve("TABLE", statement.name())
    if session.catalog.find("TABLE", path) is not None:
        return None
    return status(f"Drop statement executed successfully ({path[-1]} already dropped).")


def _show(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    statement.expect("SHOW")
    if statement.take("GRANTS"):
        return grant_listing.show_grants(session, statement)
    if statement.take("FUTURE GRANTS"):
        return grant_listing.show_future_grants(session, statement)
    if statement.take("USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER"):
        return listing.show_workload_identities(session, statement.name())
    return listing.show(session, statement)


def _describe(session: SnowflakeSession, statement: SqlStatement) -> Rows | None:
    statement.take_any("DESCRIBE", "DESC")
    return description.describe(session, statement)


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
        raise unsupported("USE SECONDARY ROLES")
    kind = statement.take_any("ROLE", "WAREHOUSE", "DATABASE", "SCHEMA")
    name = statement.name()
    statement.expect_end()
    use(session, kind or ("DATABASE" if len(name) == 1 else "SCHEMA"), name)
    return status("Statement executed successfully.")


def use(session: SnowflakeSession, kind: str, name: tuple[str, ...]) -> None:
    """Make a role, warehouse, database or schema the session's.

    Raises:
        SqlError: it does not exist, or the user or role may not use it.
    """
    path = session.resolve(kind, name)
    if kind == "ROLE":
        if path[0] not in session.catalog.roles:
            raise does_not_exist("ROLE", path)
        if path[0] not in rights.roles_of_user(session.catalog, session.user):
            raise SqlError(
                f"SQL access control error:\nRequested role '{path[0]}' is not assigned to the executing "
                "user. Specify "
                "another role to activate.",
                code=3013,
                sqlstate="42501",
            )
        session.role = path[0]
        return
    rights.require(session.catalog, session.role, kind, path)
    if kind == "WAREHOUSE":
        session.warehouse = path[0]
    elif kind == "DATABASE":
        session.database = path[0]
        session.schema = "PUBLIC" if "PUBLIC" in session.catalog.databases[path[0]].schemas else ""
    else:
        session.database, session.schema = path


def _list(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """LIST @stage[/path]: the files of an external stage."""
    statement.take_any("LIST", "LS")
    location = statement.stage_path()
    statement.expect_end()
    files = stages.files(session, location)
    columns = [("name", "text"), ("size", "fixed"), ("md5", "text"), ("last_modified", "text")]
    return rows_of(columns, files)


def _second(statement: SqlStatement) -> str:
    word = statement.word(1)
    return (
        word if word.isalpha() and word in ("POLICY", "INTEGRATION", "VIEW", "TABLE", "RULE", "POOL") else ""
    )


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
}
