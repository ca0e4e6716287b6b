"""What is kept of an execution that has ended: its history, packed, and what a redrive goes on from.

moto keeps everything that evaluated the execution: 300 kB for one of the pipeline, most of it the same inputs
again and again.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.test_state.execution import TestStateExecution

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces
from strata.cloud.aws.stepfunctions.progress import Place, place_of


class EndedHistory:
    """The events of an execution, as moto's event manager tells them."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self._packed = zlib.compress(to_json_str(events, separators=(",", ":")).encode())

    def get_event_history(self) -> list[dict[str, Any]]:
        """Return the events."""
        events: list[dict[str, Any]] = json.loads(zlib.decompress(self._packed))
        return events


class EndedEnvironment:
    """The place of moto's environment in an execution that has ended."""

    def __init__(self, environment: Any, *, redrivable: bool) -> None:
        self.event_manager = EndedHistory(environment.event_manager.get_event_history())
        self.callback_pool_manager = environment.callback_pool_manager
        self.map_run_record_pool_manager = environment.map_run_record_pool_manager
        self.place = place_of(environment) if redrivable else Place()

    def set_stop(self, **_: Any) -> None:
        """Do nothing: a stop that comes as the execution ends is too late."""


class Ended(Service):
    """moto's executions, each reduced at its end; starts after what looks at the end."""

    @replaces(moto.REFLECT_STATUS, wraps=True)
    def reduce(self, reflect: Callable[[Any], None], communication: Any) -> None:
        execution = communication.execution
        worker = execution.exec_worker
        reflect(communication)
        # One that timed out tells of it when its task is over.
        if execution.status != "TIMED_OUT" and not isinstance(execution, TestStateExecution):
            worker.env = EndedEnvironment(worker.env, redrivable=execution.status != "SUCCEEDED")
        moto.forget_ended_threads()
