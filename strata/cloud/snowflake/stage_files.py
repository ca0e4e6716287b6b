"""Files of a stage in the FROM of a query, and the file formats that name them."""

from __future__ import annotations

from typing import Any

from sqlglot import Expr, exp

from strata.cloud.snowflake import access_control
from strata.cloud.snowflake.catalog import ExternalColumn
from strata.cloud.snowflake.errors import SqlError, not_implemented
from strata.cloud.snowflake.external_files import METADATA, Place
from strata.cloud.snowflake.grammar import SqlStatement, StagePath, parse_name
from strata.cloud.snowflake.properties import read_format
from strata.cloud.snowflake.scan import FileScan
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.storage import bound_integration, split_url
from strata.cloud.snowflake.text_files import conversion


def resolved_format(session: SnowflakeSession, declared: dict[str, Any]) -> dict[str, Any]:
    """Return a file format with its TYPE, of the object FILE FORMAT that it names, if it names one.

    Raises:
        SqlError: there is none, the role may not use it, or files of this format cannot be read.
    """
    found = declared
    if "FORMAT_NAME" in declared:
        path = session.resolve("FILE FORMAT", parse_name(declared["FORMAT_NAME"]))
        access_control.require(session.catalog, session.role, "FILE FORMAT", path, "USAGE")
        found = session.catalog.get("FILE FORMAT", path).options | {"FORMAT_NAME": ".".join(path)}
    conversion(found)
    return found


def place_in(session: SnowflakeSession, location: StagePath) -> tuple[Place, dict[str, Any]]:
    """Return where the files of a stage's path are, and the stage's file format.

    Raises:
        SqlError: the stage or its integration does not exist, or the role may not read it.
    """
    path = session.resolve("STAGE", location.names)
    access_control.require(session.catalog, session.role, "STAGE", path, "USAGE", "READ")
    stage = session.catalog.get("STAGE", path)
    integration = bound_integration(session.catalog, stage)
    bucket, prefix = split_url(stage.options["URL"].rstrip("/") + "/" + location.path)
    return Place(integration, bucket, prefix), stage.options["FILE_FORMAT"]


def stage_scan(session: SnowflakeSession, table: exp.Table, names: set[str], star: bool) -> FileScan:
    """Return the scan of `@stage/path (FILE_FORMAT => ..., PATTERN => ...)`.

    Its columns are $1 and on: texts of CSV, or $1 alone, a VARIANT.

    Args:
        session: the session.
        table: the stage in FROM.
        names: of the statement's columns, in capitals.
        star: whether the statement has a `*`.

    Raises:
        SqlError: the role may not read the stage, or the query asks for what is not implemented.
    """
    text = table.this.name
    if text.startswith(("@~", "@%")):
        raise not_implemented("SELECT from an internal stage")
    if star:
        raise not_implemented("SELECT * from a stage")
    statement = SqlStatement(text if isinstance(table.this, exp.Var) else f"'{text}'")
    place, declared = place_in(session, statement.stage_path())
    if (given := table.args.get("format")) is not None:
        declared = read_format({"FORMAT_NAME": given.name})
    file_format = resolved_format(session, declared)
    pattern = table.args.get("pattern")
    return FileScan(
        file_format=file_format,
        place=place,
        files=None,
        pattern=pattern.name if isinstance(pattern, Expr) else "",
        node=exp.Subquery(this=exp.select("1")),
        columns=tuple(_column(name, file_format["TYPE"]) for name in sorted(names) if name[:1] == "$"),
        whole=False,
        metadata=tuple(name for name in METADATA if name in names),
    )


def _column(name: str, kind: str) -> ExternalColumn:
    if kind == "CSV":
        return ExternalColumn(name, "VARCHAR", f"VALUE:c{name[1:]}")
    if name != "$1":
        raise SqlError(f"SQL compilation error:\nonly $1 is there in files of {kind}, not {name}", code=904)
    return ExternalColumn(name, "VARIANT", "VALUE")
