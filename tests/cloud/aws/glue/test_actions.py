"""Glue's actions over the API; no Spark process starts, and a test says how a run ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.config import default_user_config

from strata.cloud.aws import AwsServer, CloudContext
from strata.cloud.aws.glue import api
from strata.cloud.aws.glue.spark.java import Java
from strata.errors import StrataError

from ..conftest import ACCOUNT, REGION, Aws

JOB: dict[str, Any] = {
    "Name": "j", "Role": "r", "Command": {"Name": "glueetl", "ScriptLocation": "s3://b/k.py"}, "GlueVersion": "5.1",
}  # fmt: skip


class Pool:
    """Notes what is asked of it."""

    made: list[Pool] = []  # noqa: RUF012

    def __init__(self, settings: Any, folder: Path, *, size: int) -> None:
        self.settings, self.folder, self.size = settings, folder, size
        self.starts = self.stops = 0
        self.made.append(self)

    def start(self) -> None:
        self.starts += 1

    def stop(self) -> None:
        self.stops += 1


class Run(api.Run):
    """A run that goes on until it is stopped."""

    joined: list[float] = []  # noqa: RUF012

    def start(self) -> None:
        self.state = "RUNNING"

    def stop(self, state: str = "STOPPED") -> None:
        super().stop(state)
        self._end(None)

    def join(self, timeout: float) -> None:
        self.joined.append(timeout)


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    Pool.made, Run.joined = [], []
    monkeypatch.setattr(api, "SparkPool", Pool)
    monkeypatch.setattr(api, "Run", Run)


@pytest.fixture
def glue(context: CloudContext) -> Iterator[Aws]:
    context.warm_processes = 3
    server = AwsServer(context, leave_out=("lambda",))
    server.start()
    default_user_config["iam"] = {"load_aws_managed_policies": False}
    yield Aws(context, server)
    server.stop()


def test_the_pool_is_the_clouds(glue: Aws, tmp_path: Path) -> None:
    (pool,) = Pool.made
    assert (pool.folder, pool.size, pool.starts) == (tmp_path / "spark", 3, 0)
    client = glue.client("glue")
    client.create_job(**JOB)
    # The first job begins to warm up.
    assert pool.starts == 1
    with pytest.raises(ClientError, match="Job already exists") as caught:
        client.create_job(**JOB)
    assert caught.value.response["Error"]["Code"] == "AlreadyExistsException"
    assert pool.starts == 1
    glue.server.stop()
    assert pool.stops == 1


def test_the_answer_names_the_job(glue: Aws) -> None:
    client = glue.client("glue")
    assert client.create_job(Tags={"a": "b"}, **JOB)["Name"] == "j"
    arn = f"arn:aws:glue:{REGION}:{ACCOUNT}:job/j"
    assert client.get_tags(ResourceArn=arn)["Tags"] == {"a": "b"}
    update = {name: value for name, value in JOB.items() if name != "Name"}
    assert client.update_job(JobName="j", JobUpdate=update | {"Timeout": 3})["JobName"] == "j"
    assert client.get_job(JobName="j")["Job"]["Timeout"] == 3
    for call in (
        lambda: client.update_job(JobName="k", JobUpdate=update),
        lambda: client.start_job_run(JobName="k"),
        lambda: client.batch_stop_job_run(JobName="k", JobRunIds=["x"]),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "EntityNotFoundException"


def test_a_run_has_one_capacity(glue: Aws) -> None:
    client = glue.client("glue")
    client.create_job(**JOB)
    with pytest.raises(ClientError, match="Please set only Allocated Capacity or Max Capacity") as caught:
        client.start_job_run(JobName="j", AllocatedCapacity=2, MaxCapacity=2.0)
    assert caught.value.response["Error"]["Code"] == "InvalidInputException"
    run = client.start_job_run(JobName="j", AllocatedCapacity=2)["JobRunId"]
    assert client.get_job_run(JobName="j", RunId=run)["JobRun"]["AllocatedCapacity"] == 2
    client.batch_stop_job_run(JobName="j", JobRunIds=[run])
    run = client.start_job_run(JobName="j", MaxCapacity=4.0)["JobRunId"]
    assert client.get_job_run(JobName="j", RunId=run)["JobRun"]["MaxCapacity"] == 4.0


def test_runs_are_stopped_one_by_one(glue: Aws) -> None:
    client = glue.client("glue")
    client.create_job(**JOB, ExecutionProperty={"MaxConcurrentRuns": 2})
    first, second = (client.start_job_run(JobName="j")["JobRunId"] for _ in range(2))
    answer = client.batch_stop_job_run(JobName="j", JobRunIds=[first, "jr_none"])
    assert answer["SuccessfulSubmissions"] == [{"JobName": "j", "JobRunId": first}]
    (error,) = answer["Errors"]
    assert (error["JobName"], error["JobRunId"]) == ("j", "jr_none")
    assert error["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException"
    assert "jr_none" in error["ErrorDetail"]["ErrorMessage"]
    states = {run["Id"]: run["JobRunState"] for run in client.get_job_runs(JobName="j")["JobRuns"]}
    assert states == {first: "STOPPED", second: "RUNNING"}


def test_what_goes_on_is_named(glue: Aws) -> None:
    service, client = glue.server.services.glue, glue.client("glue")
    assert service.unfinished() == ""
    client.create_job(**JOB, ExecutionProperty={"MaxConcurrentRuns": 2})
    first, second = (client.start_job_run(JobName="j")["JobRunId"] for _ in range(2))
    client.batch_stop_job_run(JobName="j", JobRunIds=[first])
    assert service.unfinished() == f"run {second} of the Glue job j goes on"
    client.batch_stop_job_run(JobName="j", JobRunIds=[second])
    assert service.unfinished() == ""


def test_the_end_of_the_cloud_is_the_end_of_its_runs(glue: Aws) -> None:
    client = glue.client("glue")
    client.create_job(**JOB)
    client.start_job_run(JobName="j")
    service = glue.server.services.glue
    (run,) = service._runs
    service.stop()
    assert (run.state, Run.joined, Pool.made[0].stops) == ("STOPPED", [10], 1)
    with pytest.raises(api.InvalidInputException, match="the embedded cloud is stopping"):
        service.new_run(run.request, lambda run: None)
    service.start()
    assert (service._runs, len(Pool.made)) == ([], 2)
    assert service.new_run(run.request, lambda run: None).state == "STARTING"


def test_a_loaded_job_begins_to_warm_up(glue: Aws) -> None:
    service, (pool,) = glue.server.services.glue, Pool.made
    # A catalogue is not a job.
    glue.client("glue").create_database(DatabaseInput={"Name": "d"})
    service.load(None)
    assert pool.starts == 0
    glue.client("glue").create_job(**JOB)
    service.load(None)
    assert pool.starts == 2


def test_the_settings_of_the_processes(glue: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    java, asked = Java(tmp_path / "java", 17), []

    def ensure(folder: Path, *, java: Java) -> Path:
        asked.append((folder, java))
        return tmp_path / "jars"

    monkeypatch.setattr(api, "find_java", lambda environ: java)
    monkeypatch.setattr(api, "ensure_jars", ensure)
    found = Pool.made[0].settings()
    assert (found.java, found.jars, found.region) == (java, tmp_path / "jars", REGION)
    assert found.endpoint == glue.context.aws_url
    # .strata/jars of the checkout, which make setup fills.
    assert asked == [(asked[0][0], java)]
    assert asked[0][0].resolve() == (Path(__file__).parents[4] / ".strata/jars").resolve()


def test_a_run_is_kept_without_its_process(context: CloudContext) -> None:
    request = api.RunRequest("j", f"arn:aws:glue:{REGION}:{ACCOUNT}:job/j", "r", "s3://b/k", {}, 1)
    run = Run(request, context, SimpleNamespace(), Pool(None, Path(), size=0), lambda run: None)  # type: ignore[arg-type]
    run.start()
    run.stop()
    state = run.__getstate__()
    assert not {"_pool", "_process", "_may_start", "_lock", "_thread"} & state.keys()
    again = Run.__new__(Run)
    again.__setstate__(state)
    assert again.as_dict() == run.as_dict()
    assert (again.state, again.ended) == ("STOPPED", True)
    api.Run.stop(again)
    api.Run.join(again, 1)
    assert again.state == "STOPPED"


def test_spark_must_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    from strata.cloud.aws.glue.spark import settings

    for found in (None, SimpleNamespace(origin=None)):
        monkeypatch.setattr(settings.importlib.util, "find_spec", lambda name, found=found: found)
        with pytest.raises(StrataError, match="PySpark is not installed"):
            settings.spark_home()
    monkeypatch.setattr(
        settings.importlib.util,
        "find_spec",
        lambda name: SimpleNamespace(origin="/site/pyspark/__init__.py") if name == "pyspark" else None,
    )
    assert settings.spark_home() == Path("/site/pyspark")
