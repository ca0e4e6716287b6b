"""Tags of tables: moto adds a key that is there a second time, and loses one of two changes at once."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Any

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces


class TableTags(Service):
    """TagResource and UntagResource of DynamoDB."""

    name = "dynamodb-tags"

    def __init__(self) -> None:
        super().__init__()
        self._changing = threading.Lock()

    @replaces(moto.TAG_TABLE)
    def tag(self, backend: Any, arn: str, tags: dict[str, str]) -> None:
        self._change(backend, arn, tags, [{"Key": key, "Value": value} for key, value in tags.items()])

    @replaces(moto.UNTAG_TABLE)
    def untag(self, backend: Any, arn: str, tag_keys: list[str]) -> None:
        self._change(backend, arn, tag_keys, [])

    def _change(self, backend: Any, arn: str, keys: Collection[str], added: list[dict[str, str]]) -> None:
        with self._changing:
            for table in list(backend.tables.values()):
                if table.table_arn == arn:
                    table.tags = [tag for tag in table.tags if tag["Key"] not in keys] + added
