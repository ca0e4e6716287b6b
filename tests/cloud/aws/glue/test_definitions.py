"""Jobs and functions come back as they were given, and what is not implemented is refused by name."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.cloud.aws.glue import api as glue
from strata.cloud.aws.glue.spark import job_arguments
from strata.terraform.toolchain import find_toolchain
from tests.cloud.aws.whole_server import ACCOUNT, REGION, Cloud, zipped

CHECKOUT = Path(__file__).parents[4]
COMMAND = {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": "s3://scripts/job.py"}
JOB: dict[str, Any] = {
    "Role": "strata-glue-dev",
    "Command": COMMAND,
    "GlueVersion": "5.1",
    "Description": "a job",
    "DefaultArguments": {"--job-bookmark-option": "job-bookmark-disable", "--a": "b"},
    "NonOverridableArguments": {"--c": "d"},
    "ExecutionClass": "STANDARD",
    "ExecutionProperty": {"MaxConcurrentRuns": 3},
    "JobRunQueuingEnabled": True,
    "MaintenanceWindow": "Sun:10",
    "MaxRetries": 0,
    "NotificationProperty": {"NotifyDelayAfter": 5},
    "NumberOfWorkers": 2,
    "SecurityConfiguration": "secure",
    "SourceControlDetails": {"Provider": "GITHUB", "Repository": "strata", "Branch": "main"},
    "Timeout": 15,
    "WorkerType": "G.2X",
}


@pytest.fixture(scope="module")
def warm_processes() -> int:
    """None: nothing runs here."""
    return 0


def test_job_definition(cloud: Cloud) -> None:
    client = cloud.client("glue")
    client.create_job(Name="kept", Tags={"owner": "me"}, **JOB)
    job = client.get_job(JobName="kept")["Job"]
    assert {name: job[name] for name in JOB} == JOB
    assert (job["MaxCapacity"], job["AllocatedCapacity"]) == (4.0, 4)
    assert client.get_tags(ResourceArn=f"arn:aws:glue:{REGION}:{ACCOUNT}:job/kept")["Tags"] == {"owner": "me"}
    changed = {**JOB, "Timeout": 20, "Command": {**COMMAND, "ScriptLocation": "s3://scripts/other.py"}}
    del changed["Description"]
    client.update_job(JobName="kept", JobUpdate=changed)
    job = client.get_job(JobName="kept")["Job"]
    assert {name: job[name] for name in changed} == changed
    assert "Description" not in job
    assert "kept" in [job["Name"] for job in client.get_jobs()["Jobs"]]
    client.delete_job(JobName="kept")
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        client.start_job_run(JobName="kept")


REFUSED = {
    "pythonshell": ({"Command": {**COMMAND, "Name": "pythonshell"}}, "Command.Name pythonshell"),
    "ray": ({"Command": {**COMMAND, "Name": "glueray"}}, "Command.Name glueray"),
    "Python 2": ({"Command": {**COMMAND, "PythonVersion": "2"}}, "PythonVersion 2"),
    "Glue 4": ({"GlueVersion": "4.0"}, r"GlueVersion 4.0 is not implemented .*\(only 5.0, 5.1\)"),
    "bookmarks": (
        {"DefaultArguments": {"--job-bookmark-option": "job-bookmark-enable"}},
        "--job-bookmark-option job-bookmark-enable",
    ),
    "modules": ({"DefaultArguments": {"--additional-python-modules": "a"}}, "--additional-python-modules"),
    "connections": ({"Connections": {"Connections": ["jdbc"]}}, "Connections"),
    "retries": ({"MaxRetries": 1}, "MaxRetries"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(cloud: Cloud, case: str) -> None:
    more, message = REFUSED[case]
    with pytest.raises(ClientError, match=f"InvalidInputException.*{message}"):
        cloud.client("glue").create_job(**{"Name": "refused", **JOB, **more})
    cloud.client("glue").create_job(Name=f"updated {case}", **JOB)
    with pytest.raises(ClientError, match=f"InvalidInputException.*{message}"):
        cloud.client("glue").update_job(JobName=f"updated {case}", JobUpdate={**JOB, **more})
    arguments = more.get("DefaultArguments")
    if arguments:
        with pytest.raises(ClientError, match=f"InvalidInputException.*{message}"):
            cloud.client("glue").start_job_run(JobName=f"updated {case}", Arguments=arguments)


# Each: the job's arguments, and the two log groups and the stream of run jr_1.
LOGS: dict[str, tuple[dict[str, str], tuple[str, str, str]]] = {
    "default": ({}, ("/aws-glue/jobs/output", "/aws-glue/jobs/error", "jr_1-driver")),
    "prefixes": (
        {"--custom-logGroup-prefix": "/mine", "--custom-logStream-prefix": "s"},
        ("/mine/output", "/mine/error", "s-driver"),
    ),
    "one group": ({"--continuous-log-logGroup": "/one"}, ("/one", "/one", "jr_1-driver")),
}


@pytest.mark.parametrize("case", LOGS)
def test_log_names(case: str) -> None:
    arguments, expected = LOGS[case]
    assert job_arguments.log_names(arguments, "jr_1") == expected


def test_conf() -> None:
    assert job_arguments.spark_properties({"--conf": "a=1 --conf b=x=2 --conf 'c=d e'"}) == {
        "a": "1", "b": "x=2", "c": "d e",
    }  # fmt: skip
    with pytest.raises(ValueError, match="--conf nonsense is not of the form name=value"):
        job_arguments.spark_properties({"--conf": "nonsense"})


STACK = """
terraform {
  required_providers { aws = { source = "hashicorp/aws", version = "~> 5.100" } }
}
provider "aws" {
  region                  = "eu-west-1"
  s3_use_path_style       = true
  skip_metadata_api_check = true
}
resource "aws_iam_role" "this" {
  for_each           = toset(["glue", "lambda"])
  name               = "drift-${each.key}"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "${each.key}.amazonaws.com" } }] })
}
resource "aws_glue_catalog_database" "this" {
  name        = "drift"
  description = "a database"
  tags        = { component = "glue" }
}
resource "aws_glue_security_configuration" "this" {
  name = "drift"
  encryption_configuration {
    cloudwatch_encryption { cloudwatch_encryption_mode = "DISABLED" }
    job_bookmarks_encryption { job_bookmarks_encryption_mode = "DISABLED" }
    s3_encryption { s3_encryption_mode = "SSE-S3" }
  }
}
resource "aws_glue_job" "full" {
  name                      = "drift-full"
  description               = var.text
  role_arn                  = aws_iam_role.this["glue"].arn
  glue_version              = "5.1"
  worker_type               = "G.1X"
  number_of_workers         = 2
  execution_class           = "STANDARD"
  timeout                   = 15
  max_retries               = 0
  job_run_queuing_enabled   = true
  maintenance_window        = "Sun:10"
  security_configuration    = aws_glue_security_configuration.this.name
  default_arguments         = { "--job-language" = "python", "--text" = var.text }
  non_overridable_arguments = { "--c" = "d" }
  tags                      = { component = "glue" }
  command {
    name            = "glueetl"
    python_version  = "3"
    script_location = "s3://drift-artifacts/${var.text}.py"
  }
  execution_property { max_concurrent_runs = 4 }
  notification_property { notify_delay_after = 5 }
  source_control_details {
    provider   = "GITHUB"
    repository = "strata"
    branch     = "main"
  }
}
resource "aws_glue_job" "least" {
  name         = "drift-least"
  role_arn     = aws_iam_role.this["glue"].arn
  glue_version = "5.0"
  command { script_location = "s3://drift-artifacts/job.py" }
}
resource "aws_lambda_layer_version" "this" {
  layer_name               = "drift"
  description              = "a layer"
  filename                 = "layer.zip"
  source_code_hash         = filebase64sha256("layer.zip")
  compatible_runtimes      = ["python3.11"]
  compatible_architectures = ["x86_64"]
}
resource "aws_sns_topic" "dead" { name = "drift-dead" }
resource "aws_lambda_function" "full" {
  function_name                  = "drift-full"
  description                    = var.text
  role                           = aws_iam_role.this["lambda"].arn
  runtime                        = "python3.11"
  handler                        = "app.handler"
  architectures                  = ["x86_64"]
  filename                       = "function.zip"
  source_code_hash               = filebase64sha256("function.zip")
  layers                         = [aws_lambda_layer_version.this.arn]
  memory_size                    = 256
  timeout                        = 20
  reserved_concurrent_executions = 5
  tags                           = { component = "lambda" }
  environment { variables = { TEXT = var.text } }
  tracing_config { mode = var.text == "one" ? "Active" : "PassThrough" }
  ephemeral_storage { size = 1024 }
  dead_letter_config { target_arn = aws_sns_topic.dead.arn }
  logging_config {
    log_format = "Text"
    log_group  = "/drift/${var.text}"
  }
}
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.full.function_name
  maximum_retry_attempts       = 1
  maximum_event_age_in_seconds = 300
}
resource "aws_lambda_function" "least" {
  function_name = "drift-least"
  role          = aws_iam_role.this["lambda"].arn
  runtime       = "python3.12"
  handler       = "app.handler"
  filename      = "function.zip"
}
variable "text" { type = string }
"""


@pytest.mark.terraform
@pytest.mark.needs("terraform")
def test_the_aws_provider_plans_no_change_after_an_apply(cloud: Cloud, tmp_path: Path) -> None:
    toolchain = find_toolchain(CHECKOUT / ".strata")
    (tmp_path / "main.tf").write_text(STACK)
    (tmp_path / "function.zip").write_bytes(zipped({"app.py": "def handler(e, c): ..."}))
    (tmp_path / "layer.zip").write_bytes(zipped({"python/shared.py": ""}))
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "TF_CLI_CONFIG_FILE": str(toolchain.cli_config),
        "AWS_ENDPOINT_URL": cloud.context.aws_url, "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test", "CHECKPOINT_DISABLE": "1",
    }  # fmt: skip

    def run(*arguments: str, text: str = "one") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(toolchain.terraform), *arguments], cwd=tmp_path, env={**environment, "TF_VAR_text": text},
            capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip

    initialised = run("init", "-input=false", "-no-color")
    assert initialised.returncode == 0, initialised.stderr
    for text in ("one", "two"):
        applied = run("apply", "-auto-approve", "-input=false", "-no-color", text=text)
        assert applied.returncode == 0, applied.stdout[-2000:] + applied.stderr
        planned = run("plan", "-detailed-exitcode", "-input=false", "-no-color", text=text)
        assert planned.returncode == 0, planned.stdout[-4000:] + planned.stderr
    shown = json.loads(run("show", "-json").stdout)["values"]["root_module"]["resources"]
    values = {resource["address"]: resource["values"] for resource in shown}
    assert values["aws_glue_job.full"]["command"][0]["script_location"] == "s3://drift-artifacts/two.py"
    assert values["aws_lambda_function.full"]["logging_config"][0]["log_group"] == "/drift/two"
    destroyed = run("destroy", "-auto-approve", "-input=false", "-no-color")
    assert destroyed.returncode == 0, destroyed.stderr


DEFAULTS = {"--a": "default", "--b": "default"}
FIXED = {"--b": "fixed", "--c": "fixed"}


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ({}, {"--a": "default", "--b": "fixed", "--c": "fixed"}),
        ({"--a": "asked"}, {"--a": "asked", "--b": "fixed", "--c": "fixed"}),
        ({"--b": "asked", "--c": "asked"}, {"--a": "default", "--b": "fixed", "--c": "fixed"}),
        ({"--d": "asked"}, {"--a": "default", "--b": "fixed", "--c": "fixed", "--d": "asked"}),
    ],
)
def test_a_run_overrides_what_it_may(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, asked: dict[str, str], given: dict[str, str]
) -> None:
    begun: list[dict[str, str]] = []

    class NeverStarted(glue.Run):
        def start(self) -> None:
            self.state = "SUCCEEDED"
            begun.append(dict(self.request.arguments))

    monkeypatch.setattr(glue, "Run", NeverStarted)
    client = cloud.client("glue")
    name = f"overridden-{uuid.uuid4()}"
    client.create_job(Name=name, Role="r", Command=COMMAND, GlueVersion="5.1", DefaultArguments=DEFAULTS, NonOverridableArguments=FIXED)  # fmt: skip
    client.start_job_run(JobName=name, Arguments=asked)
    assert begun == [given]
