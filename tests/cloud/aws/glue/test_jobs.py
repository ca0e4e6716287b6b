"""Jobs, runs and the pool of Spark processes without Spark: a process that a test plays."""

from __future__ import annotations

import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.cloud.aws.glue import run as runs
from strata.cloud.aws.glue.api import GlueJob, InvalidInputException
from strata.cloud.aws.glue.run import Run, RunFailedError, RunRequest, _fetch
from strata.cloud.aws.glue.spark import job_arguments, pool, settings
from strata.cloud.aws.glue.spark.pool import SparkPool
from strata.cloud.aws.glue.spark.settings import SparkSettings
from strata.cloud.aws.iam.identity import AccessDenied
from strata.cloud.aws.run_ends import RunEnds
from strata.errors import StrataError
from strata.faults import FaultRegistry
from strata.faults.client import new_fault

from ..conftest import ACCOUNT, REGION, eventually

ARN = f"arn:aws:glue:{REGION}:{ACCOUNT}:job/j"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
COMMAND = {"Name": "glueetl", "ScriptLocation": "s3://b/job.py"}
LEAST = {"Role": "r", "Command": COMMAND, "GlueVersion": "5.1"}


class Process:
    """A Spark process that runs until it is told how to end."""

    def __init__(self, state: str = "ready") -> None:
        self.state, self.error = state, None
        self.killed: list[str] = []
        self.stopped = self.jobs = self.waited = 0
        self.reusable = True
        self.given: list[Any] = []
        self.result: str | None = None
        self.go = threading.Event()
        self.go.set()

    def run(self, job: Any, write: Callable[[str, str], None], show: Any = None) -> str | None:
        self.given.append(job)
        self.jobs += 1
        write("output", "printed")
        write("error", "logged")
        assert self.go.wait(20)
        return self.result

    def kill(self, reason: str) -> None:
        self.killed.append(reason)
        self.go.set()

    def wait_ready(self, timeout: float) -> bool:
        assert timeout == 10
        assert self.stopped == 0
        self.waited += 1
        return True

    def stop(self) -> None:
        self.stopped += 1


class Pool:
    def __init__(self, process: Process) -> None:
        self.process = process
        self.released: list[Process] = []

    def take(self) -> Process:
        return self.process

    def release(self, process: Process) -> None:
        self.released.append(process)


class Identities:
    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.refusal: Exception | None = None

    def assume_role(self, role_arn: str, **asked: Any) -> Any:
        self.asked.append({"role_arn": role_arn} | asked)
        if self.refusal:
            raise self.refusal
        return SimpleNamespace(environment=lambda: {"AWS_ACCESS_KEY_ID": "k"})


class Logs:
    found: dict[tuple[str, str], list[str]] = {}  # noqa: RUF012

    def __init__(self, account_id: str, region: str, group: str, stream: str) -> None:
        assert (account_id, region) == (ACCOUNT, REGION)
        self.lines = self.found.setdefault((group, stream), [])
        self.waiting: list[str] = []

    def write(self, line: str) -> None:
        self.waiting.append(line)

    def flush(self) -> None:
        self.lines += self.waiting
        self.waiting = []


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(client: Any, location: str, what: str) -> bytes:
        assert client == ("s3", "http://aws", REGION, {"AWS_ACCESS_KEY_ID": "k"})
        return f"{what} {location}".encode()

    Logs.found = {}
    monkeypatch.setattr(runs, "LogStream", Logs)
    monkeypatch.setattr(runs, "embedded_client", lambda *arguments: arguments)
    monkeypatch.setattr(runs, "_fetch", fetch)


def a_run(process: Process | None = None, may_start: Any = lambda run: None, **more: Any) -> Run:
    request = RunRequest("j", ARN, ROLE, "s3://b/path/job.py", more.pop("arguments", {}), more.pop("timeout", 480), {"GlueVersion": "5.1"})  # fmt: skip
    identities = more.pop("identities", Identities())
    faults = more.pop("faults", FaultRegistry())
    context = SimpleNamespace(aws_url="http://aws", faults=faults, glue_ends=RunEnds())
    return Run(request, context, identities, Pool(process or Process()), may_start)


def a_fault(effect: str, **more: Any) -> FaultRegistry:
    faults = FaultRegistry()
    faults.add(new_fault(operation="glue:JobRun", effect=effect, **more))
    return faults


