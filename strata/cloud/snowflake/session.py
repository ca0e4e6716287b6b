"""A session: its user, role, warehouse, database and schema."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from strata.cloud.snowflake.catalog import Catalog, Securable
from strata.cloud.snowflake.errors import SqlError, does_not_exist
from strata.cloud.snowflake.file_views import FileViews
from strata.cloud.snowflake.grammar import Path
from strata.cloud.snowflake.history import History
from strata.cloud.snowflake.kinds import depth
from strata.cloud.snowflake.transactions import SessionTransaction

if TYPE_CHECKING:
    from strata.cloud.snowflake.engine import Engine
    from strata.cloud.snowflake.storage import StageStorage


@dataclass
class SnowflakeAccount:
    """The state that the sessions of one server share; `lock` guards the catalogue."""

    catalog: Catalog
    engine: Engine
    storage: StageStorage
    lock: threading.RLock = field(default_factory=threading.RLock)


@dataclass
class SnowflakeSession:
    """A session. `connection` is fakesnow's; `client` names the driver; `lock` serializes its statements;
    `query_id` names the last; `plans` are those that the module `plans` keeps; `registered`
    names tables that the engine still has, because a transaction has failed."""

    account: SnowflakeAccount
    id: int
    user: str
    role: str
    connection: Any
    client: str = ""
    warehouse: str = ""
    database: str = ""
    schema: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    parameters: dict[str, str] = field(default_factory=dict)
    variables: dict[str, exp.Literal] = field(default_factory=dict)
    history: History = field(default_factory=History)
    query_id: str = ""
    plans: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    registered: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.transaction = SessionTransaction(self.connection)
        self.views = FileViews(self.connection, self.storage.files.key_of)

    @property
    def catalog(self) -> Catalog:
        return self.account.catalog

    @property
    def engine(self) -> Engine:
        return self.account.engine

    @property
    def storage(self) -> StageStorage:
        return self.account.storage

    def forget_dropped(self) -> None:
        """Unset a current database or schema that another session dropped or renamed."""
        if self.database not in self.catalog.databases:
            self.database = self.schema = ""
        elif self.schema not in self.catalog.databases[self.database].schemas:
            self.schema = ""

    def is_temporary(self, securable: Securable) -> bool:
        return bool(getattr(securable, "session", 0))

    def sees(self, securable: Securable) -> bool:
        """Return whether an object is not a temporary one of another session."""
        return getattr(securable, "session", 0) in (0, self.id)

    def relation(self, path: Path) -> Securable:
        """Return the table, view or external table at a path.

        Raises:
            SqlError: it does not exist, or is a temporary one of another session.
        """
        found = self.catalog.find("OBJECT", path)
        if found is None or not self.sees(found):
            raise does_not_exist("OBJECT", path)
        return found  # type: ignore[no-any-return]

    def close(self) -> None:
        """End the session: its temporary objects go with it."""
        self.transaction.end("ROLLBACK")
        for kind, path, securable in list(self.catalog.walk()):
            if getattr(securable, "session", 0) == self.id:
                self.catalog.remove(kind, path)
                if kind == "TABLE":
                    self.engine.drop_table(*path)
        self.connection.close()

    def resolve(self, kind: str, name: Path) -> Path:
        """Qualify a name with the session's database and schema.

        Raises:
            SqlError: the name has too many parts, or the session has no current database or schema.
        """
        parts = depth(kind)
        if len(name) > parts:
            raise SqlError(f"SQL compilation error:\nInvalid identifier '{'.'.join(name)}'.")
        missing = parts - len(name)
        if missing == 0:
            return name
        if not self.database:
            raise _no_context("database", 90105)
        if missing == 1 and parts == 2:
            return (self.database, *name)
        if missing == 1:
            return (self.database, *name)
        if not self.schema:
            raise _no_context("schema", 90106)
        return (self.database, self.schema, *name)


def _no_context(what: str, code: int) -> SqlError:
    return SqlError(
        f"Cannot perform operation. This session does not have a current {what}. "
        f"Call 'USE {what.upper()}', or use a qualified name.",
        code=code,
        sqlstate="22000",
    )
