"""Functions run from their zip, see only that, and report as AWS does."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.cloud.aws.lambda_.runtime.environment import ExecutionEnvironment
from tests.cloud.aws.whole_server import Cloud, children, until, zipped

_names = (f"function-{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def role(cloud: Cloud) -> str:
    return cloud.role("strata-lambda-dev", "lambda.amazonaws.com")


def create(cloud: Cloud, role: str, code: str, **more: Any) -> str:
    """Create a function with this `app.py`; return its name."""
    name = next(_names)
    zipfile = {"ZipFile": zipped({"app.py": code})}
    spec = {"Runtime": "python3.11", "Handler": "app.handler", "Code": zipfile}
    cloud.client("lambda").create_function(**{"FunctionName": name, "Role": role, **spec, **more})
    return name


def invoke(cloud: Cloud, name: str, event: Any = None, **more: Any) -> tuple[Any, Mapping[str, Any]]:
    """Invoke a function; return its result and the response."""
    response = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}), **more)
    return json.loads(response["Payload"].read() or "null"), response


# Each: the code, the event, the result.
RESULTS = {
    "event and context": (
        "def handler(event, context):\n"
        "    left = context.get_remaining_time_in_millis()\n"
        "    return [event['n'], context.function_name[:8], context.memory_limit_in_mb, 0 < left <= 9000]",
        {"n": 1},
        [1, "function", "256", True],
    ),
    "boto3 is part of the runtime": (
        "import boto3\ndef handler(event, context):\n"
        "    return boto3.client('sts').get_caller_identity()['Account']",
        {},
        "111122223333",
    ),
    "it acts as its role": (
        "import boto3\ndef handler(event, context):\n"
        "    return boto3.client('sts').get_caller_identity()['Arn'].split('/')[0:2]",
        {},
        ["arn:aws:sts::111122223333:assumed-role", "strata-lambda-dev"],
    ),
    "environment": (
        "import os\ndef handler(event, context):\n"
        "    names = ('COLOUR', 'AWS_REGION', 'AWS_LAMBDA_FUNCTION_VERSION', 'PYTHONPATH')\n"
        "    return [os.environ.get(name) for name in names]",
        {},
        ["blue", "eu-west-1", "$LATEST", None],
    ),
    "bytes are passed on as they are": (
        "def handler(event, context): return b'{\"a\": [1]}'",
        {},
        {"a": [1]},
    ),
    "nothing installed beside Strata is seen": (
        "import importlib.util as u\ndef handler(event, context):\n"
        "    names = ('rich', 'pydantic', 'moto', 'strata', 'pyspark', 'pytest')\n"
        "    return [u.find_spec(name) is None for name in names]",
        {},
        [True] * 6,
    ),
}


@pytest.mark.parametrize("case", RESULTS)
def test_result(cloud: Cloud, role: str, case: str) -> None:
    code, event, expected = RESULTS[case]
    name = create(cloud, role, code, MemorySize=256, Timeout=9, Environment={"Variables": {"COLOUR": "blue"}})
    result, response = invoke(cloud, name, event)
    assert result == expected
    assert "FunctionError" not in response
    assert response["ExecutedVersion"] == "$LATEST"


# Each: the code, and what the error says: errorType, the beginning of errorMessage, the last frame of
# stackTrace.
ERRORS = {
    "exception": (
        "def handler(event, context):\n    raise ValueError('no such thing')",
        ("ValueError", "no such thing", "raise ValueError('no such thing')"),
    ),
    "missing module": (
        "import rich\ndef handler(event, context): ...",
        ("Runtime.ImportModuleError", "Unable to import module 'app': No module named 'rich'", ""),
    ),
    "syntax": (
        "def handler(event, context)\n",
        ("Runtime.UserCodeSyntaxError", "Syntax error in module 'app'", ""),
    ),
    "no handler": (
        "def other(event, context): ...",
        ("Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'", ""),
    ),
    "not JSON": (
        "def handler(event, context): return {1, 2}",
        ("Runtime.MarshalError", "Unable to marshal response", ""),
    ),
    "exit": (
        "import os\ndef handler(event, context): os._exit(3)",
        ("Runtime.ExitError", "RequestId: ", ""),
    ),
    "timeout": (
        "import time\ndef handler(event, context): time.sleep(60)",
        ("Sandbox.Timedout", "", ""),
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_error(cloud: Cloud, role: str, case: str) -> None:
    code, (kind, message, frame) = ERRORS[case]
    name = create(cloud, role, code, Timeout=1 if case == "timeout" else 30)
    result, response = invoke(cloud, name)
    assert response["FunctionError"] == "Unhandled"
    assert result["errorType"] == kind
    assert result["errorMessage"].startswith(message)
    if frame:
        assert frame in result["stackTrace"][-1]
        assert len(result["stackTrace"]) == 1
        assert 'File "/var/task/app.py", line 2' in result["stackTrace"][0]
    if case == "timeout":
        assert result["errorMessage"].endswith("Task timed out after 1.00 seconds")
    # The next invocation gets a working environment.
    assert invoke(cloud, name)[0]["errorType"] == kind


def test_log(cloud: Cloud, role: str) -> None:
    code = (
        "import logging\nlog = logging.getLogger()\n"
        "def handler(event, context):\n    print('printed')\n    log.warning('logged')"
    )
    name = create(cloud, role, code)
    _, response = invoke(cloud, name, LogType="Tail")
    tail = base64.b64decode(response["LogResult"]).decode().split("\n")
    assert [line.split("\t")[0].split(" ")[0] for line in tail] == [
        "START", "printed", "[WARNING]", "END", "REPORT",
    ]  # fmt: skip
    assert until(lambda: cloud.log_lines(f"/aws/lambda/{name}")) == tail


def test_environment_stays_warm_until_the_code_changes(cloud: Cloud, role: str) -> None:
    code = "count = 0\ndef handler(event, context):\n    global count\n    count += 1\n    return [count, %r]"
    name = create(cloud, role, code % "old")
    assert [invoke(cloud, name)[0] for _ in range(2)] == [[1, "old"], [2, "old"]]
    new = zipped({"app.py": code % "new"})
    updated = cloud.client("lambda").update_function_code(FunctionName=name, ZipFile=new)
    assert updated["CodeSha256"] == base64.b64encode(hashlib.sha256(new).digest()).decode()
    assert invoke(cloud, name)[0] == [1, "new"]
    cloud.client("lambda").update_function_configuration(
        FunctionName=name, Environment={"Variables": {"A": "b"}}
    )
    assert invoke(cloud, name)[0] == [1, "new"]


def test_code_and_layers_from_s3(cloud: Cloud, role: str) -> None:
    bucket, s3, client = cloud.bucket("strata-layers"), cloud.client("s3"), cloud.client("lambda")
    for key, files in {
        "function.zip": {
            "package/app.py": "import shared, other\ndef handler(e, c): return [shared.x, other.x]"
        },
        "layer.zip": {"python/shared.py": "x = 'bottom'", "python/other.py": "x = 'only here'"},
        "over.zip": {"python/shared.py": "x = 'top'"},
    }.items():
        s3.put_object(Bucket=bucket, Key=key, Body=zipped(files))
    layers = [
        client.publish_layer_version(LayerName=name, Content={"S3Bucket": bucket, "S3Key": f"{name}.zip"})
        for name in ("layer", "over")
    ]
    name = create(
        cloud, role, "", Code={"S3Bucket": bucket, "S3Key": "function.zip"}, Handler="package/app.handler",
        Layers=[layer["LayerVersionArn"] for layer in layers],
    )  # fmt: skip
    assert invoke(cloud, name)[0] == ["top", "only here"]


def test_event_invocation_is_retried(cloud: Cloud, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strata.cloud.aws.lambda_.runner.RETRY_DELAYS", (0.0, 0.0))
    queue = cloud.client("sqs").create_queue(QueueName="dead")["QueueUrl"]
    code = "def handler(event, context):\n    print('try')\n    raise RuntimeError(event['n'])"
    dead = {"TargetArn": "arn:aws:sqs:eu-west-1:111122223333:dead"}
    name = create(cloud, role, code, DeadLetterConfig=dead)
    result, response = invoke(cloud, name, {"n": "7"}, InvocationType="Event")
    assert (result, response["StatusCode"]) == (None, 202)
    messages = until(lambda: cloud.client("sqs").receive_message(QueueUrl=queue).get("Messages"), 20)
    assert json.loads(messages[0]["Body"]) == {"n": "7"}
    assert until(lambda: cloud.log_lines(f"/aws/lambda/{name}").count("try") == 3)


REFUSED = {
    "runtime": ({"Runtime": "nodejs22.x"}, "Runtime nodejs22.x is not implemented"),
    "image": ({"PackageType": "Image", "Code": {"ImageUri": "a:b"}}, "PackageType Image is not implemented"),
    "no such object": ({"Code": {"S3Bucket": "strata-nowhere", "S3Key": "a"}}, "NoSuchBucket"),
    "no zip": ({"Code": {"ZipFile": b"text"}}, "Could not unzip uploaded file"),
    "role of another service": ({"Role": "glue"}, "cannot be assumed by Lambda"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(cloud: Cloud, role: str, case: str) -> None:
    more, message = dict(REFUSED[case][0]), REFUSED[case][1]
    if "Role" in more:
        more["Role"] = cloud.role("strata-glue-only", "glue.amazonaws.com")
    with pytest.raises(ClientError, match=message):
        create(cloud, role, "def handler(e, c): ...", **more)


def test_payload_must_be_json(cloud: Cloud, role: str) -> None:
    name = create(cloud, role, "def handler(e, c): ...")
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        cloud.client("lambda").invoke(FunctionName=name, Payload=b"{")


def test_no_process_is_left(cloud: Cloud, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[ExecutionEnvironment] = []
    start = ExecutionEnvironment.__init__

    def note(self: ExecutionEnvironment, *args: Any) -> None:
        start(self, *args)
        started.append(self)

    monkeypatch.setattr(ExecutionEnvironment, "__init__", note)
    code = "import subprocess\ndef handler(event, context): subprocess.Popen(['sleep', '60'])"
    name = create(cloud, role, code)
    invoke(cloud, name)
    assert all(len(children(environment.pid)) >= 1 for environment in started)
    assert any(len(children(environment.pid)) == 2 for environment in started)
    functions = cloud.server.services.functions
    functions.stop()
    assert [children(environment.pid) for environment in started] == [[] for _ in started]
    functions.start()
