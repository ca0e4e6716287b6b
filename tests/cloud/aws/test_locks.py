"""What threads share is touched only under its lock."""

from __future__ import annotations

import heapq
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from strata.cloud.aws.dynamodb.conditional_writes import ConditionalWrites
from strata.cloud.aws.events import delivery
from strata.cloud.aws.events.delivery import Delivery, TargetInvocation
from strata.cloud.aws.events.targets import TargetError
from strata.cloud.aws.glue.run import Run, RunRequest
from strata.cloud.aws.glue.spark import pool
from strata.cloud.aws.glue.spark.pool import SparkPool
from strata.cloud.aws.iam.decisions import RecordedDecisions
from strata.cloud.aws.run_ends import RunEnds
from strata.cloud.aws.s3 import versions
from strata.cloud.aws.s3.versions import Sequencer, Versions
from strata.cloud.aws.stepfunctions.engine import _Clients
from strata.cloud.clock import Clock
from strata.faults import FaultRegistry
from strata.iam import Principal, Request

from .conftest import ACCOUNT, REGION, eventually

INVOCATION = ("arn:rule", "rule", "1", "r", {"Id": "t", "Arn": "arn"}, {"id": "e"}, "T")


def test_numbers_of_events_are_drawn_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sequencer = Sequencer()

    def now() -> int:
        assert sequencer._lock.locked()
        return 255

    monkeypatch.setattr(versions.time, "time_ns", now)
    assert [sequencer.next() for _ in range(3)] == [f"{number:016x}" for number in (255, 256, 257)]


def test_waiting_deliveries(monkeypatch: pytest.MonkeyPatch) -> None:
    delivered: list[str] = []
    running = Delivery(Clock())

    class Waiting(list):
        def __getitem__(self, index: Any) -> Any:
            assert running._changed._is_owned()
            return super().__getitem__(index)

        def clear(self) -> None:
            assert running._changed._is_owned()
            super().clear()

    def push(heap: Any, item: Any) -> None:
        assert running._changed._is_owned()
        push_unchecked(heap, item)

    def submit(work: Any, invocation: Any) -> None:
        assert running._changed._is_owned()
        delivered.append(invocation.event["id"])

    class Invoked(list):
        def append(self, item: Any) -> None:
            assert running._changed._is_owned()
            super().append(item)

        def remove(self, item: Any) -> None:
            assert running._changed._is_owned()
            super().remove(item)

        def __getitem__(self, index: Any) -> Any:
            assert running._changed._is_owned()
            return super().__getitem__(index)

    running._invoked = Invoked()
    push_unchecked = heapq.heappush
    # Of this module only: an event loop of another thread has a heap, too.
    checked = SimpleNamespace(heapify=heapq.heapify, heappop=heapq.heappop, heappush=push)
    monkeypatch.setattr(delivery, "heapq", checked)
    monkeypatch.setattr(delivery, "_FIRST_DELAY", 0.001)
    monkeypatch.setattr(running._pool, "submit", submit)
    with running._changed:
        running._waiting = Waiting()
    running.submit(TargetInvocation(*INVOCATION))
    running._retry(TargetInvocation(*INVOCATION), TargetError("BUSY", "again", retryable=True))
    eventually(lambda: running.run_due(running._clock.now()) or delivered == ["e", "e"])
    assert running.invoked() == "arn"
    monkeypatch.setattr(running, "_deliver", lambda invocation: None)
    running._finish(TargetInvocation(*INVOCATION))
    assert running.invoked() == "arn"
    running._finish(TargetInvocation(*INVOCATION))
    assert running.invoked() == ""
    running.stop()


