"""Lambda's actions over the API; a test plays the execution environments."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.config import default_user_config

from strata.cloud.aws import AwsServer, CloudContext
from strata.cloud.aws.lambda_ import runner

from ..conftest import ACCOUNT, REGION, Aws, eventually

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
LAMBDA = {"Service": "lambda.amazonaws.com"}


def zipped(text: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", text)
    return content.getvalue()


class Environment:
    """Answers an invocation with what it was asked."""

    made: list[Environment] = []  # noqa: RUF012
    error = False
    log: tuple[str, ...] = ("one", "two")

    def __init__(self, function: Any, folder: Path, log: Any, variables: dict[str, str]) -> None:
        self.function = function
        self.alive, self.stops = True, 0
        self.started = runner.time.monotonic()
        Environment.made.append(self)

    def invoke(self, event: str, *, request_id: str, function_arn: str, cut_off: float | None) -> Any:
        payload = json.dumps([event, function_arn]).encode()
        return SimpleNamespace(payload=payload, error=Environment.error, log=Environment.log)

    def stop(self) -> None:
        self.stops += 1


@pytest.fixture
def functions(context: CloudContext, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    Environment.made, Environment.error, Environment.log = [], False, ("one", "two")
    monkeypatch.setattr(runner, "ExecutionEnvironment", Environment)
    server = AwsServer(context, leave_out=("glue",))
    server.start()
    default_user_config["iam"] = {"load_aws_managed_policies": False}
    yield Aws(context, server)
    server.stop()


def create(aws: Aws, name: str = "f", **more: Any) -> Any:
    role = f"arn:aws:iam::{ACCOUNT}:role/fn"
    if not any(found["RoleName"] == "fn" for found in aws.client("iam").list_roles()["Roles"]):
        aws.role("fn", LAMBDA)
    spec = {"Runtime": "python3.11", "Handler": "app.handler", "Code": {"ZipFile": zipped("1")}, "Role": role}
    return aws.client("lambda").create_function(**{"FunctionName": name, **spec, **more})


def error_of(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def prepared(count: int) -> list[Environment]:
    eventually(lambda: len(Environment.made) >= count)
    assert len(Environment.made) == count
    return Environment.made


def test_a_function_is_warm_before_its_first_invocation(functions: Aws) -> None:
    assert create(functions, Timeout=7)["FunctionArn"] == ARN
    (made,) = prepared(1)
    assert (made.function.name, made.function.timeout) == ("f", 7.0)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"S3Bucket": "none"}, "NoSuchBucket. S3 Error Message: The specified bucket does not exist"),
        ({"S3Key": "none.zip"}, "NoSuchKey. S3 Error Message: The specified key does not exist."),
        (
            {"S3ObjectVersion": "none"},
            "NoSuchVersion. S3 Error Message: The specified version does not exist.",
        ),
    ],
)
def test_code_that_is_not_in_s3_is_refused(functions: Aws, changed: dict[str, str], said: str) -> None:
    client, put = functions.client("lambda"), {"S3Bucket": "code", "S3Key": "f.zip"}
    functions.bucket("code").put_object(Bucket="code", Key="f.zip", Body=zipped("1"))
    before = create(functions, Code=put)["CodeSha256"]
    refused = (
        "InvalidParameterValueException",
        f"Error occurred while GetObject. S3 Error Code: {said}",
    )
    assert error_of(client.update_function_code, FunctionName="f", **(put | changed)) == refused
    assert error_of(create, aws=functions, name="g", Code=put | changed) == refused
    layer = put | changed
    assert error_of(client.publish_layer_version, LayerName="l", Content=layer) == refused
    assert client.get_function_configuration(FunctionName="f")["CodeSha256"] == before


def test_code_is_the_version_that_is_asked_for(functions: Aws) -> None:
    s3, client = functions.bucket("code"), functions.client("lambda")
    s3.put_bucket_versioning(Bucket="code", VersioningConfiguration={"Status": "Enabled"})
    codes = [zipped("1"), zipped("22"), zipped("333")]
    versions = [s3.put_object(Bucket="code", Key="f.zip", Body=code)["VersionId"] for code in codes]
    put = {"S3Bucket": "code", "S3Key": "f.zip"}
    sums = [base64.b64encode(hashlib.sha256(code).digest()).decode() for code in codes]
    assert create(functions, Code=put | {"S3ObjectVersion": versions[0]})["CodeSha256"] == sums[0]
    for version, expected in zip([versions[1], None, versions[0]], [sums[1], sums[2], sums[0]], strict=True):
        asked = put | ({"S3ObjectVersion": version} if version else {})
        assert client.update_function_code(FunctionName="f", **asked)["CodeSha256"] == expected
    content = put | {"S3ObjectVersion": versions[1]}
    published = client.publish_layer_version(LayerName="l", Content=content)
    assert published["Content"]["CodeSha256"] == sums[1]


def test_a_deleted_function_ends(functions: Aws) -> None:
    create(functions)
    create(functions, "g")
    prepared(2)
    eventually(lambda: len(functions.server.services.functions._runner._idle[ARN]) == 1)
    client = functions.client("lambda")
    client.delete_function(FunctionName="f")
    assert {made.function.name: made.stops for made in Environment.made} == {"f": 1, "g": 0}
    assert error_of(client.get_function, FunctionName="f")[0] == "ResourceNotFoundException"
    assert error_of(client.delete_function, FunctionName="f")[0] == "ResourceNotFoundException"
    assert client.get_function(FunctionName="g")["Configuration"]["FunctionName"] == "g"
    # As recorded at AWS in 2025: only Invoke names the version that is meant.
    for named, missing in (("f", f"{ARN}:$LATEST"), (ARN, f"{ARN}:$LATEST"), (f"{ARN}:7", f"{ARN}:7")):
        with pytest.raises(ClientError) as raised:
            client.invoke(FunctionName=named)
        assert raised.value.response["Error"]["Message"] == f"Function not found: {missing}"


def test_the_stop_ends_every_environment(functions: Aws) -> None:
    create(functions)
    prepared(1)
    eventually(lambda: functions.server.services.functions._runner._idle[ARN])
    functions.server.stop()
    assert [made.stops for made in Environment.made] == [1]


def test_what_a_function_has_by_default(functions: Aws) -> None:
    create(functions)
    client = functions.client("lambda")
    shown = client.get_function_configuration(FunctionName="f")
    assert shown["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"}
    assert "DeadLetterConfig" not in shown


def test_what_moto_does_not_keep_comes_back(functions: Aws) -> None:
    dead = {"TargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"}
    create(functions, LoggingConfig={"LogGroup": "/mine"}, DeadLetterConfig=dead)
    client = functions.client("lambda")
    shown = client.get_function_configuration(FunctionName="f")
    assert (shown["LoggingConfig"], shown["DeadLetterConfig"]) == (
        {"LogFormat": "Text", "LogGroup": "/mine"},
        dead,
    )
    # An update changes what it names and nothing else.
    client.update_function_configuration(FunctionName="f", Timeout=9)
    shown = client.get_function_configuration(FunctionName="f")
    assert (shown["Timeout"], shown["LoggingConfig"]["LogGroup"], shown["DeadLetterConfig"]) == (
        9,
        "/mine",
        dead,
    )
    client.update_function_configuration(
        FunctionName="f",
        LoggingConfig={"LogFormat": "Text", "LogGroup": "/other"},
        DeadLetterConfig={"TargetArn": ""},
    )
    shown = client.get_function_configuration(FunctionName="f")
    assert shown["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/other"}
    assert "DeadLetterConfig" not in shown


@pytest.mark.parametrize(
    ("update", "field", "shown"),
    [
        ({"TracingConfig": {"Mode": "Active"}}, "TracingConfig", {"Mode": "Active"}),
        (
            {"KMSKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"},
            "KMSKeyArn",
            f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k",
        ),
        ({"EphemeralStorage": {"Size": 2048}}, "EphemeralStorage", {"Size": 2048}),
        ({"Environment": {"Variables": {"A": "b"}}}, "Environment", {"Variables": {"A": "b"}}),
        ({"Timeout": 11}, "Timeout", 11),
    ],
)
def test_a_configuration_is_updated(functions: Aws, update: Any, field: str, shown: Any) -> None:
    create(functions, Environment={"Variables": {"OLD": "1"}})
    client = functions.client("lambda")
    before = client.get_function_configuration(FunctionName="f")
    prepared(1)
    eventually(lambda: functions.server.services.functions._runner._idle[ARN])
    answer = client.update_function_configuration(FunctionName="f", **update)
    after = client.get_function_configuration(FunctionName="f")
    assert (answer[field], after[field]) == (shown, shown)
    assert after["LastModified"] > before["LastModified"]
    # Another environment takes its place.
    assert [made.stops for made in prepared(2)] == [1, 0]


def test_variables_are_taken_away(functions: Aws) -> None:
    create(functions, Environment={"Variables": {"OLD": "1"}})
    client = functions.client("lambda")
    client.update_function_configuration(FunctionName="f", Environment={})
    shown = client.get_function_configuration(FunctionName="f")
    assert not shown.get("Environment", {}).get("Variables")


def test_code_is_updated_with_its_architecture(functions: Aws) -> None:
    create(functions)
    prepared(1)
    client = functions.client("lambda")
    before = client.get_function_configuration(FunctionName="f")
    answer = client.update_function_code(
        FunctionName="f", ZipFile=zipped("longer than before"), Architectures=["arm64"]
    )
    assert answer["Architectures"] == ["arm64"]
    assert (answer["CodeSha256"] != before["CodeSha256"], before["Architectures"]) == (True, ["x86_64"])
    newest = zipped("3")
    assert client.update_function_code(FunctionName="f", ZipFile=newest)["Architectures"] == ["arm64"]
    eventually(lambda: Environment.made[-1].function.code == newest)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"Runtime": "python3.13"}, "Runtime python3.13 is not implemented by the embedded Lambda (only python3.11, python3.12)"),
    ({"PackageType": "Image", "Code": {"ImageUri": "a"}}, "PackageType Image is not implemented by the embedded Lambda (only Zip)"),
    ({"VpcConfig": {"SubnetIds": ["s"], "SecurityGroupIds": ["g"]}}, "VpcConfig is not implemented by the embedded Lambda"),
    ({"FileSystemConfigs": [{"Arn": f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/fsap-00000000000000000", "LocalMountPath": "/mnt/a"}]},
     "FileSystemConfigs is not implemented by the embedded Lambda"),
    ({"SnapStart": {"ApplyOn": "PublishedVersions"}}, "SnapStart is not implemented by the embedded Lambda"),
    ({"LoggingConfig": {"LogFormat": "JSON"}}, "LogFormat JSON is not implemented by the embedded Lambda"),
    ({"Role": f"arn:aws:iam::{ACCOUNT}:role/none"}, "The role defined for the function cannot be assumed by Lambda."),
    ({"Code": {"ZipFile": b"text"}}, "Could not unzip uploaded file. Please check your file, then try to upload again."),
]  # fmt: skip


@pytest.mark.parametrize(("more", "message"), REFUSED)
def test_what_is_refused(functions: Aws, more: dict[str, Any], message: str) -> None:
    code, said = error_of(create, aws=functions, **more)
    assert (code, said) == ("InvalidParameterValueException", message)
    if "Code" in more:
        return
    create(functions, "g")
    client = functions.client("lambda")
    assert error_of(client.update_function_configuration, FunctionName="g", **more) == (code, message)


def test_what_asks_for_nothing_is_taken(functions: Aws) -> None:
    create(
        functions, Runtime="python3.12", PackageType="Zip", VpcConfig={"SubnetIds": [], "SecurityGroupIds": []},
        FileSystemConfigs=[], SnapStart={"ApplyOn": "None"}, LoggingConfig={"LogFormat": "Text"},
    )  # fmt: skip
    shown = functions.client("lambda").get_function_configuration(FunctionName="f")
    assert (shown["Runtime"], shown["PackageType"]) == ("python3.12", "Zip")


def test_a_role_is_lent_to_its_function_only(functions: Aws) -> None:
    source = {"ArnEquals": {"aws:SourceArn": ARN}}
    role = functions.role("bound", LAMBDA, Condition=source)
    assert create(functions, Role=role)["Role"] == role
    client = functions.client("lambda")
    code, message = error_of(create, aws=functions, name="g", Role=role)
    assert (code, message) == (
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
    )
    other = functions.role("other", LAMBDA, Condition={"ArnEquals": {"aws:SourceArn": f"{ARN}2"}})
    assert error_of(client.update_function_configuration, FunctionName="f", Role=other) == (code, message)
    assert client.get_function_configuration(FunctionName="f")["Role"] == role


def test_an_invocation_and_its_answer(functions: Aws) -> None:
    create(functions)
    client = functions.client("lambda")
    answer = client.invoke(FunctionName="f", Payload=b'{"n": 1}', LogType="Tail")
    assert json.loads(answer["Payload"].read()) == ['{"n": 1}', ARN]
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer
    assert base64.b64decode(answer["LogResult"]).decode() == "one\ntwo"
    assert len(answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]) == 36
    # Without a payload the event is an empty object.
    assert json.loads(client.invoke(FunctionName="f")["Payload"].read()) == ["{}", ARN]


def test_a_fault_of_the_function_and_a_long_log(functions: Aws) -> None:
    Environment.error, Environment.log = True, ("a" * 5000, "end")
    create(functions)
    answer = functions.client("lambda").invoke(FunctionName="f", LogType="Tail")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    # The last 4 KB.
    assert base64.b64decode(answer["LogResult"]).decode() == "a" * 4092 + "\nend"


def test_a_dry_run_runs_nothing(functions: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    create(functions)
    prepared(1)
    monkeypatch.setattr(Environment, "invoke", None)
    answer = functions.client("lambda").invoke(FunctionName="f", InvocationType="DryRun")
    assert (answer["StatusCode"], answer["Payload"].read()) == (204, b"")


def test_an_asynchronous_invocation_goes_on(functions: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    service = functions.server.services.functions
    assert service.unfinished() == ""
    create(functions)
    later: list[Any] = []
    monkeypatch.setattr(service._runner, "invoke_later", lambda function, *asked: later.append(asked))
    answer = functions.client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload=b'{"n": 1}')
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    ((event, request_id),) = later
    assert (event, request_id) == (
        '{"n": 1}',
        answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"],
    )
    service._runner._later.append("f")
    assert service.unfinished() == "an asynchronous invocation of the function f goes on"


def test_a_role_that_was_taken_away_shows_at_the_invocation(functions: Aws) -> None:
    create(functions)
    prepared(1)
    eventually(lambda: functions.server.services.functions._runner._idle[ARN])
    Environment.made[0].alive = False
    functions.client("iam").delete_role(RoleName="fn")
    code, message = error_of(functions.client("lambda").invoke, FunctionName="f")
    assert code == "InvalidParameterValueException"
    assert message.startswith("The role defined for the function cannot be assumed by Lambda: ")
    assert message.endswith("the role does not exist")


def test_too_many_invocations_are_refused_as_aws_does(functions: Aws) -> None:
    create(functions)
    client = functions.client("lambda")
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    assert error_of(client.invoke, FunctionName="f") == ("TooManyRequestsException", "Rate Exceeded.")


@pytest.mark.parametrize("payload", [b"{", b"text", b'{"a": }'])
def test_a_payload_that_is_not_json(functions: Aws, payload: bytes) -> None:
    create(functions)
    code, message = error_of(functions.client("lambda").invoke, FunctionName="f", Payload=payload)
    assert code == "InvalidRequestContentException"
    assert message.startswith("Could not parse request body into json: ")


def test_how_asynchronous_invocations_are_tried_is_replaced(functions: Aws) -> None:
    create(functions)
    client = functions.client("lambda")
    for attempts in (1, 0):
        answer = client.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=attempts)
        assert (answer["FunctionArn"], answer["MaximumRetryAttempts"]) == (f"{ARN}:$LATEST", attempts) or (
            answer["FunctionArn"],
            answer["MaximumRetryAttempts"],
        ) == (ARN, attempts)
    assert client.get_function_event_invoke_config(FunctionName="f")["MaximumRetryAttempts"] == 0


def test_loaded_functions_are_prepared(functions: Aws) -> None:
    create(functions)
    create(functions, "g")
    prepared(2)
    functions.server.services.functions.load(None)
    eventually(lambda: len(Environment.made) == 4)
    assert sorted(made.function.name for made in Environment.made) == ["f", "f", "g", "g"]
