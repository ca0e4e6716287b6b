"""Snapshots of the embedded Snowflake: save and restore the catalogue, and DuckDB's databases with it."""

from __future__ import annotations

import copy

from strata.cloud.snowflake.catalog import Catalog
from strata.cloud.snowflake.session import SnowflakeAccount
from strata.errors import StrataError


def save(account: SnowflakeAccount) -> Catalog:
    """Return a copy of the account's catalogue.

    Raises:
        StrataError: it has a table, whose rows cannot be restored.
    """
    with account.lock:
        tables = [".".join(path) for kind, path, _ in account.catalog.walk() if kind == "TABLE"]
        if tables:
            raise StrataError(
                f"the embedded Snowflake cannot be saved: rows of {', '.join(tables)} cannot be restored",
                remedy="drop the table, or create it in the test",
            )
        return copy.deepcopy(account.catalog)


def restore(account: SnowflakeAccount, saved: Catalog) -> None:
    """Restore a saved catalogue, without a copy: it can be restored once."""
    with account.lock:
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
        account.catalog = saved
