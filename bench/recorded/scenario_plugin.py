"""A pytest plugin: LocalStack's scenarios find the embedded cloud where they expect LocalStack."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import io
import json
import os
import re
import sys
import tempfile
import time
import types
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import boto3
import pytest
from botocore.config import Config
from jsonpath_ng.ext import parse

ACCOUNT, REGION = "111122223333", "us-east-1"
_FOLDER = Path(os.environ["STRATA_RECORDED_FOLDER"])
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)
_BARE_NAME = re.compile(r'("(?:[^"\\]|\\.)*")|\b([A-Za-z_]\w*)\s*:')
_MAX_SECONDS = 60


class _Stub(types.ModuleType):
    """A module of LocalStack's whose names all exist and do nothing."""

    __path__: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return MagicMock(name=name)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds LocalStack's modules: a few are real, the others stubs."""

    _PREFIXES = ("localstack", "localstack_snapshot", "aws_cdk", "json5", "tests.aws.test_notifications")
    _FROM_THE_FOLDER = (
        "localstack.testing.pytest.stepfunctions.utils",
        "localstack.testing.pytest.stepfunctions.fixtures",
    )

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name in self._FROM_THE_FOLDER:
            file = _FOLDER / "localstack-core" / Path(*name.split(".")).with_suffix(".py")
            return importlib.util.spec_from_file_location(name, file)
        if name in self._PREFIXES or name.startswith(tuple(f"{p}." for p in self._PREFIXES)):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: Any) -> types.ModuleType:
        return _Stub(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        vars(module).update(_REAL.get(module.__name__, {}))


class _Names(type):
    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return name


def _poll(condition: Callable[[], bool], timeout: float = 60, interval: float = 0.5) -> bool:
    until = time.monotonic() + min(timeout, _MAX_SECONDS)
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _retry(function: Callable[..., Any], retries: int = 3, sleep: float = 0.1, **named: Any) -> Any:
    named = {k: v for k, v in named.items() if k not in ("sleep_before",)}
    for _ in range(100):
        try:
            return function(**named)
        except Exception:
            time.sleep(0.2)
    return function(**named)


class _Wrapped(dict):  # type: ignore[type-arg]
    """TypedDicts of LocalStack's API."""


def _json5(text: str) -> Any:
    plain = _COMMENT.sub(lambda m: m[1] or "", text)
    plain = _TRAILING.sub(lambda m: m[1] or "", plain)
    plain = _BARE_NAME.sub(lambda m: m[1] or f'"{m[2]}":', plain)
    return json.loads(plain)


def _load_file(path: str, default: Any = None, **_: Any) -> str:
    return Path(path).read_text("utf-8")


def _identity(*given: Any, **named: Any) -> Any:
    if len(given) == 1 and callable(given[0]) and not named:
        return given[0]
    return lambda function: function


class _Marks:
    def __getattr__(self, name: str) -> Any:
        return _Mark()


class _Mark:
    def __call__(self, *given: Any, **named: Any) -> Any:
        return _identity(*given, **named)

    def __getattr__(self, name: str) -> _Mark:
        return self


def _enumeration(name: str) -> type:
    return _Names(name, (str,), {})


def _logging_enabled(log_level: str, history_event_type: str) -> bool:
    if log_level == "ALL":
        return True
    if log_level == "OFF":
        return False
    bad = ("Failed", "Aborted", "TimedOut")
    if log_level == "FATAL":
        return history_event_type in {f"Execution{end}" for end in bad}
    return history_event_type.endswith(bad)


def _extract(path: str, data: Any) -> Any:
    found = [match.value for match in parse(path).find(data)]
    return found[0] if len(found) == 1 else found


_SHORT = lambda: uuid.uuid4().hex[:8]  # noqa: E731
_STATES = {
    name: _enumeration(name)
    for name in ("ExecutionStatus", "HistoryEventType", "LogLevel", "StateMachineType")
} | dict.fromkeys(
    (
        "CloudWatchLogsLogGroup",
        "CreateStateMachineOutput",
        "LogDestination",
        "LoggingConfiguration",
        "RoutingConfigurationListItem",
        "Tag",
    ),
    _Wrapped,
)
_REAL: dict[str, dict[str, Any]] = {
    "localstack.utils.strings": {
        "short_uid": _SHORT,
        "long_uid": lambda: str(uuid.uuid4()),
        "to_bytes": lambda text: text.encode() if isinstance(text, str) else text,
        "to_str": lambda data: data.decode() if isinstance(data, bytes) else data,
        "md5": lambda text: __import__("hashlib").md5(text.encode()).hexdigest(),
        "checksum_crc32": MagicMock(),
    },
    "localstack.utils.sync": {
        "poll_condition": _poll,
        "wait_until": lambda fn, **_: _poll(fn),
        "retry": _retry,
    },
    "localstack.utils.files": {"load_file": _load_file},
    "localstack.utils.json": {},
    "localstack.testing.aws.util": {"is_aws_cloud": lambda: False},
    "localstack.testing.pytest": {"markers": _Marks()},
    "localstack.aws.api.stepfunctions": _STATES
    | {
        n: _enumeration(n)
        for n in (
            "InspectionLevel",
            "TestStateStatus",
            "ExecutionRedriveStatus",
            "MockResponseValidationMode",
            "ValidateStateMachineDefinitionSeverity",
            "SyncExecutionStatus",
        )
    },
    "localstack.aws.api.lambda_": {"Runtime": _enumeration("Runtime"), "LogType": _enumeration("LogType")},
    "localstack.services.stepfunctions.asl.eval.event.logging": {"is_logging_enabled_for": _logging_enabled},
    "localstack.services.stepfunctions.asl.utils.encoding": {
        "to_json_str": lambda value, **_: json.dumps(value, separators=(",", ":"), default=str)
    },
    "localstack.services.stepfunctions.asl.utils.json_path": {
        "extract_json": _extract,
        "NoSuchJsonPathError": KeyError,
    },
    "localstack.utils.aws": {},
    "localstack.testing.config": {
        "TEST_AWS_ACCOUNT_ID": ACCOUNT,
        "TEST_AWS_REGION_NAME": REGION,
        "SECONDARY_TEST_AWS_ACCOUNT_ID": "222233334444",
        "SECONDARY_TEST_AWS_REGION_NAME": "us-west-1",
    },
    "json5": {"load": lambda file: _json5(file.read()), "loads": _json5},
}
sys.meta_path.insert(0, _Finder())
pytest_plugins = ["localstack.testing.pytest.stepfunctions.fixtures"]


_RENAMED = {"lambda_": "lambda", "sfn": "stepfunctions"}


class Clients:
    """boto3's clients of the embedded cloud, by LocalStack's names."""

    def __init__(self, url: str, account: str = ACCOUNT, region: str = REGION) -> None:
        self._url, self._account, self._region = url, account, region
        self._known: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name not in self._known:
            self._known[name] = boto3.client(
                _RENAMED.get(name, name),
                endpoint_url=self._url,
                region_name=self._region,
                aws_access_key_id=self._account,
                aws_secret_access_key="test",
                config=Config(
                    inject_host_prefix=False,
                    retries={"total_max_attempts": 1},
                    proxies={},
                    s3={"addressing_style": "path"},
                ),
            )
        return self._known[name]


class Snapshot:
    """Keeps what a scenario records."""

    def __init__(self) -> None:
        self.matched: dict[str, Any] = {}
        self.transform = MagicMock()

    def match(self, key: str, value: Any) -> None:
        self.matched[key] = json.loads(json.dumps(value, default=str))

    def __getattr__(self, name: str) -> Any:
        return MagicMock(name=name)


@pytest.fixture(scope="session")
def cloud_url() -> Iterator[str]:
    from strata.cloud.aws import AwsServer, CloudContext

    context = CloudContext(
        account_id=ACCOUNT, region=REGION, directory=Path(tempfile.mkdtemp()), warm_processes=0
    )
    server = AwsServer(context)
    yield server.start()
    server.stop()


@pytest.fixture
def aws_client(cloud_url: str) -> Clients:
    return Clients(cloud_url)


@pytest.fixture
def aws_client_no_retry(aws_client: Clients) -> Clients:
    return aws_client


@pytest.fixture
def aws_client_factory(aws_client: Clients) -> Any:
    return lambda **_: aws_client


@pytest.fixture
def account_id() -> str:
    return ACCOUNT


@pytest.fixture
def region_name() -> str:
    return REGION


@pytest.fixture
def snapshot() -> Snapshot:
    return Snapshot()


@pytest.fixture
def cleanups() -> list[Any]:
    return []  # the cloud goes when the session ends


@pytest.fixture
def create_role_with_policy(aws_client: Clients) -> Any:
    def create(effect: str, actions: Any, assume_policy_doc: str, resource: str, attach: bool = True) -> Any:
        name = f"role-{_SHORT()}"
        role = aws_client.iam.create_role(RoleName=name, AssumeRolePolicyDocument=assume_policy_doc)["Role"]
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": effect, "Action": actions, "Resource": resource}],
        }
        aws_client.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(document))
        return name, role["Arn"]

    return create


