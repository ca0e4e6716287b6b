"""`SdkHttpMetadata` and `SdkResponseMetadata`, which AWS puts into the result of its optimised integrations.

moto takes them out. A task with `.sync` or `.waitForTaskToken`, and one of `aws-sdk:`, has none.
"""

from __future__ import annotations

import threading
from typing import Any

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces

_INTEGRATIONS = frozenset({"dynamodb", "lambda", "sns", "sqs", "states"})


class TaskMetadata(Service):
    """The answers of services, as far as a task's result speaks of them."""

    def __init__(self) -> None:
        super().__init__()
        self._answers = threading.local()

    def observe(self, client: Any) -> None:
        """Remember each answer that a task's client gets, for the thread that evaluates the task."""
        client.meta.events.register("after-call", self._remember)

    def _remember(self, parsed: dict[str, Any], **_: Any) -> None:
        self._answers.latest = parsed.get("ResponseMetadata")

    @replaces(moto.AFTER_TASK, wraps=True)
    def after_task(self, after: Any, task: Any, env: Any, *more: Any, **named: Any) -> None:
        latest = getattr(self._answers, "latest", None)
        result = env.stack[-1]
        resource = task.resource
        optimised = resource.condition is None and resource.service_name in _INTEGRATIONS
        if latest and optimised and isinstance(result, dict):
            result.update(_metadata(latest))
        after(task, env, *more, **named)


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
