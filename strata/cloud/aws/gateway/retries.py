"""A call is carried out once, however often its client sends it.

An AWS SDK sends a request again when the connection ends before the answer is read, which happens on a busy
machine even between two processes of it. A conditional write then meets its own first attempt and fails:
Terraform took its own lock for another's (seen once, in DynamoDB). Every attempt of one call has the same
`amz-sdk-invocation-id`, so the later ones get the first one's answer.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Start = Callable[..., Any]
Application = Callable[[dict[str, Any], Start], Iterable[bytes]]

_REMEMBERED = 2048
_LARGEST = 16 * 1024
# What a fault that was asked for has answered.
FAULT_HEADER = "X-Strata-Fault"
_READS = ("GET", "HEAD", "OPTIONS")


@dataclass
class _Answer:
    status: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def final(self) -> bool:
        """Whether a later attempt gets it: after a fault the later one must be carried out."""
        # A throttled call is one that its client is to send again.
        failed = self.status.startswith(("5", "429")) or any(name == FAULT_HEADER for name, _ in self.headers)
        return self.status != "" and not failed and len(self.body) <= _LARGEST


class AnswerOnce:
    """WSGI middleware in front of `application`."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, str, str, str], _Answer] = OrderedDict()

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        invocation = environ.get("HTTP_AMZ_SDK_INVOCATION_ID", "")
        if not invocation or environ["REQUEST_METHOD"] in _READS:
            return self._application(environ, start_response)
        key = (
            invocation,
            environ["REQUEST_METHOD"],
            environ.get("PATH_INFO", ""),
            environ.get("HTTP_X_AMZ_TARGET", ""),
        )
        with self._lock:
            earlier = self._answers.get(key)
            if earlier is None:
                answer = self._answers[key] = _Answer()
                while len(self._answers) > _REMEMBERED:
                    self._answers.popitem(last=False)
        if earlier is None:
            try:
                self._carry_out(answer, environ)
            finally:
                if not answer.final:
                    with self._lock:
                        self._answers.pop(key, None)
                answer.done.set()
        else:
            earlier.done.wait()
            if not earlier.final:
                return self._application(environ, start_response)
            answer = earlier
        start_response(answer.status, answer.headers)
        return [answer.body]

    def _carry_out(self, answer: _Answer, environ: dict[str, Any]) -> None:
        def start(status: str, headers: list[tuple[str, str]], fault: Any = None) -> Callable[[bytes], None]:
            answer.status, answer.headers = status, headers
            return chunks.append

        chunks: list[bytes] = []
        found = self._application(environ, start)
        try:
            chunks.extend(found)
        finally:
            close = getattr(found, "close", None)
            if close is not None:
                close()
        answer.body = b"".join(chunks)
