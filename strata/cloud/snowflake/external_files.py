"""What reads an external table must know: where its files are, and its columns' expressions."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import Expr, parse_one
from sqlglot.errors import SqlglotError

from strata.cloud.snowflake.catalog import ExternalTable, Integration
from strata.cloud.snowflake.errors import SqlError, does_not_exist
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.storage import bound_integration, check_location, split_url

METADATA = ("METADATA$FILENAME", "METADATA$FILE_ROW_NUMBER")


@dataclass(frozen=True)
class Place:
    """Where an external table's files are: the integration to use, the bucket, the prefix (ending in a
    slash)."""

    integration: Integration
    bucket: str
    prefix: str


def place_of(session: SnowflakeSession, table: ExternalTable) -> Place:
    """Where the table's files are.

    Raises:
        SqlError: the stage is gone, its integration is gone, replaced or disabled, or forbids the location.
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
    """A column's expression as a tree.

    Raises:
        SqlError: it is not an expression.
    """
    try:
        tree: Expr = parse_one(text, read="snowflake")
    except SqlglotError as error:
        raise SqlError(f"SQL compilation error:\n{error}") from None
    return tree
