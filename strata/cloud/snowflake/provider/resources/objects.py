"""Objects that are a kind, a name and properties: roles, databases, schemas, warehouses, integrations, users,
monitors."""

from __future__ import annotations

from typing import Any, ClassVar

from strata.cloud.snowflake.grammar import Path, parse_name, quote_path
from strata.cloud.snowflake.options import known_parameters
from strata.cloud.snowflake.provider.client import Client, Row, literal, output
from strata.cloud.snowflake.provider.resources.base import UNMANAGED, Resource, path_of
from strata.cloud.snowflake.provider.values import Object, Unknown


class SqlObject(Resource):
    """`kind` and `plural` are SQL's words; `keywords` maps attributes to properties, `columns` to SHOW's
    columns."""

    kind: ClassVar[str]
    plural: ClassVar[str]
    dropped_as: ClassVar[str] = ""
    level: ClassVar[str] = ""
    keywords: ClassVar[dict[str, str]] = {"comment": "COMMENT"}
    columns: ClassVar[dict[str, str]] = {"comment": "comment"}
    output_columns: ClassVar[dict[str, str]] = {}
    # Attributes that only matter at creation.
    create_only: ClassVar[tuple[str, ...]] = ()
    words: ClassVar[tuple[str, ...]] = ()

    def create(self, client: Client, planned: Object) -> str:
        path = path_of(planned)
        client.execute(" ".join([self.creation(planned), quote_path(path), *self.clauses(planned)]))
        return quote_path(path)

    def creation(self, planned: Object) -> str:
        return f"CREATE {self.kind}"

    def clauses(self, planned: Object) -> list[str]:
        """The properties of CREATE."""
        return [
            f"{keyword} = {value}" for keyword, value in self.settings(planned).items() if value is not None
        ]

    def settings(self, state: Object) -> dict[str, str | None]:
        """keyword -> value in SQL; None for one that is not managed."""
        found: dict[str, str | None] = {}
        for attribute, keyword in (self.keywords | self._parameter_keywords()).items():
            value = state.get(attribute)
            unset = isinstance(value, Unknown) or (not isinstance(value, list) and value in UNMANAGED)
            found[keyword] = None if unset or value == [] else self.sql(attribute, value)
        return found

    def sql(self, attribute: str, value: Any) -> str:
        """An attribute's value in SQL."""
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.upper()
        return literal(value)

    def update(self, client: Client, prior: Object, planned: Object) -> str:
        old, new = path_of(prior), path_of(planned)
        if old != new:
            client.execute(f"ALTER {self.kind} {quote_path(old)} RENAME TO {quote_path(new)}")
        before, after = self.settings(prior), self.settings(planned)
        changed = {
            keyword: value
            for keyword, value in after.items()
            if value != before[keyword] and keyword not in self.create_only
        }
        sets = [f"{keyword} = {value}" for keyword, value in changed.items() if value is not None]
        if sets:
            client.execute(f"ALTER {self.kind} {quote_path(new)} SET {' '.join(sets)}")
        unsets = [keyword for keyword, value in changed.items() if value is None]
        if unsets:
            client.execute(f"ALTER {self.kind} {quote_path(new)} UNSET {', '.join(unsets)}")
        return quote_path(new)

    def delete(self, client: Client, state: Object) -> None:
        client.execute(f"DROP {self.dropped_as or self.kind} IF EXISTS {quote_path(path_of(state))}")

    def read(self, client: Client, state: Object) -> Object | None:
        path = path_of(state)
        row = client.show(self.plural, path)
        if row is None:
            return None
        actual: Object = dict(zip(("database", "schema", "name")[-len(path) :], path, strict=True))
        if len(path) == 2:
            actual = {"database": path[0], "name": path[1]}
        for attribute, column in self.columns.items():
            actual[attribute] = self.value(attribute, row[column])
        block = self.schema.block["attributes"]
        if "show_output" in block:
            actual["show_output"] = output(row, block["show_output"]["type"][1][1], self.output_columns)
        if "fully_qualified_name" in block:
            actual["fully_qualified_name"] = quote_path(path)
        self._read_parameters(client, path, actual)
        self.details(client, path, row, state, actual)
        return actual

    def details(self, client: Client, path: Path, row: Row, state: Object, actual: Object) -> None:
        """Add to `actual` what SHOW does not say."""

    def value(self, attribute: str, shown: Any) -> Any:
        """A shown value in the attribute's type."""
        kind = self.schema.block["attributes"][attribute]["type"]
        if shown is None or shown == "null":
            return None
        if kind == "number":
            return int(float(shown))
        if kind == "bool":
            return str(shown).lower() == "true"
        return str(shown)

    def imported(self, identifier: str) -> Object:
        path = parse_name(identifier)
        parts = ("database", "schema", "name")[-len(path) :] if len(path) != 2 else ("database", "name")
        return {"id": quote_path(path)} | dict(zip(parts, path, strict=True))

    def _plain(self, name: str, value: Any) -> Any:
        plain = super()._plain(name, value)
        if name in self.words and isinstance(plain, str):
            return plain.upper().replace("-", "").replace("_", "")
        return plain

    def same(self, name: str, one: Any, other: Any) -> bool:
        ignored = {attribute for attribute, keyword in self.keywords.items() if keyword in self.create_only}
        return name in ignored or super().same(name, one, other)

    def _parameter_keywords(self) -> dict[str, str]:
        if not self.level:
            return {}
        names = self.schema.block["attributes"]
        known = known_parameters()
        return {n: n.upper() for n in names if self.level in known.get(n.upper(), {}).get("levels", ())}

    def _read_parameters(self, client: Client, path: Path, actual: Object) -> None:
        if not self.level:
            return
        rows = client.parameters(self.level, path)
        block = self.schema.block["attributes"]
        for attribute, key in self._parameter_keywords().items():
            if key in rows:
                text = rows[key]["value"]
                kind = block[attribute]["type"]
                actual[attribute] = (
                    text == "true" if kind == "bool" else int(text) if kind == "number" else text
                )
        if "parameters" in block:
            fields = block["parameters"]["type"][1][1]
            actual["parameters"] = [
                {
                    name: output(rows[name.upper()], fields[name][1][1]) if name.upper() in rows else []
                    for name in fields
                }
            ]


