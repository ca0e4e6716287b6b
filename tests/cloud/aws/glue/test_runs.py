"""A job run executes the bytes at its ScriptLocation, with Spark, and ends as they end."""

from __future__ import annotations

import functools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strata.cloud.aws.glue import api as glue
from strata.cloud.aws.glue.spark.pool import SparkPool
from strata.cloud.aws.glue.spark.process import SparkProcess, run_script
from tests.cloud.aws.whole_server import Cloud, children, until, zipped

pytestmark = pytest.mark.spark
ARTIFACTS = "strata-artifacts"


@pytest.fixture(scope="module")
def started() -> list[SparkProcess]:
    """Every Spark process of this module."""
    return []


@pytest.fixture(scope="module", autouse=True)
def pool(request: pytest.FixtureRequest, started: list[SparkProcess]) -> Iterator[None]:
    """Processes without the long warm-up, replaced at once; none of them is left in the end."""
    patch = pytest.MonkeyPatch()
    start = SparkProcess.__init__

    def note(self: SparkProcess, *args: Any, **more: Any) -> None:
        start(self, *args, **more)
        started.append(self)

    patch.setattr(SparkProcess, "__init__", note)
    patch.setattr(glue, "SparkPool", functools.partial(SparkPool, warm_up=0, quiet=0.0))
    # Started only now, with the pool above.
    cloud: Cloud = request.getfixturevalue("cloud")
    cloud.bucket(ARTIFACTS)
    cloud.role("strata-glue-dev", "glue.amazonaws.com")
    cloud.server.services.glue.warm_up()
    yield
    cloud.server.stop()
    patch.undo()
    assert [children(process.pid) for process in started] == [[] for _ in started]
    assert not (cloud.context.directory / "spark").exists()


def put(cloud: Cloud, key: str, content: str | bytes) -> str:
    cloud.client("s3").put_object(Bucket=ARTIFACTS, Key=key, Body=content)
    return f"s3://{ARTIFACTS}/{key}"