@pytest.fixture
def create_lambda_function(aws_client: Clients) -> Any:
    def create(func_name: str, handler_file: str, handler: str = "", envvars: Any = None, **_: Any) -> Any:
        source = Path(handler_file).read_text("utf-8") if os.path.exists(handler_file) else handler_file
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("handler.py", source)
        trust = {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ]
        }
        name = f"lambda-{_SHORT()}"
        role = aws_client.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
        }
        aws_client.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(document))
        created = aws_client.lambda_.create_function(
            FunctionName=func_name,
            Runtime="python3.12",
            Role=role["Arn"],
            Handler=handler or "handler.handler",
            Code={"ZipFile": packed.getvalue()},
            Timeout=30,
            **({"Environment": {"Variables": envvars}} if envvars else {}),
        )
        return {"CreateFunctionResponse": created}

    return create


@pytest.fixture
def s3_create_bucket(aws_client: Clients) -> Any:
    def create(**named: Any) -> str:
        name = named.pop("Bucket", f"bucket-{_SHORT()}")
        aws_client.s3.create_bucket(Bucket=name, **named)
        return name

    return create


@pytest.fixture
def s3_bucket(s3_create_bucket: Any) -> str:
    return s3_create_bucket()


@pytest.fixture
def sqs_create_queue(aws_client: Clients) -> Any:
    return lambda **named: aws_client.sqs.create_queue(**{"QueueName": f"queue-{_SHORT()}", **named})[
        "QueueUrl"
    ]