def test_a_fault_stops_a_run() -> None:
    process = Process()
    process.go.clear()
    run = a_run(process, faults=a_fault("stop", resource="j"))
    run.start()
    run.join(20)
    assert (run.state, run.error, process.killed) == ("STOPPED", None, ["the job run was stopped"])


def test_a_fault_kills_the_process_of_a_run() -> None:
    process = Process()
    process.go.clear()
    # A process group of its own, as Spark has.
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as spark:
        process.pid = spark.pid  # type: ignore[attr-defined]
        run = a_run(process, faults=a_fault("kill", seconds=0.05))
        run.start()
        assert spark.wait(20) == -signal.SIGKILL
        process.result = "the process has died"
        process.go.set()
        run.join(20)
    assert (run.state, run.error) == ("FAILED", "the process has died")


def test_a_fault_that_comes_too_late_kills_nothing() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as spark:
        process = Process()
        process.pid = spark.pid  # type: ignore[attr-defined]
        run = a_run(process, faults=a_fault("kill", seconds=0.3))
        run.start()
        run.join(20)
        time.sleep(0.6)
        assert spark.poll() is None
        spark.kill()
    assert run.state == "SUCCEEDED"


def test_a_run_executes_its_script() -> None:
    process, identities = Process(), Identities()
    arguments = {"--extra-py-files": "s3://b/x/one.py, s3://b/two.zip", "--conf": "a=1", "--k": "v"}
    run = a_run(process, arguments=arguments, identities=identities)
    described = run.as_dict()
    assert (run.active, run.ended, described["JobRunState"]) == (True, False, "STARTING")
    assert described["ExecutionTime"] == 0
    run.start()
    run.join(20)
    assert (run.active, run.ended, run.state, run.error) == (False, True, "SUCCEEDED", None)
    assert run._context.glue_ends.count == 1
    (job,) = process.given
    assert (job.name, job.script) == ("job.py", b"the script s3://b/path/job.py")
    assert job.py_files == {
        "one.py": b"the file of --extra-py-files s3://b/x/one.py",
        "two.zip": b"the file of --extra-py-files s3://b/two.zip",
    }
    given = ("--extra-py-files", arguments["--extra-py-files"], "--conf", "a=1", "--k", "v")
    assert job.arguments == ("--JOB_NAME", "j", "--JOB_RUN_ID", run.id, *given)
    assert (job.properties, job.credentials) == ({"a": "1"}, {"AWS_ACCESS_KEY_ID": "k"})
    assert identities.asked == [{
        "role_arn": ROLE, "service": "glue.amazonaws.com", "source_arn": ARN,
        "session_name": "GlueJobRunnerSession", "region": REGION,
    }]  # fmt: skip
    assert Logs.found == {
        ("/aws-glue/jobs/output", f"{run.id}-driver"): ["printed"],
        ("/aws-glue/jobs/error", f"{run.id}-driver"): ["logged"],
        ("/aws-glue/jobs/output", f"{run.id}-driver-stages"): [],
    }
    assert run._pool.released == [process]
    shown = run.as_dict()
    times = [shown.pop(name) for name in ("StartedOn", "LastModifiedOn", "CompletedOn")]
    assert times == sorted(times)
    assert shown == {
        "GlueVersion": "5.1", "Id": run.id, "Attempt": 0, "JobName": "j", "JobRunState": "SUCCEEDED",
        "Arguments": arguments, "PredecessorRuns": [], "ExecutionTime": 0, "Timeout": 480,
        "LogGroupName": "/aws-glue/jobs",
    }  # fmt: skip
    run.stop()
    assert (run.state, process.killed) == ("SUCCEEDED", [])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"result": "boom"}, "boom"),
        ({"arguments": {"--conf": "x"}}, "--conf x is not of the form name=value"),
        (
            {"refusal": AccessDenied("no")},
            f"Role {ROLE} should be given assume role permissions for Glue Service: no",
        ),
        ({"may_start": StrataError("stopping")}, "stopping"),
        ({"may_start": RuntimeError("odd")}, "The embedded Glue failed: RuntimeError: odd"),
    ],
)
def test_a_run_fails(change: dict[str, Any], message: str) -> None:
    process, identities = Process(), Identities()
    process.result, identities.refusal = change.get("result"), change.get("refusal")

    def may_start(run: Run) -> None:
        if "may_start" in change:
            raise change["may_start"]

    run = a_run(process, may_start, arguments=change.get("arguments", {}), identities=identities)
    run.start()
    run.join(20)
    assert (run.state, run.error, run.as_dict()["ErrorMessage"]) == ("FAILED", message, message)


