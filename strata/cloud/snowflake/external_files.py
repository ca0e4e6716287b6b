"""Location of an external table's files, and the expressions of its columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sqlglot import Expr, parse_one
from sqlglot.errors import SqlglotError

from strata.cloud.snowflake.catalog import ExternalTable, Integration
from strata.cloud.snowflake.errors import SqlError, does_not_exist
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.storage import bound_integration, check_location, split_url

METADATA = ("METADATA$FILENAME", "METADATA$FILE_ROW_NUMBER")


@dataclass(frozen=True)
class Place:
    """Location of an external table's files; `prefix` ends in a slash."""

    integration: Integration
    bucket: str
    prefix: str


def place_of(session: SnowflakeSession, table: ExternalTable) -> Place:
    """Return the location of the table's files.

    Raises:
        SqlError: the stage or its integration does not exist, or the integration was replaced, is disabled or
            does not allow the location.
    """
    stage = session.catalog.find("STAGE", table.stage)
    if stage is None:
        raise does_not_exist("STAGE", table.stage)
    integration = bound_integration(session.catalog, stage)
    url = stage.options["URL"].rstrip("/") + "/"
    path = table.location.path.strip("/")
    url += f"{path}/" if path else ""
    check_location(integration, url)
    bucket, prefix = split_url(url)
    return Place(integration, bucket, prefix)


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
    return tree
