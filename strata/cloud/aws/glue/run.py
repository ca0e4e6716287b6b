"""One run of a Glue job: from its script in S3 to its end in a Spark process."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from moto.core import utils
from moto.core.exceptions import ServiceException

from strata.cloud.aws.context import CloudContext
from strata.cloud.aws.events import api as events
from strata.cloud.aws.glue.spark import job_arguments
from strata.cloud.aws.glue.spark.pool import SparkPool
from strata.cloud.aws.glue.spark.process import SparkJob, SparkProcess, Stream
from strata.cloud.aws.iam.identity import Identity
from strata.cloud.aws.log_stream import LogStream
from strata.cloud.client import embedded_client
from strata.errors import StrataError
from strata.faults.fault import JOB_RUN

_log = logging.getLogger(__name__)
# A job's Timeout is in minutes; tests shorten them.
MINUTE = 60.0
# The severity and message of the event of a run's end (AWS Glue Developer Guide, "Automating AWS Glue with
# EventBridge"); a failed run's message is its error.
_END_EVENTS = {
    "SUCCEEDED": ("INFO", "Job run succeeded"),
    "FAILED": ("ERROR", ""),
    "STOPPED": ("INFO", "Job run stopped"),
    "TIMEOUT": ("WARN", "Job run timed out"),
}


@dataclass(frozen=True)
class RunRequest:
    """What a run is asked to do: the job's definition at that time, overlaid by StartJobRun's arguments."""

    job_name: str
    job_arn: str
    role_arn: str
    script_location: str
    arguments: dict[str, str]
    timeout: int
    # Fields of GetJobRun that only say what was asked for.
    described: dict[str, Any] = field(default_factory=dict)


class RunFailedError(Exception):
    """The run cannot start; the message is its ErrorMessage."""


class Run:
    """A job run in its own thread.

    Args:
        request: what to run.
        context: the cloud it runs in.
        identities: gives it the keys of its role.
        pool: where its process comes from.
        may_start: blocks while too many runs of the job go on (job run queuing).
    """

    def __init__(
        self,
        request: RunRequest,
        context: CloudContext,
        identities: Identity,
        pool: SparkPool,
        may_start: Callable[[Run], None],
    ) -> None:
        self.request = request
        self.id = f"jr_{secrets.token_hex(32)}"
        self.state = "STARTING"
        self.error: str | None = None
        self._context = context
        self._identity = identities
        self._pool = pool
        self._may_start = may_start
        self._started = self._changed = utils.utcnow()
        self._completed: datetime | None = None
        self._began = 0.0
        self._seconds = 0.0
        self._process: SparkProcess | None = None
        self._stop_state: str | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __getstate__(self) -> dict[str, Any]:
        # An ended run is only read.
        lost = ("_pool", "_process", "_may_start", "_lock", "_thread")
        return {name: value for name, value in vars(self).items() if name not in lost}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._process = self._thread = None
        self._lock = threading.Lock()

    @property
    def active(self) -> bool:
        """Whether it counts against MaxConcurrentRuns."""
        return self.state in ("STARTING", "RUNNING", "STOPPING")

    @property
    def ended(self) -> bool:
        return self._completed is not None

    def start(self) -> None:
        """Begin, in the background."""
        self._thread = threading.Thread(target=self._execute, name=f"glue-{self.id[:11]}", daemon=True)
        self._thread.start()

    def stop(self, state: str = "STOPPED") -> None:
        """End the run at once, in this state; an ended run stays as it is."""
        with self._lock:
            if self.ended or self._stop_state:
                return
            self._stop_state = state
            if state == "STOPPED":
                self.state = "STOPPING"
            process = self._process
        if process is not None:
            process.kill("the job run was stopped")

    def join(self, timeout: float) -> None:
        """Wait for the end of the run."""
        if self._thread is not None:
            self._thread.join(timeout)

    def as_dict(self) -> dict[str, Any]:
        """Return the JobRun of the Glue API."""
        request = self.request
        seconds = time.monotonic() - self._began if self.state == "RUNNING" else self._seconds
        run = {
            **request.described,
            "Id": self.id,
            "Attempt": 0,
            "JobName": request.job_name,
            "StartedOn": self._started,
            "LastModifiedOn": self._changed,
            "JobRunState": self.state,
            "Arguments": request.arguments,
            "PredecessorRuns": [],
            "ExecutionTime": round(seconds),
            "Timeout": request.timeout,
            "LogGroupName": request.arguments.get("--custom-logGroup-prefix", "/aws-glue/jobs"),
        }
        if self._completed is not None:
            run["CompletedOn"] = self._completed
        if self.error is not None:
            run["ErrorMessage"] = self.error
        return run

    def _execute(self) -> None:
        try:
            self._may_start(self)
            self._end(None if self._stop_state else self._run())
        except (RunFailedError, StrataError) as failure:
            self._end(str(failure))
        except Exception as fault:
            # A fault of the embedded cloud: whoever waits for the run must hear of it.
            _log.exception("the embedded Glue failed in a run of %s", self.request.job_name)
            self._end(f"The embedded Glue failed: {type(fault).__name__}: {fault}")

    def _run(self) -> str | None:
        # The job's own: one cloud holds several accounts.
        region, account_id = self.request.job_arn.split(":")[3:5]
        output, errors, stream = job_arguments.log_names(self.request.arguments, self.id)
        streams: dict[Stream, LogStream] = {
            "output": LogStream(account_id, region, output, stream),
            "error": LogStream(account_id, region, errors, stream),
        }
        # Of our own: Glue hands on the stages in the event log only, if the job asks for one.
        stages = LogStream(account_id, region, output, job_arguments.stages_stream(stream))
        job = self._job()
        process = self._pool.take()
        timer = threading.Timer(self.request.timeout * MINUTE, self.stop, ("TIMEOUT",))
        timer.daemon = True
        try:
            with self._lock:
                self._process = process
                if not self._stop_state:
                    self.state = "RUNNING"
                self._began = time.monotonic()
                self._changed = utils.utcnow()
                stopped = self._stop_state
            if stopped:
                return None
            timer.start()
            self._strike(process)
            return process.run(
                job,
                lambda name, line: streams[name].write(line),
                lambda stage: stages.write(json.dumps(stage)),
            )
        finally:
            timer.cancel()
            self._seconds = time.monotonic() - self._began
            with self._lock:
                self._process = None
            for log_stream in streams.values():
                log_stream.flush()
            self._pool.release(process)

    def _strike(self, process: SparkProcess) -> None:
        """Let a fault that was asked for end this run, or the process that it has."""
        fault = self._context.faults.strike(JOB_RUN, f"{self.request.job_name} {self.request.arguments}")
        if fault is None:
            return

        def kill() -> None:
            with contextlib.suppress(ProcessLookupError):
                if self._process is process and not self.ended:
                    os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(fault.seconds, self.stop if fault.effect == "stop" else kill)
        timer.daemon = True
        timer.start()

    def _job(self) -> SparkJob:
        request = self.request
        region = request.job_arn.split(":")[3]
        try:
            properties = job_arguments.spark_properties(request.arguments)
            credentials = self._identity.assume_role(
                request.role_arn,
                service="glue.amazonaws.com",
                source_arn=request.job_arn,
                session_name="GlueJobRunnerSession",
                region=region,
            ).environment()
        except ValueError as error:
            raise RunFailedError(str(error)) from None
        except ServiceException as error:
            raise RunFailedError(
                f"Role {request.role_arn} should be given assume role permissions for Glue Service: "
                f"{error.message}"
            ) from None
        client = embedded_client("s3", self._context.aws_url, region, credentials)
        files = job_arguments.py_file_locations(request.arguments)
        return SparkJob(
            script=_fetch(client, request.script_location, "the script"),
            name=request.script_location.rpartition("/")[2],
            arguments=job_arguments.command_line(request.job_name, self.id, request.arguments),
            py_files={
                file.rpartition("/")[2]: _fetch(client, file, "the file of --extra-py-files")
                for file in files
            },
            credentials=credentials,
            properties=properties,
        )

    def _end(self, error: str | None) -> None:
        with self._lock:
            self._changed = self._completed = utils.utcnow()
            if self._stop_state == "TIMEOUT":
                self.error = f"The job run was stopped at its timeout of {self.request.timeout} minutes"
            elif not self._stop_state:
                self.error = error
            self.state = self._stop_state or ("FAILED" if error is not None else "SUCCEEDED")
        self._context.glue_ends.add()
        severity, message = _END_EVENTS[self.state]
        region, account_id = self.request.job_arn.split(":")[3:5]
        events.publish(
            account_id,
            region,
            source="aws.glue",
            detail_type="Glue Job State Change",
            resources=[],
            detail={
                "jobName": self.request.job_name,
                "severity": severity,
                "state": self.state,
                "jobRunId": self.id,
                "message": message or self.error or "",
            },
        )


def _fetch(client: Any, location: str, what: str) -> bytes:
    parts = urlsplit(location)
    if parts.scheme not in ("s3", "s3a", "s3n") or not parts.path.strip("/"):
        raise RunFailedError(f"{location or 'nothing'} is not the S3 location of {what}")
    try:
        body = client.get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))["Body"]
        return bytes(body.read())
    except (ClientError, BotoCoreError) as error:
        raise RunFailedError(f"{what} {location} cannot be read: {error}") from None
