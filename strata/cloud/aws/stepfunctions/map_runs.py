"""Distributed Map: a Map Run starts an execution for each item or batch, and fails when too many of them do.

Rules: Step Functions Developer Guide, "Setting failure thresholds for Distributed Map states" and "Redriving
Map Runs", and what AWS was recorded to answer. What moto does otherwise: it evaluates items inside the
parent's execution, and keeps neither what they did nor why they failed.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.stepfunctions.exceptions import InvalidArn, ResourceNotFound
from moto.stepfunctions.parser.api import HistoryEventType, MapRunStatus
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.iam import identity
from strata.cloud.aws.service import Service, replaces
from strata.cloud.aws.stepfunctions.map_children import PENDING, PENDING_REDRIVE, UNSUCCESSFUL, Child
from strata.cloud.aws.stepfunctions.map_fields import MapFields, failed, failure
from strata.cloud.aws.stepfunctions.map_results import results, write
from strata.cloud.aws.stepfunctions.progress import place_of
from strata.cloud.aws.stepfunctions.redrives import redrives_of

_CAUSE = "The specified tolerated failure threshold was exceeded"
# Children at once: AWS's quota is 10,000; here each is two threads.
_AT_ONCE = 1_000
_LOOK_SECONDS = 0.2
_COUNTED = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "pendingRedrive")
_COUNTED_AS = {"TIMED_OUT": "timedOut", PENDING_REDRIVE: "pendingRedrive"}
_DETAILS = {
    HistoryEventType.MapRunStarted: "mapRunStartedEventDetails",
    HistoryEventType.MapRunRedriven: "mapRunRedrivenEventDetails",
    HistoryEventType.MapRunFailed: "mapRunFailedEventDetails",
}


class MapRuns(Service):
    """Map Runs, and what is told of them.

    Args:
        client: returns the client of a service with the keys of an execution's role.
    """

    def __init__(self, client: Callable[[Any, str], Any]) -> None:
        super().__init__()
        self._client = client

    @replaces(moto.RUN_MAP)
    def run_map(self, component: Any, env: Any) -> None:
        asked = env.stack.pop()
        run = _begun(env, asked.map_run_record)
        begun = env.event_history_context.last_published_event_id
        try:
            if not run.children:
                run.children = _children(env, asked, run, component.fields)
            _require_rights(env, run)
            _run_children(env, run, component)
            output = self._written(env, run, component.fields)
            _require_success(env, run)
        except FailureEventException as raised:
            error, cause = raised.extract_error_cause_pair() or (None, None)
            given = {"error": error, "cause": cause}
            _tell(env, HistoryEventType.MapRunFailed, **{name: v for name, v in given.items() if v})
            run.set_stop(status=MapRunStatus.FAILED)
            raise
        if not env.is_running():
            _tell(env, HistoryEventType.MapRunAborted)
            run.set_stop(status=MapRunStatus.ABORTED)
            raise _stopped(env)
        if isinstance(output, list):  # not written: AWS was recorded to leave the state from the run's begin
            place_of(env).left_from = begun
        _tell(env, HistoryEventType.MapRunSucceeded)
        run.set_stop(status=MapRunStatus.SUCCEEDED)
        env.stack.append(output)

    def _written(self, env: Any, run: Any, fields: MapFields) -> Any:
        """Return the run's output; write the results where the definition says so, even if it failed."""
        config = (fields.writer or {}).get("WriterConfig") or {}
        destination = fields.destination(env) if env.is_running() else None
        if destination is None:
            return results(run.children, config.get("Transformation", "COMPACT"))
        try:
            return write(self._client(env, "s3"), destination, run, config)
        except (ClientError, BotoCoreError) as error:
            raise failed(env, "States.ResultWriterFailed", str(error)) from None

    @replaces(moto.DESCRIBE_MAP_RUN)
    def describe(self, backend: Any, map_run_arn: str) -> Any:
        return described(find_run(backend, map_run_arn))

    @replaces(moto.LIST_MAP_RUNS)
    def list_runs(self, backend: Any, execution_arn: str) -> Any:
        runs = moto.map_runs_of(backend.describe_execution(execution_arn))
        return {"mapRuns": [run.list_item() for run in reversed(runs.get_all())] if runs else []}

    @replaces(moto.DESCRIBE_EXECUTION, wraps=True)
    def find_execution(self, find: Callable[[Any, str], Any], backend: Any, execution_arn: str) -> Any:
        """Find an execution; a child by its Map Run. An Express execution is found only as such a child."""
        for child in _all_children(backend) if "/" in execution_arn else ():
            if child.exec_arn == execution_arn and child.status != PENDING:
                return child
        if ":express:" in execution_arn:
            raise InvalidArn("Invalid Arn: 'Resource type not valid in this context: express'")
        return find(backend, execution_arn)


