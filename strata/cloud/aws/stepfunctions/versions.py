"""The revisions and versions of a state machine. Rules: Step Functions API Reference.

moto has no revisions, numbers two versions alike that are published at once, and does not say which variables
a definition refers to.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.exceptions import StateMachineDoesNotExist
from moto.stepfunctions.models import StateMachine, StateMachineVersion
from moto.stepfunctions.responses import StepFunctionResponse

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.service import Service, action

Call = Callable[[StepFunctionResponse], ActionResult]
_REVISED = (
    "definition",
    "roleArn",
    "loggingConfiguration",
    "tracingConfiguration",
    "encryptionConfiguration",
)
_INNER = ("States", "ItemProcessor", "Iterator", "Branches")
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|/\*.*?\*/""", re.DOTALL)
# Not `$.a`, `$$.Map` and `$`; in JSONata not a function that is called.
_PATH_VARIABLE = re.compile(r"(?<![\w$])\$([A-Za-z_]\w*)")
_JSONATA_VARIABLE = re.compile(r"(?<![\w$])\$([A-Za-z_]\w*)(?!\w|\s*\()")
_BOUND = re.compile(r"\$(\w+)\s*:=|[@#]\s*\$(\w+)|(?:function|λ)\s*\(([^)]*)\)")


class ConflictException(AWSError):
    """The revision that is to be published is not the one that there is."""

    TYPE = "ConflictException"
    STATUS = 400


class Versions(Service):
    """The actions about a machine's past. Starts after Step Functions, whose description it completes."""

    name = "stepfunctions-versions"

    def __init__(self) -> None:
        super().__init__()
        self._changing = threading.Lock()

    @action("stepfunctions", "UpdateStateMachine", wraps=True)
    def update(self, update: Call, response: StepFunctionResponse) -> ActionResult:
        machine = response.stepfunction_backend.describe_state_machine(
            moto.parameter(response, "stateMachineArn")
        )
        with self._changing:
            before = [getattr(machine, field) for field in _REVISED]
            published = getattr(machine, "latest_version", None)
            updated = update(response)
            if before != [getattr(machine, field) for field in _REVISED]:
                vars(machine)["revision_id"] = str(uuid.uuid4())
            if (latest := getattr(machine, "latest_version", None)) is not published:
                vars(latest)["revision_id"] = _revision(machine)
        return _with_revision(updated, machine)

    @action("stepfunctions", "DescribeStateMachine", wraps=True)
    def describe(self, describe: Call, response: StepFunctionResponse) -> ActionResult:
        described = describe(response)
        machine = response.stepfunction_backend.describe_state_machine(
            moto.parameter(response, "stateMachineArn")
        )
        result: Any = described.result
        if found := variable_references(json.loads(result["definition"])):
            result["variableReferences"] = found
        return _with_revision(described, machine)

    @action("stepfunctions", "PublishStateMachineVersion")
    def publish(self, response: StepFunctionResponse) -> ActionResult:
        machine = _machine(response, moto.parameter(response, "stateMachineArn"))
        asked = moto.parameter(response, "revisionId")
        with self._changing:
            current = _revision(machine) or "INITIAL"
            if asked and asked != current:
                raise ConflictException(
                    f"Failed to publish the State Machine version for revision {asked}. "
                    f"The current State Machine revision is {current}."
                )
            latest = machine.latest_version
            # AWS: publishing an unchanged revision again gives the version that exists.
            if latest is None or _revision(latest) != _revision(machine):
                machine.publish(moto.parameter(response, "description"))
                latest = machine.latest_version
                vars(latest)["revision_id"] = _revision(machine)
        assert latest is not None
        return ActionResult({"creationDate": latest.creation_date, "stateMachineVersionArn": latest.arn})

    @action("stepfunctions", "ListStateMachineVersions")
    def list_versions(self, response: StepFunctionResponse) -> ActionResult:
        machine = _machine(response, moto.parameter(response, "stateMachineArn"))
        versions = [
            {"stateMachineVersionArn": version.arn, "creationDate": version.creation_date}
            for _, version in sorted(machine.versions.items(), reverse=True)
        ]
        start = int(moto.parameter(response, "nextToken") or 0)
        end = start + (moto.int_parameter(response, "maxResults") or 100)
        result: dict[str, Any] = {"stateMachineVersions": versions[start:end]}
        if end < len(versions):
            result["nextToken"] = str(end)
        return ActionResult(result)

    @action("stepfunctions", "DeleteStateMachineVersion")
    def delete(self, response: StepFunctionResponse) -> EmptyResult:
        arn, _, number = moto.parameter(response, "stateMachineVersionArn").rpartition(":")
        machine = _machine(response, arn)
        with self._changing:
            removed = machine.versions.pop(int(number), None)
            if removed is not None and machine.latest_version is removed:
                machine.latest_version = machine.versions[max(machine.versions)] if machine.versions else None
        return EmptyResult()


def _machine(response: StepFunctionResponse, arn: str) -> StateMachine:
    machine = response.stepfunction_backend.describe_state_machine(arn)
    if isinstance(machine, StateMachineVersion):
        raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")
    return machine


def _revision(machine: Any) -> str:
    """Return the id of a machine's or a version's revision; the first one has none."""
    return str(vars(machine).get("revision_id", ""))


def _with_revision(answer: ActionResult, machine: Any) -> ActionResult:
    result: Any = answer.result
    if revision := _revision(machine):
        result["revisionId"] = revision
    return answer


def variable_references(machine: dict[str, Any], language: str = "JSONPath") -> dict[str, list[str]]:
    """Return the variables that each state refers to, by the state's name; states that do not are left out.

    Args:
        machine: a definition, or a part of one that has states.
        language: the query language around it.
    """
    language = machine.get("QueryLanguage", language)
    found: dict[str, list[str]] = {}
    for name, state in machine.get("States", {}).items():
        inner = state.get("QueryLanguage", language)
        expressions = [_QUOTED.sub("", text) for text in _expressions(state, inner)]
        find = _JSONATA_VARIABLE if inner == "JSONata" else _PATH_VARIABLE
        names = {variable for text in expressions for variable in find.findall(text)}
        if inner == "JSONata":
            bound = {word for text in expressions for groups in _BOUND.findall(text) for word in groups}
            names -= {"states", *(word for text in bound for word in re.findall(r"\w+", text))}
        if names:
            found[name] = sorted(names)
        for part in (state.get("ItemProcessor"), state.get("Iterator"), *state.get("Branches", ())):
            if part:
                found |= variable_references(part, inner)
    return found


def _expressions(part: Any, language: str, field: str = "") -> Iterator[str]:
    """Yield the expressions of a state, without those of states in it."""
    if isinstance(part, str):
        if language == "JSONata":
            if part.startswith("{%"):
                yield part
        elif field.endswith((".$", "Path")) or field == "Variable":
            yield part
    elif isinstance(part, list):
        for item in part:
            yield from _expressions(item, language, field)
    elif isinstance(part, dict):
        for name, value in part.items():
            if name not in _INNER:
                yield from _expressions(value, language, name)
