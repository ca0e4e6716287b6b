"""The whole embedded cloud: in this process, and as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import jwt
import pytest
from botocore.exceptions import ClientError
from moto.core.config import default_user_config

from strata.cloud.aws import moto_compat
from strata.cloud.client import embedded_client
from strata.cloud.embedded import EmbeddedCloud
from strata.cloud.endpoints import CloudFile, Endpoints
from strata.errors import StrataError
from tests.cloud.aws.conftest import ACCOUNT, REGION
from tests.endpoints import nowhere

ENDPOINTS = nowhere(ACCOUNT, REGION).model_copy(
    update={"snowflake_account": "STRATA-LOCAL", "snowflake_user": "ADMIN"}
)


def test_environment_of_a_child() -> None:
    assert ENDPOINTS.environment() == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "STRATA_LOCAL": "http://127.0.0.1:1",
        "SNOWFLAKE_HOST": "127.0.0.1",
        "SNOWFLAKE_PORT": "2",
        "SNOWFLAKE_PROTOCOL": "http",
        "SNOWFLAKE_USER": "ADMIN",
        "SNOWFLAKE_PASSWORD": "secret",
        "SNOWFLAKE_ORGANIZATION_NAME": "STRATA",
        "SNOWFLAKE_ACCOUNT_NAME": "LOCAL",
        "TF_REATTACH_PROVIDERS": "{}",
    }


def test_file_of_a_cloud_that_is_gone_is_no_cloud(tmp_path: Path) -> None:
    assert CloudFile.read(tmp_path) is None
    CloudFile(pid=os.getpid(), endpoints=ENDPOINTS).write(tmp_path)
    assert stat.S_IMODE((tmp_path / "cloud.json").stat().st_mode) == 0o600
    assert CloudFile.read(tmp_path) is None  # nothing listens on port 1
    assert [p.name for p in tmp_path.iterdir()] == ["cloud.json"]
    (tmp_path / "cloud.json").write_text("half-writt")
    assert CloudFile.read(tmp_path) is None


def test_cloud_in_this_process(tmp_path: Path) -> None:
    cloud = EmbeddedCloud(tmp_path / "cloud", account_id=ACCOUNT, region=REGION)
    with cloud as endpoints:
        found = CloudFile.read(tmp_path / "cloud")
        assert found is not None
        assert (found.pid, found.endpoints) == (os.getpid(), endpoints)
        assert "registry.terraform.io/snowflakedb/snowflake" in json.loads(endpoints.reattach_providers)
        assert cloud.context.snowflake_environment["SNOWFLAKE_PORT"] == str(endpoints.snowflake_port)
        second = EmbeddedCloud(tmp_path / "cloud", account_id=ACCOUNT, region=REGION)
        with pytest.raises(StrataError, match=r"runs in .* already"), second:
            pass
        with socket.create_connection(("127.0.0.1", endpoints.snowflake_port), timeout=5):
            pass
    assert not (tmp_path / "cloud" / "cloud.json").exists()
    for port in (endpoints.snowflake_port, cloud.context.aws_port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1)


@pytest.mark.parametrize("which", ["aws_port", "snowflake_port"])
def test_port_that_is_taken_leaves_nothing(tmp_path: Path, which: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports: dict[str, Any] = {which: port}
        with (
            pytest.raises(StrataError, match=rf"port {port}\b"),
            EmbeddedCloud(tmp_path, account_id=ACCOUNT, region=REGION, **ports),
        ):
            pass
    assert not (tmp_path / "cloud.json").exists()
    with EmbeddedCloud(tmp_path, account_id=ACCOUNT, region=REGION) as endpoints:
        assert endpoints.aws_url


def start(directory: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "strata.cloud", "--directory", str(directory), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
    return [int(line) for line in listed.split()]


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "end of input", "SIGKILL"])
def test_process_serves_until_told_to_stop(tmp_path: Path, how: str) -> None:
    process = start(tmp_path)
    assert process.stdin
    assert process.stdout
    endpoints = Endpoints.model_validate_json(process.stdout.readline())
    running = CloudFile.read(tmp_path)
    assert running is not None
    assert (running.pid, running.endpoints) == (process.pid, endpoints)
    left = children(process.pid)
    if how == "end of input":
        process.stdin.close()
    else:
        process.send_signal(getattr(signal, how))
    started = time.monotonic()
    code = process.wait(timeout=10)
    assert time.monotonic() - started < 5  # promised: 3 s, on a machine with nothing else to do
    assert CloudFile.read(tmp_path) is None
    if how != "SIGKILL":
        assert code == 0
        assert not (tmp_path / "cloud.json").exists()
    until = time.monotonic() + 10
    while left:
        left = [pid for pid in left if Path(f"/proc/{pid}").exists() and not is_zombie(pid)]
        assert time.monotonic() < until, f"left running: {left}"
        time.sleep(0.05)


def is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_interrupt_while_it_starts(tmp_path: Path) -> None:
    process = start(tmp_path)
    time.sleep(0.7)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=10)
    assert not (tmp_path / "cloud.json").exists()


def test_process_with_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(tmp_path, "--aws-port", str(port))
        assert process.stderr
        errors = process.stderr.read()  # not communicate(), which would end its standard input
        assert process.wait(timeout=10) == 1
    assert errors.startswith(f"error: port {port} on 127.0.0.1 cannot be used")
    assert errors.count("\n") == 1


def test_a_second_cloud_in_this_process_starts_clean(tmp_path: Path) -> None:
    replaced = {
        name: name.owner().__dict__[name.attribute]
        for name in (moto_compat.SEND_TO_TARGETS, moto_compat.ACCOUNT_OF_KEY, moto_compat.SERIALIZED)
    }
    settings = dict(default_user_config)
    first = EmbeddedCloud(tmp_path / "first", account_id="111111111111", region="eu-west-1")
    with first as endpoints:
        root = {"AWS_ACCESS_KEY_ID": "111111111111", "AWS_SECRET_ACCESS_KEY": "test"}
        sts = embedded_client("sts", endpoints.aws_url, "eu-west-1", root)
        trust = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}
        role = embedded_client("iam", endpoints.aws_url, "eu-west-1", root).create_role(
            RoleName="r", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
        )["Role"]["Arn"]
        session = sts.assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
        token = first.context.issuer.mint({"sub": "job"})
        embedded_client("s3", endpoints.aws_url, "eu-west-1", root).create_bucket(
            Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    assert {name: name.owner().__dict__[name.attribute] for name in replaced} == replaced
    assert default_user_config == settings
    with pytest.raises(LookupError, match="no embedded AWS runs"):
        first.context.assume_role(role, principal_arn=role)

    second = EmbeddedCloud(
        tmp_path / "second", account_id="222222222222", region="eu-central-1", any_key=True
    )
    with second as endpoints:
        unknown = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "test"}
        client = embedded_client("sts", endpoints.aws_url, "eu-central-1", unknown)
        assert client.get_caller_identity()["Account"] == "222222222222"
        assert (
            embedded_client("s3", endpoints.aws_url, "eu-central-1", unknown).list_buckets()["Buckets"] == []
        )
        # The first cloud's session is not known any more, and its issuer's key signs nothing here.
        keys = {
            "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
            "AWS_SESSION_TOKEN": session["SessionToken"],
        }
        with pytest.raises(ClientError, match="InvalidClientTokenId"):
            embedded_client("s3", endpoints.aws_url, "eu-central-1", keys).list_buckets()
        with pytest.raises(jwt.InvalidSignatureError):
            second.context.issuer.verify(token)
        with urllib.request.urlopen(f"{endpoints.aws_url}/_strata/calls") as answer:
            assert answer.read().decode().splitlines() == ["s3:ListBuckets", "sts:GetCallerIdentity"]
