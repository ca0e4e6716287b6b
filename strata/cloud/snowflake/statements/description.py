"""DESCRIBE: the properties of one object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from strata.cloud.snowflake import access_control
from strata.cloud.snowflake.aws_account import USER_ARN
from strata.cloud.snowflake.catalog import ExternalTable, Integration, Schema, Stage, User, View
from strata.cloud.snowflake.grammar import Path, SqlStatement
from strata.cloud.snowflake.kinds import KINDS, Kind
from strata.cloud.snowflake.properties import with_defaults
from strata.cloud.snowflake.results import DESCRIBE, Rows, rows_of
from strata.cloud.snowflake.session import SnowflakeSession
from strata.cloud.snowflake.statements.records import text

Describer = Callable[[SnowflakeSession, Path, Any], Rows]
_KIND = text("created_on name kind")
_PROPERTIES = text("property property_type property_value property_default")
_NESTED = text("parent_property property property_type property_value property_default")
# The boolean properties of a user: their default is false, that of the others is null.
_FLAGS = {"HAS_WORKLOAD_IDENTITY"} | {
    n for n, option in KINDS["USER"].properties.items() if option.form == "bool"
}
_RELATION = [
    (name, "text")
    for name in (
        *["name", "type", "kind", "null?", "default"],
        "primary key",
        "unique key",
        *["check", "expression", "comment"],
        "policy name",
    )
]


def describe(session: SnowflakeSession, statement: SqlStatement, kind: Kind, describer: Describer) -> Rows:
    """Execute DESC <kind> <name>; read from the name on."""
    path = session.resolve(kind.name, statement.name())
    as_stage = statement.take("TYPE = STAGE")
    statement.take("TYPE = COLUMNS")
    statement.expect_end()
    access_control.require(session.catalog, session.role, kind.name, path)
    securable = session.catalog.get(kind.name, path)
    if isinstance(securable, ExternalTable) and as_stage:
        return _format(securable.file_format)
    return describer(session, path, securable)


def contents(session: SnowflakeSession, path: Path, securable: Any) -> Rows:
    """List the schemas of a database, the objects of a schema, or the warehouse itself."""
    rows: list[dict[str, Any]] = []
    if isinstance(securable, Schema):
        for kind, inner, held in session.catalog.walk_schema(path):
            rows.append({"created_on": held.created_on, "name": inner[-1], "kind": kind})
    elif path[0] in session.catalog.databases and hasattr(securable, "schemas"):
        for schema in securable.schemas.values():
            rows.append({"created_on": schema.created_on, "name": schema.name, "kind": "SCHEMA"})
    else:
        rows.append({"created_on": securable.created_on, "name": path[0], "kind": "WAREHOUSE"})
    return rows_of(_KIND, rows, DESCRIBE)


def user(session: SnowflakeSession, path: Path, user: User) -> Rows:
    columns = text("property value default description")
    values: dict[str, Any] = {"NAME": user.name, "COMMENT": user.comment or None}
    values |= {
        name: user.options.get(name) for name in KINDS["USER"].properties if name != "WORKLOAD_IDENTITY"
    }
    values["PASSWORD"] = "********" if user.password else None
    values["HAS_WORKLOAD_IDENTITY"] = user.workload_identity is not None
    rows = [
        {
            "property": name,
            "value": "null" if value is None else _text(value),
            "default": "false" if name in _FLAGS else "null",
            "description": "",
        }
        for name, value in values.items()
    ]
    return rows_of(columns, rows, DESCRIBE)


def integration(session: SnowflakeSession, path: Path, integration: Integration) -> Rows:
    options = integration.options
    values: list[tuple[str, str, Any, str]] = [
        ("ENABLED", "Boolean", options["ENABLED"], "false"),
        ("STORAGE_PROVIDER", "String", options["STORAGE_PROVIDER"], ""),
        ("STORAGE_ALLOWED_LOCATIONS", "List", ",".join(options["STORAGE_ALLOWED_LOCATIONS"]), "[]"),
        ("STORAGE_BLOCKED_LOCATIONS", "List", ",".join(options.get("STORAGE_BLOCKED_LOCATIONS") or []), "[]"),
        ("STORAGE_AWS_IAM_USER_ARN", "String", USER_ARN, ""),
        ("STORAGE_AWS_ROLE_ARN", "String", options["STORAGE_AWS_ROLE_ARN"], ""),
        ("STORAGE_AWS_EXTERNAL_ID", "String", options["STORAGE_AWS_EXTERNAL_ID"], ""),
    ]
    if options.get("STORAGE_AWS_OBJECT_ACL"):
        values.append(("STORAGE_AWS_OBJECT_ACL", "String", options["STORAGE_AWS_OBJECT_ACL"], ""))
    values += [
        ("USE_PRIVATELINK_ENDPOINT", "Boolean", options["USE_PRIVATELINK_ENDPOINT"], "false"),
        ("COMMENT", "String", integration.comment, ""),
    ]
    names = [name for name, _ in _PROPERTIES]
    rows = [
        dict(zip(names, (name, kind, _text(value), default), strict=True))
        for name, kind, value, default in values
    ]
    return rows_of(_PROPERTIES, rows, DESCRIBE)


def _format_rows(file_format: dict[str, Any]) -> list[dict[str, Any]]:
    if "FORMAT_NAME" in file_format and "TYPE" not in file_format:
        return [_nested("STAGE_FILE_FORMAT", "FORMAT_NAME", "String", file_format["FORMAT_NAME"], "")]
    default: dict[str, Any] = with_defaults({"TYPE": file_format["TYPE"]})
    kinds: dict[type, str] = {bool: "Boolean", list: "List", int: "Integer", str: "String"}
    return [
        _nested(
            "STAGE_FILE_FORMAT",
            name,
            kinds.get(type(value), "String"),
            _text(value),
            _text(default.get(name)),
        )
        for name, value in file_format.items()
    ]


def _format(file_format: dict[str, Any]) -> Rows:
    return rows_of(_NESTED, _format_rows(file_format), DESCRIBE)


def stage(session: SnowflakeSession, path: Path, stage: Stage) -> Rows:
    rows = _format_rows(stage.options["FILE_FORMAT"])
    rows += [
        _nested("STAGE_LOCATION", "URL", "String", f'["{stage.options["URL"]}"]', ""),
        _nested("STAGE_LOCATION", "AWS_ACCESS_POINT_ARN", "String", "", ""),
        _nested("STAGE_INTEGRATION", "STORAGE_INTEGRATION", "String", stage.integration, ""),
        _nested("DIRECTORY", "ENABLE", "Boolean", "false", "false"),
        _nested("DIRECTORY", "AUTO_REFRESH", "Boolean", "false", "false"),
        _nested(
            "PRIVATELINK",
            "USE_PRIVATELINK_ENDPOINT",
            "Boolean",
            _text(stage.options.get("USE_PRIVATELINK_ENDPOINT", False)),
            "false",
        ),
    ]
    return rows_of(_NESTED, rows, DESCRIBE)


def _nested(parent: str, name: str, kind: str, value: Any, default: Any) -> dict[str, Any]:
    return dict(zip([n for n, _ in _NESTED], (parent, name, kind, value, default), strict=True))


def file_format(session: SnowflakeSession, path: Path, file_format: Any) -> Rows:
    rows = [
        {k: v for k, v in row.items() if k != "parent_property"} for row in _format_rows(file_format.options)
    ]
    return rows_of(_PROPERTIES, rows, DESCRIBE)


def _column(name: str, data_type: str, kind: str = "COLUMN", expression: str | None = None) -> dict[str, Any]:
    keys = {"null?": "Y", "primary key": "N", "unique key": "N"}
    return {"name": name, "type": data_type, "kind": kind, "expression": expression} | keys


def external_table(session: SnowflakeSession, path: Path, table: ExternalTable) -> Rows:
    rows = [_column("VALUE", "VARIANT")]
    rows += [_column(c.name, c.type, "VIRTUAL", c.expression) for c in table.columns]
    return rows_of(_RELATION, rows, DESCRIBE)


def view(session: SnowflakeSession, path: Path, view: View) -> Rows:
    rows = [
        _column(name, data_type) | {"comment": view.comments.get(name)}
        for name, data_type in view.options["COLUMNS"]
    ]
    return rows_of(_RELATION, rows, DESCRIBE)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(str(item) for item in value) + "]"
    return "" if value is None else str(value)
