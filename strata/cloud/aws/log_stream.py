"""What Glue and Lambda print, as events of a CloudWatch log stream."""

from __future__ import annotations

import threading

from moto.core.utils import unix_time_millis
from moto.logs.models import logs_backends

_INTERVAL = 0.5


class LogStream:
    """Takes lines and puts them into a log stream in batches, in the order they came.

    Group and stream are made with the first line, as the services make them. The service writes by itself,
    not with the rights of the role (on AWS the role needs logs:PutLogEvents).
    """

    def __init__(self, account_id: str, region: str, group: str, stream: str) -> None:
        self._backend = logs_backends[account_id][region]
        self._group = group
        self._stream = stream
        self._lines: list[dict[str, object]] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def write(self, line: str) -> None:
        """Add one line; it shows within half a second."""
        with self._lock:
            self._lines.append({"timestamp": int(unix_time_millis()), "message": line})
            if self._timer is None:
                self._timer = threading.Timer(_INTERVAL, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Put everything that is waiting."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            lines, self._lines = self._lines, []
            # Within the lock, so that two flushes keep the order. CloudWatch takes no empty message.
            lines = [line for line in lines if line["message"]]
            if lines:
                self._backend.ensure_log_group(self._group)
                self._backend.ensure_log_stream(self._group, self._stream)
                self._backend.put_log_events(self._group, self._stream, lines)
