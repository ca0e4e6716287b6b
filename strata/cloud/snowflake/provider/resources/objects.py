"""Objects of a kind, a name and properties: roles, databases, schemas, warehouses, integrations."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from strata.cloud.snowflake.provider.client import Client, Row, literal, output
from strata.cloud.snowflake.provider.identifiers import encoded, parts, quote_path
from strata.cloud.snowflake.provider.planning import Draft
from strata.cloud.snowflake.provider.resources.base import UNMANAGED, Resource
from strata.cloud.snowflake.provider.rules import canonical_word
from strata.cloud.snowflake.provider.values import Object, in_set_order

Path = tuple[str, ...]
_PLACES = {1: ("name",), 2: ("database", "name"), 3: ("database", "schema", "name")}


class SqlObject(Resource):
    """An object of SQL.

    `kind` and `plural` are its keywords; `keywords` maps attributes to properties, `columns` to SHOW's.
    """

    kind: ClassVar[str]
    plural: ClassVar[str]
    dropped_as: ClassVar[str] = ""
    levels: ClassVar[int] = 1
    keywords: ClassVar[dict[str, str]] = {"comment": "COMMENT"}
    columns: ClassVar[dict[str, str]] = {"comment": "comment"}
    output_columns: ClassVar[dict[str, str]] = {}
    # Properties of CREATE only.
    create_only: ClassVar[tuple[str, ...]] = ()

    def create(self, client: Client, planned: Object) -> str:
        path = self.path(planned)
        client.execute(" ".join([self.creation(planned), quote_path(path), *self.clauses(planned)]))
        return encoded(path)

    def creation(self, planned: Object) -> str:
        return f"CREATE {self.kind}"

    def clauses(self, planned: Object) -> list[str]:
        """Return the properties of CREATE."""
        settings = self.settings(planned)
        return [f"{keyword} = {value}" for keyword, value in settings.items() if value is not None]

    def settings(self, state: Object) -> dict[str, str | None]:
        """Return keyword -> value in SQL; None for an attribute that is not managed."""
        found: dict[str, str | None] = {}
        for attribute, keyword in (self.keywords | self.parameters()).items():
            value = state.get(attribute)
            unset = value == [] if isinstance(value, list) else value in UNMANAGED
            found[keyword] = None if unset else self.sql(attribute, value)
        return found

    def sql(self, attribute: str, value: Any) -> str:
        """Return an attribute's value in SQL."""
        words = self.rules.get("valid", {}).get(attribute, {}).get("words")
        if words:
            return literal(canonical_word(words, value) or value)
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.upper()
        in_order = self.schema.type[1][attribute][0] == "set"
        return literal(in_set_order(value) if in_order else value)

    def update(self, client: Client, prior: Object, planned: Object, unknown: Collection[str]) -> str:
        old, new = self.path(prior), self.path(planned)
        if old != new:
            client.execute(f"ALTER {self.kind} {quote_path(old)} RENAME TO {quote_path(new)}")
        before, after = self.settings(prior), self.settings(planned)
        forced = {keyword for attribute, keyword in self.parameters().items() if attribute in unknown}
        changed = {
            keyword: value
            for keyword, value in after.items()
            if (value != before[keyword] or keyword in forced) and keyword not in self.create_only
        }
        sets = [f"{keyword} = {value}" for keyword, value in changed.items() if value is not None]
        if sets:
            client.execute(f"ALTER {self.kind} {quote_path(new)} SET {' '.join(sets)}")
        unsets = [keyword for keyword, value in changed.items() if value is None]
        if unsets:
            client.execute(f"ALTER {self.kind} {quote_path(new)} UNSET {', '.join(unsets)}")
        return encoded(new)

    def delete(self, client: Client, state: Object) -> None:
        client.execute(f"DROP {self.dropped_as or self.kind} IF EXISTS {quote_path(parts(state['id']))}")

    def read(self, client: Client, state: Object) -> Object | None:
        path = parts(state["id"])
        row = client.show(self.plural, path)
        if row is None:
            return None
        actual: Object = {}
        for attribute, column in self.columns.items():
            actual[attribute] = self.value(attribute, row[column])
        block = self.schema.block["attributes"]
        if "show_output" in block:
            actual["show_output"] = self.show_output(row, block["show_output"]["type"][1][1])
        actual["fully_qualified_name"] = quote_path(path)
        self._read_parameters(client, path, actual)
        self.details(client, path, row, state, actual)
        return actual

    def show_output(self, row: Row, fields: dict[str, Any]) -> list[Object]:
        """Convert the row of SHOW into `show_output`."""
        return output(row, fields, self.output_columns, self.rules.get("times", ()))

    def details(self, client: Client, path: Path, row: Row, state: Object, actual: Object) -> None:
        """Add the attributes that SHOW lacks to `actual`."""

    def value(self, attribute: str, shown: Any) -> Any:
        """Convert a value of SHOW into the attribute's type."""
        empty = shown is None or shown == "null"
        if self.schema.block["attributes"][attribute]["type"] == "bool":
            return str(shown).lower() == "true"
        return "" if empty else str(shown)

    def drift(self, client: Client, state: Object, actual: Object) -> Object:
        """Convert the booleans of outputs into the words of attributes."""
        found = super().drift(client, state, actual)
        words = {name for name, value in found.items() if isinstance(value, bool)}
        kinds = self.schema.type[1]
        return found | {name: str(found[name]).lower() for name in words if kinds[name] == "string"}

    def imported(self, client: Client, identifier: str) -> Object:
        path = parts(identifier)
        if len(path) != self.levels:
            raise ValueError(
                f"unexpected number of parts {len(path)} in identifier {identifier}, expected {self.levels}"
            )
        return dict(zip(_PLACES[len(path)], path, strict=True))

    def row(self, client: Client, identifier: str) -> Row:
        """Return the object's row of SHOW.

        Raises:
            ValueError: the object does not exist.
        """
        found = client.show(self.plural, parts(identifier))
        if found is None:
            raise ValueError("object does not exist")
        return found

    def _read_parameters(self, client: Client, path: Path, actual: Object) -> None:
        level = self.rules.get("parameters")
        if not level:
            return
        rows = client.parameters(level, path)
        block = self.schema.block["attributes"]
        for attribute, key in self.parameters().items():
            if key in rows:
                kind, value = block[attribute]["type"], rows[key]["value"] or ""
                actual[attribute] = (
                    value == "true" if kind == "bool" else int(value) if kind == "number" else value
                )
        if "parameters" in block:
            reduced = client.has("PARAMETERS_REDUCED_OUTPUT")
            actual["parameters"] = [
                {
                    name: _parameter(rows[name.upper()], field, reduced) if name.upper() in rows else []
                    for name, field in block["parameters"]["type"][1][1].items()
                }
            ]


