"""The events of executions as lines of their machine's log group: moto starts every execution without a log.

The log group's own service writes, not the role; a group that is gone takes nothing, as on AWS. Lines are
kept packed: with the level ALL they have as many bytes as the history.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from moto.logs.models import LogEvent
from moto.stepfunctions.parser.asl.eval.event.logging import (
    CloudWatchLoggingConfiguration,
    CloudWatchLoggingSession,
    HistoryLog,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import Execution

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces
from strata.cloud.aws.stepfunctions.redrives import Redrives, redrives_of


class PackedLogEvent(LogEvent):
    """A line of a log, kept packed."""

    @property
    def message(self) -> str:
        """The line."""
        return zlib.decompress(self._packed).decode()

    @message.setter
    def message(self, text: str) -> None:
        self._packed = zlib.compress(text.encode())


class ExecutionLog(Service):
    """moto's executions, each with its log."""

    def start(self) -> None:
        """Let all logs keep their lines packed."""
        super().start()
        self.set(moto.LOG_EVENT, PackedLogEvent)

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
    redrives = redrives_of(execution)
    stream = f"states/{machine.name}/{execution.start_date:%Y-%m-%d-%H-%M}/{execution.name}"
    return _Session(execution.exec_arn, configuration, stream, redrives)


def child_session(parent: Any, execution_arn: str, name: str, redrives: Redrives) -> _Session | None:
    """Return the log of a Map Run's child, in the log group of the parent; None if that has none."""
    if parent is None:
        return None
    folder = parent.stream.rpartition("/")[0]
    return _Session(execution_arn, parent.configuration, f"{folder}/{name.partition(':')[0]}", redrives)


class _Session(CloudWatchLoggingSession):
    """One execution's log: moto's own asks for the events' level, and writes what its log service refuses."""

    def __init__(
        self,
        execution_arn: str,
        configuration: CloudWatchLoggingConfiguration,
        stream: str,
        redrives: Redrives,
    ) -> None:
        super().__init__(execution_arn, configuration)
        self.stream = stream
        self._redrives = redrives

    def publish_history_log(self, history_log: HistoryLog) -> None:
        backend: Any = moto.logs_of(self)
        group = self.configuration.log_group_name
        if group not in backend.groups:
            return
        at = int(datetime.fromisoformat(str(history_log["event_timestamp"])).timestamp() * 1000)
        line = {**json.loads(to_json_str(history_log)), "event_timestamp": str(at)}
        line["redrive_count"] = str(self._redrives.count)
        backend.ensure_log_stream(group, self.stream)
        backend.put_log_events(group, self.stream, [{"timestamp": at, "message": json.dumps(line)}])
