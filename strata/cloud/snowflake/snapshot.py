"""The state of the embedded Snowflake as bytes: its catalogue, and the rows of its tables.

Sessions stay as they are. The administrator keeps the password of the server that loads.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping

from strata.cloud.snapshot import SnapshotError, Unpickler, unpickled
from strata.cloud.snowflake.catalog import Catalog
from strata.cloud.snowflake.engine import StoredTable
from strata.cloud.snowflake.grammar import Path
from strata.cloud.snowflake.session import SnowflakeAccount


def save(account: SnowflakeAccount) -> bytes:
    """Return the account's state."""
    with account.lock:
        tables = {
            path: account.engine.stored(*path) for kind, path, _ in account.catalog.walk() if kind == "TABLE"
        }
        return pickle.dumps({"catalog": account.catalog, "tables": tables}, protocol=5)


def load(account: SnowflakeAccount, content: bytes, administrator: str) -> None:
    """Replace the account's state.

    Args:
        account: the account.
        content: what `save` returned.
        administrator: the user who keeps the password.

    Raises:
        SnapshotError: the bytes are damaged, or were written by another version; nothing has changed.
    """
    state = unpickled(Unpickler(content, ("strata.cloud.snowflake",)))
    catalog = state.get("catalog") if isinstance(state, dict) else None
    if not isinstance(catalog, Catalog):
        raise SnapshotError("the state cannot be read: it is not one of the embedded Snowflake")
    with account.lock:
        catalog.users[administrator].password = account.catalog.users[administrator].password
        _replace_databases(account, catalog, state["tables"])
        account.catalog = catalog


def _replace_databases(account: SnowflakeAccount, saved: Catalog, tables: Mapping[Path, StoredTable]) -> None:
    engine, found = account.engine, account.catalog.databases
    for kind, path, _ in account.catalog.walk():
        if kind == "TABLE":
            engine.drop_table(*path)
    for name in found.keys() - saved.databases.keys():
        engine.drop_database(name)
    for name, database in saved.databases.items():
        if name not in found:
            engine.create_database(name)
        schemas = found[name].schemas.keys() if name in found else set()
        for schema in schemas - database.schemas.keys():
            engine.drop_schema(name, schema)
        for schema in database.schemas.keys() - schemas:
            engine.create_schema(name, schema)
    for table in tables.values():
        engine.create_stored(table)