def create(cloud: Cloud, script: str | None, **more: Any) -> str:
    """Create a job with this script; return its name."""
    name = f"job-{time.monotonic_ns()}"
    location = put(cloud, f"{name}.py", script) if script is not None else f"s3://{ARTIFACTS}/missing.py"
    command = {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": location}
    cloud.client("glue").create_job(
        **{"Name": name, "Role": "strata-glue-dev", "Command": command, "GlueVersion": "5.1", **more}
    )
    return name


def start(cloud: Cloud, name: str, **more: Any) -> str:
    run_id: str = cloud.client("glue").start_job_run(JobName=name, **more)["JobRunId"]
    return run_id


def run_of(cloud: Cloud, name: str, run_id: str) -> dict[str, Any]:
    run: dict[str, Any] = cloud.client("glue").get_job_run(JobName=name, RunId=run_id)["JobRun"]
    return run


def end_of(cloud: Cloud, name: str, run_id: str) -> dict[str, Any]:
    """Wait for the end of a run and return it."""
    return until(  # type: ignore[no-any-return]
        lambda: (run := run_of(cloud, name, run_id)).get("CompletedOn") and run, seconds=240
    )


def printed(cloud: Cloud, run_id: str, group: str = "/aws-glue/jobs/output") -> list[str]:
    """What the script of an ended run printed."""
    return cloud.log_lines(group, f"{run_id}-driver")


def stages_of(cloud: Cloud, run_id: str) -> list[dict[str, Any]]:
    """The stages of an ended run; none as long as they are not told."""
    lines = cloud.log_lines("/aws-glue/jobs/output", f"{run_id}-driver-stages")
    return [json.loads(line) for line in lines]


FIRST = """
import json, os, sys
from pyspark.sql import SparkSession
sys.left_behind = True
os.environ["LEFT_BEHIND"] = "yes"
spark = SparkSession.builder.config("spark.sql.shuffle.partitions", 3).getOrCreate()
spark._jsc.hadoopConfiguration().set("left.behind", "yes")
spark.range(5).createOrReplaceTempView("left_behind")
spark.range(5).createOrReplaceGlobalTempView("left_behind")
spark.sparkContext.setLogLevel("ALL")
spark._jvm.System.setProperty("spark.left.behind", "yes")
open("left_behind", "w").close()
numbers = spark.range(5).selectExpr("id % 2 as part", "id")
numbers.write.partitionBy("part").parquet("s3://strata-artifacts/out")
print("first", json.dumps(sys.argv[1:]))
print("to stderr", file=sys.stderr)
print(spark._jvm.java.lang.ProcessHandle.current().pid())
"""
SECOND = """
import os, sys
from pyspark.context import SparkContext
from pyspark.sql import SparkSession
sc = SparkContext()
spark = SparkSession(sc)
conf, tables = sc._jsc.hadoopConfiguration(), spark.catalog
print("second", spark.read.parquet("s3://strata-artifacts/out").count(), sc.version)
print(hasattr(sys, "left_behind"), os.environ.get("LEFT_BEHIND"), conf.get("left.behind"))
print(tables.tableExists("left_behind"), tables.tableExists("global_temp.left_behind"))
print(spark.conf.get("spark.sql.shuffle.partitions"), spark.conf.get("spark.sql.session.timeZone"))
print(os.environ["AWS_ACCESS_KEY_ID"][:4], "strata" in sys.modules, "pytest" in sys.modules)
print(os.path.exists("left_behind"), spark.conf.get("spark.left.behind", None))
print(sc._jvm.org.apache.logging.log4j.LogManager.getRootLogger().getLevel().name())
print(spark._jvm.java.lang.ProcessHandle.current().pid())
"""


def settled(started: list[SparkProcess]) -> Any:
    """Whether nothing of an ended run is being cleared away: the next run takes the process of the last."""
    return all(process.state in ("ready", "ended") for process in started)


def test_a_run_executes_the_present_script_and_sees_nothing_of_the_run_before(
    cloud: Cloud, started: list[SparkProcess]
) -> None:
    until(lambda: started and settled(started), 240)
    name = create(
        cloud, FIRST, DefaultArguments={"--dataset": "flights", "--key": "default"}, WorkerType="G.1X",
        NumberOfWorkers=2,
    )  # fmt: skip
    run_id = start(cloud, name, Arguments={"--key": "given"})
    assert re.fullmatch(r"jr_[0-9a-f]{64}", run_id)
    run = end_of(cloud, name, run_id)
    assert (run["JobRunState"], run.get("ErrorMessage")) == ("SUCCEEDED", None)
    assert (run["GlueVersion"], run["WorkerType"], run["MaxCapacity"]) == ("5.1", "G.1X", 2.0)
    assert run["Arguments"] == {"--dataset": "flights", "--key": "given"}
    assert run["StartedOn"] <= run["CompletedOn"]
    assert run["LogGroupName"] == "/aws-glue/jobs"
    *lines, jvm = printed(cloud, run_id)
    assert lines == [
        f'first ["--JOB_NAME", "{name}", "--JOB_RUN_ID", "{run_id}", '
        '"--dataset", "flights", "--key", "given"]',
        "to stderr",
    ]
    until(lambda: settled(started), 240)
    # Which stages it had is told after its end: the write of five numbers is one.
    stages = until(lambda: stages_of(cloud, run_id), 10)
    assert [(one["status"], one["records_written"], one["failed_tasks"]) for one in stages] == [
        ("COMPLETE", 5, 0)
    ]
    assert stages[0]["name"].startswith("parquet at ")
    assert stages[0]["tasks"] >= 1
    assert 0 < stages[0]["seconds"] <= run["ExecutionTime"] + 1
    put(cloud, f"{name}.py", SECOND)
    run_id = start(cloud, name)
    run = end_of(cloud, name, run_id)
    assert (run["JobRunState"], run.get("ErrorMessage")) == ("SUCCEEDED", None)
    assert printed(cloud, run_id) == [
        "second 5 3.5.6",
        "False None None",
        "False False",
        "4 UTC",
        "ASIA False False",
        "False None",
        "WARN",
        jvm,
    ]


LOOKS = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.appName(sys.argv[-1]).getOrCreate()
sc = spark.sparkContext
hadoop = sc._jsc.hadoopConfiguration()
listeners = sc._jsc.sc().listenerBus().listeners()
print(sc.applicationId)
print(sc.appName, hadoop.get("left.behind"), hadoop.get("fs.s3a.access.key") == sc._conf.get("spark.hadoop.fs.s3a.access.key"))
print(spark.catalog.tableExists("left_behind"), spark.conf.get("spark.sql.shuffle.partitions"), listeners.size())
print(hadoop.get("fs.s3a.access.key"))
spark.range(5).write.mode("overwrite").parquet("s3://strata-artifacts/looked")
"""
LEAVES = {
    # What is taken away, and the context stays.
    "views": """
hadoop.set("left.behind", "yes")
spark.range(5).createOrReplaceTempView("left_behind")
spark.conf.set("spark.sql.shuffle.partitions", "9")
""",
    # What is not, and the context goes.
    "cached": "spark.range(5).cache().count()",
    "file": "import __main__; sc.addFile(__main__.__file__)",
    "setting": "sc._conf.set('spark.left.behind', 'yes')",
    "worker": "print(sc.parallelize([1], 1).map(lambda number: number + 1).collect())",
}


def test_a_context_stays_for_the_next_run_unless_something_is_left_in_it(
    cloud: Cloud, started: list[SparkProcess]
) -> None:
    until(lambda: started and settled(started), 240)
    looks, leaves = create(cloud, LOOKS), {case: create(cloud, LOOKS + more) for case, more in LEAVES.items()}

    def ran(name: str, word: str) -> list[str]:
        until(lambda: settled(started), 240)
        run_id = start(cloud, name, Arguments={"--word": word})
        assert end_of(cloud, name, run_id)["JobRunState"] == "SUCCEEDED"
        return printed(cloud, run_id)

    application, *first, key = ran(looks, "first")
    assert first[0] == "first None True"
    kept = {}
    for case, name in leaves.items():
        application, *_ = ran(name, case)
        after, *shown, its_key = ran(looks, f"after {case}")
        kept[case] = after == application
        assert shown == [f"after {case} None True", first[1]]
        # Those of its own role session.
        assert its_key != key
        key = its_key
    # Its log ends with its context.
    logs = create(
        cloud, LOOKS, DefaultArguments={"--conf": "spark.eventLog.enabled=true --conf spark.eventLog.dir=."}
    )
    kept["event log"] = ran(logs, "one")[0] == ran(logs, "two")[0]
    assert kept == {case: case == "views" for case in [*LEAVES, "event log"]}
    run_id = start(cloud, looks)
    end_of(cloud, looks, run_id)
    until(lambda: settled(started), 240)
    # The write, whatever the context did before.
    assert [one["id"] for one in until(lambda: stages_of(cloud, run_id), 10)] == [0]


def test_a_run_has_the_rights_of_its_own_role_alone(cloud: Cloud, started: list[SparkProcess]) -> None:
    """S3A keeps its clients, and so their keys, as long as the JVM lives."""
    cloud.role("strata-nothing", "glue.amazonaws.com")
    cloud.client("iam").delete_role_policy(RoleName="strata-nothing", PolicyName="all")
    put(cloud, "read/one.txt", "one")
    script = (
        "import sys\nfrom pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n"
        "print(spark._jvm.java.lang.ProcessHandle.current().pid())\n"
        "print(spark.read.text('s3://strata-artifacts/read').count())\n"
    )
    name = create(cloud, script)
    seen = []
    for role in ("strata-glue-dev", "strata-nothing", "strata-glue-dev"):
        until(lambda: settled(started), 240)
        command = {"Name": "glueetl", "PythonVersion": "3"}
        location = f"s3://{ARTIFACTS}/{name}.py"
        update = {"Role": role, "GlueVersion": "5.1", "Command": {**command, "ScriptLocation": location}}
        # The script is read with the role, too.
        document = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", '
        document += f'"Resource": "arn:aws:s3:::{ARTIFACTS}/{name}.py"}}}}'
        cloud.client("iam").put_role_policy(
            RoleName="strata-nothing", PolicyName="script", PolicyDocument=document
        )
        cloud.client("glue").update_job(JobName=name, JobUpdate=update)
        run_id = start(cloud, name)
        run = end_of(cloud, name, run_id)
        seen.append(
            (run["JobRunState"], "AccessDenied" in run.get("ErrorMessage", ""), printed(cloud, run_id))
        )
    jvm = seen[0][2][0]
    assert seen[0] == ("SUCCEEDED", False, [jvm, "1"])
    assert seen[1][:2] == ("FAILED", True)
    assert seen[1][2][0] == jvm
    assert seen[2] == ("SUCCEEDED", False, [jvm, "1"])


def test_extra_py_files_reach_driver_and_workers_and_conf_reaches_spark(cloud: Cloud) -> None:
    files = [
        put(cloud, "library.zip", zipped({"library/__init__.py": "name = 'zip'"})),
        put(cloud, "wheel-1.0-py3-none-any.whl", zipped({"wheel/__init__.py": "name = 'wheel'"})),
        put(cloud, "single.py", "name = 'module'"),
    ]
    script = (
        "import library, wheel, single\n"
        "from pyspark.sql import SparkSession\n"
        "spark = SparkSession.builder.getOrCreate()\n"
        "def names(i):\n"
        "    import library, wheel, single\n"
        "    return [library.name, wheel.name, single.name]\n"
        "print(spark.sparkContext.parallelize([1]).map(names).collect())\n"
        "print(spark.conf.get('spark.one'), spark.conf.get('spark.two'))\n"
        "spark.sparkContext._jvm.org.apache.log4j.Logger.getLogger('job').warn('from Spark')\n"
    )
    name = create(cloud, script)
    arguments = {
        "--extra-py-files": ",".join(files),
        "--conf": "spark.one=1 --conf spark.two=2",
        "--custom-logGroup-prefix": "/aws-glue/jobs/mine",
    }
    run_id = start(cloud, name, Arguments=arguments)
    run = end_of(cloud, name, run_id)
    assert (run["JobRunState"], run.get("ErrorMessage")) == ("SUCCEEDED", None)
    assert printed(cloud, run_id, "/aws-glue/jobs/mine/output") == [
        "[['zip', 'wheel', 'module']]",
        "1 2",
    ]
    assert any("from Spark" in line for line in printed(cloud, run_id, "/aws-glue/jobs/mine/error"))


# Each: the script (None: there is none), and the end of the run's ErrorMessage.
FAILURES = {
    "exception": ("class Broken(Exception): ...\nraise Broken('a reason')", "Broken: a reason"),
    "exit code": ("import sys\nsys.exit(3)", "SystemExit: 3"),
    "syntax": ("def f(:\n", "SyntaxError: invalid syntax"),
    "no such object": (None, "the script s3://strata-artifacts/missing.py cannot be read"),
    "no such module": ("import rich", "ModuleNotFoundError: No module named 'rich'"),
    "Spark's own": (
        "from pyspark.sql import SparkSession as S\nS.builder.getOrCreate().sql('select * from nowhere')",
        "[TABLE_OR_VIEW_NOT_FOUND]",
    ),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failing_script_fails_the_run(cloud: Cloud, case: str) -> None:
    script, message = FAILURES[case]
    name = create(cloud, script)
    run_id = start(cloud, name)
    run = end_of(cloud, name, run_id)
    assert run["JobRunState"] == "FAILED"
    assert message in run["ErrorMessage"]
    if case == "exception":
        assert any("Traceback" in line for line in printed(cloud, run_id))


KILLS = {
    "driver": ("import os", "os.getpid()", "the Spark process was killed by signal 9 (SIGKILL)"),
    "JVM": (
        "from pyspark.sql import SparkSession as S",
        "S.builder.getOrCreate()._jvm.java.lang.ProcessHandle.current().pid()",
        "the Spark JVM was killed by signal 9",
    ),
}


@pytest.mark.parametrize("case", KILLS)
def test_a_killed_process_fails_the_run(cloud: Cloud, case: str) -> None:
    start_up, pid, message = KILLS[case]
    script = (
        f"{start_up}\nprint('pid', {pid}, flush=True)\n"
        "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n"
        "while True: spark.range(10).count()"
    )
    name = create(cloud, script)
    run_id = start(cloud, name)
    line = until(lambda: [x for x in printed(cloud, run_id) if x.startswith("pid")], 240)[0]
    os.kill(int(line.split()[1]), signal.SIGKILL)
    run = end_of(cloud, name, run_id)
    assert run["JobRunState"] == "FAILED"
    assert message in run["ErrorMessage"]


def test_runs_are_limited_queued_and_stopped(cloud: Cloud) -> None:
    name = create(cloud, "import time\ntime.sleep(600)")
    first = start(cloud, name)
    with pytest.raises(ClientError, match="ConcurrentRunsExceededException"):
        start(cloud, name)
    second = start(cloud, name, JobRunQueuingEnabled=True)
    assert run_of(cloud, name, second)["JobRunState"] == "WAITING"
    until(lambda: run_of(cloud, name, first)["JobRunState"] == "RUNNING", 60)
    stopped = cloud.client("glue").batch_stop_job_run(JobName=name, JobRunIds=[first, "jr_none"])
    assert stopped["SuccessfulSubmissions"] == [{"JobName": name, "JobRunId": first}]
    assert stopped["Errors"][0]["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException"
    assert end_of(cloud, name, first)["JobRunState"] == "STOPPED"
    until(lambda: run_of(cloud, name, second)["JobRunState"] == "RUNNING", 60)
    cloud.client("glue").batch_stop_job_run(JobName=name, JobRunIds=[second])
    assert end_of(cloud, name, second)["JobRunState"] == "STOPPED"
    runs = cloud.client("glue").get_job_runs(JobName=name)["JobRuns"]
    assert [run["Id"] for run in runs] == [second, first]


def test_a_run_ends_at_its_timeout(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strata.cloud.aws.glue.run.MINUTE", 0.5)
    name = create(cloud, "import time\ntime.sleep(600)", Timeout=2)
    run = end_of(cloud, name, start(cloud, name))
    assert run["JobRunState"] == "TIMEOUT"
    assert run["ExecutionTime"] >= 1
    assert "timeout of 2 minutes" in run["ErrorMessage"]


def test_a_role_that_glue_may_not_assume_fails_the_run(cloud: Cloud) -> None:
    cloud.role("strata-lambda-only", "lambda.amazonaws.com")
    name = create(cloud, "print(1)", Role="strata-lambda-only")
    run = end_of(cloud, name, start(cloud, name))
    assert run["JobRunState"] == "FAILED"
    assert "should be given assume role permissions for Glue Service" in run["ErrorMessage"]


def test_the_warm_up_leaves_nothing_and_a_waiting_job_ends_it(cloud: Cloud, tmp_path: Path) -> None:
    settings = cloud.server.services.glue.pool._known_settings()
    # The region whose buckets take no location constraint.
    process = SparkProcess(replace(settings, region="us-east-1"), tmp_path / "process", warm_up=1000)
    s3 = cloud.client("s3")
    until(lambda: process.state == "starting" and _scratch_buckets(), 240)
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [ARTIFACTS]
    lines: list[str] = []
    _, error = run_script(b"print('done')", (), process, on_line=lambda stream, line: lines.append(line))
    assert (error, lines) == (None, ["done"])
    assert _scratch_buckets() == []
    process.stop()
    assert not (tmp_path / "process").exists()


def _scratch_buckets() -> list[str]:
    from moto.s3.models import s3_backends

    return [name for name in s3_backends["000000000000"]["aws"].buckets if name.startswith("strata-warm-up")]


def test_a_process_dies_with_its_parent(cloud: Cloud, tmp_path: Path) -> None:
    settings = cloud.server.services.glue.pool._known_settings()
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, sys, time; from pathlib import Path\n"
            "from strata.cloud.aws.glue.spark.java import find_java\n"
            "from strata.cloud.aws.glue.spark.process import SparkProcess\n"
            "from strata.cloud.aws.glue.spark.settings import SparkSettings\n"
            "settings = SparkSettings(find_java(os.environ), Path(sys.argv[1]), sys.argv[2], 'eu-west-1')\n"
            "process = SparkProcess(settings, Path(sys.argv[3]), warm_up=0)\n"
            "process.wait_ready()\nprint(process.pid, flush=True)\ntime.sleep(600)",
            str(settings.jars), settings.endpoint, str(tmp_path / "process"),
        ],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert parent.stdout is not None
    group = int(parent.stdout.readline())
    assert len(children(group)) == 2  # the driver and its JVM
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: children(group) == [], 20)
