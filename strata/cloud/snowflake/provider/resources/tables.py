"""External stages, external tables, and free SQL."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from strata.cloud.snowflake.grammar import Path, quote, quote_path
from strata.cloud.snowflake.provider.client import Client, Row, literal, output
from strata.cloud.snowflake.provider.resources.base import UNMANAGED, Resource, path_of
from strata.cloud.snowflake.provider.resources.objects import SqlObject
from strata.cloud.snowflake.provider.values import Object

_FORMATS = ("avro", "csv", "json", "orc", "parquet", "xml")


class StageExternalS3(SqlObject):
    type_name = "snowflake_stage_external_s3"
    kind, plural = "STAGE", "STAGES"
    columns: ClassVar[dict[str, str]] = {
        "comment": "comment",
        "url": "url",
        "storage_integration": "storage_integration",
        "cloud": "cloud",
    }
    keywords: ClassVar[dict[str, str]] = {
        "url": "URL",
        "storage_integration": "STORAGE_INTEGRATION",
        "use_privatelink_endpoint": "USE_PRIVATELINK_ENDPOINT",
        "file_format": "FILE_FORMAT",
        "comment": "COMMENT",
    }
    defaults: ClassVar[dict[str, Any]] = {
        "use_privatelink_endpoint": "false",
        "compression": "AUTO",
        "null_if": ["\\N"],
    }

    def check(self, planned: Object) -> None:
        for block in ("credentials", "encryption"):
            if planned.get(block):
                raise ValueError(f"the stand-in provider does not do the block {block} of {self.type_name}")
        if any(block.get("enable") is True for block in planned.get("directory") or []):
            raise ValueError(f"the stand-in provider does not do directory tables of {self.type_name}")

    def sql(self, attribute: str, value: Any) -> str:
        if attribute == "file_format":
            return _format_sql(value[0])
        if attribute == "storage_integration":
            return quote(value)
        return super().sql(attribute, value)

    def details(self, client: Client, path: Path, row: Row, state: Object, actual: Object) -> None:
        actual |= {"schema": path[1], "stage_type": row["type"], "use_privatelink_endpoint": "false"}
        rows = client.find(f"DESC STAGE {quote_path(path)}")
        said: dict[str, Row] = {}
        for found in rows:
            said.setdefault(found["parent_property"], {})[found["property"]] = found["property_value"]
        file_format = said["STAGE_FILE_FORMAT"]
        actual["file_format"] = _format_block(file_format, state.get("file_format"))
        fields = self.schema.block["attributes"]["describe_output"]["type"][1][1]
        kind = file_format.get("TYPE", "").lower()
        formats = fields["file_format"][1][1]
        described: Object = {name: [] for name in _FORMATS} | {
            "format_name": file_format.get("FORMAT_NAME", "")
        }
        if kind in _FORMATS:
            lowered = {name.lower(): value for name, value in file_format.items()}
            lowered["null_if"] = (lowered.get("null_if") or "").strip("[]")
            described[kind] = output(lowered, formats[kind][1][1])
        place = said["STAGE_LOCATION"]
        actual["describe_output"] = [
            {
                "directory_table": [{"enable": False, "auto_refresh": False, "last_refreshed_on": ""}],
                "file_format": [described],
                "location": [{"aws_access_point_arn": "", "url": [place["URL"].strip('["]')]}],
                "privatelink": [{"use_privatelink_endpoint": False}],
            }
        ]


def _format_sql(block: Object) -> str:
    if block.get("format_name"):
        return f"(FORMAT_NAME = {literal(block['format_name'])})"
    for kind in _FORMATS:
        if block.get(kind):
            settings: Object = block[kind][0]
            parts = [f"TYPE = {kind.upper()}"]
            for name, value in settings.items():
                if isinstance(value, list) or value not in UNMANAGED:
                    text = value.upper() if value in ("true", "false") else literal(value)
                    parts.append(f"{name.upper()} = {text}")
            return f"({' '.join(parts)})"
    return "(TYPE = CSV)"


def _format_block(said: Row, prior: list[Object] | None) -> list[Object]:
    """The file format as it is; what is not managed and has Snowflake's default stays as planned."""
    if "FORMAT_NAME" in said and "TYPE" not in said:
        block: Object = {kind: [] for kind in _FORMATS}
        return [block | {"format_name": said["FORMAT_NAME"]}]
    kind = said["TYPE"].lower()
    if not prior and kind == "csv":
        return []
    before = ((prior or [{}])[0].get(kind) or [{}])[0]
    attributes: Object = {}
    for name, default in _PARQUET.items() if kind == "parquet" else ():
        actual: Any = said.get(name.upper())
        if name == "null_if":
            actual = [item for item in (actual or "").strip("[]").split(", ") if item]
        attributes[name] = actual
        if actual == default and before.get(name) in (None, "default"):
            # Not managed, or just imported: three-valued attributes have a word for that.
            imported = "default" if default in ("true", "false") else actual
            attributes[name] = before.get(name, imported)
    return [{k: [] for k in _FORMATS} | {"format_name": None, kind: [attributes]}]


