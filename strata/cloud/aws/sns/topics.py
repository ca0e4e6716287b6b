"""Attributes of topics that moto takes and does not show: they are kept; no delivery is logged or traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, action

_KEPT = (
    "FifoThroughputScope",
    "SignatureVersion",
    "TracingConfig",
    *(
        f"{protocol}{what}"
        for protocol in ("Application", "Firehose", "HTTP", "Lambda", "SQS")
        for what in ("FailureFeedbackRoleArn", "SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate")
    ),
)


class Topics(Service):
    """Topics, with all their attributes."""

    name = "sns-topics"

    @action("sns", "GetTopicAttributes", wraps=True)
    def get_attributes(self, get: Callable[[Any], ActionResult], response: Any) -> ActionResult:
        told = get(response)
        result: Any = told.result
        topic = vars(response.backend.get_topic(moto.parameter(response, "TopicArn")))
        kept = {name: topic.get(camelcase_to_underscores(name)) for name in _KEPT}
        result["Attributes"].update({name: value for name, value in kept.items() if value is not None})
        return told
