"""Follow one object through the platform: event, execution, states, Glue runs."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from strata.cloud.aws.events.pattern import matches
from strata.cloud.client import embedded_client
from strata.cloud.clock_client import CloudClock
from strata.cloud.endpoints import Endpoints
from strata.errors import StrataError

_POLL_SECONDS = 0.5
# An event is delivered within milliseconds. Looking into a queue hides its messages for a moment.
_DEAD_LETTER_SECONDS = 5.0
_HIDDEN_SECONDS = 2
# EventBridge's own, where a target sets none.
_MAXIMUM_EVENT_AGE = 86_400
# States a person does not follow: they only record what the others did.
_BRANCH_STATES = frozenset(
    {"CheckKind", "CheckVersionId", "UseNullVersion", "ChooseJob", "CheckCause", "ReadRun", "ClassifyRun"}
    | {"ReadGenerations", "FindGeneration", "Failed", "Duplicate", "Superseded"}
)


@dataclass(frozen=True)
class ExecutionStep:
    """One thing that happened to the object.

    `name` is "S3 event" for the way from PutObject to the execution's start, else a state's name; `seconds`
    is None while it runs; `status` is "running", "succeeded" or "failed".
    """

    name: str
    status: str
    seconds: float | None = None


@dataclass(frozen=True)
class Execution:
    """One ended execution of the state machine.

    `status` is Step Functions' own (SUCCEEDED, FAILED, TIMED_OUT, ABORTED); `error` and `cause` are its
    words; `outcome` is the last state entered; `output` is its decoded output; `seconds` counts from the
    PutObject call.
    """

    arn: str
    status: str
    outcome: str
    seconds: float
    steps: tuple[ExecutionStep, ...]
    error: str = ""
    cause: str = ""
    output: dict[str, Any] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Why it failed, in a line or two: of a failed job run its error message, without stack frames."""
        cause = self.cause
        try:
            run = json.loads(cause)
            cause = str(run.get("ErrorMessage") or run.get("errorMessage") or cause)
        except (ValueError, AttributeError):
            pass
        lines = [line.strip() for line in cause.splitlines() if line.strip()]
        shown = [line for line in lines if not line.startswith(("at ", "..."))]
        short = shown[:1] + [line for line in shown[1:] if line.startswith("Caused by")][-1:]
        return f"{self.error}: {' '.join(short)}"[:600]


@dataclass(frozen=True)
class PutObject:
    """An object as PutObject answered.

    `etag` is without quotes, `version_id` empty where the bucket keeps no versions, `at` in UTC,
    `size` in bytes.
    """

    bucket: str
    key: str
    etag: str
    version_id: str
    at: datetime
    size: int = 0


def object_id(bucket: str, key: str) -> str:
    """The identity of an object in every output path: SHA-256 of `<bucket>/<key>`, hexadecimal."""
    return hashlib.sha256(f"{bucket}/{key}".encode()).hexdigest()


def client(endpoints: Endpoints, service: str) -> Any:
    """A boto3 client of the embedded AWS as the account itself, free of the caller's own AWS settings."""
    return embedded_client(service, endpoints.aws_url, endpoints.region, endpoints.environment())


def put(endpoints: Endpoints, bucket: str, key: str, body: bytes) -> PutObject:
    """Put one object.

    Args:
        endpoints: the embedded cloud.
        bucket, key: where to.
        body: the bytes.
    """
    # By the cloud's clock, as the times of what follows.
    at = CloudClock(endpoints.aws_url).show().now
    answer = client(endpoints, "s3").put_object(Bucket=bucket, Key=key, Body=body)
    etag, version_id = str(answer["ETag"]).strip('"'), answer.get("VersionId", "")
    return PutObject(bucket, key, etag, version_id, at, len(body))


def starts_execution(endpoints: Endpoints, state_machine_arn: str, bucket: str, key: str, size: int) -> bool:
    """Whether an enabled rule of the platform starts the state machine for such an object.

    Args:
        endpoints: the embedded cloud.
        state_machine_arn: the machine.
        bucket, key: where the object would be put.
        size: its bytes.
    """
    return bool(_targets(client(endpoints, "events"), state_machine_arn, bucket, key, size))


def key_prefixes(endpoints: Endpoints, state_machine_arn: str, bucket: str) -> list[str]:
    """Where in a bucket objects must lie so that enabled rules start the state machine, "" for anywhere.

    Args:
        endpoints: the embedded cloud.
        state_machine_arn: the machine.
        bucket: where the objects would be put.
    """
    found = set()
    for pattern, _ in _rules(client(endpoints, "events"), state_machine_arn):
        detail = pattern.get("detail", {})
        names = detail.get("bucket", {}).get("name")
        if names is None or bucket in names:
            filters = detail.get("object", {}).get("key", [{}])
            # A plain text names one object, and no place for others.
            found |= {_prefix(key) for key in filters if not isinstance(key, str)}
    return sorted(found)


