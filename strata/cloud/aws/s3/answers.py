"""What is added to moto's answers of S3 before they are written as XML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.s3.responses import S3Response


def complete(response: S3Response, add: Callable[[dict[str, Any]], None]) -> None:
    """Let `add` change the result of the request being served; an error is left as it is."""
    serialized = response.serialized

    def finish(answer: Any) -> Any:
        if isinstance(answer.result, dict):
            add(answer.result)
        return serialized(answer)

    vars(response)["serialized"] = finish
