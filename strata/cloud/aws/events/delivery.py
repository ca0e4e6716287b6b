"""Delivery to targets of rules and schedules: at once, in threads of its own, with retries and dead letters.

Rules: EventBridge User Guide, "How EventBridge retries delivering events" and "Using dead-letter queues".
An error that a second try cannot cure (a missing permission, a target that is gone) goes to the dead-letter
queue at once; others are tried again with exponential backoff until the target's MaximumRetryAttempts or
MaximumEventAgeInSeconds is reached. AWS does not publish its backoff: here it starts at a tenth of a second
and stops at a minute.
"""

from __future__ import annotations

import heapq
import itertools
import json
import logging
import random
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from strata.cloud.aws.events import input as event_input
from strata.cloud.aws.events.targets import TargetError, invoke, send_dead_letter
from strata.cloud.clock import Clock, Timed

_log = logging.getLogger(__name__)
_WORKERS = 8
_FIRST_DELAY = 0.1
_LONGEST_DELAY = 60.0
_DEFAULT_ATTEMPTS = 185
_DEFAULT_AGE = 86_400
# How long a clock that is moved waits for a target that does not answer.
_LONGEST_INVOCATION = 30.0


class Invocation(Protocol):
    """What is on its way to a target; `retries` counts, and `submitted` is by the cloud's clock."""

    target: Mapping[str, Any]
    retries: int
    submitted: float | None

    def send(self) -> None:
        """Hand it over to the target; raises TargetError where that fails."""

    def bury(self, error: TargetError, exhausted: str) -> None:
        """Send it to its dead-letter queue, if it has one.

        Args:
            error: what it failed with.
            exhausted: the part of the retry policy that forbids another try; empty where none can help.
        """


@dataclass
class TargetInvocation:
    """One event on its way to one target of a rule."""

    rule_arn: str
    rule_name: str
    account_id: str
    region: str
    target: Mapping[str, Any]
    event: Mapping[str, Any]
    ingestion_time: str
    retries: int = 0
    submitted: float | None = None

    def send(self) -> None:
        """Invoke the target with what its input makes of the event."""
        try:
            text = event_input.payload(
                self.target,
                self.event,
                rule_arn=self.rule_arn,
                rule_name=self.rule_name,
                ingestion_time=self.ingestion_time,
            )
        except event_input.InvalidInputError as error:
            raise TargetError("INVALID_JSON", str(error)) from None
        invoke(self.target, text, self)

    def bury(self, error: TargetError, exhausted: str) -> None:
        """Send the event to the target's dead-letter queue."""
        queue_arn = (self.target.get("DeadLetterConfig") or {}).get("Arn")
        lost = f"event {self.event['id']} for {self.target['Arn']}: {error.code}: {error.message}"
        if not queue_arn:
            _log.warning("dropped %s (no dead-letter queue)", lost)
            return
        attributes = {
            "RULE_ARN": self.rule_arn,
            "TARGET_ARN": self.target["Arn"],
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": error.message,
        }
        if exhausted:
            attributes |= {"EXHAUSTED_RETRY_CONDITION": exhausted, "RETRY_ATTEMPTS": str(self.retries)}
        try:
            send_dead_letter(queue_arn, json.dumps(self.event, ensure_ascii=False), attributes, self.rule_arn)
        except TargetError as refused:
            _log.warning("dropped %s (dead-letter queue: %s)", lost, refused.message)


@dataclass
class WaitingDelivery:
    """A delivery that waits for its next try, in seconds from now; `age` is since its event."""

    delay: float
    age: float
    invocation: Invocation