class AccountRole(SqlObject):
    type_name = "snowflake_account_role"
    kind, plural = "ROLE", "ROLES"


class Database(SqlObject):
    type_name = "snowflake_database"
    kind, plural, level = "DATABASE", "DATABASES", "DATABASE"

    def creation(self, planned: Object) -> str:
        return "CREATE TRANSIENT DATABASE" if planned.get("is_transient") else "CREATE DATABASE"

    def create(self, client: Client, planned: Object) -> str:
        identifier = super().create(client, planned)
        if planned.get("drop_public_schema_on_creation"):
            client.execute(f"DROP SCHEMA IF EXISTS {identifier}.PUBLIC")
        return identifier

    def check(self, planned: Object) -> None:
        if planned.get("replication"):
            raise ValueError("the stand-in provider does not do the block replication of snowflake_database")

    def details(self, client: Client, path: Path, row: Row, state: Object, actual: Object) -> None:
        actual["is_transient"] = "TRANSIENT" in (row["options"] or "")

    def same(self, name: str, one: Any, other: Any) -> bool:
        if name in ("is_transient", "drop_public_schema_on_creation"):
            return name == "drop_public_schema_on_creation" or bool(one) == bool(other)
        return super().same(name, one, other)


class Schema(SqlObject):
    type_name = "snowflake_schema"
    kind, plural, level = "SCHEMA", "SCHEMAS", "SCHEMA"
    defaults: ClassVar[dict[str, Any]] = {"is_transient": "false", "with_managed_access": "false"}

    def creation(self, planned: Object) -> str:
        return "CREATE TRANSIENT SCHEMA" if planned.get("is_transient") == "true" else "CREATE SCHEMA"

    def clauses(self, planned: Object) -> list[str]:
        managed = ["WITH MANAGED ACCESS"] if planned.get("with_managed_access") == "true" else []
        return managed + super().clauses(planned)

    def create(self, client: Client, planned: Object) -> str:
        path = path_of(planned)
        if path[1] == "PUBLIC" and client.show("SCHEMAS", path) is not None:
            # A database comes with its schema PUBLIC; the provider takes it over.
            client.execute(f"DROP SCHEMA {quote_path(path)}")
        return super().create(client, planned)

    def update(self, client: Client, prior: Object, planned: Object) -> str:
        identifier = super().update(client, prior, planned)
        if not self.same("with_managed_access", prior["with_managed_access"], planned["with_managed_access"]):
            verb = "ENABLE" if planned["with_managed_access"] == "true" else "DISABLE"
            client.execute(f"ALTER SCHEMA {identifier} {verb} MANAGED ACCESS")
        return identifier

    def details(self, client: Client, path: Path, row: Row, state: Object, actual: Object) -> None:
        options = row["options"] or ""
        actual["is_transient"] = "true" if "TRANSIENT" in options else "false"
        actual["with_managed_access"] = "true" if "MANAGED ACCESS" in options else "false"
        described = client.find(f"DESC SCHEMA {quote_path(path)}")
        fields = self.schema.block["attributes"]["describe_output"]["type"][1][1]
        actual["describe_output"] = [output(found, fields)[0] for found in described]


