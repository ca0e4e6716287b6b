"""Resource types that are planned as the real provider plans them, but not applied here."""

from __future__ import annotations

from collections.abc import Collection
from typing import NoReturn

from strata.cloud.snowflake.provider.client import Client
from strata.cloud.snowflake.provider.resources.base import Resource
from strata.cloud.snowflake.provider.schema import ResourceSchema, resources
from strata.cloud.snowflake.provider.values import Object


class PlannedOnly(Resource):
    """A type of the schema document for which the embedded Snowflake has no statements.

    Args:
        type_name: the resource type.
    """

    def __init__(self, type_name: str) -> None:
        self._name = type_name

    @property
    def schema(self) -> ResourceSchema:
        return resources()[self._name]

    @property
    def rules(self) -> dict[str, object]:
        return {}

    def create(self, client: Client, planned: Object) -> str:
        self._refuse()

    def read(self, client: Client, state: Object) -> Object | None:
        self._refuse()

    def update(self, client: Client, prior: Object, planned: Object, unknown: Collection[str]) -> str:
        self._refuse()

    def delete(self, client: Client, state: Object) -> None:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ValueError(
            f"the stand-in provider plans {self._name}, but the embedded Snowflake has none: "
            "it cannot be applied, read or imported here"
        )
