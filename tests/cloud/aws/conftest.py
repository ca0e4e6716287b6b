"""An embedded AWS per test, without Spark and Lambda: those have tests of their own."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.core.config import default_user_config

from strata.cloud.aws import AwsServer, CloudContext

ACCOUNT = "111122223333"
REGION = "eu-west-1"
STATES = {"Service": "states.amazonaws.com"}
# One for all tests: a session reads each service's model once.
_SESSION = boto3.session.Session()


class Aws:
    """A running server, and what a test asks of it."""

    def __init__(self, context: CloudContext, server: AwsServer) -> None:
        self.context = context
        self.server = server
        self._clients: dict[str, Any] = {}

    def client(self, service: str, keys: dict[str, str] | None = None, **settings: Any) -> Any:
        """A boto3 client of the account itself, or with the keys AssumeRole gave; the same for the same."""
        given = keys or {"AccessKeyId": ACCOUNT, "SecretAccessKey": "test"}
        settings.setdefault("retries", {"total_max_attempts": 1})
        # Making one takes longer than most of what it is asked.
        key = repr((service, self.context.aws_url, given, sorted(settings.items())))
        if key not in self._clients:
            self._clients[key] = _SESSION.client(
                service,
                endpoint_url=self.context.aws_url,
                region_name=REGION,
                aws_access_key_id=given["AccessKeyId"],
                aws_secret_access_key=given["SecretAccessKey"],
                aws_session_token=given.get("SessionToken"),
                config=Config(proxies={}, **settings),
            )
        return self._clients[key]

    def role(
        self,
        name: str,
        principal: dict[str, Any],
        policy: list[dict[str, Any]] | None = None,
        **statement: Any,
    ) -> str:
        """Create a role that trusts the principal; return its ARN."""
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **statement}
        iam = self.client("iam")
        created = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        if policy:
            document = json.dumps({"Version": "2012-10-17", "Statement": policy})
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        return str(created["Role"]["Arn"])

    def bucket(self, name: str, *, events: bool = False) -> Any:
        """Create a bucket, with EventBridge switched on or not; return the S3 client."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        if events:
            s3.put_bucket_notification_configuration(
                Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
            )
        return s3

    def queue(self, name: str, *, accepts_events: bool = True) -> tuple[str, str]:
        """Create a queue; return its URL and ARN."""
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        attributes = {"Policy": json.dumps({"Statement": [statement]})} if accepts_events else {}
        url = self.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, arn

    def messages(self, url: str, *, seconds: float = 20) -> list[dict[str, Any]]:
        """Wait for the first messages of a queue and return them; none within the time is an empty list."""
        sqs = self.client("sqs")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], WaitTimeSeconds=0
            )
            if found.get("Messages"):
                return list(found["Messages"])
            time.sleep(0.02)
        return []

    def earlier(self, url: str) -> list[dict[str, Any]]:
        """The messages that reached a queue before an event that is sent now; the fixture `in_order` says so."""
        sqs, events = self.client("sqs"), self.client("events")
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.rule("later", {"source": ["later"]}, {"Id": "later", "Arn": arn})
        events.put_events(Entries=[{"Source": "later", "DetailType": "Later", "Detail": "{}"}])
        found: list[dict[str, Any]] = []
        while True:
            more = self.messages(url)
            assert more, "the later event did not arrive"
            for message in more:
                if json.loads(message["Body"]).get("source") == "later":
                    return found
                found.append(message)

    def rule(self, name: str, pattern: dict[str, Any], *targets: dict[str, Any], **settings: Any) -> str:
        """Create a rule with targets; return its ARN."""
        events = self.client("events")
        arn = events.put_rule(Name=name, EventPattern=json.dumps(pattern), **settings)["RuleArn"]
        bus = {k: v for k, v in settings.items() if k == "EventBusName"}
        if targets:
            events.put_targets(Rule=name, Targets=list(targets), **bus)
        return str(arn)

    def machine(self, name: str, states: dict[str, Any], role_arn: str, **more: Any) -> str:
        """Create a state machine that starts at its first state; return its ARN."""
        definition = json.dumps({"StartAt": next(iter(states)), "States": states, **more})
        created = self.client("stepfunctions").create_state_machine(
            name=name, definition=definition, roleArn=role_arn
        )
        return str(created["stateMachineArn"])

    def ended(self, execution_arn: str, *, seconds: float = 60) -> dict[str, Any]:
        """Wait for an execution's end and return its description."""
        client = self.client("stepfunctions")
        return eventually(
            lambda: client.describe_execution(executionArn=execution_arn),
            lambda described: described["status"] != "RUNNING",
            seconds=seconds,
        )


def eventually(ask: Callable[[], Any], holds: Callable[[Any], bool] = bool, *, seconds: float = 30) -> Any:
    """Ask until the answer holds; return it, or fail with the last one."""
    until = time.monotonic() + seconds
    while True:
        answer = ask()
        if holds(answer):
            return answer
        assert time.monotonic() < until, f"after {seconds} s still: {answer}"
        time.sleep(0.02)


def run(aws: Aws, states: dict[str, Any], role: str, given: Any = None, **more: Any) -> dict[str, Any]:
    """Run a new state machine to its end."""
    machine = aws.machine(f"m-{uuid.uuid4()}", states, role, **more)
    started = aws.client("stepfunctions").start_execution(
        stateMachineArn=machine, input=json.dumps(given if given is not None else {})
    )
    return aws.ended(started["executionArn"])


@pytest.fixture
def context(tmp_path: Path) -> CloudContext:
    return CloudContext(account_id=ACCOUNT, region=REGION, directory=tmp_path)


@pytest.fixture
def in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread delivers all events, so that a later one proves that no earlier one is on its way."""
    monkeypatch.setattr("strata.cloud.aws.events.delivery._WORKERS", 1)


@pytest.fixture
def aws(context: CloudContext) -> Iterator[Aws]:
    server = AwsServer(context, leave_out=("glue", "lambda"))
    server.start()
    # The 1,600 policies that AWS manages take half a test's time, and no test attaches one.
    default_user_config["iam"] = {"load_aws_managed_policies": False}
    yield Aws(context, server)
    server.stop()


@pytest.fixture
def role(aws: Aws) -> str:
    # What its tasks may do is not what these tests are about.
    return aws.role("states", STATES, [{"Effect": "Allow", "Action": "*", "Resource": "*"}])


@pytest.fixture
def told() -> Iterator[tuple[int, int]]:
    """A pipe to the parent."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)