def _parameter(row: Row, field: Any, reduced: bool) -> list[Object]:
    shown = {name: row[name] for name in ("value", "level")} if reduced else row
    return output(shown, field[1][1])


class AccountRole(SqlObject):
    type_name = "snowflake_account_role"
    kind, plural = "ROLE", "ROLES"


class DatabaseResource(SqlObject):
    type_name = "snowflake_database"
    kind, plural = "DATABASE", "DATABASES"

    def creation(self, planned: Object) -> str:
        return "CREATE TRANSIENT DATABASE" if planned.get("is_transient") else "CREATE DATABASE"

    def create(self, client: Client, planned: Object) -> str:
        identifier = super().create(client, planned)
        if planned.get("drop_public_schema_on_creation"):
            client.execute(f"DROP SCHEMA IF EXISTS {quote_path((identifier, 'PUBLIC'))}")
        return identifier

    def check(self, planned: Object) -> None:
        if planned.get("replication"):
            raise ValueError(
                "the stand-in provider does not support the block replication of snowflake_database"
            )

    def details(self, client: Client, path: Path, row: Row, state: Object, actual: Object) -> None:
        actual["is_transient"] = "TRANSIENT" in (row["options"] or "")


class SchemaResource(SqlObject):
    type_name = "snowflake_schema"
    keeps_state = True
    kind, plural, levels = "SCHEMA", "SCHEMAS", 2

    def customise(self, client: Client, draft: Draft) -> None:
        draft.force_new("database")
        super().customise(client, draft)

    def creation(self, planned: Object) -> str:
        return "CREATE TRANSIENT SCHEMA" if planned.get("is_transient") == "true" else "CREATE SCHEMA"

    def clauses(self, planned: Object) -> list[str]:
        managed = ["WITH MANAGED ACCESS"] if planned.get("with_managed_access") == "true" else []
        return managed + super().clauses(planned)

    def create(self, client: Client, planned: Object) -> str:
        path = self.path(planned)
        if path[1].strip().upper() == "PUBLIC" and client.show("SCHEMAS", path) is not None:
            # A new database has the schema PUBLIC; the provider changes it instead.
            unset = {
                "name": planned["name"],
                "database": planned["database"],
                "with_managed_access": "default",
            }
            return self.update(client, unset, planned, ())
        return super().create(client, planned)

    def update(self, client: Client, prior: Object, planned: Object, unknown: Collection[str]) -> str:
        identifier = super().update(client, prior, planned, unknown)
        if self.changed(prior, planned, "with_managed_access"):
            verb = "ENABLE" if planned["with_managed_access"] == "true" else "DISABLE"
            client.execute(f"ALTER SCHEMA {identifier} {verb} MANAGED ACCESS")
        return identifier

    def details(self, client: Client, path: Path, row: Row, state: Object, actual: Object) -> None:
        fields = self.schema.block["attributes"]["describe_output"]["type"][1][1]
        described = client.execute(f"DESC SCHEMA {quote_path(path)}")
        actual["describe_output"] = [output(found, fields)[0] for found in described]

    def imported(self, client: Client, identifier: str) -> Object:
        row = self.row(client, identifier)
        options = row["options"] or ""
        return super().imported(client, identifier) | {
            "comment": row["comment"] or "",
            "is_transient": "true" if "TRANSIENT" in options else "false",
            "with_managed_access": "true" if "MANAGED ACCESS" in options else "false",
        }


