"""External tables, and free SQL."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from strata.cloud.snowflake.provider.client import Client, Error, literal
from strata.cloud.snowflake.provider.identifiers import quote, quote_path
from strata.cloud.snowflake.provider.planning import Draft
from strata.cloud.snowflake.provider.resources.base import Resource
from strata.cloud.snowflake.provider.values import Object


class ExternalTableResource(Resource):
    type_name = "snowflake_external_table"
    preview_feature = "snowflake_external_table_resource"

    def check(self, planned: Object) -> None:
        for name in ("aws_sns_topic", "tag"):
            if planned.get(name):
                raise ValueError(f"the stand-in provider does not support {name} of {self.type_name}")

    def create(self, client: Client, planned: Object) -> str:
        path = self.path(planned)
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
        path = tuple(state["id"].split("|"))
        row = client.show("EXTERNAL TABLES", path)
        if row is None:
            return None
        return {"fully_qualified_name": quote_path(path), "name": row["name"], "owner": row["owner"]}

    def update(self, client: Client, prior: Object, planned: Object, unknown: Collection[str]) -> str:
        # Every change but that of tags, which are unsupported, forces a new table.
        return str(prior["id"])

    def delete(self, client: Client, state: Object) -> None:
        client.execute(f"DROP EXTERNAL TABLE IF EXISTS {quote_path(tuple(state['id'].split('|')))}")


class Execute(Resource):
    type_name = "snowflake_execute"

    def customise(self, client: Client, draft: Draft) -> None:
        if draft.before("execute"):
            draft.force_new("execute")
        if draft.has_change("query"):
            draft.set_unknown("query_results")

    def create(self, client: Client, planned: Object) -> str:
        client.execute(planned["execute"])
        return str(uuid.uuid4())

    def read(self, client: Client, state: Object) -> Object | None:
        try:
            rows = client.execute(state["query"]) if state.get("query") else []
        except Error:
            # The real provider warns, and continues without results.
            rows = []
        return {"query_results": [{n: None if v is None else str(v) for n, v in row.items()} for row in rows]}

    def update(self, client: Client, prior: Object, planned: Object, unknown: Collection[str]) -> str:
        # After an import the state has no statement: the real provider takes it as executed.
        return str(prior["id"])

    def delete(self, client: Client, state: Object) -> None:
        client.execute(state["revert"])
