"""What a trace tells: the shape that the command, the file and the console share."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

RunStatus = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"]


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True)


class Run(_Facts):
    """One execution of the state machine, as a list shows it.

    `key` and the other facts of the object are empty if the execution's input is not an object's event.
    """

    arn: str
    name: str
    status: RunStatus
    started: datetime
    stopped: datetime | None = None
    bucket: str = ""
    key: str = ""
    version_id: str = ""
    etag: str = ""
    sequencer: str = ""

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it runs."""
        return None if self.stopped is None else (self.stopped - self.started).total_seconds()


class Condition(_Facts):
    """One condition of a rule's pattern: the event's field, what is wanted, what the event has."""

    field: str
    wanted: str
    found: str
    holds: bool


class RuleMatch(_Facts):
    """A rule that looks at such events, and whether and why it takes this one."""

    name: str
    enabled: bool
    matches: bool
    conditions: list[Condition]
    dead_letter_queue: str = ""


class Claim(_Facts):
    """The record of the object in the table of claims, as it is now.

    `ours` says whether this execution wrote it last.
    """

    table: str
    status: str
    execution: str
    ours: bool
    claimed_at: str = ""
    finished_at: str = ""
    generation: str = ""
    processed_version_id: str = ""


class StateRun(_Facts):
    """One visit of a state.

    `service` and `action` are empty unless it is a task. `attempts` counts the tries of the task. `status` is
    `caught` if the task failed and a Catch went on.
    """

    name: str
    type: str
    status: Literal["running", "succeeded", "caught", "failed"]
    entered: datetime
    seconds: float | None = None
    service: str = ""
    action: str = ""
    attempts: int = 0
    input: Any = None
    output: Any = None
    error: str = ""
    cause: str = ""
    job_run: str = ""
    job: str = ""


class SparkStage(_Facts):
    """A stage that Spark ran for a job; `seconds` is None if it never ended."""

    id: int
    name: str
    status: str
    tasks: int
    failed_tasks: int
    seconds: float | None
    records_read: int
    records_written: int


class JobRun(_Facts):
    """A run of a Glue job: what Glue, its log and its report say.

    `omitted` is how many lines of the log are left out at its beginning.
    """

    id: str
    job: str
    state: str
    status: str
    started: datetime | None = None
    seconds: float | None = None
    error: str = ""
    log_group: str = ""
    output: list[str] = []
    errors: list[str] = []
    omitted: int = 0
    report: dict[str, Any] = {}
    stages: list[SparkStage] = []


class DataFile(_Facts):
    """A file that the platform wrote for the object; `kind` is the first part of its key."""

    kind: str
    bucket: str
    key: str
    size: int
    modified: datetime


class Rows(_Facts):
    """The counts that must add up; None where the object did not get so far."""

    read: int | None = None
    clean: int | None = None
    quarantined: int | None = None
    duplicate: int | None = None
    curated: int | None = None
    visible: int | None = None
    reasons: dict[str, int] = {}


class QuarantinedLine(_Facts):
    """A line that is not a row of the table, and why."""

    line: int
    reason: str
    detail: str = ""
    row: str = ""


class Visible(_Facts):
    """What the external table shows for the object now; `fault` says why it was not asked."""

    table: str
    rows: int | None = None
    fault: str = ""


class Failure(_Facts):
    """Why the execution failed, and the next command."""

    state: str
    error: str
    reason: str
    remedy: str
    command: str = ""


class StateNode(_Facts):
    """A state of the machine; `main` says that an object without a fault visits it."""

    name: str
    type: str
    main: bool


class Machine(_Facts):
    """The state machine's graph: its states, which may follow which, and where errors are caught."""

    start: str
    states: list[StateNode]
    edges: list[tuple[str, str]]
    catches: list[tuple[str, str]]


class Trace(_Facts):
    """Everything about one execution for one object."""

    environment: str
    run: Run
    runs: list[Run]
    event: dict[str, Any]
    rules: list[RuleMatch]
    claim: Claim | None
    machine: Machine
    states: list[StateRun]
    jobs: list[JobRun]
    files: list[DataFile]
    rows: Rows
    quarantined: list[QuarantinedLine]
    refresh: dict[str, Any]
    reconcile: dict[str, Any]
    visible: Visible | None
    failure: Failure | None

    @property
    def uri(self) -> str:
        """The object."""
        return f"s3://{self.run.bucket}/{self.run.key}"
