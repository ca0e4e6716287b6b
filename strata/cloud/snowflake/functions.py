"""Context functions, replaced in a query by the session's values."""

from __future__ import annotations

from sqlglot import Expr, exp

from strata.cloud.snowflake import access_control
from strata.cloud.snowflake.session import SnowflakeSession


def fill(session: SnowflakeSession, tree: Expr) -> bool:
    """Replace context functions by their values; return whether there is one."""
    filled = False
    for node in list(tree.walk()):
        value = _value(session, node)
        if value is not None:
            node.replace(value)
            filled = True
    return filled


def _function(node: Expr) -> str:
    if isinstance(node, exp.Anonymous):
        return str(node.this).upper()
    if isinstance(node, exp.CurrentUser | exp.CurrentSchema | exp.CurrentCatalog | exp.SessionUser):
        return node.sql_name()
    if isinstance(node, exp.Func):
        name = node.sql_name()
        return name if name.startswith("CURRENT_") else ""
    return ""


def _value(session: SnowflakeSession, node: Expr) -> Expr | None:
    function = _function(node)
    if not function:
        return None
    if function == "IS_ROLE_IN_SESSION":
        (requested,) = node.expressions
        held = requested.name in access_control.active_roles(session.catalog, session.role)
        return exp.true() if held else exp.false()
    if function == "LAST_QUERY_ID":
        position = int(node.expressions[0].sql()) if node.expressions else -1
        ids = session.history.ids
        index = position - 1 if position > 0 else position
        return exp.Literal.string(ids[index]) if -len(ids) <= index < len(ids) else exp.Null()
    values = {
        "CURRENT_ACCOUNT": session.catalog.account,
        "CURRENT_ACCOUNT_NAME": session.catalog.account,
        "CURRENT_ORGANIZATION_NAME": session.catalog.organization,
        "CURRENT_REGION": f"AWS_{session.catalog.region.upper().replace('-', '_')}",
        "CURRENT_USER": session.user,
        "CURRENT_ROLE": session.role,
        "CURRENT_ROLE_TYPE": "ROLE",
        "CURRENT_CLIENT": session.client,
        "CURRENT_SESSION": str(session.id),
        "CURRENT_WAREHOUSE": session.warehouse,
        "CURRENT_DATABASE": session.database,
        "CURRENT_CATALOG": session.database,
        "CURRENT_SCHEMA": session.schema,
    }
    if function not in values:
        return None
    return exp.Literal.string(values[function]) if values[function] else exp.Null()
