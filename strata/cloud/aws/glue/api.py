"""Glue: jobs that really run, with Spark, and job definitions that come back as they were given.

moto keeps data catalogues and fakes job runs; here a run executes the bytes at the job's ScriptLocation in a
fresh Spark process, as the job's role. Only Spark jobs in Python 3 of Glue 5 exist; the rest is refused by
name.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from moto.core import utils
from moto.core.responses import ActionResult
from moto.glue.exceptions import (
    AlreadyExistsException,
    ConcurrentRunsExceededException,
    EntityNotFoundException,
    GlueClientError,
    JobRunNotFoundException,
)
from moto.glue.models import GlueBackend, glue_backends
from moto.glue.responses import GlueResponse
from moto.utilities.utils import get_partition

from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.glue.run import Run, RunRequest
from strata.cloud.aws.glue.spark import job_arguments
from strata.cloud.aws.glue.spark.jars import default_folder, ensure_jars
from strata.cloud.aws.glue.spark.java import find_java
from strata.cloud.aws.glue.spark.pool import SparkPool
from strata.cloud.aws.glue.spark.settings import SparkSettings
from strata.cloud.aws.iam.identity import Identity
from strata.cloud.aws.service import Service, action

_VERSIONS = ("5.0", "5.1")
_WORKER_UNITS = {"G.025X": 0.25, "G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8, "G.12X": 12, "G.16X": 16,
                 "R.1X": 1, "R.2X": 2, "R.4X": 4, "R.8X": 8}  # fmt: skip
# What may be asked of a single run, as of its job.
_RUN_FIELDS = (
    "AllocatedCapacity", "ExecutionClass", "MaxCapacity", "NotificationProperty", "NumberOfWorkers",
    "SecurityConfiguration", "WorkerType",
)  # fmt: skip


class InvalidInputException(GlueClientError):
    """The request asks for what Glue, or the embedded Glue, does not do."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidInputException", message)


class GlueJob:
    """A job definition; has the methods of moto's own, which its backend calls."""

    def __init__(self, name: str, definition: dict[str, Any], backend: GlueBackend, glue: Glue) -> None:
        self.name = name
        self._glue = glue
        self._partition = get_partition(backend.region_name)
        self.arn = f"arn:{self._partition}:glue:{backend.region_name}:{backend.account_id}:job/{name}"
        self.created_on = utils.utcnow()
        self._account = backend.account_id
        self._runs: list[Run] = []
        self._changed = threading.Condition()
        self.update(definition)

    def update(self, definition: dict[str, Any]) -> None:
        """Replace the definition; raises InvalidInputException for what is not implemented."""
        _check(definition)
        workers = definition.get("NumberOfWorkers")
        units = _WORKER_UNITS.get(definition.get("WorkerType", ""), 1) * (workers or 10)
        capacity = definition.get("MaxCapacity") or units
        self.definition = {
            "ExecutionProperty": {"MaxConcurrentRuns": 1},
            "JobMode": "SCRIPT",
            "JobRunQueuingEnabled": False,
            "MaxRetries": 0,
            "Timeout": 480,
            **definition,
            "AllocatedCapacity": int(capacity),
            "MaxCapacity": float(capacity),
        }
        self.last_modified_on = utils.utcnow()

    def get_name(self) -> str:
        return self.name

    def as_dict(self) -> dict[str, Any]:
        """Return the Job of the Glue API."""
        return {
            "Name": self.name,
            "CreatedOn": self.created_on,
            "LastModifiedOn": self.last_modified_on,
            **self.definition,
        }

    def start_run(self, asked: dict[str, Any]) -> str:
        """Start a run; return its id."""
        if "JobRunId" in asked:
            raise InvalidInputException(
                "StartJobRun with JobRunId (retry) is not implemented by the embedded Glue"
            )
        definition = self.definition
        arguments = {
            **definition.get("DefaultArguments", {}),
            **asked.get("Arguments", {}),
            **definition.get("NonOverridableArguments", {}),
        }
        if reason := job_arguments.refusal(arguments):
            raise InvalidInputException(reason)
        described = {name: asked.get(name, definition.get(name)) for name in _RUN_FIELDS}
        queued = asked.get("JobRunQueuingEnabled", definition["JobRunQueuingEnabled"])
        role = definition["Role"]
        request = RunRequest(
            job_name=self.name,
            job_arn=self.arn,
            role_arn=role
            if role.startswith("arn:")
            else f"arn:{self._partition}:iam::{self._account}:role/{role}",
            script_location=definition["Command"]["ScriptLocation"],
            arguments=arguments,
            timeout=asked.get("Timeout", definition["Timeout"]),
            described={
                **{name: value for name, value in described.items() if value is not None},
                "GlueVersion": definition["GlueVersion"],
                "JobMode": definition["JobMode"],
                "JobRunQueuingEnabled": queued,
            },
        )
        with self._changed:
            full = self._full()
            if full and not queued:
                raise ConcurrentRunsExceededException(f"Concurrent runs exceeded for {self.name}")
            run = self._glue.new_run(request, self._wait_for_turn)
            if full:
                run.state = "WAITING"
            self._runs.append(run)
        run.start()
        return run.id

    def get_job_run(self, run_id: str) -> Run:
        for run in self._runs:
            if run.id == run_id:
                return run
        raise JobRunNotFoundException(run_id)

    def get_job_runs(self) -> list[Run]:
        """Return the runs, the newest first."""
        return self._runs[::-1]

    def _full(self) -> bool:
        limit = self.definition["ExecutionProperty"].get("MaxConcurrentRuns", 1)
        return sum(run.active for run in self._runs) >= int(limit)

    def _wait_for_turn(self, run: Run) -> None:
        """Hold a WAITING run back until there is room and it is the oldest that waits."""
        with self._changed:
            while run.state == "WAITING":
                waiting = [other for other in self._runs if other.state == "WAITING"]
                if not self._full() and waiting[0] is run:
                    run.state = "STARTING"
                else:
                    self._changed.wait(0.1)