# Snowflake's defaults of a Parquet file format, as DESC STAGE shows them.
_PARQUET: dict[str, Any] = {
    "binary_as_text": "true",
    "compression": "AUTO",
    "null_if": ["\\N"],
    "replace_invalid_characters": "false",
    "trim_space": "false",
    "use_logical_type": "false",
    "use_vectorized_scanner": "false",
}


class ExternalTable(Resource):
    type_name = "snowflake_external_table"
    preview_feature = "snowflake_external_table_resource"

    def check(self, planned: Object) -> None:
        for name in ("aws_sns_topic", "tag"):
            if planned.get(name):
                raise ValueError(f"the stand-in provider does not do {name} of {self.type_name}")

    def create(self, client: Client, planned: Object) -> str:
        path = path_of(planned)
        columns = ", ".join(f"{quote(c['name'])} {c['type']} AS {c['as']}" for c in planned["column"])
        clauses = [f"CREATE EXTERNAL TABLE {quote_path(path)} ({columns})"]
        if planned["partition_by"]:
            clauses.append(f"PARTITION BY ({', '.join(planned['partition_by'])})")
        clauses.append(f"WITH LOCATION = {planned['location']}")
        clauses.append(f"REFRESH_ON_CREATE = {literal(planned['refresh_on_create'])}")
        clauses.append(f"AUTO_REFRESH = {literal(planned['auto_refresh'])}")
        if planned["pattern"]:
            clauses.append(f"PATTERN = {literal(planned['pattern'])}")
        clauses.append(f"FILE_FORMAT = ( {planned['file_format']} )")
        if planned["table_format"]:
            clauses.append(f"TABLE_FORMAT = {planned['table_format']}")
        if planned["copy_grants"]:
            clauses.append("COPY GRANTS")
        if planned["comment"]:
            clauses.append(f"COMMENT = {literal(planned['comment'])}")
        client.execute(" ".join(clauses))
        return "|".join(path)

    def read(self, client: Client, state: Object) -> Object | None:
        path = path_of(state)
        row = client.show("EXTERNAL TABLES", path)
        if row is None:
            return None
        actual: Object = dict(zip(("database", "schema", "name"), path, strict=True))
        actual |= {"fully_qualified_name": quote_path(path), "owner": row["owner"], "comment": row["comment"]}
        if state.get("location") is None:
            columns = [
                found
                for found in client.find(f"DESC EXTERNAL TABLE {quote_path(path)}")
                if found["expression"]
            ]
            actual["column"] = [
                {"name": c["name"], "type": c["type"], "as": c["expression"]} for c in columns
            ]
            actual |= {"location": row["location"], "file_format": f"TYPE = {row['file_format_type']}"}
        return actual

    def update(self, client: Client, prior: Object, planned: Object) -> str:
        # Everything but tags, which are refused, makes a new table.
        return str(prior["id"])

    def delete(self, client: Client, state: Object) -> None:
        client.execute(f"DROP EXTERNAL TABLE IF EXISTS {quote_path(path_of(state))}")

    def imported(self, identifier: str) -> Object:
        parts = identifier.split("|")
        if len(parts) != 3:
            raise ValueError(f"the id of an external table is <database>|<schema>|<name>, not {identifier}")
        return {"id": identifier} | dict(zip(("database", "schema", "name"), parts, strict=True))


class Execute(Resource):
    type_name = "snowflake_execute"

    def create(self, client: Client, planned: Object) -> str:
        client.execute(planned["execute"])
        return str(uuid.uuid4())

    def read(self, client: Client, state: Object) -> Object | None:
        if not state.get("query"):
            return {"query_results": None}
        rows = client.execute(state["query"])
        results = [{name: None if v is None else str(v) for name, v in row.items()} for row in rows]
        return {"query_results": results}

    def update(self, client: Client, prior: Object, planned: Object) -> str:
        if not prior.get("execute"):
            client.execute(planned["execute"])
        return str(prior["id"])

    def delete(self, client: Client, state: Object) -> None:
        client.execute(state["revert"])
