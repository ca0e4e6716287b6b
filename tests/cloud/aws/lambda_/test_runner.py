"""Which execution environment runs a function, and what follows; the environments are a test's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.cloud.aws.iam.identity import AccessDenied
from strata.cloud.aws.lambda_ import runner
from strata.cloud.aws.lambda_.runner import RETRY_DELAYS, FunctionRunner, TooManyRequestsException, extras
from strata.faults import FaultRegistry
from strata.faults.client import new_fault

from ..conftest import ACCOUNT, REGION, eventually

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:l:1"


class Environment:
    """An execution environment; `script` says what each invocation answers."""

    made: list[Environment] = []  # noqa: RUF012
    script: list[Any] = []  # noqa: RUF012
    lasts = True
    inside: Any = staticmethod(lambda: None)

    def __init__(self, function: Any, folder: Path, log: Any, variables: dict[str, str]) -> None:
        self.function, self.folder, self.variables = function, folder, variables
        self.alive, self.stops, self.started, self.asked = True, 0, 0.0, []
        self.started = runner.time.monotonic()
        Environment.made.append(self)

    def invoke(self, event: str, *, request_id: str, function_arn: str, cut_off: float | None) -> Any:
        self.asked.append((event, request_id, function_arn))
        self.cut_off = cut_off
        Environment.inside()
        self.alive = Environment.lasts
        error = Environment.script.pop(0) if Environment.script else None
        if isinstance(error, Exception):
            raise error
        return SimpleNamespace(error=error)

    def stop(self) -> None:
        self.stops += 1


class Identities:
    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.refusals: list[Exception] = []

    def assume_role(self, role_arn: str, **asked: Any) -> Any:
        self.asked.append({"role_arn": role_arn} | asked)
        if self.refusals:
            raise self.refusals.pop(0)
        return SimpleNamespace(environment=lambda: {"AWS_ACCESS_KEY_ID": "k"})


class Client:
    sent: list[Any] = []  # noqa: RUF012

    def __init__(self, service: str, *place: Any) -> None:
        self.service, self.place = service, place

    def send_message(self, **named: Any) -> None:
        Client.sent.append((self.service, self.place, named))

    publish = send_message


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    Environment.made, Environment.script, Environment.lasts, Client.sent = [], [], True, []
    monkeypatch.setattr(Environment, "inside", staticmethod(lambda: None))
    monkeypatch.setattr(runner, "ExecutionEnvironment", Environment)
    monkeypatch.setattr(runner, "LogStream", lambda *place: SimpleNamespace(write=place))
    monkeypatch.setattr(runner, "embedded_client", Client)
    monkeypatch.setattr(runner, "RETRY_DELAYS", (0.0, 0.0))
    layers = {LAYER: SimpleNamespace(code_bytes=b"layer")}
    backend = SimpleNamespace(layers_versions_by_arn=layers.get)
    monkeypatch.setattr(runner, "get_backend", lambda account, region: backend)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[FunctionRunner]:
    context = SimpleNamespace(
        directory=tmp_path,
        aws_url="http://aws",
        snowflake_environment={"SNOWFLAKE_HOST": "h"},
        faults=FaultRegistry(),
    )
    found = FunctionRunner(context, Identities())
    yield found
    found.stop()


def function(**more: Any) -> Any:
    named = {
        "function_name": "f", "function_arn": ARN, "account_id": ACCOUNT, "region": REGION, "role": ROLE,
        "logs_group_name": "/aws/lambda/f", "handler": "app.handler", "run_time": "python3.11", "memory_size": 256,
        "version": "$LATEST", "timeout": 3, "code_bytes": b"zip", "layers": [{"Arn": LAYER}, {"Arn": "gone"}],
        "environment_vars": {"MINE": "1", "AWS_REGION": "elsewhere"}, "reserved_concurrency": None,
        "event_invoke_config": [],
    }  # fmt: skip
    return SimpleNamespace(**(named | more))


def test_what_an_environment_is_made_of(
    running: FunctionRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "/bin")
    assert running.invoke(function(), "{}", "id").error is None
    (made,) = Environment.made
    assert made.asked == [("{}", "id", ARN)]
    assert made.folder == tmp_path / "lambda"
    stream = made.variables.pop("AWS_LAMBDA_LOG_STREAM_NAME")
    assert "/[$LATEST]" in stream
    assert made.variables == {"AWS_ACCESS_KEY_ID": "k"}
    wanted = made.function
    assert (wanted.name, wanted.version, wanted.handler) == ("f", "$LATEST", "app.handler")
    assert (wanted.memory, wanted.timeout, wanted.code, wanted.layers) == (256, 3.0, b"zip", (b"layer",))
    assert wanted.environment == {
        "MINE": "1", "PATH": "/bin", "LANG": "en_US.UTF-8", "TZ": ":UTC", "_HANDLER": "app.handler",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11", "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
        "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": "http://aws",
        "AWS_EC2_METADATA_DISABLED": "true", "SNOWFLAKE_HOST": "h",
    }  # fmt: skip
    assert running._identity.asked == [{
        "role_arn": ROLE, "service": "lambda.amazonaws.com", "source_arn": ARN, "session_name": "f", "region": REGION,
    }]  # fmt: skip


def test_a_fault_cuts_an_invocation_off(running: FunctionRunner) -> None:
    running.context.faults.add(
        new_fault(operation="lambda:Invocation", effect="timeout", seconds=0.5, resource="function:f")
    )
    seen = []
    for _ in range(2):
        running.invoke(function(), "{}", "id")
        seen.append(Environment.made[0].cut_off)
    assert seen == [0.5, None]


def test_a_warm_environment_is_used_again(running: FunctionRunner) -> None:
    running.invoke(function(), "1", "a")
    running.invoke(function(), "2", "b")
    assert [made.asked for made in Environment.made] == [[("1", "a", ARN), ("2", "b", ARN)]]
    assert Environment.made[0].stops == 0
    running.discard(function())
    assert Environment.made[0].stops == 1
    running.invoke(function(), "3", "c")
    assert len(Environment.made) == 2


@pytest.mark.parametrize(
    "change",
    [{"code_bytes": b"new"}, {"timeout": 4}, {"environment_vars": {}}, {"layers": []}, {"version": "2"}],
)
def test_another_version_has_an_environment_of_its_own(
    running: FunctionRunner, change: dict[str, Any]
) -> None:
    running.invoke(function(), "{}", "a")
    running.invoke(function(**change), "{}", "b")
    assert [(len(made.asked), made.stops) for made in Environment.made] == [(1, 1), (1, 0)]


def test_an_old_or_dead_environment_is_not_used(
    running: FunctionRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.invoke(function(), "{}", "a")
    monkeypatch.setattr(runner, "_MAX_AGE", 0.0)
    running.invoke(function(), "{}", "b")
    monkeypatch.undo()
    assert [made.stops for made in Environment.made] == [1, 0]


def test_an_environment_that_has_died_is_ended(running: FunctionRunner) -> None:
    Environment.lasts = False
    running.invoke(function(), "{}", "a")
    assert Environment.made[0].stops == 1
    running.invoke(function(), "{}", "b")
    assert len(Environment.made) == 2


def test_a_warm_environment_may_die_in_its_sleep(running: FunctionRunner) -> None:
    running.invoke(function(), "{}", "a")
    Environment.made[0].alive = False
    running.invoke(function(), "{}", "b")
    assert [(len(made.asked), made.stops) for made in Environment.made] == [(1, 1), (1, 0)]


def test_reserved_executions_limit_a_function(
    running: FunctionRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = function(reserved_concurrency=1)

    def second() -> None:
        with pytest.raises(TooManyRequestsException) as raised:
            running.invoke(limited, "{}", "b")
        assert (raised.value.code, raised.value.message) == (429, "Rate Exceeded.")
        # Another function has its own.
        assert running._running[ARN] == 1

    monkeypatch.setattr(Environment, "inside", staticmethod(second))
    running.invoke(limited, "{}", "a")
    monkeypatch.setattr(Environment, "inside", staticmethod(lambda: None))
    running.invoke(limited, "{}", "c")
    with pytest.raises(TooManyRequestsException):
        running.invoke(function(reserved_concurrency=0), "{}", "d")
    Environment.script = [ValueError("broken")]
    with pytest.raises(ValueError, match="broken"):
        running.invoke(limited, "{}", "e")
    running.invoke(limited, "{}", "f")


def test_as_many_run_at_a_time_as_are_reserved(
    running: FunctionRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited, refused = function(reserved_concurrency=2), []

    def again() -> None:
        try:
            running.invoke(limited, "{}", "more")
        except TooManyRequestsException:
            refused.append(running._running[ARN])

    monkeypatch.setattr(Environment, "inside", staticmethod(again))
    running.invoke(limited, "{}", "first")
    assert (refused, len(Environment.made)) == ([2], 2)


def test_retries_wait_a_minute_and_two() -> None:
    assert RETRY_DELAYS == (60.0, 120.0)


def test_an_environment_is_prepared(running: FunctionRunner) -> None:
    running.prepare(function())
    eventually(lambda: running._idle[ARN])
    running.invoke(function(), "{}", "a")
    assert [len(made.asked) for made in Environment.made] == [1]
    # The one before ends.
    running.prepare(function(code_bytes=b"new"))
    eventually(lambda: len(Environment.made) == 2)
    assert Environment.made[0].stops == 1


def test_a_role_that_cannot_be_assumed_shows_at_the_invocation(running: FunctionRunner) -> None:
    running._identity.refusals = [AccessDenied("no"), AccessDenied("no")]
    running.prepare(function())
    eventually(lambda: len(running._identity.refusals) == 1)
    with pytest.raises(AccessDenied):
        running.invoke(function(), "{}", "a")
    assert running.invoke(function(), "{}", "b").error is None


QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:dead"
KEYS = {"AWS_ACCESS_KEY_ID": "k"}
ATTRIBUTES = {"RequestID": {"DataType": "String", "StringValue": "id"}}


@pytest.mark.parametrize(
    ("script", "config", "runs", "dead"),
    [
        ([], None, 1, False),
        (["fault"], None, 2, False),
        (["fault", AccessDenied("throttled")], None, 3, False),
        (["fault"] * 3, None, 3, True),
        (["fault"] * 3, {"MaximumRetryAttempts": 0}, 1, True),
        (["fault"] * 3, {"MaximumRetryAttempts": 1}, 2, True),
        (["fault"] * 3, {"MaximumEventAgeInSeconds": 60}, 3, True),
    ],
)
def test_an_asynchronous_invocation_is_retried(
    running: FunctionRunner, script: list[Any], config: Any, runs: int, dead: bool
) -> None:
    Environment.script = list(script)
    configs = [SimpleNamespace(config=config)] if config is not None else []
    asked = function(event_invoke_config=configs)
    extras(asked)["DeadLetterConfig"] = {"TargetArn": QUEUE}
    running.invoke_later(asked, '{"a": 1}', "id")
    for thread in threading.enumerate():
        if thread.name == "lambda-f":
            thread.join(20)
    assert sum(len(made.asked) for made in Environment.made) == runs
    message = {
        "QueueUrl": f"http://aws/{ACCOUNT}/dead",
        "MessageBody": '{"a": 1}',
        "MessageAttributes": ATTRIBUTES,
    }
    assert Client.sent == ([("sqs", ("http://aws", REGION, KEYS), message)] if dead else [])


@pytest.mark.parametrize(
    ("config", "waits"),
    [
        (None, [0, 60, 120]),
        ({"MaximumRetryAttempts": 2}, [0, 60, 120]),
        ({"MaximumRetryAttempts": 1}, [0, 60]),
        ({"MaximumRetryAttempts": 0}, [0]),
    ],
)
def test_the_first_try_is_made_at_once(
    running: FunctionRunner, monkeypatch: pytest.MonkeyPatch, config: Any, waits: list[float]
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(runner, "RETRY_DELAYS", RETRY_DELAYS)
    monkeypatch.setattr(running._stopped, "wait", waited.append)
    Environment.script = ["fault"] * 3
    configs = [SimpleNamespace(config=config)] if config is not None else []
    running.invoke_later(function(event_invoke_config=configs), "{}", "id")
    eventually(lambda: not running.asynchronous())
    assert waited == waits


@pytest.mark.parametrize("target", [TOPIC, ""])
def test_a_topic_takes_dead_letters(running: FunctionRunner, target: str) -> None:
    asked = function()
    extras(asked)["DeadLetterConfig"] = {"TargetArn": target}
    running._to_dead_letters(asked, "{}", "id")
    message = {"TopicArn": TOPIC, "Message": "{}", "MessageAttributes": ATTRIBUTES}
    assert Client.sent == ([("sns", ("http://aws", REGION, KEYS), message)] if target else [])


def test_no_environment_outlives_the_stop(running: FunctionRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    running.invoke(function(), "{}", "a")
    running.stop()
    running.stop()
    assert [made.stops for made in Environment.made] == [1]
    running.invoke(function(code_bytes=b"new"), "{}", "b")
    assert Environment.made[1].stops >= 1
    monkeypatch.setattr(runner, "RETRY_DELAYS", (60.0,))
    Environment.script = ["fault"]
    running.invoke_later(function(), "{}", "c")
    for thread in threading.enumerate():
        if thread.name == "lambda-f":
            thread.join(5)
            assert not thread.is_alive()


def test_environments_are_shared_under_a_lock(
    running: FunctionRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Held(set):
        def add(self, item: Any) -> None:
            assert running._lock.locked()
            super().add(item)

        def discard(self, item: Any) -> None:
            assert running._lock.locked()
            super().discard(item)

        def __iter__(self) -> Any:
            assert running._lock.locked()
            return super().__iter__()

    class Counted(dict):
        def __getitem__(self, key: Any) -> Any:
            assert running._lock.locked()
            return super().__getitem__(key)

        def pop(self, *arguments: Any) -> Any:
            assert running._lock.locked()
            return super().pop(*arguments)

    running._all = Held()
    running._idle, running._running = Counted({ARN: []}), Counted({ARN: 0})
    running.invoke(function(), "{}", "a")
    Environment.lasts = False
    running.invoke(function(), "{}", "b")
    running.discard(function())
    assert Environment.made[0].stops == 1

    class Idle(list):
        def append(self, item: Any) -> None:
            assert running._lock.locked()
            super().append(item)

    idle = Idle()
    dict.pop(running._idle, ARN, None)
    dict.__setitem__(running._idle, ARN, idle)
    monkeypatch.setattr(running, "discard", lambda function: None)
    running.prepare(function())
    eventually(lambda: len(idle) == 1, seconds=5)
    running.stop()
    assert [made.stops for made in Environment.made] == [1, 1]