class WarehouseResource(SqlObject):
    type_name = "snowflake_warehouse"
    kind, plural = "WAREHOUSE", "WAREHOUSES"
    create_only = ("INITIALLY_SUSPENDED",)
    keywords: ClassVar[dict[str, str]] = {
        name: name.upper()
        for name in (
            "comment",
            "warehouse_size",
            "warehouse_type",
            "min_cluster_count",
            "max_cluster_count",
            "scaling_policy",
            "auto_suspend",
            "auto_resume",
            "resource_monitor",
            "enable_query_acceleration",
            "query_acceleration_max_scale_factor",
            "generation",
            "resource_constraint",
            "initially_suspended",
        )
    }

    def customise(self, client: Client, draft: Draft) -> None:
        super().customise(client, draft)
        if draft.before("warehouse_size") and not draft.after("warehouse_size"):
            draft.force_new("warehouse_size")

    def show_output(self, row: Row, fields: dict[str, Any]) -> list[Object]:
        sizes = self.rules["valid"]["warehouse_size"]["words"]
        monitor = row["resource_monitor"]
        return super().show_output(
            row
            | {
                "size": canonical_word(sizes, row["size"] or "") or "",
                "resource_monitor": "" if monitor in (None, "null") else monitor,
            },
            fields,
        )

    def imported(self, client: Client, identifier: str) -> Object:
        found = super().imported(client, identifier)
        (shown,) = self.show_output(
            self.row(client, identifier), self.schema.block["attributes"]["show_output"]["type"][1][1]
        )
        for _, field, attribute in self.rules["external"]:
            value = shown[field]
            found[attribute] = str(value).lower() if isinstance(value, bool) else value
        # These are omitted, not empty, if the warehouse lacks them.
        return {
            name: value
            for name, value in found.items()
            if value or name not in ("generation", "resource_constraint")
        }


class StorageIntegrationAws(SqlObject):
    type_name = "snowflake_storage_integration_aws"
    kind, plural, dropped_as = "STORAGE INTEGRATION", "STORAGE INTEGRATIONS", "INTEGRATION"
    output_columns: ClassVar[dict[str, str]] = {"storage_type": "type"}
    keywords: ClassVar[dict[str, str]] = {
        name: name.upper()
        for name in (
            "storage_provider",
            "enabled",
            "storage_aws_role_arn",
            "storage_aws_external_id",
            "storage_aws_object_acl",
            "storage_allowed_locations",
            "storage_blocked_locations",
            "use_privatelink_endpoint",
            "comment",
        )
    }
    create_only = ("STORAGE_PROVIDER",)

    def clauses(self, planned: Object) -> list[str]:
        return ["TYPE = EXTERNAL_STAGE", *super().clauses(planned)]

    def details(self, client: Client, path: Path, row: Row, state: Object, actual: Object) -> None:
        described = client.properties(f"DESC STORAGE INTEGRATION {quote_path(path)}")
        record: Object = {
            name.removeprefix("STORAGE_").removeprefix("AWS_").lower(): value
            for name, value in described.items()
        }
        for name in ("allowed_locations", "blocked_locations"):
            record[name] = [place for place in (record.get(name) or "").split(",") if place]
        record["id"] = encoded(path)
        fields = self.schema.block["attributes"]["describe_output"]["type"][1][1]
        actual["describe_output"] = output(record, fields)
        actual |= {
            "enabled": described["ENABLED"] == "true",
            "storage_provider": described["STORAGE_PROVIDER"],
            "storage_allowed_locations": record["allowed_locations"],
            "storage_blocked_locations": record["blocked_locations"],
            "storage_aws_role_arn": described["STORAGE_AWS_ROLE_ARN"],
            "storage_aws_object_acl": described.get("STORAGE_AWS_OBJECT_ACL"),
        }

    def imported(self, client: Client, identifier: str) -> Object:
        found = super().imported(client, identifier)
        self.row(client, identifier)
        described = client.properties(f"DESC STORAGE INTEGRATION {quote_path(parts(identifier))}")
        default = client.has("IMPORT_BOOLEAN_DEFAULT")
        return found | {
            "use_privatelink_endpoint": "default" if default else described["USE_PRIVATELINK_ENDPOINT"]
        }
