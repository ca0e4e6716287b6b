"""What DescribeExecution and ListExecutions tell beyond moto, also of the children of a Map Run.

Imported only when it is needed: the state language takes half a second.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import AWSError
from moto.stepfunctions.exceptions import ResourceNotFound

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.stepfunctions.map_children import PENDING
from strata.cloud.aws.stepfunctions.map_runs import find_run
from strata.cloud.aws.stepfunctions.redrive import refusal
from strata.cloud.aws.stepfunctions.redrives import redrives_of

_REVISIONS = (("stateMachineVersionArn", "version_arn"), ("stateMachineAliasArn", "alias_arn"))
_REDRIVEN = {"REDRIVEN": True, "NOT_REDRIVEN": False}


class ValidationException(AWSError):
    """The request asks for executions in a way that AWS does not know."""

    TYPE = "ValidationException"
    STATUS = 400


class StateMachineTypeNotSupported(AWSError):
    """The operation is not for this type of machine."""

    TYPE = "StateMachineTypeNotSupported"
    STATUS = 400


class InvalidToken(AWSError):
    """The page that is asked for does not exist."""

    TYPE = "InvalidToken"
    STATUS = 400


def complete(told: dict[str, Any], execution: Any) -> None:
    """Complete what DescribeExecution tells of an execution."""
    if execution.stop_date is not None and told["status"] != "RUNNING":
        told["stopDate"] = execution.stop_date
    for field, attribute in _REVISIONS:
        if getattr(execution.state_machine, attribute, ""):
            told[field] = getattr(execution.state_machine, attribute)
    told["inputDetails"] = {"included": True}
    if told["status"] == "SUCCEEDED":
        told["output"] = json.dumps(execution.output, ensure_ascii=False)
    else:
        told.pop("outputDetails", None)
    redrives = redrives_of(execution)
    told["redriveCount"] = redrives.count
    if redrives.date:
        told["redriveDate"] = redrives.date
    if is_child := hasattr(execution, "map_run_arn"):
        told["mapRunArn"] = execution.map_run_arn
        status, reason = execution.redrive_status()
    else:
        reason = refusal(execution)
        status = "NOT_REDRIVABLE" if reason else "REDRIVABLE"
    told["redriveStatus"] = status
    if reason:
        told["redriveStatusReason"] = reason
    if is_child and not redrives.count:
        del told["redriveCount"]


def list_item(execution: Any) -> dict[str, Any]:
    """Return what ListExecutions tells of an execution."""
    redrives = redrives_of(execution)
    told = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_date,
        "stopDate": execution.stop_date if execution.status != "RUNNING" else None,
        "mapRunArn": getattr(execution, "map_run_arn", None),
        "itemCount": getattr(execution, "items", None),
        "redriveCount": redrives.count,
        "redriveDate": redrives.date,
    }
    return {name: value for name, value in told.items() if value is not None}


def list_children(response: Any) -> dict[str, Any]:
    """Carry out ListExecutions with `mapRunArn` for the request that a response answers.

    Raises:
        ValidationException: a state machine is named as well.
        ResourceNotFound: the Map Run does not exist.
    """
    arn = moto.parameter(response, "mapRunArn")
    if moto.parameter(response, "stateMachineArn"):
        raise ValidationException("Exactly one of stateMachineArn and mapRunArn must be given")
    try:
        run = find_run(response.stepfunction_backend, arn)
    except ResourceNotFound:
        raise ResourceNotFound(f"Resource not found: '{arn}'") from None
    status, redriven = (moto.parameter(response, name) for name in ("statusFilter", "redriveFilter"))
    children = [
        child
        for child in vars(run).get("children", [])
        if child.status != PENDING
        and status in (None, child.status)
        and (redriven is None or _REDRIVEN[redriven] == bool(redrives_of(child).count))
    ]
    children.sort(key=lambda child: child.start_date, reverse=True)
    page, more = _page(response, children)
    return {"executions": [list_item(child) for child in page], **more}


def history(response: Any, events: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the page of a history that GetExecutionHistory asks for; moto returns all of it.

    Args:
        response: answers the request.
        events: the history.

    Raises:
        InvalidToken: the page does not exist.
    """
    page, more = _page(response, events[::-1] if moto.parameter(response, "reverseOrder") else events)
    if moto.parameter(response, "includeExecutionData") is False:
        page = [{name: _without_data(value) for name, value in event.items()} for event in page]
    return {"events": page, **more}


def _page(response: Any, items: list[Any]) -> tuple[list[Any], dict[str, str]]:
    """The page that a request asks for, and the token of the next one.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html: 100 by
    default, which 0 also means.
    """
    token = moto.parameter(response, "nextToken") or "0"
    if not token.isdecimal() or int(token) > len(items):
        raise InvalidToken(f"Invalid token: '{token}'")
    end = int(token) + (moto.int_parameter(response, "maxResults") or 100)
    return items[int(token) : end], {"nextToken": str(end)} if end < len(items) else {}


def _without_data(details: Any) -> Any:
    if not isinstance(details, dict):
        return details
    return {name: value for name, value in details.items() if name not in ("input", "output")}
