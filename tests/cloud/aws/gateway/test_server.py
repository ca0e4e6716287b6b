"""The server itself: ports, starts one after the other, and actions it does not know."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import moto.s3.notifications as s3_notifications
import pytest
from botocore.exceptions import ClientError
from moto.core import utils
from moto.events.models import Rule
from moto.iam import models as iam_models
from moto.s3.models import FakeKey

from strata.cloud.aws import AwsServer, CloudContext
from strata.errors import StrataError
from tests.cloud.aws.conftest import ACCOUNT, Aws


def test_servers_one_after_the_other_start_empty(aws: Aws, context: CloudContext) -> None:
    aws.bucket("raw")
    with pytest.raises(StrataError, match="serves an embedded AWS already"):
        AwsServer(context).start()
    assert [b["Name"] for b in aws.client("s3").list_buckets()["Buckets"]] == ["raw"]


def test_what_is_gone_is_not_kept(aws: Aws) -> None:
    before = len(FakeKey.instances_tracked)
    s3 = aws.bucket("raw")
    for number in range(3):
        s3.put_object(Bucket="raw", Key="a", Body=str(number).encode())
    assert len(FakeKey.instances_tracked) == before


@pytest.mark.parametrize("turn", [1, 2])
def test_each_start_is_empty(aws: Aws, turn: int) -> None:
    assert aws.client("s3").list_buckets()["Buckets"] == []
    aws.bucket("raw")


def test_stop_takes_the_extensions_back(context: CloudContext) -> None:
    before = (Rule.send_to_targets, s3_notifications.send_event, iam_models.get_account_id_from)
    server = AwsServer(context)
    url = server.start()
    assert context.aws_url == url == f"http://127.0.0.1:{context.aws_port}"
    assert before[0] is not Rule.send_to_targets
    # One reader of botocore's descriptions for all services.
    assert utils.create_loader() is utils.create_loader()
    server.stop()
    server.stop()
    assert before == (Rule.send_to_targets, s3_notifications.send_event, iam_models.get_account_id_from)
    assert utils.create_loader() is not utils.create_loader()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", context.aws_port), timeout=1)


def test_services_are_there_while_the_server_runs(context: CloudContext) -> None:
    server = AwsServer(context)
    for _ in range(2):
        with pytest.raises(StrataError, match="the embedded AWS does not run"):
            _ = server.services
        server.start()
        assert context.assume_role == server.services.identity.assume_role
        server.stop()
    assert context.aws_url == ""
    with pytest.raises(LookupError):
        context.assume_role("r")


def test_a_service_that_is_left_out_stays_as_moto_has_it(context: CloudContext) -> None:
    before = Rule.send_to_targets
    server = AwsServer(context, leave_out=("events", "glue", "lambda"))
    server.start()
    try:
        assert Rule.send_to_targets is before
        names = [service.name for service in server.services._started]
        assert names == [
            "untracked",
            "clock",
            "identity",
            "sts",
            "iam-boundaries",
            "tags",
            "s3-versions",
            "s3",
            "s3-access",
            "s3-lifecycle",
            "s3-logging",
            "s3-settings",
            "s3-object-lock",
            "conditional-writes",
            "dynamodb-tables",
            "dynamodb-tags",
            "scheduler",
            "cloudwatch",
            "stepfunctions",
            "stepfunctions-versions",
            "sns-topics",
            "sqs-messages",
            "sqs-redrive",
            "kms-keys",
            "one-by-one",
        ]
    finally:
        server.stop()


def test_port_that_is_given(context: CloudContext) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        context.aws_port = free.getsockname()[1]
    server = AwsServer(context)
    assert server.start().endswith(f":{context.aws_port}")
    server.stop()


def test_port_that_is_taken(context: CloudContext) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        context.aws_port = port = taken.getsockname()[1]
        with pytest.raises(StrataError, match=rf"port {port} on 127.0.0.1 cannot be used") as caught:
            AwsServer(context).start()
        assert "choose another port" in str(caught.value)
    context.aws_port = 0
    server = AwsServer(context)
    server.start()
    server.stop()


@pytest.mark.parametrize(
    ("service", "call", "arguments", "named"),
    [
        ("glue", "list_blueprints", {}, "glue:ListBlueprints"),  # JSON
        ("sqs", "list_message_move_tasks", {"SourceArn": "a"}, "sqs:ListMessageMoveTasks"),
        ("sns", "list_sms_sandbox_phone_numbers", {}, "sns:ListSMSSandboxPhoneNumbers"),  # query
        (
            "lambda",
            "get_runtime_management_config",
            {"FunctionName": "f"},
            "lambda:GetRuntimeManagementConfig",
        ),
        ("cloudwatch", "list_metric_streams", {}, "monitoring:ListMetricStreams"),
        ("budgets", "list_tags_for_resource", {"ResourceARN": "a"}, "budgets:ListTagsForResource"),
    ],
)
def test_action_that_is_not_implemented_is_named_once(
    aws: Aws, service: str, call: str, arguments: dict[str, Any], named: str
) -> None:
    # The default retries of boto3: a 500 would be tried again and again.
    client = aws.client(service, retries={"mode": "standard"})
    with pytest.raises(ClientError, match=f"does not implement {named}") as caught:
        getattr(client, call)(**arguments)
    answer = caught.value.response
    assert answer["Error"]["Code"] == "NotImplemented"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert answer["ResponseMetadata"]["RetryAttempts"] == 0


def test_fault_of_the_cloud_itself_is_named(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.kms.responses import KmsResponse

    def broken(response: Any) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr(KmsResponse, "list_keys", broken)
    with pytest.raises(ClientError, match="failed in kms:ListKeys with KeyError: 'surprise'") as caught:
        aws.client("kms", retries={"mode": "standard"}).list_keys()
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_path_that_no_service_knows(aws: Aws) -> None:
    request = urllib.request.Request(
        f"{aws.context.aws_url}/2099-01-01/nothing",
        headers={
            "Authorization": "AWS4-HMAC-SHA256 Credential=111122223333/20260101/eu-west-1/lambda/aws4_request, x"
        },
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 501
    assert re.search("lambda:GET /2099-01-01/nothing", caught.value.read().decode())


def test_package_is_imported_without_moto() -> None:
    code = (
        "import strata.cloud.aws, strata.cloud.embedded, sys;"
        "print('moto' in sys.modules, 'boto3' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed == "False False\n"


def test_a_state_machine_loads_ec2_only_when_batch_is_asked_for(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from strata.cloud.aws import AwsServer, CloudContext
from strata.cloud.client import embedded_client

url = AwsServer(CloudContext({ACCOUNT!r}, "eu-west-1", Path({str(tmp_path)!r}))).start()
keys = {{"AWS_ACCESS_KEY_ID": {ACCOUNT!r}, "AWS_SECRET_ACCESS_KEY": "x"}}
for service, ask in (("stepfunctions", "list_state_machines"), ("batch", "describe_job_queues")):
    getattr(embedded_client(service, url, "eu-west-1", keys), ask)()
    print(service, "moto.stepfunctions.parser.models" in sys.modules, "moto.ec2" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["stepfunctions True False", "batch True True"]
