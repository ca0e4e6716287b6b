"""ALTER SESSION, session variables and transactions."""

from __future__ import annotations

from strata.cloud.snowflake import parameters
from strata.cloud.snowflake.errors import not_implemented
from strata.cloud.snowflake.grammar import SqlStatement
from strata.cloud.snowflake.results import Rows, rows_of, status
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.statements.records import text

_DONE = "Statement executed successfully."


def alter(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """Execute ALTER SESSION SET and UNSET; read from the verb after SESSION on."""
    statement.expect("SESSION")
    if statement.take("SET"):
        for name, value in statement.properties().items():
            parameters.set_parameter(session, name, value)
        return status(_DONE)
    if not statement.take("UNSET"):
        raise not_implemented(f"ALTER SESSION {statement.word()}")
    while not statement.done:
        session.parameters.pop(statement.identifier(), None)
        statement.take(",")
    return status(_DONE)


def begin(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """Execute BEGIN [WORK | TRANSACTION] [NAME n] and START TRANSACTION [NAME n]."""
    if statement.take("START"):
        statement.expect("TRANSACTION")
    else:
        statement.expect("BEGIN")
        statement.take_any("WORK", "TRANSACTION")
    if statement.take("NAME"):
        statement.identifier()
    if not statement.done:
        raise not_implemented("a block of Snowflake Scripting")
    session.transaction.begin()
    return status(_DONE)


def end(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """Execute COMMIT [WORK] and ROLLBACK [WORK]."""
    verb = statement.next().text.upper()
    statement.take("WORK")
    statement.expect_end()
    session.transaction.end(verb)
    return status(_DONE)


def unset_variables(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """Execute UNSET name, and UNSET (name, ...)."""
    statement.expect("UNSET")
    names = SqlStatement(statement.parenthesised()) if statement.sees("(") else statement
    while not names.done:
        session.variables.pop(names.identifier(), None)
        names.take(",")
    return status(_DONE)


def show_variables(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    """Execute SHOW VARIABLES."""
    statement.expect_end()
    records = [
        {
            "session_id": str(session.id),
            "name": name,
            "value": variable.name,
            "type": "text" if variable.is_string else "fixed",
        }
        for name, variable in sorted(session.variables.items())
    ]
    return rows_of(text("session_id created_on updated_on name value type comment"), records)
