"""Functions that the engine lacks, as its macros."""

from __future__ import annotations

from pathlib import Path

from strata.cloud.snowflake.grammar import quote


def creation_sql(database: str) -> str:
    """Return the statements that create the macros in a database of the engine."""
    return Path(__file__).with_name("macros.sql").read_text("utf-8").replace("{database}", quote(database))