def find_run(backend: Any, map_run_arn: str) -> Any:
    """Return a Map Run.

    Raises:
        ResourceNotFound: it does not exist.
    """
    for execution in backend._get_executions():
        runs = moto.map_runs_of(execution)
        if runs and (run := runs.get(map_run_arn)):
            return run
    raise ResourceNotFound(map_run_arn)


def described(run: Any) -> dict[str, Any]:
    """Return what DescribeMapRun answers."""
    redrives, children = redrives_of(run), vars(run).get("children", [])
    found = {
        **run.describe(),
        "itemCounts": _counts(run, [(child.status, child.items) for child in children]),
        "executionCounts": _counts(run, [(child.status, 1) for child in children]),
        "redriveCount": redrives.count,
    }
    if redrives.date:
        found["redriveDate"] = iso_8601_datetime_with_milliseconds(redrives.date)
    return found


def _all_children(backend: Any) -> list[Child]:
    pools = [moto.map_runs_of(execution) for execution in backend._get_executions()]
    runs = [run for pool in pools if pool for run in pool.get_all()]
    return [child for run in runs for child in vars(run).get("children", [])]


def _counts(run: Any, children: list[tuple[str, int]]) -> dict[str, int]:
    total = sum(number for _, number in children)
    counts = dict.fromkeys(_COUNTED, 0)
    for status, number in children:
        counts[_COUNTED_AS.get(status, status.lower())] += number
    written = 0 if run.status == MapRunStatus.RUNNING else total
    return {**counts, "total": total, "resultsWritten": written, "failuresNotRedrivable": 0}


def _tell(env: Any, kind: Any, **details: Any) -> None:
    given: Any = {_DETAILS[kind]: details} if details else None
    env.event_manager.add_event(context=env.event_history_context, event_type=kind, event_details=given)


def _begun(env: Any, run: Any) -> Any:
    """Return a Map Run that has begun: that of a redriven execution goes on, if it failed."""
    place = place_of(env)
    known = place.map_run
    pool = env.map_run_record_pool_manager
    if known is None or known.status == MapRunStatus.SUCCEEDED:
        place.map_run = run
        run.children = []
        _tell(env, HistoryEventType.MapRunStarted, mapRunArn=run.map_run_arn)
        return run
    moto.drop_map_run(pool, run)
    redrives_of(known).add()
    known.status, known.stop_date = MapRunStatus.RUNNING, None
    for child in known.children:
        if child.status in UNSUCCESSFUL:
            child.await_redrive()
    count = redrives_of(known).count
    _tell(env, HistoryEventType.MapRunRedriven, mapRunArn=known.map_run_arn, redriveCount=count)
    return known


def _children(env: Any, asked: Any, run: Any, fields: MapFields) -> list[Child]:
    """Read the items, select of each what a child gets, and make the children, which wait."""
    if asked.item_reader:
        asked.item_reader.eval(env=env)
        items = env.stack.pop()
    else:
        items = asked.input_items
    selector = asked.item_selector or asked.parameters
    if selector:
        source = {} if asked.item_reader else {"Source": "STATE_DATA"}
        items = [_selected(env, selector, {"Index": n, "Value": v, **source}) for n, v in enumerate(items)]
    return [Child(env, run, fields, given, count) for given, count in fields.batches(items, env)]