def _prefix(key: dict[str, Any]) -> str:
    """The text with which every key begins that one filter of an event pattern matches."""
    return str(key.get("prefix") or key.get("wildcard", "").partition("*")[0])


def follow(
    endpoints: Endpoints,
    state_machine_arn: str,
    put_object: PutObject,
    on_step: Callable[[ExecutionStep], None] = lambda step: None,
    on_wait: Callable[[str], None] = lambda execution: None,
) -> Execution:
    """Wait for the execution that an object's event starts, and for its end.

    However long it takes: EventBridge gives an event up after its maximum age, Step Functions an execution
    after its timeout, and this does not give up before them.

    Args:
        endpoints: the embedded cloud.
        state_machine_arn: the machine the rule starts.
        put_object: the object, as `put` returned it.
        on_step: called as each step starts and ends.
        on_wait: called at each look with the execution's name, empty before it starts.

    Raises:
        StrataError: no execution starts.
    """
    states = client(endpoints, "stepfunctions")
    on_step(ExecutionStep("S3 event", "running"))
    arn, started = _find(endpoints, states, state_machine_arn, put_object, on_wait)
    first = ExecutionStep("S3 event", "succeeded", max(0.0, (started - put_object.at).total_seconds()))
    on_step(first)
    shown: dict[str, ExecutionStep] = {}
    while True:
        # Before the history, which has its last event a moment before the execution is described as over.
        description = states.describe_execution(executionArn=arn)
        events = _history(states, arn)
        steps = _steps(events)
        for step in steps:
            if shown.get(step.name) != step:
                shown[step.name] = step
                on_step(step)
        if description["status"] != "RUNNING":
            break
        on_wait(arn.rsplit(":", 1)[-1])
        time.sleep(_POLL_SECONDS)
    entered = [_entered(event) for event in events if _entered(event)]
    return Execution(
        arn=arn,
        status=description["status"],
        outcome=entered[-1] if entered else "",
        seconds=(description["stopDate"] - put_object.at).total_seconds(),
        steps=(first, *steps),
        error=description.get("error") or "",
        cause=description.get("cause") or "",
        output=json.loads(description.get("output") or "{}"),
    )


def _targets(events: Any, state_machine_arn: str, bucket: str, key: str, size: int) -> list[dict[str, Any]]:
    """The targets by which enabled rules start the machine for an object."""
    event = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": bucket}, "object": {"key": key, "size": size}, "reason": "PutObject"},
    }
    return [
        target
        for pattern, name in _rules(events, state_machine_arn)
        if matches(pattern, event)
        for target in events.list_targets_by_rule(Rule=name)["Targets"]
        if target["Arn"] == state_machine_arn
    ]


