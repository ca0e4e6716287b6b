"""Errors as Snowflake words them: a number, a SQL state and a text."""

from __future__ import annotations

from collections.abc import Sequence


class SqlError(Exception):
    """A statement is refused.

    Args:
        message: the text that the client shows.
        code: Snowflake's error number.
        sqlstate: the five-character SQL state.
    """

    def __init__(self, message: str, *, code: int = 1003, sqlstate: str = "42000") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.sqlstate = sqlstate


class LoginError(Exception):
    """A login is refused; `code` is the number that the client shows."""

    def __init__(self, message: str, code: int = 390100) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def syntax_error(found: str, position: int) -> SqlError:
    """The text cannot be parsed at `found`, which starts at `position`."""
    return SqlError(
        f"SQL compilation error:\nsyntax error line 1 at position {position} unexpected '{found}'."
    )


def unsupported(what: str) -> SqlError:
    """The embedded Snowflake does not do this; `what` names the statement or the clause."""
    return SqlError(f"SQL compilation error:\nUnsupported feature '{what}'.", code=2, sqlstate="0A000")


def does_not_exist(kind: str, path: Sequence[str]) -> SqlError:
    """An object is missing, or the role may not know that it exists."""
    name = ".".join(path)
    # Snowflake says 'Object' and 42S02 for what a query reads, the kind's own name for the rest.
    relation = kind in ("TABLE", "VIEW", "EXTERNAL TABLE", "OBJECT")
    word = "Object" if relation else kind.replace("_", " ").capitalize()
    state = "42S02" if relation else "02000"
    return SqlError(
        f"SQL compilation error:\n{word} '{name}' does not exist or not authorized.",
        code=2003,
        sqlstate=state,
    )


def already_exists(path: Sequence[str]) -> SqlError:
    """An object of that name is there."""
    return SqlError(
        f"SQL compilation error:\nObject '{'.'.join(path)}' already exists.", code=2002, sqlstate="42710"
    )


def insufficient_privileges(kind: str, path: Sequence[str]) -> SqlError:
    """The role in use lacks the privilege."""
    target = "account" if kind == "ACCOUNT" else f"{kind.replace('_', ' ').lower()} '{path[-1]}'"
    return SqlError(
        f"SQL access control error:\nInsufficient privileges to operate on {target}.",
        code=3001,
        sqlstate="42501",
    )


def invalid_property(name: str, kind: str) -> SqlError:
    """The kind has no such property."""
    return SqlError(
        f"SQL compilation error:\ninvalid property '{name}' for '{kind}'", code=1420, sqlstate="22023"
    )


def invalid_value(value: object, name: str) -> SqlError:
    """The property does not take this value."""
    return SqlError(
        f"SQL compilation error:\ninvalid value [{value}] for parameter '{name}'", code=1008, sqlstate="22023"
    )
