"""External stages and named file formats."""

from __future__ import annotations

from typing import Any

from strata.cloud.snowflake import access_control
from strata.cloud.snowflake.catalog import FileFormat, Stage
from strata.cloud.snowflake.errors import SqlError, does_not_exist, invalid_property, not_implemented
from strata.cloud.snowflake.grammar import SqlStatement, StagePath
from strata.cloud.snowflake.properties import (
    apply_properties,
    default_properties,
    read_format,
    unset_properties,
)
from strata.cloud.snowflake.results import Rows, status
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.stage_files import place_in
from strata.cloud.snowflake.statements.creation import (
    Modifiers,
    all_or_nothing,
    existing,
    if_not_exists,
    new,
    rename,
    target,
)
from strata.cloud.snowflake.storage import check_location, split_url


def create_stage(session: SnowflakeSession, statement: SqlStatement, modifiers: Modifiers) -> Rows:
    if modifiers.temporary:
        raise not_implemented("CREATE TEMPORARY STAGE")
    modifiers = if_not_exists(statement, modifiers)
    path = session.resolve("STAGE", statement.name())
    access_control.require(session.catalog, session.role, "SCHEMA", path[:2], "CREATE STAGE")
    stage = Stage(name=path[2], owner=session.role, options=default_properties("STAGE"))
    properties = statement.properties()
    if not properties.get("URL"):
        raise not_implemented("CREATE STAGE without URL (an internal stage)")
    _apply(session, stage, properties)
    answer = existing(session, "STAGE", path, modifiers)
    if answer is not None:
        return answer
    if path[2] in session.catalog.collection("STAGE", path):
        _refuse_dependents(session, path)
    return new(session, "STAGE", path, stage, modifiers)


def alter_stage(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    path, answer = target(session, "STAGE", statement)
    if answer is not None:
        return answer
    access_control.require_ownership(session.catalog, session.role, "STAGE", path)
    stage = session.catalog.get("STAGE", path)
    if statement.take("SET"):
        with all_or_nothing(stage):
            _apply(session, stage, statement.properties())
    elif statement.take("UNSET"):
        with all_or_nothing(stage):
            unset_properties("STAGE", stage, statement)
    elif statement.take("RENAME TO"):
        _refuse_dependents(session, path)
        return rename(session, "STAGE", path, statement)
    else:
        raise not_implemented(f"ALTER STAGE {statement.word()}")
    statement.expect_end()
    return status("Stage area " + stage.name + " successfully altered.")


def drop_stage(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    path, answer = target(session, "STAGE", statement)
    statement.expect_end()
    if answer is not None:
        return answer
    access_control.require_ownership(session.catalog, session.role, "STAGE", path)
    _refuse_dependents(session, path)
    session.catalog.remove("STAGE", path)
    return status(f"{path[2]} successfully dropped.")


def create_file_format(session: SnowflakeSession, statement: SqlStatement, modifiers: Modifiers) -> Rows:
    modifiers = if_not_exists(statement, modifiers)
    path = session.resolve("FILE FORMAT", statement.name())
    access_control.require(session.catalog, session.role, "SCHEMA", path[:2], "CREATE FILE FORMAT")
    properties = statement.properties()
    comment = properties.pop("COMMENT", "") or ""
    file_format = FileFormat(name=path[2], owner=session.role, comment=comment)
    file_format.options = read_format(properties or {"TYPE": "CSV"})
    answer = existing(session, "FILE FORMAT", path, modifiers)
    return answer or new(session, "FILE FORMAT", path, file_format, modifiers)


def alter_file_format(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    path, answer = target(session, "FILE FORMAT", statement)
    if answer is not None:
        return answer
    access_control.require_ownership(session.catalog, session.role, "FILE FORMAT", path)
    file_format = session.catalog.get("FILE FORMAT", path)
    if statement.take("RENAME TO"):
        return rename(session, "FILE FORMAT", path, statement)
    statement.expect("SET")
    properties = statement.properties()
    comment = properties.pop("COMMENT", file_format.comment) or ""
    if "TYPE" in properties:
        raise invalid_property("TYPE", "ALTER FILE FORMAT")
    file_format.options = read_format(file_format.options | properties)
    file_format.comment = comment
    return status("Statement executed successfully.")


def drop_file_format(session: SnowflakeSession, statement: SqlStatement) -> Rows:
    path, answer = target(session, "FILE FORMAT", statement)
    statement.expect_end()
    if answer is not None:
        return answer
    access_control.require_ownership(session.catalog, session.role, "FILE FORMAT", path)
    session.catalog.remove("FILE FORMAT", path)
    return status(f"{path[2]} successfully dropped.")


def _apply(session: SnowflakeSession, stage: Stage, properties: dict[str, Any]) -> None:
    if "CREDENTIALS" in properties:
        raise not_implemented("STAGE CREDENTIALS (give a STORAGE_INTEGRATION)")
    if properties.get("FILE_FORMAT") is not None:
        properties["FILE_FORMAT"] = read_format(properties["FILE_FORMAT"])
    directory = properties.get("DIRECTORY")
    if isinstance(directory, dict) and directory.get("ENABLE") is True:
        raise not_implemented("STAGE DIRECTORY = (ENABLE = TRUE)")
    url = properties.get("URL", stage.options.get("URL", ""))
    split_url(url)
    name = properties.get("STORAGE_INTEGRATION", stage.integration)
    if not name:
        raise not_implemented("CREATE STAGE without STORAGE_INTEGRATION")
    rebinds = "STORAGE_INTEGRATION" in properties or "URL" in properties
    if rebinds:
        if session.catalog.find("INTEGRATION", (name,)) is None:
            raise does_not_exist("INTEGRATION", (name,))
        access_control.require(session.catalog, session.role, "INTEGRATION", (name,), "USAGE")
        integration = session.catalog.integrations[name]
        if not integration.options.get("ENABLED"):
            raise SqlError(
                f"SQL compilation error:\nIntegration '{name}' is disabled.", code=3138, sqlstate="42601"
            )
        check_location(integration, url)
    apply_properties("STAGE", stage, properties)
    if rebinds:
        stage.integration, stage.integration_identity = name, integration.identity


def _refuse_dependents(session: SnowflakeSession, path: tuple[str, ...]) -> None:
    tables = session.catalog.external_tables_on(path)
    if tables:
        names = ", ".join(".".join(table) for table in tables)
        raise SqlError(
            f"SQL compilation error:\nCannot drop, replace or rename stage '{'.'.join(path)}' because "
            "external tables "
            f"depend on it: {names}.",
            code=3911,
            sqlstate="2BP01",
        )


def files(session: SnowflakeSession, location: StagePath) -> list[dict[str, Any]]:
    """Return the rows of LIST for a stage's path.

    Raises:
        SqlError: the stage or its integration does not exist, or the role cannot be assumed.
    """
    place, _ = place_in(session, location)
    return [
        {
            "name": f"s3://{place.bucket}/{stored.key}",
            "size": stored.size,
            "md5": stored.etag,
            "last_modified": stored.last_modified.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }
        for stored in session.storage.open(place.integration, place.bucket).objects(place.prefix)
    ]
