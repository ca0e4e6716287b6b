"""A folder in which a platform lasts from one `strata up` to the next."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from strata.checkout.file_lock import held
from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError
from strata.platform.pipeline import client
from strata.platform.snapshot import Manifest, load, save

# A stopped execution stops its Glue run, and its last event is delivered, within seconds.
_END_SECONDS = 30
_LOOK_SECONDS = 1.0
_STOPPED = "Strata.CloudStopped"


class DataFolder:
    """Where a platform is saved when its cloud is stopped.

    Args:
        folder: made if missing.
        environment: a folder of `live`.
    """

    def __init__(self, folder: Path, environment: str) -> None:
        self._folder = folder
        self._environment = environment
        self.file = folder / "platform.snapshot"

    @contextlib.contextmanager
    def held(self) -> Iterator[DataFolder]:
        """Keep other sessions out; yield the folder.

        Raises:
            StrataError: another session uses it, or it is not a folder.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise StrataError("it is not a folder", file=self._folder, remedy="name another") from None
        with held(self._folder / "lock", f"the folder {self._folder}", _LOOK_SECONDS):
            yield self

    def load(self, endpoints: Endpoints) -> Manifest | None:
        """Load what was saved last; None if nothing was.

        Raises:
            StrataError: it is damaged, of another version or another environment.
        """
        return load(endpoints, self._environment, self.file) if self.file.exists() else None

    def save(self, endpoints: Endpoints, made_of: str, on_execution: Callable[[str], None]) -> None:
        """Stop what runs, and save the platform.

        Args:
            endpoints: its cloud.
            made_of: the hash of the files that it was applied from.
            on_execution: called with the ARN of each execution that is stopped.

        Raises:
            StrataError: something else does not end; what was saved before is still there.
        """
        for arn in _running(endpoints):
            on_execution(arn)
            client(endpoints, "stepfunctions").stop_execution(
                executionArn=arn, error=_STOPPED, cause="the embedded cloud was stopped"
            )
        retrying = Retrying(
            retry=retry_if_exception_type(StrataError),
            stop=stop_after_delay(_END_SECONDS),
            wait=wait_fixed(0.2),
            reraise=True,
        )
        retrying(save, endpoints, self._environment, self.file, made_of=made_of)


def _running(endpoints: Endpoints) -> Iterator[str]:
    """The running executions of the environment's account."""
    states = client(endpoints, "stepfunctions")
    for page in states.get_paginator("list_state_machines").paginate():
        for machine in page["stateMachines"]:
            running = states.get_paginator("list_executions").paginate(
                stateMachineArn=machine["stateMachineArn"], statusFilter="RUNNING"
            )
            yield from [one["executionArn"] for found in running for one in found["executions"]]