@pytest.fixture
def sqs_get_queue_arn(aws_client: Clients) -> Any:
    return lambda url: aws_client.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
        "Attributes"
    ]["QueueArn"]


@pytest.fixture
def sqs_receive_num_messages(aws_client: Clients) -> Any:
    def receive(url: str, number: int, max_iterations: int = 60) -> list[Any]:
        found: list[Any] = []
        for _ in range(max_iterations * 4):
            found += aws_client.sqs.receive_message(QueueUrl=url).get("Messages", [])
            if len(found) >= number:
                return found
            time.sleep(0.1)
        raise AssertionError(f"{len(found)} of {number} messages")

    return receive


@pytest.fixture
def events_create_rule(aws_client: Clients) -> Any:
    def create(**named: Any) -> str:
        if isinstance(named.get("EventPattern"), dict):
            named["EventPattern"] = json.dumps(named["EventPattern"])
        return aws_client.events.put_rule(**named)["RuleArn"]

    return create


@pytest.fixture
def dynamodb_create_table(aws_client: Clients) -> Any:
    def create(table_name: str = "", partition_key: str = "id", **named: Any) -> Any:
        return aws_client.dynamodb.create_table(
            TableName=table_name or f"table-{_SHORT()}",
            KeySchema=[{"AttributeName": partition_key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": partition_key, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    return create


@pytest.fixture
def sns_create_topic(aws_client: Clients) -> Any:
    return lambda **named: aws_client.sns.create_topic(**{"Name": f"topic-{_SHORT()}", **named})


@pytest.fixture
def sns_allow_topic_sqs_queue(aws_client: Clients) -> Any:
    def allow(sqs_queue_url: str, sqs_queue_arn: str, sns_topic_arn: str) -> None:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": sqs_queue_arn,
        }
        policy = json.dumps({"Statement": [statement]})
        aws_client.sqs.set_queue_attributes(QueueUrl=sqs_queue_url, Attributes={"Policy": policy})

    return allow


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    recorder = next((v for v in getattr(item, "funcargs", {}).values() if isinstance(v, Snapshot)), None)
    if call.when == "call" or (call.when == "setup" and report.outcome == "failed"):
        failure = ""
        if report.outcome == "failed":
            failure = f"{type(call.excinfo.value).__name__}: {call.excinfo.value}"
        elif report.outcome == "skipped":
            return
        line = {
            "scenario": item.nodeid,
            "matched": recorder.matched if recorder else {},
            "failure": failure[-600:],
        }
        with Path(os.environ["STRATA_RECORDED_RESULTS"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
