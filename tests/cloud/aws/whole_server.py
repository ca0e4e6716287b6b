"""An embedded AWS with the roles that jobs and functions need."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from strata.cloud.aws import AwsServer, CloudContext
from strata.cloud.client import embedded_client

ACCOUNT = "111122223333"
REGION = "eu-west-1"


@dataclass(frozen=True)
class Cloud:
    context: CloudContext
    server: AwsServer

    def client(self, service: str) -> Any:
        keys = {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "test"}
        return embedded_client(service, self.context.aws_url, REGION, keys)

    def bucket(self, name: str) -> str:
        self.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return name

    def role(self, name: str, service: str) -> str:
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        iam = self.client("iam")
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(allow))
        return arn

    def log_lines(self, group: str, stream: str = "") -> list[str]:
        """The messages in a log group or stream; none if there is no such group yet."""
        logs = self.client("logs")
        streams = {"logStreamNames": [stream]} if stream else {}
        try:
            events = logs.filter_log_events(logGroupName=group, **streams)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events]


def zipped(files: Mapping[str, str]) -> bytes:
    """A zip of text files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Wait until the condition holds and return its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return value


def children(group: int) -> list[str]:
    """The processes of a process group, zombies left out."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = status.read_text().rpartition(")")
        except OSError:
            continue
        state, _, its_group = rest.split()[:3]
        if int(its_group) == group and state != "Z":
            found.append(name)
    return found


@pytest.fixture(scope="module")
def warm_processes() -> int:
    return 2


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, warm_processes: int) -> Iterator[Cloud]:
    context = CloudContext(
        ACCOUNT, REGION, directory=tmp_path_factory.mktemp("cloud"), warm_processes=warm_processes
    )
    server = AwsServer(context)
    server.start()
    yield Cloud(context, server)
    server.stop()
