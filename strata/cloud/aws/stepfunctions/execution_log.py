"""The events of executions as lines of their machine's log group: moto starts every execution without a log.

The log group's own service writes, not the role; a group that is gone takes nothing, as on AWS.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from moto.stepfunctions.parser.asl.eval.event.logging import (
    CloudWatchLoggingConfiguration,
    CloudWatchLoggingSession,
    HistoryLog,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import Execution

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces


class ExecutionLog(Service):
    """moto's executions, each with its log."""

    @replaces(moto.START_OF_EXECUTION, wraps=True)
    def start_logged(self, start: Callable[[Execution], None], execution: Execution) -> None:
        moto.log_to(execution, _session(execution))
        start(execution)


def _session(execution: Execution) -> CloudWatchLoggingSession | None:
    machine: Any = execution.state_machine
    asked: Any = {"includeExecutionData": False, **machine.loggingConfiguration}
    configuration = CloudWatchLoggingConfiguration.from_logging_configuration(machine.arn, asked)
    if configuration is None:
        return None
    stream = f"states/{machine.name}/{execution.start_date:%Y-%m-%d-%H-%M}/{execution.name}"
    return _Session(execution.exec_arn, configuration, stream)


class _Session(CloudWatchLoggingSession):
    """One execution's log: moto's own asks for the events' level, and writes what its log service refuses."""

    def __init__(
        self, execution_arn: str, configuration: CloudWatchLoggingConfiguration, stream: str
    ) -> None:
        super().__init__(execution_arn, configuration)
        self._stream = stream

    def publish_history_log(self, history_log: HistoryLog) -> None:
        backend: Any = moto.logs_of(self)
        group = self.configuration.log_group_name
        if group not in backend.groups:
            return
        at = int(datetime.fromisoformat(str(history_log["event_timestamp"])).timestamp() * 1000)
        line = {**json.loads(to_json_str(history_log)), "event_timestamp": str(at)}
        backend.ensure_log_stream(group, self._stream)
        backend.put_log_events(group, self._stream, [{"timestamp": at, "message": json.dumps(line)}])
