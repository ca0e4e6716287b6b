"""Deliveries without a server: retries, their limits, dead letters, and what is dropped with a word."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from strata.cloud.aws.events import delivery
from strata.cloud.aws.events.delivery import Delivery, TargetInvocation
from strata.cloud.aws.events.targets import TargetError
from strata.cloud.clock import Clock

QUEUE = "arn:aws:sqs:eu-west-1:111122223333:dead"
TARGET = {"Id": "t", "Arn": "arn:aws:sqs:eu-west-1:111122223333:q"}
BURIED = {"RULE_ARN": "arn:rule", "TARGET_ARN": TARGET["Arn"], "ERROR_CODE": "BUSY", "ERROR_MESSAGE": "again"}


class Targets:
    """Fails `faults` in turn, then takes the text."""

    def __init__(self) -> None:
        self.faults: list[Exception] = []
        self.taken: list[str] = []
        self.dead: list[tuple[Any, ...]] = []
        self.refuses: TargetError | None = None
        self.ended = threading.Event()

    def invoke(self, target: Any, text: str, origin: TargetInvocation) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.taken.append(text)
        self.ended.set()

    def bury(self, queue_arn: str, body: str, attributes: dict[str, str], rule_arn: str) -> None:
        self.dead.append((queue_arn, json.loads(body), attributes, rule_arn))
        self.ended.set()
        if self.refuses:
            raise self.refuses


@pytest.fixture
def targets(monkeypatch: pytest.MonkeyPatch) -> Targets:
    found = Targets()
    monkeypatch.setattr(delivery, "invoke", found.invoke)
    monkeypatch.setattr(delivery, "send_dead_letter", found.bury)
    monkeypatch.setattr(delivery, "_FIRST_DELAY", 0.001)
    return found


@pytest.fixture
def deliver(targets: Targets) -> Iterator[Callable[..., TargetInvocation]]:
    clock = Clock()
    running = Delivery(clock)
    clock.follow(running)
    clock.start()

    def submit(**target: Any) -> TargetInvocation:
        event = {"id": "e", "n": "é"}
        found = TargetInvocation("arn:rule", "rule", "1", "r", TARGET | target, event, "T")
        running.submit(found)
        assert targets.ended.wait(20)
        return found

    yield submit
    clock.stop()
    running.stop()


def again() -> TargetError:
    return TargetError("BUSY", "again", retryable=True)


def test_an_event_is_delivered(targets: Targets, deliver: Callable[..., TargetInvocation]) -> None:
    assert deliver().retries == 0
    assert (targets.taken, targets.dead) == (['{"id":"e","n":"é"}'], [])


@pytest.mark.parametrize("fault", [again, lambda: ValueError("broken")])
def test_a_failed_delivery_is_tried_again(
    targets: Targets, deliver: Callable[..., TargetInvocation], fault: Callable[[], Exception]
) -> None:
    targets.faults = [fault() for _ in range(3)]
    assert deliver(InputPath="$.n").retries == 3
    assert (targets.taken, targets.dead) == (['"é"'], [])


def test_retries_end(targets: Targets, deliver: Callable[..., TargetInvocation]) -> None:
    targets.faults = [again() for _ in range(9)]
    deliver(DeadLetterConfig={"Arn": QUEUE}, RetryPolicy={"MaximumRetryAttempts": 2})
    exhausted = {"EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts", "RETRY_ATTEMPTS": "2"}
    assert targets.dead == [(QUEUE, {"id": "e", "n": "é"}, BURIED | exhausted, "arn:rule")]
    assert len(targets.faults) == 6


def test_an_old_event_is_not_tried_again(targets: Targets, deliver: Callable[..., TargetInvocation]) -> None:
    targets.faults = [ValueError("broken")] * 9
    deliver(DeadLetterConfig={"Arn": QUEUE}, RetryPolicy={"MaximumEventAgeInSeconds": -1})
    ((_, _, attributes, _),) = targets.dead
    assert attributes == BURIED | {
        "ERROR_CODE": "ERROR_FROM_TARGET",
        "ERROR_MESSAGE": "ValueError: broken",
        "EXHAUSTED_RETRY_CONDITION": "MaximumEventAgeInSeconds",
        "RETRY_ATTEMPTS": "0",
    }


def test_the_delay_grows_to_a_limit(targets: Targets, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(delivery, "_LONGEST_DELAY", 0.004)
    monkeypatch.setattr(delivery.random, "uniform", lambda low, high: (waits.append(low + high), 1)[1])
    monkeypatch.setattr(
        delivery.heapq, "heappush", lambda heap, item: waits.append(round(item[0] - time.monotonic(), 3))
    )
    running = Delivery(Clock())
    try:
        for retries in range(4):
            found = TargetInvocation("arn:rule", "rule", "1", "r", TARGET, {"id": "e"}, "T", retries)
            running._retry(found, again())
            assert found.retries == retries + 1
    finally:
        running.stop()
    assert waits[::2] == [1.5] * 4
    assert waits[1::2] == pytest.approx([0.001, 0.002, 0.004, 0.004], abs=0.002)


@pytest.mark.parametrize(
    ("target", "fault", "code", "message"),
    [
        ({}, TargetError("NO_PERMISSIONS", "no"), "NO_PERMISSIONS", "no"),
        (
            {"InputTransformer": {"InputTemplate": '{"a": <b>, }'}},
            again(),
            "INVALID_JSON",
            "the input template does not give valid JSON: ",
        ),
    ],
)
def test_what_a_second_try_cannot_cure_is_buried_at_once(
    targets: Targets,
    deliver: Callable[..., TargetInvocation],
    target: Any,
    fault: Any,
    code: str,
    message: str,
) -> None:
    targets.faults = [fault]
    deliver(DeadLetterConfig={"Arn": QUEUE}, **target)
    ((_, _, attributes, _),) = targets.dead
    assert attributes.pop("ERROR_MESSAGE").startswith(message)
    assert attributes == {"RULE_ARN": "arn:rule", "TARGET_ARN": TARGET["Arn"], "ERROR_CODE": code}


def test_what_is_lost_is_told(
    targets: Targets, deliver: Callable[..., TargetInvocation], caplog: pytest.LogCaptureFixture
) -> None:
    lost = f"dropped event e for {TARGET['Arn']}: BUSY: again"
    with caplog.at_level(logging.WARNING, logger=delivery.__name__):
        targets.faults = [TargetError("BUSY", "again")]
        targets.ended.set()
        deliver()
        deadline = time.monotonic() + 20
        while not caplog.messages and time.monotonic() < deadline:
            time.sleep(0.005)
        targets.ended.clear()
        targets.faults = [TargetError("BUSY", "again")]
        targets.refuses = TargetError("NO_RESOURCE", "gone")
        deliver(DeadLetterConfig={"Arn": QUEUE})
        while len(caplog.messages) < 2 and time.monotonic() < deadline:
            time.sleep(0.005)
    assert caplog.messages == [f"{lost} (no dead-letter queue)", f"{lost} (dead-letter queue: gone)"]


def test_nothing_is_delivered_after_the_stop(targets: Targets) -> None:
    running = Delivery(Clock())
    waiting = TargetInvocation("arn:rule", "rule", "1", "r", TARGET, {"id": "e"}, "T")
    running._retry(waiting, again())
    running.stop()
    running.submit(waiting)
    running._retry(waiting, again())
    assert (targets.taken, running._waiting) == ([], [])
