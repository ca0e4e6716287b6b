"""What becomes of an invocation that fails, and of the clock that makes them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from strata.cloud.aws.events.targets import TargetError
from strata.cloud.aws.iam.identity import AccessDenied
from strata.cloud.aws.scheduler import api
from strata.cloud.aws.scheduler.invocation import ScheduledInvocation
from tests.cloud.aws.conftest import ACCOUNT, REGION

from .test_scheduler import ARN, DEAD, GROUP, NOW, QUEUE


def answering(answer: Any) -> Any:
    """A scheduler whose clients give one answer, or raise it."""

    class Client:
        def __getattr__(self, method: str) -> Any:
            return self

        def __call__(self, **parameters: Any) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

    return SimpleNamespace(url="http://localhost", client=lambda *asked: Client())


BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
TO_BUS = {
    "Arn": BUS,
    "RoleArn": "r",
    "EventBridgeParameters": {"DetailType": "d", "Source": "s"},
    "Input": "{}",
}
TO_QUEUE = {"Arn": QUEUE, "RoleArn": "r", "Input": "x"}
NOT_DETAIL = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}


@pytest.mark.parametrize(
    ("target", "answer", "code", "message"),
    [
        (TO_QUEUE, AccessDenied("no trust"), "AccessDeniedException", "no trust"),
        (TO_QUEUE, ParamValidationError(report="odd"), "ValidationException", "Parameter validation failed:\nodd"),
        (TO_BUS, {"Entries": [{"EventId": "e"}, NOT_DETAIL]}, "MalformedDetail", "Detail is malformed."),
    ],
)  # fmt: skip
def test_what_fails_for_good(target: dict[str, Any], answer: Any, code: str, message: str) -> None:
    invocation = ScheduledInvocation(ARN, GROUP, target, NOW, answering(answer))
    with pytest.raises(TargetError) as raised:
        invocation.send()
    assert (raised.value.code, raised.value.message, raised.value.retryable) == (code, message, False)


@pytest.mark.parametrize(
    ("target", "answer"), [(TO_QUEUE, {"Entries": [NOT_DETAIL]}), (TO_BUS, {"Entries": [{"EventId": "e"}]})]
)
def test_what_does_not_fail(target: dict[str, Any], answer: Any) -> None:
    ScheduledInvocation(ARN, GROUP, target, NOW, answering(answer)).send()


@pytest.mark.parametrize(
    ("more", "answer", "why"),
    [
        ({}, {}, "no dead-letter queue"),
        ({"DeadLetterConfig": {"Arn": DEAD}}, AccessDenied("no trust"), "dead-letter queue: no trust"),
        ({"DeadLetterConfig": {"Arn": DEAD}}, {}, None),
    ],
)
def test_an_invocation_that_is_lost_is_logged(
    caplog: pytest.LogCaptureFixture, more: dict[str, Any], answer: Any, why: str | None
) -> None:
    invocation = ScheduledInvocation(ARN, GROUP, {**TO_QUEUE, **more}, NOW, answering(answer))
    invocation.bury(TargetError("BUSY", "again"), "")
    assert caplog.messages == ([f"dropped {ARN} for {QUEUE}: BUSY: again ({why})"] if why else [])


@pytest.mark.parametrize(
    "given",
    [1777636800, "1777636800.0", "2026-05-01T12:00:00", "2026-05-01T14:00:00+02:00", "2026-05-01T12:00:00Z"],
)
def test_a_moment_in_seconds_or_as_text(given: object) -> None:
    assert api._moment(given) == NOW
