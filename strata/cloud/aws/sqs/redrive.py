"""The redrive policies of queues as they were put: moto spells one anew, and drops which queues may use it.

A client that compares texts, such as Terraform's provider, would find a change each time, or wait until it
gives up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.sqs.models import Queue

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces


class RedrivePolicies(Service):
    """moto's queues, with RedrivePolicy and RedriveAllowPolicy byte for byte."""

    name = "sqs-redrive"

    def start(self) -> None:
        """Let queues give both policies back."""
        super().start()
        described = moto.QUEUE_ATTRIBUTES.owner().attributes.fget
        self.set(moto.QUEUE_ATTRIBUTES, property(lambda queue: _as_put(described, queue)))
        self.set(moto.QUEUE_ATTRIBUTE_NAMES, [*Queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"])

    @replaces(moto.SET_DEAD_LETTER_QUEUE, wraps=True)
    def keep(self, set_queue: Callable[[Queue, Any], None], queue: Any, policy: Any) -> None:
        set_queue(queue, policy)
        queue.redrive_policy_text = policy if isinstance(policy, str) else ""


def _as_put(described: Callable[[Any], dict[str, Any]], queue: Any) -> dict[str, Any]:
    # moto reads each attribute that it knows by name, and an old queue lacks this one.
    if not hasattr(queue, "redrive_allow_policy"):
        queue.redrive_allow_policy = None
    attributes = described(queue)
    if not attributes.get("RedriveAllowPolicy"):
        attributes.pop("RedriveAllowPolicy", None)
    text = getattr(queue, "redrive_policy_text", "")
    if text and "RedrivePolicy" in attributes:
        attributes["RedrivePolicy"] = text
    return attributes