def test_a_run_is_stopped() -> None:
    process = Process()
    process.go.clear()
    run = a_run(process)
    run.start()
    eventually(lambda: run.state == "RUNNING")
    run.stop()
    run.stop("TIMEOUT")
    run.join(20)
    assert (run.state, run.error, process.killed) == ("STOPPED", None, ["the job run was stopped"])
    assert "ErrorMessage" not in run.as_dict()


def test_a_run_that_is_stopped_before_it_begins_takes_no_process() -> None:
    process, turn = Process(), threading.Event()
    run = a_run(process, lambda run: turn.wait(20))
    run.start()
    run.stop()
    assert (run.state, run.active) == ("STOPPING", True)
    turn.set()
    run.join(20)
    assert (run.state, process.given, run._pool.released) == ("STOPPED", [], [])


def test_a_run_ends_at_its_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MINUTE", 0.01)
    process = Process()
    process.go.clear()
    run = a_run(process, timeout=2)
    run.start()
    run.join(20)
    assert (run.state, run.error) == ("TIMEOUT", "The job run was stopped at its timeout of 2 minutes")


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("https://b/k", "https://b/k is not the S3 location of the script"),
        ("s3://b", "s3://b is not the S3 location of the script"),
        ("s3://b/", "s3://b/ is not the S3 location of the script"),
        ("", "nothing is not the S3 location of the script"),
        ("s3://b/gone", "the script s3://b/gone cannot be read: An error occurred"),
    ],
)
def test_a_script_that_cannot_be_read(location: str, message: str) -> None:
    def get_object(**asked: str) -> Any:
        raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")

    with pytest.raises(RunFailedError) as raised:
        _fetch(SimpleNamespace(get_object=get_object), location, "the script")
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize("scheme", ["s3", "s3a", "s3n"])
def test_a_script_is_read(scheme: str) -> None:
    asked: list[Any] = []

    def get_object(**named: str) -> Any:
        asked.append(named)
        return {"Body": SimpleNamespace(read=lambda: b"x")}

    assert _fetch(SimpleNamespace(get_object=get_object), f"{scheme}://b/a/k.py", "the script") == b"x"
    assert asked == [{"Bucket": "b", "Key": "a/k.py"}]


class Waiting:
    """A run that never begins."""

    def __init__(self, number: int, request: RunRequest, may_start: Callable[[Any], None]) -> None:
        self.id, self.request, self.may_start = f"jr_{number}", request, may_start
        self.state = "STARTING"

    @property
    def active(self) -> bool:
        return self.state in ("STARTING", "RUNNING")

    def start(self) -> None:
        pass


class FakeGlue:
    def __init__(self) -> None:
        self.requests: list[RunRequest] = []

    def new_run(self, request: RunRequest, may_start: Any) -> Any:
        self.requests.append(request)
        return Waiting(len(self.requests), request, may_start)


def a_job(**definition: Any) -> GlueJob:
    backend = SimpleNamespace(region_name=REGION, account_id=ACCOUNT)
    return GlueJob("j", LEAST | definition, backend, FakeGlue())


@pytest.mark.parametrize(
    ("definition", "units"),
    [
        ({}, 10),
        ({"NumberOfWorkers": 3}, 3),
        ({"WorkerType": "G.025X", "NumberOfWorkers": 2}, 0.5),
        *[({"WorkerType": f"G.{n}X", "NumberOfWorkers": 2}, 2 * n) for n in (1, 2, 4, 8, 12, 16)],
        *[({"WorkerType": f"R.{n}X", "NumberOfWorkers": 2}, 2 * n) for n in (1, 2, 4, 8)],
        ({"MaxCapacity": 5.5, "WorkerType": "G.1X"}, 5.5),
    ],
)
def test_the_capacity_of_a_job(definition: dict[str, Any], units: float) -> None:
    found = a_job(**definition).definition
    assert (found["MaxCapacity"], found["AllocatedCapacity"]) == (units, int(units))


