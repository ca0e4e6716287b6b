"""One environment of the running platform, with what is asked again and again kept."""

from __future__ import annotations

import functools
import hashlib
import threading
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from strata.cloud.endpoints import Endpoints
from strata.console.index import RunIndex
from strata.live.remote_state import s3_config
from strata.platform import pipeline
from strata.platform.names import Platform
from strata.platform.workspace import Workspace
from strata.terraform.state import UnitState

_LOOK_SECONDS = 2.0


class ConsoleEnvironment:
    """An environment as the console asks it.

    Args:
        root: the checkout's folder.
        name: a folder of `live`.
        cloud: where the cloud listens.
    """

    def __init__(self, root: Path, name: str, cloud: Endpoints) -> None:
        self.root = root
        self.name = name
        self._cloud = cloud
        self._lock = threading.Lock()
        self._looked = 0.0
        self._digest = ""
        self.client = functools.cache(self._client)
        self._states_of = functools.lru_cache(maxsize=2)(self._read_states)
        self._workspace_of = functools.lru_cache(maxsize=1)(self._read_workspace)

    def _client(self, service: str) -> Any:
        return pipeline.client(self.workspace.endpoints, service)

    @property
    def workspace(self) -> Workspace:
        """The environment; read anew when a file of the live tree has changed."""
        files = (*(self.root / "live").rglob("*.hcl"), self.root / "terragrunt.hcl")
        return self._workspace_of(max(file.stat().st_mtime_ns for file in files))

    def _read_workspace(self, changed: int) -> Workspace:
        return Workspace(self.root, self.name, self._cloud)

    @cached_property
    def _bucket(self) -> str:
        """Where the states are."""
        tree = self.workspace.tree
        first = tree.units(self.name)[0].path
        return str(s3_config(tree.remote_states([first])[first])["bucket"])

    def state_digest(self) -> str:
        """A text that changes when a state does."""
        with self._lock:
            now = time.monotonic()
            if now - self._looked >= _LOOK_SECONDS or not self._digest:
                pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
                found = [(item["Key"], item["ETag"]) for page in pages for item in page.get("Contents", [])]
                self._digest = hashlib.sha256(repr(found).encode()).hexdigest()[:16]
                self._looked = now
            return self._digest

    def states(self) -> Mapping[str, UnitState | None]:
        """Each unit's state by component."""
        return self._states_of(self.state_digest())

    def _read_states(self, digest: str) -> Mapping[str, UnitState | None]:
        return self.workspace.states()

    def outputs(self, component: str) -> Mapping[str, Any]:
        """What a unit hands on; nothing if it was never applied."""
        state = self.states().get(component)
        return {} if state is None else state.outputs

    @property
    def platform(self) -> Platform:
        """The environment's names.

        Raises:
            StrataError: it is not completely applied.
        """
        applied = {name: state.outputs for name, state in self.states().items() if state is not None}
        return Platform.from_outputs(applied)

    @cached_property
    def index(self) -> RunIndex:
        """The executions."""
        return RunIndex(self.client("stepfunctions"), self.platform.state_machine_arn)

    def claims(self) -> list[dict[str, str]]:
        """All records of objects, as text by field."""
        table = self.platform.claims_table
        if table is None:
            return []
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=table)
        return [
            {name: str(next(iter(value.values()))) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        ]
