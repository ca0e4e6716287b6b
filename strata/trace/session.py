"""What a trace needs of a running platform, made once."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from strata.platform import pipeline
from strata.platform.names import Platform
from strata.platform.workspace import Workspace
from strata.trace import find
from strata.trace.collect import collect
from strata.trace.models import Run, Trace


class Tracer:
    """Traces objects of one environment.

    Args:
        workspace: the environment on its cloud.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @cached_property
    def platform(self) -> Platform:
        """The environment's names."""
        return self._workspace.platform()

    def key(self, text: str) -> str:
        """The key that an argument means.

        Raises:
            StrataError: it is of another bucket, or under no data set's prefix.
        """
        key = find.key_of(text, self.platform.raw_bucket)
        find.require_watched(self._workspace.endpoints, self.platform, key)
        return key

    def runs(self, key: str) -> list[Run]:
        """The executions of a key, the newest first.

        Raises:
            StrataError: there is none, and why.
        """
        found = list(find.runs_of(self._client("stepfunctions"), self.platform, key))
        if not found:
            endpoints = self._workspace.endpoints
            raise find.without_run(endpoints, self.platform, self._client("dynamodb"), key)
        return found

    def trace(self, run: Run, runs: list[Run]) -> Trace:
        """The trace of one of the executions of a key."""
        workspace = self._workspace
        return collect(workspace.environment, workspace.endpoints, self.platform, run, runs, self._count)

    def _client(self, service: str) -> Any:
        return pipeline.client(self._workspace.endpoints, service)

    def _count(self, dataset: str, object_id: str) -> int:
        # Imported here, because that imports the connector.
        from strata.platform.warehouse import ask, connect

        platform = self.platform
        # Only hexadecimal digits: pipeline.object_id makes it.
        sql = f"SELECT COUNT(*) FROM {platform.table(dataset).sql} WHERE OBJECT = '{object_id}'"
        with connect(
            self._workspace.endpoints, role=platform.reader_role, warehouse=platform.warehouse
        ) as connection:
            return int(ask(connection, sql).rows[0][0])