def test_what_a_job_has_by_default() -> None:
    job = a_job()
    shown = job.as_dict()
    assert shown.pop("CreatedOn") <= shown.pop("LastModifiedOn")
    assert (job.arn, job.get_name()) == (ARN, "j")
    assert shown == LEAST | {
        "Name": "j", "ExecutionProperty": {"MaxConcurrentRuns": 1}, "JobMode": "SCRIPT",
        "JobRunQueuingEnabled": False, "MaxRetries": 0, "Timeout": 480, "AllocatedCapacity": 10, "MaxCapacity": 10.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Command": {"Name": "glueray"}}, "Command.Name glueray is not implemented by the embedded Glue (only glueetl)"),
        ({"Command": {}}, "Command.Name None is not implemented by the embedded Glue (only glueetl)"),
        ({"Command": COMMAND | {"PythonVersion": "2"}}, "PythonVersion 2 is not supported by Glue 5 (only 3)"),
        ({"GlueVersion": "4.0"}, "GlueVersion 4.0 is not implemented by the embedded Glue (only 5.0, 5.1)"),
        ({"MaxRetries": 1}, "MaxRetries other than 0 is not implemented by the embedded Glue"),
        ({"Connections": {"Connections": ["c"]}}, "Connections is not implemented by the embedded Glue"),
        ({"CodeGenConfigurationNodes": {"a": {}}}, "CodeGenConfigurationNodes is not implemented by the embedded Glue"),
        ({"DefaultArguments": {"--extra-jars": "x"}}, "--extra-jars is not implemented by the embedded Glue"),
        ({"NonOverridableArguments": {"--extra-files": "x"}}, "--extra-files is not implemented by the embedded Glue"),
    ],
)  # fmt: skip
def test_a_job_is_refused(change: dict[str, Any], message: str) -> None:
    job = a_job(Connections={"Connections": []})
    for attempt in (lambda: a_job(**change), lambda: job.update(LEAST | change)):
        with pytest.raises(InvalidInputException) as raised:
            attempt()
        assert raised.value.message == message
    assert job.definition["GlueVersion"] == "5.1"


def test_what_a_run_is_asked_for() -> None:
    job = a_job(
        Role=ROLE, WorkerType="G.1X", NumberOfWorkers=2, DefaultArguments={"--a": "1", "--b": "1"},
        NonOverridableArguments={"--b": "fixed"}, NotificationProperty={"NotifyDelayAfter": 5},
    )  # fmt: skip
    assert (
        job.start_run({"Arguments": {"--a": "2", "--b": "2"}, "NumberOfWorkers": 4, "Timeout": 7}) == "jr_1"
    )
    (request,) = job._glue.requests
    assert (request.job_name, request.job_arn, request.role_arn) == ("j", ARN, ROLE)
    assert (request.script_location, request.arguments) == ("s3://b/job.py", {"--a": "2", "--b": "fixed"})
    assert request.timeout == 7
    assert request.described == {
        "AllocatedCapacity": 2, "MaxCapacity": 2.0, "NotificationProperty": {"NotifyDelayAfter": 5},
        "NumberOfWorkers": 4, "WorkerType": "G.1X", "GlueVersion": "5.1", "JobMode": "SCRIPT",
        "JobRunQueuingEnabled": False,
    }  # fmt: skip
    assert job.get_job_run("jr_1").request is request
    assert a_job().start_run({}) == "jr_1"
    for asked, message in (
        ({"JobRunId": "x"}, "StartJobRun with JobRunId (retry) is not implemented by the embedded Glue"),
        ({"Arguments": {"--extra-jars": "x"}}, "--extra-jars is not implemented by the embedded Glue"),
    ):
        with pytest.raises(InvalidInputException) as raised:
            job.start_run(asked)
        assert raised.value.message == message


def test_runs_are_limited_and_wait_in_their_order() -> None:
    job = a_job(ExecutionProperty={"MaxConcurrentRuns": 2})

    class Held(list[Any]):
        def append(self, run: Any) -> None:
            # Two runs must not both find the last place.
            assert job._changed._is_owned()
            super().append(run)

    job._runs = Held()
    first, second = (job.get_job_run(job.start_run({})) for _ in range(2))
    with pytest.raises(Exception, match="Concurrent runs exceeded for j"):
        job.start_run({})
    third, fourth = (job.get_job_run(job.start_run({"JobRunQueuingEnabled": True})) for _ in range(2))
    assert [run.state for run in job.get_job_runs()] == ["WAITING", "WAITING", "STARTING", "STARTING"]
    assert job.get_job_runs()[0] is fourth
    waits = [threading.Thread(target=run.may_start, args=(run,)) for run in (fourth, third)]
    for wait in waits:
        wait.start()
    first.state = "SUCCEEDED"
    waits[1].join(20)
    assert (third.state, fourth.state) == ("STARTING", "WAITING")
    second.state = "FAILED"
    waits[0].join(20)
    assert fourth.state == "STARTING"
    with pytest.raises(Exception, match="jr_9"):
        job.get_job_run("jr_9")


