"""Tasks that start an execution: moto spells their parameters and answers as boto3 does, AWS with a capital.

With `.sync` the child's input and output are texts, with `.sync:2` they are JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, replaces


class Nested(Service):
    """moto's task for `states:startExecution`."""

    @replaces(moto.NESTED_PARAMETERS, wraps=True)
    def parameters(
        self, normalise: Callable[..., None], task: Any, parameters: dict[str, Any], *more: Any
    ) -> None:
        normalise(task, parameters, *more)
        for name in list(parameters):
            parameters[name[:1].lower() + name[1:]] = parameters.pop(name)

    @replaces(moto.NESTED_RESPONSE)
    def response(self, task: Any, response: Any, **_: Any) -> None:
        for name in list(response):
            value = response.pop(name)
            if name.startswith("redrive"):
                continue  # told by DescribeExecution, and not by a task
            if name in ("inputDetails", "outputDetails"):
                value = {"Included": value["included"]}
            response[name[:1].upper() + name[1:]] = value
