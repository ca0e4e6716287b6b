"""External stages on S3, with their file formats."""

from __future__ import annotations

from typing import Any, ClassVar

from strata.cloud.snowflake.provider.client import Client, Row, literal, output
from strata.cloud.snowflake.provider.identifiers import bare, parts, qualified, quote, quote_path
from strata.cloud.snowflake.provider.planning import Draft
from strata.cloud.snowflake.provider.resources.base import CHANGED, UNMANAGED
from strata.cloud.snowflake.provider.resources.objects import Path, SqlObject
from strata.cloud.snowflake.provider.values import Object

_FORMATS = ("avro", "csv", "json", "orc", "parquet", "xml")


class StageExternalS3(SqlObject):
    type_name = "snowflake_stage_external_s3"
    keeps_state = True
    kind, plural, levels = "STAGE", "STAGES", 3
    columns: ClassVar[dict[str, str]] = {
        "comment": "comment",
        "url": "url",
        "cloud": "cloud",
        "stage_type": "type",
    }
    keywords: ClassVar[dict[str, str]] = {
        "url": "URL",
        "storage_integration": "STORAGE_INTEGRATION",
        "use_privatelink_endpoint": "USE_PRIVATELINK_ENDPOINT",
        "file_format": "FILE_FORMAT",
        "comment": "COMMENT",
    }

    def check(self, planned: Object) -> None:
        for block in ("credentials", "encryption"):
            if planned.get(block):
                raise ValueError(
                    f"the stand-in provider does not support the block {block} of {self.type_name}"
                )
        if any(block.get("enable") is True for block in planned.get("directory") or []):
            raise ValueError(f"the stand-in provider does not support directory tables of {self.type_name}")

    def customise(self, client: Client, draft: Draft) -> None:
        super().customise(client, draft)
        for name in ("directory", "credentials", "encryption", "storage_integration", "aws_access_point_arn"):
            if draft.before(name) and not draft.after(name):
                draft.force_new(name)
        if draft.after("stage_type").upper() != "EXTERNAL":
            draft.set("stage_type", CHANGED)
            draft.force_new("stage_type")
        if draft.after("cloud") not in ("", "AWS"):
            draft.set("cloud", CHANGED)
            draft.force_new("cloud")

    def sql(self, attribute: str, value: Any) -> str:
        if attribute == "file_format":
            return _format_sql(value[0])
        if attribute == "storage_integration":
            return quote(bare(value))
        return super().sql(attribute, value)

    def details(self, client: Client, path: Path, row: Row, state: Object, actual: Object) -> None:
        described = _described(client, path)
        fields = self.schema.block["attributes"]["describe_output"]["type"][1][1]
        actual["describe_output"] = [
            {
                "directory_table": [{"enable": False, "auto_refresh": False, "last_refreshed_on": ""}],
                "file_format": [_format_output(described["STAGE_FILE_FORMAT"], fields["file_format"][1][1])],
                "location": [
                    {"aws_access_point_arn": "", "url": [described["STAGE_LOCATION"]["URL"].strip('["]')]}
                ],
                "privatelink": [{"use_privatelink_endpoint": False}],
            }
        ]

    def drift(self, client: Client, state: Object, actual: Object) -> Object:
        found = super().drift(client, state, actual)
        if not state.get("describe_output"):
            return found
        (shown,) = actual["describe_output"]
        if "file_format" in found:
            found["file_format"] = [_format_block(shown["file_format"][0])]
        if "directory" in found:
            found["directory"] = [_directory(shown)]
        if "use_privatelink_endpoint" in found:
            found["use_privatelink_endpoint"] = "false"
        # The real provider compares it with a field that its output lacks, so that it always differs.
        return found | {"aws_access_point_arn": ""}

    def imported(self, client: Client, identifier: str) -> Object:
        found = super().imported(client, identifier)
        row = self.row(client, identifier)
        fields = self.schema.block["attributes"]["describe_output"]["type"][1][1]
        described = _described(client, parts(identifier))
        default = client.has("IMPORT_BOOLEAN_DEFAULT")
        shown = _format_output(described["STAGE_FILE_FORMAT"], fields["file_format"][1][1])
        found |= {
            "url": row["url"],
            "directory": [{"enable": False, "auto_refresh": "default" if default else "false"}],
            "file_format": [_format_block(shown, default=default)],
            "use_privatelink_endpoint": "default" if default else "false",
        }
        return found | (
            {"storage_integration": row["storage_integration"]} if row["storage_integration"] else {}
        )


def _described(client: Client, path: Path) -> dict[str, Row]:
    """Return the rows of DESC STAGE: parent property -> property -> value."""
    described: dict[str, Row] = {}
    for row in client.execute(f"DESC STAGE {quote_path(path)}"):
        described.setdefault(row["parent_property"], {})[row["property"]] = row["property_value"]
    return described


def _format_output(described: Row, fields: dict[str, Any]) -> Object:
    """Return a file format of describe_output: its name, or its type with all options."""
    shown: Object = {name: [] for name in _FORMATS} | {"format_name": ""}
    if described.get("FORMAT_NAME"):
        return shown | {"format_name": qualified(described["FORMAT_NAME"])}
    kind = described["TYPE"].lower()
    options = {name.lower(): value for name, value in described.items()}
    options["null_if"] = (options.get("null_if") or "").strip("[]")
    return shown | {kind: output(options, fields[kind][1][1])}


def _format_block(shown: Object, *, default: bool = False) -> Object:
    """Convert a file format of describe_output into the block `file_format`."""
    block: Object = {"format_name": shown["format_name"]}
    for kind in _FORMATS:
        options = []
        for item in shown[kind]:
            options.append({name: _option(value, default) for name, value in item.items() if name != "type"})
        block[kind] = options
    return block


def _option(value: Any, default: bool) -> Any:
    if not isinstance(value, bool):
        return value
    return "default" if default else str(value).lower()


def _directory(shown: Object) -> Object:
    (table,) = shown["directory_table"]
    return {"enable": table["enable"], "auto_refresh": str(table["auto_refresh"]).lower()}


def _format_sql(block: Object) -> str:
    if block.get("format_name"):
        return f"(FORMAT_NAME = {literal(block['format_name'])})"
    for kind in _FORMATS:
        if block.get(kind):
            settings: Object = block[kind][0] or {}
            options = [f"TYPE = {kind.upper()}"]
            for name, value in settings.items():
                if value if isinstance(value, list) else value not in UNMANAGED:
                    text = value.upper() if value in ("true", "false") else literal(value)
                    options.append(f"{name.upper()} = {text}")
            return f"({' '.join(options)})"
    return "(TYPE = CSV)"