@pytest.mark.parametrize(
    "name",
    [
        "--additional-python-modules", "--datalake-formats", "--extra-files", "--extra-jars",
        "--python-modules-installer-option", "--user-jars-first", "--use-postgres-driver",
    ],
)  # fmt: skip
def test_an_argument_is_refused(name: str) -> None:
    assert job_arguments.refusal({"--a": "b", name: "x"}) == f"{name} is not implemented by the embedded Glue"


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("--job-bookmark-option", "job-bookmark-disable"),
        ("--job-language", "python"),
        ("--enable-glue-datacatalog", "false"),
    ],
)
def test_an_argument_takes_one_value(name: str, allowed: str) -> None:
    assert job_arguments.refusal({name: allowed, "--other": "x"}) is None
    message = f"{name} x is not implemented by the embedded Glue (only {allowed})"
    assert job_arguments.refusal({name: "x"}) == message


def test_where_python_files_are() -> None:
    assert job_arguments.py_file_locations({"--extra-py-files": " s3://a , ,s3://b"}) == ["s3://a", "s3://b"]
    assert job_arguments.py_file_locations({}) == []


def test_how_spark_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("PATH", "/bin")
    jars, folder = tmp_path / "jars", tmp_path / "with space" / "1"
    jars.mkdir()
    made = SparkSettings(SimpleNamespace(home=Path("/java")), jars, "http://aws", REGION)
    environment = made.environment(folder)
    assert shlex.split(environment.pop("PYSPARK_SUBMIT_ARGS")) == [
        "--properties-file", f"{folder}/conf/spark-defaults.conf", "pyspark-shell",
    ]  # fmt: skip
    assert {name: environment[name] for name in environment if not name.startswith(("PYSPARK", "SPARK_HOME"))} == {
        "PATH": "/bin", "HOME": str(folder), "LANG": "C.UTF-8", "TZ": "UTC", "TMPDIR": f"{folder}/tmp",
        "JAVA_HOME": "/java", "SPARK_CONF_DIR": f"{jars}/empty", "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": f"{folder}/tmp", "PYTHONUNBUFFERED": "1", "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": "http://aws",
    }  # fmt: skip
    made.write(folder / "conf")
    lines = dict(
        line.split(" ", 1) for line in (folder / "conf" / "spark-defaults.conf").read_text().splitlines()
    )
    assert list((jars / "empty").iterdir()) == []
    assert lines["spark.driver.extraClassPath"] == f"{jars}/*"
    assert lines["spark.sql.warehouse.dir"] == f"file:{folder}/warehouse"
    assert lines["spark.hadoop.fs.s3a.buffer.dir"] == f"{folder}/tmp"
    options = shlex.split(lines["spark.driver.extraJavaOptions"])
    assert f"-Djava.io.tmpdir={folder}/tmp" in options
    assert f"-Dlog4j2.configurationFile={folder}/conf/log4j2.properties" in options
    assert not [option for option in options if "Archive" in option]
    assert lines["spark.hadoop.fs.s3a.endpoint"] == "http://aws"
    assert lines["spark.hadoop.fs.s3a.endpoint.region"] == REGION
    assert lines["spark.hadoop.fs.s3a.access.key"] == "000000000000"
    assert "rootLogger.level = warn" in (folder / "conf" / "log4j2.properties").read_text()


@pytest.mark.parametrize("made", [True, False])
def test_the_archive_of_classes_is_used_or_made(tmp_path: Path, made: bool) -> None:
    jars, folder = tmp_path / "ja rs", tmp_path / "1"
    jars.mkdir()
    settings = SparkSettings(SimpleNamespace(home=Path("/java")), jars, "http://aws", REGION)
    if made:
        settings.class_archive.write_bytes(b"classes")
    else:
        settings = replace(settings, archive_at_exit=folder / "part.jsa")
    settings.write(folder / "conf")
    lines = dict(
        line.split(" ", 1) for line in (folder / "conf" / "spark-defaults.conf").read_text().splitlines()
    )
    options = shlex.split(lines["spark.driver.extraJavaOptions"])
    assert [option for option in options if "Archive" in option] == [
        f"-XX:SharedArchiveFile={jars}/classes.jsa" if made else f"-XX:ArchiveClassesAtExit={folder}/part.jsa"
    ]