class Glue(Service):
    """The jobs of one embedded cloud, their runs, and the Spark processes that these share."""

    name = "glue"

    def __init__(self, context: CloudContext, identities: Identity) -> None:
        super().__init__()
        self._context = context
        self._identity = identities
        self._runs: list[Run] = []
        self._stopping = False
        self.pool: SparkPool

    def start(self) -> None:
        """Run jobs from now on, in Spark processes that the first job begins to warm up."""
        context = self._context
        self.pool = SparkPool(self._settings, context.directory / "spark", size=context.warm_processes)
        self._runs, self._stopping = [], False
        super().start()

    def stop(self) -> None:
        """Stop every run and end every Spark process."""
        self._stopping = True
        super().stop()
        for run in self._runs:
            run.stop()
        self.pool.stop()
        for run in self._runs:
            run.join(10)

    def unfinished(self) -> str:
        """Name a run that goes on."""
        running = [run for run in self._runs if not run.ended]
        return f"run {running[0].id} of the Glue job {running[0].request.job_name} goes on" if running else ""

    def load(self, state: Any) -> None:
        """Warm up for the jobs that were loaded."""
        if any(backend.jobs for account in glue_backends.values() for backend in account.values()):
            self.warm_up()

    def warm_up(self) -> None:
        """Begin to warm up Spark processes in the background; else the first CreateJob does."""
        self.pool.start()

    def new_run(self, request: RunRequest, may_start: Callable[[Run], None]) -> Run:
        """Make a run that ends at the latest when this service stops."""
        if self._stopping:
            raise InvalidInputException("the embedded cloud is stopping")
        run = Run(request, self._context, self._identity, self.pool, may_start)
        self._runs.append(run)
        return run

    @action("glue", "CreateJob")
    def create_job(self, response: GlueResponse) -> ActionResult:
        definition = dict(response.parameters)
        name = definition.pop("Name")
        tags = definition.pop("Tags", {})
        backend = response.glue_backend
        if name in backend.jobs:
            raise AlreadyExistsException("Job")
        job = GlueJob(name, definition, backend, self)
        backend.jobs[name] = job  # type: ignore[assignment]
        backend.tag_resource(job.arn, tags)
        self.warm_up()
        return ActionResult({"Name": name})

    @action("glue", "UpdateJob")
    def update_job(self, response: GlueResponse) -> ActionResult:
        job: Any = response.glue_backend.get_job(response.parameters["JobName"])
        job.update(dict(response.parameters["JobUpdate"]))
        return ActionResult({"JobName": job.name})

    @action("glue", "StartJobRun")
    def start_job_run(self, response: GlueResponse) -> ActionResult:
        asked = dict(response.parameters)
        if asked.get("AllocatedCapacity") and asked.get("MaxCapacity"):
            raise InvalidInputException("Please set only Allocated Capacity or Max Capacity")
        job: Any = response.glue_backend.get_job(asked.pop("JobName"))
        return ActionResult({"JobRunId": job.start_run(asked)})

    @action("glue", "BatchStopJobRun")
    def batch_stop_job_run(self, response: GlueResponse) -> ActionResult:
        name = response.parameters["JobName"]
        job: Any = response.glue_backend.get_job(name)
        stopped, errors = [], []
        for run_id in response.parameters["JobRunIds"]:
            try:
                job.get_job_run(run_id).stop()
                stopped.append({"JobName": name, "JobRunId": run_id})
            except EntityNotFoundException as error:
                detail = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": error.message}
                errors.append({"JobName": name, "JobRunId": run_id, "ErrorDetail": detail})
        return ActionResult({"SuccessfulSubmissions": stopped, "Errors": errors})

    def _settings(self) -> SparkSettings:
        java = find_java(os.environ)
        # By its real path, which the archive of Spark's classes was made with.
        jars = ensure_jars(default_folder().resolve(), java=java)
        return SparkSettings(
            java=java, jars=jars, endpoint=self._context.aws_url, region=self._context.region
        )


def _check(definition: dict[str, Any]) -> None:
    command = definition.get("Command", {})
    version = definition.get("GlueVersion")
    if command.get("Name") != "glueetl":
        raise InvalidInputException(
            f"Command.Name {command.get('Name')} is not implemented by the embedded Glue (only glueetl)"
        )
    if command.get("PythonVersion", "3") != "3":
        raise InvalidInputException(
            f"PythonVersion {command['PythonVersion']} is not supported by Glue 5 (only 3)"
        )
    if version not in _VERSIONS:
        raise InvalidInputException(
            f"GlueVersion {version} is not implemented by the embedded Glue (only {', '.join(_VERSIONS)})"
        )
    if definition.get("MaxRetries"):
        raise InvalidInputException("MaxRetries other than 0 is not implemented by the embedded Glue")
    for name in ("Connections", "CodeGenConfigurationNodes"):
        value = definition.get(name)
        if value and (name != "Connections" or value.get("Connections")):
            raise InvalidInputException(f"{name} is not implemented by the embedded Glue")
    arguments = {**definition.get("DefaultArguments", {}), **definition.get("NonOverridableArguments", {})}
    if reason := job_arguments.refusal(arguments):
        raise InvalidInputException(reason)
