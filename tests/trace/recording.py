"""Answers of a platform, kept as files, so that a trace is tested without a platform.

`python -m tests.trace.recording` records anew from the platform that `strata up` runs, on which docs/console.md
has put its files.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from strata.platform import pipeline

FOLDER = Path(__file__).parent / "recorded"
# By the name of the recording, the object whose trace it holds.
OBJECTS = {
    "clean": "flights/dirty.csv",
    "refused": "flights/wrong header <b>x</b>.csv",
    "duplicate": "flights/flights.csv",
}
# Nobody reads these, and they are long.
_DROPPED = ("ResponseMetadata", "inputDetails", "outputDetails", "roleArn")
_MOMENT = "moment:"
_FAULT = "fault:"


class Replay:
    """The clients of a recording, by service: they answer what was answered, and nothing else."""

    def __init__(self, name: str) -> None:
        self._answers = json.loads((FOLDER / f"{name}.json").read_text(), object_hook=_revived)

    def client(self, service: str) -> ReplayedClient:
        return ReplayedClient(service, self._answers)


class ReplayedClient:
    def __init__(self, service: str, answers: dict[str, Any]) -> None:
        self._service, self._answers = service, answers

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **given: self._answer(operation, given)

    def get_paginator(self, operation: str) -> Any:
        return _Pages(lambda given: [self._answer(operation, given)])

    def _answer(self, operation: str, given: dict[str, Any]) -> Any:
        answer = self._answers[_name(self._service, operation, given)]
        if _FAULT in answer:
            raise ClientError({"Error": {"Code": answer[_FAULT], "Message": answer["message"]}}, operation)
        return {**answer, "Body": io.BytesIO(answer["Body"].encode())} if "Body" in answer else answer


class _Pages:
    def __init__(self, pages: Callable[[dict[str, Any]], Any]) -> None:
        self._pages = pages

    def paginate(self, PaginationConfig: Any = None, **given: Any) -> Iterator[Any]:
        return iter(self._pages(given))


class _Recorder:
    """A client that keeps what it is answered."""

    def __init__(self, service: str, real: Any, answers: dict[str, Any]) -> None:
        self._service, self._real, self._answers = service, real, answers

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def ask(**given: Any) -> Any:
            try:
                answer = getattr(self._real, operation)(**given)
            except ClientError as error:
                said = error.response["Error"]
                self._keep(operation, given, {_FAULT: said["Code"], "message": said["Message"]})
                raise
            if "Body" in answer:
                answer["Body"] = io.BytesIO(text := answer["Body"].read())
                return self._keep(operation, given, {**answer, "Body": text.decode()}) and answer
            return self._keep(operation, given, answer)

        return ask

    def get_paginator(self, operation: str) -> Any:
        def pages(given: dict[str, Any]) -> list[Any]:
            found = self._real.get_paginator(operation).paginate(**given).build_full_result()
            return [self._keep(operation, given, found)]

        return _Pages(pages)

    def _keep(self, operation: str, given: dict[str, Any], answer: Any) -> Any:
        self._answers[_name(self._service, operation, given)] = _kept(answer)
        return answer


def _name(service: str, operation: str, given: dict[str, Any]) -> str:
    return f"{service}.{operation} {json.dumps(given, sort_keys=True)}"


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _kept(one) for name, one in value.items() if name not in _DROPPED}
    if isinstance(value, list):
        return [_kept(one) for one in value]
    return {_MOMENT: value.isoformat()} if isinstance(value, datetime) else value


def _revived(value: dict[str, Any]) -> Any:
    return datetime.fromisoformat(value[_MOMENT]) if _MOMENT in value else value


def main() -> None:
    """Record."""
    from strata.cli.checkout import checkout_root
    from strata.platform.session import require_running
    from strata.platform.workspace import Workspace
    from strata.trace import find
    from strata.trace.collect import collect

    root = checkout_root()
    running = require_running(root)
    workspace = Workspace(root, running.environment, running.endpoints)
    platform, endpoints, real = workspace.platform(), workspace.endpoints, pipeline.client
    FOLDER.mkdir(exist_ok=True)
    for name, key in OBJECTS.items():
        answers: dict[str, Any] = {}
        pipeline.client = lambda endpoints, service, kept=answers: _Recorder(  # type: ignore[misc,assignment]
            service, real(endpoints, service), kept
        )
        runs = list(find.runs_of(pipeline.client(endpoints, "stepfunctions"), platform, key))
        collect(workspace.environment, endpoints, platform, runs[0], runs, lambda dataset, object_id: 0)
        text = json.dumps(answers, indent=1, ensure_ascii=False).replace(str(root), "/checkout")
        (FOLDER / f"{name}.json").write_text(f"{text}\n")
        print(name, key, len(answers), file=sys.stderr)


if __name__ == "__main__":
    main()