@pytest.mark.parametrize(("token", "kind"), [(None, "Simple"), ("t", "Temporary")])
def test_the_keys_of_a_session(token: str | None, kind: str) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"} | (
        {"AWS_SESSION_TOKEN": token} if token else {}
    )
    expected = {
        "spark.hadoop.fs.s3a.aws.credentials.provider": f"org.apache.hadoop.fs.s3a.{kind}AWSCredentialsProvider",
        "spark.hadoop.fs.s3a.access.key": "k",
        "spark.hadoop.fs.s3a.secret.key": "s",
    }
    assert settings.session_properties(keys) == expected | (
        {"spark.hadoop.fs.s3a.session.token": token} if token else {}
    )


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The processes that pools have made, in their order."""
    found: list[Any] = []

    def make(settings: Any, folder: Path, *, warm_up: int, background: bool, on_ready: Any) -> Process:
        process: Any = Process("starting" if warm_up else "ready")
        process.made = (settings, folder.name, warm_up, background)
        process.on_ready = on_ready
        found.append(process)
        return process

    monkeypatch.setattr(pool, "SparkProcess", make)
    return found


def ready(process: Any, state: str = "ready") -> None:
    process.state = state
    process.on_ready(process)


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[Callable[..., SparkPool]]:
    pools: list[SparkPool] = []

    def make(**named: Any) -> SparkPool:
        settings = named.pop("settings", lambda: "settings")
        pools.append(SparkPool(settings, tmp_path / "pool", **({"size": 2, "quiet": 0.0} | named)))
        return pools[-1]

    yield make
    for found in pools:
        found.stop()


def test_a_pool_keeps_processes_warm(
    made: list[Any], stock: Callable[..., SparkPool], tmp_path: Path
) -> None:
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool" / "old").touch()
    warm = stock(warm_up=3)
    assert not warm.wait_ready(timeout=0)
    warm.start()
    warm.start()
    eventually(lambda: len(made) == 1)
    assert not (tmp_path / "pool" / "old").exists()
    time.sleep(0.05)
    # One warms up at a time.
    assert [process.made for process in made] == [("settings", "1", 3, False)]
    ready(made[0])
    assert warm.wait_ready(1, 20)
    assert not warm.wait_ready(2, 0)
    eventually(lambda: len(made) == 2)
    ready(made[1])
    assert warm.wait_ready(2, 20)
    assert made[1].made == ("settings", "2", 3, True)
    warm.stop()
    assert [(p.killed, p.stopped) for p in made] == [(["the embedded cloud was stopped"], 1)] * 2
    with pytest.raises(StrataError, match="the embedded cloud is stopping"):
        warm.take()


def test_a_run_takes_the_warmest_process(made: list[Any], stock: Callable[..., SparkPool]) -> None:
    warm = stock(size=2, quiet=3600.0, runs=2)
    warm._last_end = -3600.0
    warm.start()
    eventually(lambda: len(made) == 1)
    ready(made[0])
    eventually(lambda: len(made) == 2)
    assert warm.take() is made[0]
    # The next is still warming up, and nearer than a new one.
    assert warm.take() is made[1]
    third = threading.Thread(target=lambda: taken.append(warm.take()))
    taken: list[Any] = []
    third.start()
    time.sleep(0.05)
    assert taken == []
    made[0].reusable = False
    warm.release(made[0])
    third.join(20)
    assert made[0].stopped == 1
    assert (taken, made[2].made) == ([made[2]], ("settings", "3", 0, False))


def test_a_run_gives_its_process_to_the_next(made: list[Any], stock: Callable[..., SparkPool]) -> None:
    warm = stock(size=2)
    warm.start()
    for number in (1, 2):
        eventually(lambda number=number: len(made) == number)
        ready(made[-1])
    one, two = warm.take(), warm.take()
    warm.release(one)
    warm.release(two)
    # The last that came back, whose code is hot.
    assert warm.take() is two
    # It settles sooner than another compiles the code that it has compiled.
    two.state, two.jobs = "settling", 1
    warm.release(two)
    assert warm.take() is two
    two.state, one.jobs = "settling", 1
    warm.release(two)
    assert warm.take() is one
    assert warm.take() is two
    time.sleep(0.05)
    assert len(made) == 2
    assert (one.stopped, two.stopped) == (0, 0)


@pytest.mark.parametrize(
    ("unfit", "waited", "stopped"),
    [
        ({"reusable": False}, 0, 1),
        ({"jobs": 25}, 1, 1),
        ({"jobs": 26}, 1, 1),
        ({"jobs": 24}, 0, 0),
        ({}, 0, 0),
    ],
)
def test_a_process_that_is_not_fit_for_a_further_run_ends(
    made: list[Any], stock: Callable[..., SparkPool], unfit: dict[str, Any], waited: int, stopped: int
) -> None:
    cold = stock(size=0, runs=2)
    process: Any = cold.take()
    vars(process).update(unfit)
    cold.release(process)
    # What its job has left to tell is told before it ends.
    assert (process.waited, process.stopped) == (waited, stopped)
    assert (cold.take() is process) is not stopped


@pytest.mark.parametrize(("size", "runs", "kept"), [(0, 2, 2), (4, 2, 4), (0, 3, 3)])
def test_the_room_of_a_pool(stock: Callable[..., SparkPool], size: int, runs: int, kept: int) -> None:
    pool_of = stock(size=size, runs=runs, settings=lambda: pytest.fail("no process is needed"))
    processes: list[Any] = [Process() for _ in range(kept + 1)]
    for process in processes:
        pool_of.release(process)
    assert [process.stopped for process in processes] == [0] * kept + [1]


def test_a_process_that_dies_after_a_job_is_not_a_fault(
    made: list[Any], stock: Callable[..., SparkPool], caplog: pytest.LogCaptureFixture
) -> None:
    warm = stock(size=1)
    warm.start()
    eventually(lambda: made)
    ready(made[0])
    process: Any = warm.take()
    process.jobs, process.state = 1, "settling"
    warm.release(process)
    ready(process, "ended")
    eventually(lambda: len(made) == 2)
    assert caplog.messages == []


def test_a_process_that_has_ended_is_not_taken(made: list[Any], stock: Callable[..., SparkPool]) -> None:
    cold = stock(size=0)
    cold.start()
    ended, starting, warm = Process("ended"), Process("starting"), Process("ready")
    settling = Process("settling")
    with cold._changed:
        cold._stock = [ended, starting, warm, settling]  # type: ignore[list-item]
    assert [cold.take(), cold.take()] == [settling, warm]
    with cold._changed:
        cold._taken.clear()
    assert cold.take() is starting
    assert made == []


def test_a_process_that_died_in_its_sleep_is_replaced(
    made: list[Any], stock: Callable[..., SparkPool]
) -> None:
    warm = stock(size=1)
    warm.start()
    eventually(lambda: len(made) == 1)
    ready(made[0])
    made[0].state = "ended"
    with warm._changed:
        warm._changed.notify_all()
    eventually(lambda: len(made) == 2)


def test_a_pool_gives_up_after_faults(
    made: list[Any], stock: Callable[..., SparkPool], caplog: pytest.LogCaptureFixture
) -> None:
    warm = stock(size=1)
    warm.start()
    for number in range(1, 4):
        eventually(lambda number=number: len(made) == number)
        made[-1].error = "out of memory"
        ready(made[-1], "ended")
    warm._keeper.join(20)
    assert not warm._keeper.is_alive()
    assert caplog.messages == ["a Spark process ended while it warmed up: out of memory"] * 3


def test_a_pool_without_spark_says_so(
    stock: Callable[..., SparkPool], caplog: pytest.LogCaptureFixture
) -> None:
    def missing() -> SparkSettings:
        raise StrataError("no Java")

    cold = stock(settings=missing)
    cold.start()
    eventually(lambda: caplog.messages)
    assert caplog.messages == ["no Spark process is kept warm: no Java"]
    with pytest.raises(StrataError, match="no Java"):
        cold.take()


def test_settings_are_made_once(made: list[Any], stock: Callable[..., SparkPool]) -> None:
    calls: list[int] = []

    def slow() -> Any:
        calls.append(1)
        time.sleep(0.05)
        return "settings"

    warm = stock(size=1, settings=slow)
    warm.start()
    assert warm.take().made[0] == "settings"
    assert len(calls) == 1