class Delivery(Timed):
    """Invokes targets in threads until it is stopped; the clock says when one is tried again.

    Args:
        clock: the cloud's; whoever makes a delivery lets the clock follow it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="event-delivery")
        self._waiting: list[tuple[float, int, Invocation]] = []
        self._order = itertools.count()
        self._held: set[int] = set()
        self._changed = threading.Condition()
        self._stopped = False
        self._invoked: list[str] = []

    def submit(self, invocation: Invocation) -> None:
        """Deliver soon, in another thread."""
        with self._changed:
            if not self._stopped:
                self._begin(invocation)
                self._start(invocation)
                if self._held:
                    # Another one has gone first; what waited for it follows.
                    due = self._clock.monotonic() + _FIRST_DELAY
                    self._waiting = [
                        (min(at, due) if number in self._held else at, number, it)
                        for at, number, it in self._waiting
                    ]
                    heapq.heapify(self._waiting)
                    self._held.clear()
                    self._clock.poke()

    def submit_later(self, invocation: Invocation, seconds: float, *, let_pass: bool) -> None:
        """Deliver after some seconds; with `let_pass` as soon as another one was submitted."""
        with self._changed:
            if not self._stopped:
                self._begin(invocation)
                number = self._wait(invocation, seconds)
                if let_pass:
                    self._held.add(number)

    def invoked(self) -> str:
        """Return the ARN of a target that is being invoked; empty if none is."""
        with self._changed:
            return self._invoked[0] if self._invoked else ""

    def waiting(self) -> list[WaitingDelivery]:
        """Return what waits for another try."""
        now = self._clock.monotonic()
        with self._changed:
            return [
                WaitingDelivery(due - now, now - (it.submitted or now), it) for due, _, it in self._waiting
            ]

    def wait_for(self, deliveries: Iterable[WaitingDelivery]) -> None:
        """Wait for these and for no others."""
        now = self._clock.monotonic()
        with self._changed:
            self._waiting.clear()
            for delivery in deliveries:
                delivery.invocation.submitted = now - delivery.age
                self._wait(delivery.invocation, delivery.delay)

    def next_due(self, now: datetime) -> datetime | None:
        """Return when something is tried again; None if nothing waits."""
        with self._changed:
            if not self._waiting:
                return None
            return now + timedelta(seconds=self._waiting[0][0] - self._clock.monotonic())

    def run_due(self, now: datetime) -> None:
        """Try again what is due."""
        with self._changed:
            while self._waiting and self._waiting[0][0] <= self._clock.monotonic():
                self._start(heapq.heappop(self._waiting)[2])

    def settle(self) -> None:
        """Wait for the targets that are being invoked."""
        with self._changed:
            self._changed.wait_for(lambda: not self._invoked or self._stopped, _LONGEST_INVOCATION)

    def stop(self) -> None:
        """Stop; what waits for a retry is dropped."""
        with self._changed:
            self._stopped = True
            self._waiting.clear()
            self._changed.notify_all()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _wait(self, invocation: Invocation, seconds: float) -> int:
        """Let an invocation wait for its time; return its number."""
        number = next(self._order)
        heapq.heappush(self._waiting, (self._clock.monotonic() + seconds, number, invocation))
        self._clock.poke()
        return number

    def _begin(self, invocation: Invocation) -> None:
        if invocation.submitted is None:
            invocation.submitted = self._clock.monotonic()

    def _start(self, invocation: Invocation) -> None:
        self._invoked.append(str(invocation.target["Arn"]))
        self._pool.submit(self._finish, invocation)

    def _finish(self, invocation: Invocation) -> None:
        try:
            self._deliver(invocation)
        finally:
            with self._changed:
                self._invoked.remove(str(invocation.target["Arn"]))
                self._changed.notify_all()

    def _deliver(self, invocation: Invocation) -> None:
        try:
            invocation.send()
        except TargetError as error:
            if error.retryable:
                self._retry(invocation, error)
            else:
                invocation.bury(error, "")
        except Exception as error:  # whatever the target's own code raises is a failed delivery, not ours
            _log.warning("invoking %s failed", invocation.target["Arn"], exc_info=error)
            message = f"{type(error).__name__}: {error}"
            self._retry(invocation, TargetError("ERROR_FROM_TARGET", message, retryable=True))

    def _retry(self, invocation: Invocation, error: TargetError) -> None:
        policy = invocation.target.get("RetryPolicy") or {}
        delay = min(_FIRST_DELAY * 2**invocation.retries, _LONGEST_DELAY) * random.uniform(0.5, 1)
        now = self._clock.monotonic()
        age = now - (invocation.submitted or now) + delay
        if invocation.retries >= policy.get("MaximumRetryAttempts", _DEFAULT_ATTEMPTS):
            invocation.bury(error, "MaximumRetryAttempts")
        elif age > policy.get("MaximumEventAgeInSeconds", _DEFAULT_AGE):
            invocation.bury(error, "MaximumEventAgeInSeconds")
        else:
            invocation.retries += 1
            with self._changed:
                if not self._stopped:
                    self._wait(invocation, delay)
