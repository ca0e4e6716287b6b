"""Location and registration of an external table's files, and the expressions of its columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import Expr, exp, parse_one
from sqlglot.errors import SqlglotError

from strata.cloud.snowflake.catalog import Catalog, ExternalTable, Integration, RegisteredFile, now
from strata.cloud.snowflake.errors import SqlError, does_not_exist
from strata.cloud.snowflake.storage import StoredObject, bound_integration, check_location, split_url

METADATA = ("METADATA$FILENAME", "METADATA$FILE_ROW_NUMBER")


@dataclass(frozen=True)
class Place:
    """Location of files; the `prefix` of an external table's ends in a slash."""

    integration: Integration
    bucket: str
    prefix: str

    def holds(self, table: ExternalTable, key: str) -> bool:
        """Return whether an object is one of a table's files: in this place, and of its PATTERN."""
        return key.startswith(self.prefix) and self.matches(table.pattern, key)

    def matches(self, pattern: str, key: str) -> bool:
        """Return whether an object's key, or what follows the prefix, matches a PATTERN, if there is one."""
        texts = (key[len(self.prefix) :], key)
        return not pattern or any(re.fullmatch(pattern, text) for text in texts)


def place_of(catalog: Catalog, table: ExternalTable) -> Place:
    """Return the location of the table's files.

    Raises:
        SqlError: the stage or its integration does not exist, or the integration was replaced, is disabled or
            does not allow the location.
    """
    stage = catalog.find("STAGE", table.stage)
    if stage is None:
        raise does_not_exist("STAGE", table.stage)
    integration = bound_integration(catalog, stage)
    url = stage.options["URL"].rstrip("/") + "/"
    path = table.location.path.strip("/")
    url += f"{path}/" if path else ""
    check_location(integration, url)
    bucket, prefix = split_url(url)
    return Place(integration, bucket, prefix)


def register(table: ExternalTable, stored: StoredObject) -> str:
    """Register a file; return REGISTERED_NEW or REGISTERED_UPDATE, or nothing if it is as it was."""
    before = table.files.get(stored.key)
    if before is not None and before.etag == stored.etag:
        return ""
    table.files[stored.key] = RegisteredFile(stored.key, stored.etag, stored.size, now())
    return "REGISTERED_NEW" if before is None else "REGISTERED_UPDATE"


def unregister(table: ExternalTable, key: str) -> str:
    """Take a file out of a table; return UNREGISTERED, or nothing if it was not in it."""
    return "" if table.files.pop(key, None) is None else "UNREGISTERED"


def parsed(text: str) -> Expr:
    """Parse a column's expression.

    Raises:
        SqlError: it cannot be parsed.
    """
    return _tree(text).copy()


@lru_cache(1024)
def _tree(text: str) -> Expr:
    try:
        tree: Expr = parse_one(text, read="snowflake")
    except SqlglotError as error:
        raise SqlError(f"SQL compilation error:\n{error}") from None
    for number in list(tree.find_all(exp.Parameter)):
        if number.name != "1":
            raise SqlError(f"SQL compilation error:\ninvalid identifier '${number.name}'", code=904)
        value = exp.column("VALUE")
        if number is tree:
            return value
        number.replace(value)
    return tree
