"""Snowflake's errors: a number, a SQL state and a message."""

from __future__ import annotations

from collections.abc import Sequence


class SqlError(Exception):
    """A statement fails.

    Args:
        message: shown by the client.
        code: Snowflake's error number.
        sqlstate: the five-character SQL state.
    """

    def __init__(self, message: str, *, code: int = 1003, sqlstate: str = "42000") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.sqlstate = sqlstate


class LoginError(Exception):
    """A login fails; the client shows `code`."""

    def __init__(self, message: str, code: int = 390100) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def syntax_error(found: str, position: int) -> SqlError:
    """Return the error for an unexpected token `found` at `position`."""
    return SqlError(
        f"SQL compilation error:\nsyntax error line 1 at position {position} unexpected '{found}'."
    )


def not_implemented(what: str) -> SqlError:
    """Return the error for what Snowflake does and the embedded Snowflake does not."""
    return SqlError(f"not implemented by the embedded Snowflake: {what}", code=2, sqlstate="0A000")


def does_not_exist(kind: str, path: Sequence[str]) -> SqlError:
    """Return the error for an object that is missing or hidden from the role."""
    name = ".".join(path)
    # Snowflake writes "Object" and 42S02 for relations, the kind's name for other objects.
    relation = kind in ("TABLE", "VIEW", "EXTERNAL TABLE", "OBJECT")
    word = "Object" if relation else kind.replace("_", " ").capitalize()
    state = "42S02" if relation else "02000"
    return SqlError(
        f"SQL compilation error:\n{word} '{name}' does not exist or not authorized.",
        code=2003,
        sqlstate=state,
    )


def already_exists(path: Sequence[str]) -> SqlError:
    """Return the error for a name that is taken."""
    return SqlError(
        f"SQL compilation error:\nObject '{'.'.join(path)}' already exists.", code=2002, sqlstate="42710"
    )


def insufficient_privileges(kind: str, path: Sequence[str]) -> SqlError:
    """Return the error for a missing privilege."""
    target = "account" if kind == "ACCOUNT" else f"{kind.replace('_', ' ').lower()} '{path[-1]}'"
    return SqlError(
        f"SQL access control error:\nInsufficient privileges to operate on {target}.",
        code=3001,
        sqlstate="42501",
    )


def unknown_table_function(name: str) -> SqlError:
    """Return the error for a table function that does not exist."""
    return SqlError(f"SQL compilation error:\nUnknown table function {name}.", code=2141, sqlstate="42601")


def not_enough_arguments(name: str) -> SqlError:
    """Return the error for a call that lacks an argument."""
    return SqlError(
        f"SQL compilation error:\nnot enough arguments for function [{name}]", code=938, sqlstate="22023"
    )


def invalid_arguments(name: str, kind: str) -> SqlError:
    """Return the error for an argument of a type that a function does not take."""
    return SqlError(
        f"SQL compilation error:\nInvalid argument types for function '{name}': ({kind})",
        code=1044,
        sqlstate="42P13",
    )


def invalid_property(name: str, kind: str) -> SqlError:
    """Return the error for a property that the kind does not have."""
    return SqlError(
        f"SQL compilation error:\ninvalid property '{name}' for '{kind}'", code=1420, sqlstate="22023"
    )


def invalid_value(value: object, name: str) -> SqlError:
    """Return the error for a value that the property does not accept."""
    return SqlError(
        f"SQL compilation error:\ninvalid value [{value}] for parameter '{name}'", code=1008, sqlstate="22023"
    )
