"""What AWS tells of the answers of its optimised integrations: `SdkHttpMetadata` and `SdkResponseMetadata`.

moto takes them out. The result of a task with `.sync` or `.waitForTaskToken` has none, but what it submitted
has; one of `aws-sdk:` has none. The cause of entries that EventBridge refuses is their answer, as JSON.
"""

from __future__ import annotations

import json
import threading
from typing import Any

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces

_INTEGRATIONS = frozenset({"dynamodb", "lambda", "sns", "sqs", "states"})


class FailedEntriesError(RuntimeError):
    """EventBridge has refused entries; `cause` is its answer."""

    def __init__(self, cause: Any) -> None:
        super().__init__(json.dumps(cause))
        self.cause = json.dumps(cause, separators=(",", ":"))


class TaskMetadata(Service):
    """The answers of services, as far as a task's result speaks of them."""

    def __init__(self) -> None:
        super().__init__()
        self._answers = threading.local()

    def start(self) -> None:
        """Let a refusal name its entries."""
        super().start()
        self.set(moto.FAILED_ENTRIES, FailedEntriesError)

    def observe(self, client: Any) -> None:
        """Remember each answer that a task's client gets, for the thread that evaluates the task."""
        client.meta.events.register("after-call", self._remember)

    def _remember(self, parsed: dict[str, Any], **_: Any) -> None:
        self._answers.latest = parsed.get("ResponseMetadata")

    @replaces(moto.AFTER_TASK, wraps=True)
    def after_task(self, after: Any, task: Any, env: Any, *more: Any, **named: Any) -> None:
        if task.resource.condition is None:
            self._complete(task, env)
        after(task, env, *more, **named)

    @replaces(moto.AFTER_SUBMITTED_TASK, wraps=True)
    def after_submitted(self, after: Any, task: Any, env: Any, *more: Any, **named: Any) -> None:
        if task.resource.condition is not None:
            self._complete(task, env)
        after(task, env, *more, **named)

    def _complete(self, task: Any, env: Any) -> None:
        latest = getattr(self._answers, "latest", None)
        if latest and task.resource.service_name in _INTEGRATIONS and isinstance(env.stack[-1], dict):
            env.stack[-1].update(_metadata(latest))


def _metadata(answer: dict[str, Any]) -> dict[str, Any]:
    headers = answer.get("HTTPHeaders", {})
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": answer["HTTPStatusCode"],
        },
        "SdkResponseMetadata": {"RequestId": answer.get("RequestId", "")},
    }