class Checked(Run):
    """A run that fails a test when its state changes without the lock."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("state", "error", "_stop_state", "_process", "_completed") and "_thread" in vars(self):
            assert self._lock.locked(), f"{name} was set without the lock"
        super().__setattr__(name, value)


@pytest.mark.parametrize("stopped", [False, True])
def test_the_state_of_a_run(stopped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    process = SimpleNamespace(run=lambda *_: None, kill=lambda reason: None)
    taken = SimpleNamespace(take=lambda: process, release=lambda process: None)
    request = RunRequest("j", f"arn:aws:glue:{REGION}:{ACCOUNT}:job/j", "r", "s3://b/k", {}, 1)
    monkeypatch.setattr("strata.cloud.aws.glue.run.LogStream", lambda *_: SimpleNamespace(flush=lambda: None))
    context = SimpleNamespace(faults=FaultRegistry(), glue_ends=RunEnds())
    run = Checked(request, context, SimpleNamespace(), taken, lambda run: None)
    monkeypatch.setattr(Checked, "_job", lambda run: run.stop() if stopped else None)
    run._execute()
    assert (run.state, run.error) == ("STOPPED" if stopped else "SUCCEEDED", None)


def test_the_stock_of_a_pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def make(settings: Any, folder: Path, *, on_ready: Any, **_: Any) -> Any:
        process = Mock(state="ready", jobs=0, reusable=False)
        process.on_ready = on_ready
        made.append(process)
        return process

    monkeypatch.setattr(pool, "SparkProcess", make)

    class Owned(SparkPool):
        def __setattr__(self, name: str, value: Any) -> None:
            if name in ("_stock", "_last_end", "_faults", "_filled", "_stopped") and "_numbers" in vars(self):
                assert self._changed._is_owned(), f"{name} was set without the lock"
            super().__setattr__(name, value)

    class Taken(set):
        def add(self, item: Any) -> None:
            assert kept._changed._is_owned()
            super().add(item)

        def discard(self, item: Any) -> None:
            assert kept._changed._is_owned()
            super().discard(item)

    kept = Owned(lambda: "settings", tmp_path / "pool", size=1, quiet=0.0)
    kept._taken = Taken()
    kept.start()
    eventually(lambda: made)
    made[0].on_ready(made[0])
    assert kept.wait_ready(1, 20)
    process = kept.take()
    kept.release(process)
    kept.stop()
    assert process is made[0]


def test_the_clients_of_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def assume_role(role_arn: str, **_: Any) -> Any:
        assert clients._lock.locked()
        asked.append(role_arn)
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        return SimpleNamespace(access_key_id="k", environment=lambda: dict.fromkeys(names, "k"))

    context = SimpleNamespace(region=REGION, aws_url="http://127.0.0.1:1")
    clients = _Clients(context, SimpleNamespace(assume_role=assume_role), lambda _: None)
    role = SimpleNamespace(
        role_arn="arn:aws:iam::1:role/r", state_machine_arn="arn:aws:states:r:1:stateMachine:m"
    )
    monkeypatch.setattr("strata.cloud.aws.iam.identity.check_trust", lambda *_: None)
    first = clients.get("", "sqs", role)
    assert first.meta.region_name == REGION
    assert first.meta.endpoint_url == "http://127.0.0.1:1"
    assert clients.get(REGION, "sqs", role) is first
    assert clients.get(REGION, "sns", role) is not first
    assert clients.get("eu-south-2", "sqs", role).meta.region_name == "eu-south-2"
    # One session for all of them.
    assert asked == [role.role_arn]


def test_a_session_of_tasks_is_used_for_half_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now, asked, trusted = [100.0], [], []

    def assume_role(role_arn: str, **named: Any) -> Any:
        asked.append((role_arn, named))
        key = f"k{len(asked)}"
        return SimpleNamespace(access_key_id=key, secret_access_key="s", session_token="t")

    def check(role_arn: str, action: str, principal: Any, context: Any, asker: str) -> None:
        trusted.append((role_arn, action, principal.service, context, asker))

    monkeypatch.setattr("strata.cloud.aws.stepfunctions.engine.time.monotonic", lambda: now[0])
    monkeypatch.setattr("strata.cloud.aws.iam.identity.check_trust", check)
    clients = _Clients(SimpleNamespace(region=REGION, aws_url="http://x"), SimpleNamespace(assume_role=assume_role), lambda _: None)  # fmt: skip
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"
    assert clients._session("r", machine).access_key_id == "k1"
    assert asked == [("r", {
        "service": "states.amazonaws.com", "source_arn": machine, "session_name": "states", "duration": 3600,
    })]  # fmt: skip
    now[0] += 1799
    assert clients._session("r", machine).access_key_id == "k1"
    # The trust may have been taken away meanwhile.
    context = {"aws:sourcearn": machine, "aws:sourceaccount": ACCOUNT}
    assert trusted == [("r", "sts:AssumeRole", "states.amazonaws.com", context, "states.amazonaws.com")]
    now[0] += 2
    assert clients._session("r", machine).access_key_id == "k2"
    assert clients._session("other", machine).access_key_id == "k3"
    assert clients._session("r", f"{machine}2").access_key_id == "k4"
    # Without a machine none is kept.
    assert [clients._session("r", "").access_key_id for _ in range(2)] == ["k5", "k6"]


def test_writes_to_tables() -> None:
    writes = ConditionalWrites()
    seen: list[bool] = []

    def write(*arguments: Any, **named: Any) -> Any:
        seen.append(writes._items._is_owned())
        return arguments, named

    assert writes.write_items(write, 1, a=2) == ((1,), {"a": 2})
    assert seen == [True]


def test_conditional_writes_to_a_bucket_meet_no_other_of_the_object() -> None:
    from flask import Flask

    writes, seen = Versions(Sequencer()), []
    response: Any = SimpleNamespace(bucket_name="b", parse_key_name=lambda: "k")

    def write(*_: Any) -> None:
        with ThreadPoolExecutor(1) as pool:
            free = pool.submit(writes.lock("b", "k").acquire, blocking=False).result()
            seen.append(not free)
            if free:
                pool.submit(writes.lock("b", "k").release).result()

    for headers in ({}, {"If-Match": "x"}, {"If-None-Match": "*"}):
        with Flask("test").test_request_context("/b/k", method="PUT", headers=headers):
            writes.on_condition(write, response)
    assert seen == [False, True, True]


def test_decisions_that_are_remembered() -> None:
    recorded, kept = RecordedDecisions(), []

    class Held(dict):
        def __setitem__(self, key: Any, value: Any) -> None:
            assert recorded._lock.locked()
            kept.append(value["action"])
            super().__setitem__(key, value)

        def values(self) -> Any:
            assert recorded._lock.locked()
            return super().values()

        def clear(self) -> None:
            assert recorded._lock.locked()
            super().clear()

    recorded._known = Held()
    principal = Principal(account_id=ACCOUNT, arns=("arn:r",))
    for action in ("s3:GetObject", "s3:PutObject", "s3:GetObject"):
        recorded.note("arn:r", Request(action, "arn:o", principal), allowed=True, boundary=None)
    assert kept == ["s3:GetObject", "s3:PutObject"]
    assert len(recorded.answer("GET").get_data(as_text=True).splitlines()) == 2
    assert recorded.answer("DELETE").status_code == 204
    assert recorded.answer("GET").get_data() == b""
