"""Faults at the door: their admin page, and requests that fail, are throttled or wait."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import Any

from flask import Response
from pydantic import ValidationError
from werkzeug.wrappers import Request

from strata.cloud.aws.api_call import (
    action_prefix,
    operation_of_request,
    parameters_of_request,
    service_of_request,
)
from strata.cloud.aws.gateway.local import is_local
from strata.errors import StrataError
from strata.faults import Fault, FaultRegistry


def fault_of_request(faults: FaultRegistry, default_service: str) -> Fault | None:
    """Return the fault that makes the request being served fail; one that delays it, waits here."""
    if not faults:
        return None
    service = service_of_request(default_service)
    name = f"{action_prefix(service)}:{operation_of_request(service)}"
    fault = faults.strike(name, lambda: json.dumps(parameters_of_request(service), default=str))
    if fault is not None and fault.effect == "delay":
        time.sleep(fault.seconds)
        return None
    return fault


def answer(faults: FaultRegistry, request: Request) -> Response:
    """The answer to `/_strata/faults`: GET lists, POST adds one, DELETE takes them back."""
    if not is_local(request):
        return Response("faults are asked for on this machine only", HTTPStatus.FORBIDDEN)
    found: Any
    try:
        if request.method == "POST":
            found = faults.add(Fault.model_validate_json(request.get_data())).model_dump()
        elif request.method == "DELETE":
            found = faults.clear(request.args.getlist("name"))
        else:
            found = faults.listed()
    except (StrataError, ValidationError) as error:
        return Response(str(error), HTTPStatus.BAD_REQUEST)
    return Response(json.dumps(found), mimetype="application/json")