def _rules(events: Any, state_machine_arn: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The pattern and the name of each enabled rule that starts the machine."""
    for name in events.list_rule_names_by_target(TargetArn=state_machine_arn)["RuleNames"]:
        rule = events.describe_rule(Name=name)
        if rule["State"] == "ENABLED":
            yield json.loads(rule["EventPattern"]), name


def _find(
    endpoints: Endpoints,
    states: Any,
    state_machine_arn: str,
    put_object: PutObject,
    on_wait: Callable[[str], None],
) -> tuple[str, datetime]:
    """The execution of an object and its start.

    Raises:
        StrataError: no rule starts one, the bucket sends no events, the rule's target cannot be invoked, or
            the event has grown too old.
    """
    place = f"s3://{put_object.bucket}/{put_object.key}"
    where = (put_object.bucket, put_object.key, put_object.size)
    targets = _targets(client(endpoints, "events"), state_machine_arn, *where)
    if not targets:
        raise StrataError(
            f"no execution starts for {place}: no enabled rule matches it",
            remedy="look at the rules in live/_components/eventbridge.hcl",
        )
    s3 = client(endpoints, "s3")
    if "EventBridgeConfiguration" not in s3.get_bucket_notification_configuration(Bucket=put_object.bucket):
        raise StrataError(
            f"no execution starts for {place}: the bucket does not send its events to EventBridge",
            remedy="look at the bucket in live/_components/s3.hcl",
        )
    ages = [target.get("RetryPolicy", {}).get("MaximumEventAgeInSeconds") for target in targets]
    age = max(given or _MAXIMUM_EVENT_AGE for given in ages)
    began = time.monotonic()
    looked = began
    seen: set[str] = set()
    while True:
        for execution in states.list_executions(stateMachineArn=state_machine_arn)["executions"]:
            arn = execution["executionArn"]
            # The service's clock has milliseconds.
            if arn in seen or execution["startDate"].timestamp() < put_object.at.timestamp() - 0.001:
                continue
            seen.add(arn)
            event = json.loads(states.describe_execution(executionArn=arn)["input"])
            # The same content may have been put before: only the version tells whose event it was.
            if all(
                event.get(name) == getattr(put_object, name)
                for name in ("bucket", "key", "etag", "version_id")
            ):
                return arn, execution["startDate"]
        now = time.monotonic()
        if now - looked >= _DEAD_LETTER_SECONDS:
            looked = now
            for target in targets:
                if reason := _dead_letter(endpoints, target, put_object):
                    raise StrataError(
                        f"no execution starts for {place}: {reason}",
                        remedy="the event is in the rule's dead-letter queue",
                    )
        if now - began > age:
            raise StrataError(
                f"no execution started for {place} within {age} s, the maximum age of its event",
                remedy="look at the rule's target",
            )
        on_wait("")
        time.sleep(_POLL_SECONDS)


def undelivered(endpoints: Endpoints, state_machine_arn: str, put_object: PutObject) -> str | None:
    """Why no execution starts for an object, as the dead-letter queues of its rules say.

    Args:
        endpoints: the embedded cloud.
        state_machine_arn: the machine the rules start.
        put_object: the object.

    Returns:
        The reason; None if no queue has its event.
    """
    where = (put_object.bucket, put_object.key, put_object.size)
    reasons = (
        _dead_letter(endpoints, target, put_object)
        for target in _targets(client(endpoints, "events"), state_machine_arn, *where)
    )
    return next(filter(None, reasons), None)


def _dead_letter(endpoints: Endpoints, target: dict[str, Any], put_object: PutObject) -> str | None:
    """Why the target was not invoked for the object, as its dead-letter queue says; None if it does not."""
    arn = target.get("DeadLetterConfig", {}).get("Arn")
    if arn is None:
        return None
    queue = client(endpoints, "sqs")
    url = queue.get_queue_url(QueueName=arn.rsplit(":", 1)[-1])["QueueUrl"]
    seen: set[str] = set()
    while True:
        answer = queue.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=_HIDDEN_SECONDS,
            MessageAttributeNames=["All"],
        )
        new = [message for message in answer.get("Messages", []) if message["MessageId"] not in seen]
        if not new:
            return None
        for message in new:
            seen.add(message["MessageId"])
            detail = json.loads(message["Body"]).get("detail", {})
            found = detail.get("object", {})
            if (
                detail.get("bucket", {}).get("name"),
                found.get("key"),
                found.get("etag"),
                found.get("version-id", ""),
            ) == (put_object.bucket, put_object.key, put_object.etag, put_object.version_id):
                attributes = message.get("MessageAttributes", {})
                return ": ".join(
                    attributes[name]["StringValue"]
                    for name in ("ERROR_CODE", "ERROR_MESSAGE")
                    if name in attributes
                )


def _history(states: Any, arn: str) -> list[dict[str, Any]]:
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event for page in pages for event in page["events"]]


def _entered(event: dict[str, Any]) -> str:
    details = event.get("stateEnteredEventDetails") or {}
    return str(details.get("name", ""))


def _steps(events: Iterable[dict[str, Any]]) -> list[ExecutionStep]:
    """Turn a history into steps; a state entered but not exited either runs or failed."""
    steps: dict[str, ExecutionStep] = {}
    started: dict[str, datetime] = {}
    open_state = ""
    for event in events:
        name = _entered(event)
        if name:
            open_state = name
            started[name] = event["timestamp"]
            if name not in _BRANCH_STATES:
                steps[name] = ExecutionStep(name, "running")
        elif event["type"].endswith("StateExited"):
            name = event["stateExitedEventDetails"]["name"]
            if name in steps:
                failed = steps[name].status == "failed"
                seconds = (event["timestamp"] - started[name]).total_seconds()
                steps[name] = ExecutionStep(name, "failed" if failed else "succeeded", seconds)
        elif event["type"] in _FAILURES and open_state in steps:
            seconds = (event["timestamp"] - started[open_state]).total_seconds()
            steps[open_state] = ExecutionStep(open_state, "failed", seconds)
    return list(steps.values())


_FAILURES = frozenset(
    {"TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed", "LambdaFunctionFailed"}
)