def _selected(env: Any, selector: Any, item: dict[str, Any]) -> Any:
    frame = env.open_inner_frame()
    try:
        frame.states.context_object.context_object_data["Map"] = {"Item": item}
        frame.states.reset(env.stack[-1])
        frame.stack.append(env.stack[-1])
        selector.eval(frame)
        return frame.stack[-1]
    finally:
        env.delete_frame(frame)


def _require_rights(env: Any, run: Any) -> None:
    """Require that the role may start the children that wait, and redrive those that ran.

    Raises:
        FailureEventException: it may not.
    """
    details, context = env.aws_execution_details, env.states.context_object.context_object_data
    waiting = _waiting(run)
    fresh = [child for child in waiting if child.exec_worker is None or child.sm_type != "STANDARD"]
    machine_arn = context["StateMachine"]["Id"].partition("/")[0]
    asked = [("states:StartExecution", machine_arn)] if fresh else []
    asked += [("states:RedriveExecution", child.exec_arn) for child in waiting if child not in fresh]
    role = identity.find_role(details.role_arn)
    try:
        for action, resource in asked:
            if role is None:
                raise identity.AccessDenied(f"The role {details.role_arn} does not exist")
            identity.check_role_permission(role, action, resource)
    except identity.AccessDenied as error:
        raise failed(env, "States.Runtime", error.message) from None


def _run_children(env: Any, run: Any, component: Any) -> None:
    """Run the children that wait, until all have ended, too many have failed, or the parent is stopped."""
    program = moto.iteration_program(component)
    waiting = deque(_waiting(run))
    failures = _Failures(run)
    running: set[Child] = set()
    ended: queue.SimpleQueue[Child] = queue.SimpleQueue()

    def work(child: Child) -> None:
        try:
            child.run(program)
        finally:
            ended.put(child)

    while waiting or running:
        if failures.exceeded or not env.is_running():
            cause = _CAUSE if env.is_running() else "The parent execution was stopped"
            for child in running:
                child.abort(cause)
            for child in waiting:
                child.give_up()
            return
        while waiting and len(running) < min(run.max_concurrency or _AT_ONCE, _AT_ONCE):
            child = waiting.popleft()
            running.add(child)
            threading.Thread(target=work, args=(child,), name=child.name, daemon=True).start()
        try:
            child = ended.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            continue
        running.discard(child)
        failures.count(child)


def _waiting(run: Any) -> list[Child]:
    return [child for child in run.children if child.status in (PENDING, PENDING_REDRIVE)]


class _Failures:
    """The items of a Map Run that have failed, counted as their children end."""

    def __init__(self, run: Any) -> None:
        self._run = run
        self._items = sum(child.items for child in run.children)
        self._unsuccessful = 0
        for child in run.children:
            self.count(child)

    def count(self, child: Child) -> None:
        """Count the items of a child that has ended."""
        if child.status in UNSUCCESSFUL:
            self._unsuccessful += child.items

    @property
    def exceeded(self) -> bool:
        """Whether they are more than the run tolerates."""
        count, percentage = self._run.tolerated_failure_count, self._run.tolerated_failure_percentage
        # A threshold that is not given is 0, and only counts when the other one is not given either.
        by_count = self._unsuccessful > count if count or not percentage else False
        by_percentage = (
            self._unsuccessful * 100 > percentage * self._items if percentage or not count else False
        )
        return by_count or by_percentage


def _require_success(env: Any, run: Any) -> None:
    if env.is_running() and _Failures(run).exceeded:
        raise failed(env, "States.ExceedToleratedFailureThreshold", _CAUSE)


def _stopped(env: Any) -> FailureEventException:
    """Return what ends the state of an execution that is stopped; no event tells of it."""
    return failure(
        env, "States.Runtime", HistoryEventType.ExecutionFailed, {"executionFailedEventDetails": {}}
    )
