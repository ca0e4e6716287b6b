"""Common parts of CREATE, ALTER and DROP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace

from strata.cloud.snowflake import access_control
from strata.cloud.snowflake.catalog import Securable
from strata.cloud.snowflake.errors import SqlError, already_exists
from strata.cloud.snowflake.grammar import Path, SqlStatement
from strata.cloud.snowflake.kinds import KINDS
from strata.cloud.snowflake.results import Rows, status
from strata.cloud.snowflake.session import SnowflakeSession


@dataclass(frozen=True)
class Modifiers:
    """The words between CREATE and the kind, and IF NOT EXISTS after it."""

    replace: bool = False
    transient: bool = False
    temporary: bool = False
    if_not_exists: bool = False
    secure: bool = False


def if_not_exists(statement: SqlStatement, modifiers: Modifiers) -> Modifiers:
    """Read IF NOT EXISTS, which follows the kind.

    Raises:
        SqlError: the statement has OR REPLACE too.
    """
    if not statement.take("IF NOT EXISTS"):
        return modifiers
    if modifiers.replace:
        raise statement.error()
    return replace(modifiers, if_not_exists=True)


def existing(session: SnowflakeSession, kind: str, path: Path, modifiers: Modifiers) -> Rows | None:
    """Return the result for an object that exists; None if the statement must create it.

    Raises:
        SqlError: it exists without OR REPLACE or IF NOT EXISTS, or the role may not replace it.
    """
    if path[-1] not in session.catalog.collection(kind, path):
        return None
    if modifiers.if_not_exists:
        return status(f"{path[-1]} already exists, statement succeeded.")
    if not modifiers.replace:
        raise already_exists(path[-1:])
    access_control.require_ownership(session.catalog, session.role, kind, path)
    return None


def target(session: SnowflakeSession, kind: str, statement: SqlStatement) -> tuple[Path, Rows | None]:
    """Read `[IF EXISTS] name` of ALTER or DROP; return the path, and the result for a missing object."""
    if_exists = statement.take("IF EXISTS")
    path = session.resolve(kind, statement.name())
    if not if_exists or session.catalog.find(kind, path) is not None:
        return path, None
    if statement.verb == "DROP":
        return path, status(f"Drop statement executed successfully ({path[-1]} already dropped).")
    return path, status("Statement executed successfully.")


@contextmanager
def all_or_nothing(securable: Securable) -> Iterator[None]:
    """Undo what a refused statement has already changed of an object's properties."""
    before = {name: copy(value) for name, value in vars(securable).items()}
    try:
        yield
    except SqlError:
        vars(securable).update(before)
        raise


def rename(session: SnowflakeSession, kind: str, path: Path, statement: SqlStatement) -> Rows:
    """Rename an object; read from the new name on."""
    new = statement.name()
    statement.expect_end()
    full = path[: -len(new)] + new if len(new) < len(path) else new
    session.catalog.rename(kind, path, full)
    return status("Statement executed successfully.")


def new(session: SnowflakeSession, kind: str, path: Path, securable: Securable, modifiers: Modifiers) -> Rows:
    """Add a new object to the catalogue; with OR REPLACE, remove the old one."""
    if modifiers.replace and path[-1] in session.catalog.collection(kind, path):
        session.catalog.remove(kind, path)
    session.catalog.add(kind, path, securable)
    return status(f"{KINDS[kind].label} {path[-1]} successfully created.")
