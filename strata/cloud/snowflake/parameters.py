"""Parameters of a session: what a login and ALTER SESSION set, over what the user and the account have."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from typing import Any

from strata.cloud.snowflake.errors import SqlError, invalid_value, not_implemented
from strata.cloud.snowflake.properties import known_parameters
from strata.cloud.snowflake.property_values import Option
from strata.cloud.snowflake.session import SnowflakeSession

# A new account of Snowflake is in Los Angeles; this one is set to UTC.
ACCOUNT = {"TIMEZONE": "Etc/UTC"}
# Parameters that the embedded Snowflake follows, or that no result depends on. Of any other, only the default
# is accepted: it would change results.
_KEPT = frozenset(
    (
        "ABORT_DETACHED_QUERY",
        "AUTOCOMMIT",
        "LOCK_TIMEOUT",
        "LOG_EVENT_LEVEL",
        "LOG_LEVEL",
        "QUERY_TAG",
        "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS",
        "STATEMENT_TIMEOUT_IN_SECONDS",
        "TIMEZONE",
        "TRACE_LEVEL",
        "USE_CACHED_RESULT",
    )
)
_PREFIXES = ("CLIENT_", "JDBC_", "ODBC_")


def level_of(session: SnowflakeSession, name: str) -> tuple[str, str]:
    """Return a parameter's value, and the level that sets it: SESSION, USER, ACCOUNT or the empty string."""
    with session.account.lock:
        user = session.catalog.users.get(session.user)
        of_user = user.parameters.get(name) if user is not None else None
    for level, value in (
        ("SESSION", session.parameters.get(name)),
        ("USER", of_user),
        ("ACCOUNT", ACCOUNT.get(name)),
    ):
        if value is not None:
            return value, level
    return str(known_parameters()[name]["default"]), ""


def value_of(session: SnowflakeSession, name: str) -> str:
    return level_of(session, name)[0]


def set_parameter(session: SnowflakeSession, name: str, value: Any) -> None:
    """Set a parameter of the session.

    Raises:
        SqlError: it does not exist, its value is invalid, or the embedded Snowflake does not follow it.
    """
    read = checked(name, value)
    if name == "AUTOCOMMIT" and read == "true" and session.transaction.open:
        session.transaction.end("COMMIT")
    session.parameters[name] = read


def checked(name: str, value: Any) -> str:
    """Return the text of a value for a parameter.

    Raises:
        SqlError: as `set_parameter`.
    """
    known = known_parameters().get(name)
    if known is None or "USER" not in known["levels"]:
        raise SqlError(f"SQL compilation error:\ninvalid parameter '{name}'", code=1006, sqlstate="22023")
    option = Option(known["type"]).read(name, value)
    read = str(option).lower() if isinstance(option, bool) else str(option)
    if name == "TIMEZONE" and read not in zoneinfo.available_timezones():
        raise invalid_value(read, name)
    if name not in _KEPT and not name.startswith(_PREFIXES) and read.upper() != str(known["default"]).upper():
        raise not_implemented(f"{name} = {read}")
    return read


def set_at_login(session: SnowflakeSession, given: Mapping[str, Any]) -> None:
    """Set what a client asks for at login; what only the client knows is left out, as Snowflake does.

    Raises:
        SqlError: the embedded Snowflake does not follow a parameter.
    """
    for key, value in given.items():
        name = str(key).upper()
        if name in known_parameters():
            set_parameter(session, name, value)
