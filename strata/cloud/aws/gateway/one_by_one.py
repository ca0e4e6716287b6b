"""Changes that moto writes from what it has read before, one request after another: it loses one of two."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, action, replaces


class OneByOne(Service):
    """The actions that read a list, a number or a name that several clients change, and then write it.

    None of them waits for another request. Starts after the services whose actions it wraps.
    """

    name = "one-by-one"

    def __init__(self) -> None:
        super().__init__()
        self._changing = threading.RLock()

    @action("dynamodb", "CreateTable", wraps=True)
    @action("dynamodb", "UpdateTable", wraps=True)
    @action("events", "PutRule", wraps=True)
    @action("events", "PutTargets", wraps=True)
    @action("events", "RemoveTargets", wraps=True)
    @action("glue", "CreateDatabase", wraps=True)
    @action("glue", "CreateJob", wraps=True)
    @action("glue", "CreateTable", wraps=True)
    @action("glue", "UpdateTable", wraps=True)
    @action("iam", "AttachRolePolicy", wraps=True)
    @action("iam", "CreateInstanceProfile", wraps=True)
    @action("iam", "CreatePolicy", wraps=True)
    @action("iam", "CreatePolicyVersion", wraps=True)
    @action("iam", "CreateRole", wraps=True)
    @action("iam", "DetachRolePolicy", wraps=True)
    @action("iam", "TagInstanceProfile", wraps=True)
    @action("iam", "TagRole", wraps=True)
    @action("iam", "UntagInstanceProfile", wraps=True)
    @action("iam", "UntagRole", wraps=True)
    @action("lambda", "PublishLayerVersion", wraps=True)
    @action("lambda", "PublishVersion", wraps=True)
    @action("scheduler", "CreateSchedule", wraps=True)
    @action("scheduler", "CreateScheduleGroup", wraps=True)
    @action("sns", "CreateTopic", wraps=True)
    @action("sns", "Subscribe", wraps=True)
    @action("sns", "TagResource", wraps=True)
    @action("sns", "UntagResource", wraps=True)
    @action("sqs", "CreateQueue", wraps=True)
    @replaces(moto.CREATE_BUCKET, wraps=True)
    def change(self, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        with self._changing:
            return call(*given, **named)
