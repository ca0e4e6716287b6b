"""Views: they run with their owner's privileges, and resolve unqualified names in their own schema."""

from __future__ import annotations

from strata.cloud.snowflake import access_control, queries
from strata.cloud.snowflake.catalog import View
from strata.cloud.snowflake.errors import not_implemented
from strata.cloud.snowflake.grammar import SqlStatement
from strata.cloud.snowflake.results import Rows, status
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.statements.creation import Modifiers, existing, if_not_exists, new, rename, target


def create(session: SnowflakeSession, statement: SqlStatement, modifiers: Modifiers) -> Rows:
    modifiers = if_not_exists(statement, modifiers)
    path = session.resolve("VIEW", statement.name())
    access_control.require(session.catalog, session.role, "SCHEMA", path[:2], "CREATE VIEW")
    columns: tuple[str, ...] = ()
    comments: dict[str, str] = {}
    if statement.sees("("):
        columns, comments = _columns(SqlStatement(statement.parenthesised()))
    comment, copies_grants = "", False
    while not statement.take("AS"):
        if statement.take("COPY GRANTS"):
            copies_grants = True
        else:
            statement.expect("COMMENT")
            statement.expect("=")
            comment = statement.string()
    query = statement.rest()
    view = View(name=path[2], owner=session.role, comment=comment, query=query, columns=columns)
    view.comments = comments
    view.text = statement.sql
    view.secure = modifiers.secure
    view.session = session.id if modifiers.temporary else 0
    view.options["COLUMNS"] = queries.describe_view(session, path, view)
    answer = existing(session, "VIEW", path, modifiers)
    if answer is not None:
        return answer
    grants = {g: d for g, d in session.catalog.grants.items() if g.path == path} if copies_grants else {}
    rows = new(session, "VIEW", path, view, modifiers)
    session.catalog.grants.update(grants)
    return rows


def _columns(statement: SqlStatement) -> tuple[tuple[str, ...], dict[str, str]]:
    """Read the names of a view's columns, and the comments on them."""
    names: list[str] = []
    comments: dict[str, str] = {}
    while not names or statement.take(","):
        names.append(statement.identifier())
        if statement.take("COMMENT"):
            comments[names[-1]] = statement.string()
        for policy in ("MASKING POLICY", "PROJECTION POLICY", "TAG"):
            if statement.take_any(policy, f"WITH {policy}"):
                raise not_implemented(f"a column of a view with {policy}")
    statement.expect_end()
    return tuple(names), comments


def alter(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    path, answer = target(session, "VIEW", statement)
    if answer is not None:
        return answer
    access_control.require_ownership(session.catalog, session.role, "VIEW", path)
    view = session.catalog.get("VIEW", path)
    if statement.take("RENAME TO"):
        return rename(session, "VIEW", path, statement)
    if statement.take("UNSET COMMENT"):
        comment = ""
    elif statement.take("SET COMMENT ="):
        comment = statement.string()
    else:
        raise not_implemented(f"ALTER VIEW {statement.word()}")
    statement.expect_end()
    view.comment = comment
    return status("Statement executed successfully.")


def drop(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    path, answer = target(session, "VIEW", statement)
    statement.take_any("CASCADE", "RESTRICT")
    statement.expect_end()
    if answer is not None:
        return answer
    access_control.require_ownership(session.catalog, session.role, "VIEW", path)
    session.catalog.remove("VIEW", path)
    return status(f"{path[2]} successfully dropped.")