class Warehouse(SqlObject):
    type_name = "snowflake_warehouse"
    kind, plural, level = "WAREHOUSE", "WAREHOUSES", "WAREHOUSE"
    create_only = ("INITIALLY_SUSPENDED",)
    words = ("warehouse_size", "warehouse_type", "scaling_policy")
    columns: ClassVar[dict[str, str]] = {
        "comment": "comment",
        "warehouse_size": "size",
        "warehouse_type": "type",
        "min_cluster_count": "min_cluster_count",
        "max_cluster_count": "max_cluster_count",
        "scaling_policy": "scaling_policy",
        "auto_suspend": "auto_suspend",
        "auto_resume": "auto_resume",
        "resource_monitor": "resource_monitor",
        "enable_query_acceleration": "enable_query_acceleration",
        "query_acceleration_max_scale_factor": "query_acceleration_max_scale_factor",
        "generation": "generation",
        "resource_constraint": "resource_constraint",
    }
    keywords: ClassVar[dict[str, str]] = {name: name.upper() for name in (*columns, "initially_suspended")}
    defaults: ClassVar[dict[str, Any]] = {
        "warehouse_size": "X-Small",
        "warehouse_type": "STANDARD",
        "min_cluster_count": 1,
        "max_cluster_count": 1,
        "scaling_policy": "STANDARD",
        "auto_suspend": 600,
        "auto_resume": "true",
        "enable_query_acceleration": "false",
        "query_acceleration_max_scale_factor": 8,
    }


class StorageIntegrationAws(SqlObject):
    type_name = "snowflake_storage_integration_aws"
    kind, plural, dropped_as = "STORAGE INTEGRATION", "STORAGE INTEGRATIONS", "INTEGRATION"
    output_columns: ClassVar[dict[str, str]] = {"storage_type": "type"}
    defaults: ClassVar[dict[str, Any]] = {"use_privatelink_endpoint": "false"}
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
        said = client.properties(f"DESC STORAGE INTEGRATION {quote_path(path)}")
        places = {
            name: [place for place in (said.get(f"STORAGE_{name}_LOCATIONS") or "").split(",") if place]
            for name in ("ALLOWED", "BLOCKED")
        }
        actual |= {
            "enabled": said["ENABLED"] == "true",
            "storage_provider": said["STORAGE_PROVIDER"],
            "storage_allowed_locations": places["ALLOWED"],
            "storage_aws_role_arn": said["STORAGE_AWS_ROLE_ARN"],
            "storage_aws_object_acl": said.get("STORAGE_AWS_OBJECT_ACL"),
            "use_privatelink_endpoint": said["USE_PRIVATELINK_ENDPOINT"],
            "storage_blocked_locations": places["BLOCKED"] or None,
        }
        importing = state.get("storage_aws_role_arn") is None
        if importing or state.get("storage_aws_external_id") is not None:
            actual["storage_aws_external_id"] = said["STORAGE_AWS_EXTERNAL_ID"]
        record = {
            name.removeprefix("STORAGE_").removeprefix("AWS_").lower(): value for name, value in said.items()
        }
        record |= {"allowed_locations": places["ALLOWED"], "blocked_locations": places["BLOCKED"]}
        record["id"] = quote_path(path)
        fields = self.schema.block["attributes"]["describe_output"]["type"][1][1]
        actual["describe_output"] = output(record, fields)
