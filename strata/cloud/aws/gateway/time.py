"""The cloud's clock: as moto's time, and the page by which it is shown and moved."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from flask import Response
from werkzeug.wrappers import Request

from strata.cloud.aws import moto_compat as moto
from strata.cloud.aws.gateway.local import is_local
from strata.cloud.aws.service import Service, replaces
from strata.cloud.clock import Clock
from strata.errors import StrataError


class Time(Service):
    """moto's time; what S3 and IAM stamp, and how long keys are valid, stays this machine's."""

    name = "clock"

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    @replaces(*moto.UTC_NOW)
    def utc_now(self) -> datetime:
        return self._clock.now().replace(tzinfo=None)

    def state(self) -> Any:
        """Return how far the clock is ahead."""
        return self._clock.ahead

    def load(self, state: Any) -> None:
        """Be at least as far ahead: what has been saved must not lie in the future."""
        self._clock.catch_up(state or timedelta(0))


def answer(clock: Clock, request: Request) -> Response:
    """The answer to `/_strata/clock`: GET shows the time, POST moves the clock by `seconds`."""
    if not is_local(request):
        return Response("the clock is moved on this machine only", HTTPStatus.FORBIDDEN)
    try:
        if request.method == "POST":
            clock.advance(timedelta(seconds=float(json.loads(request.get_data())["seconds"])))
    except (StrataError, ValueError, KeyError, TypeError, OverflowError) as error:
        return Response(f"the clock cannot be moved: {error}", HTTPStatus.BAD_REQUEST)
    shown = {"now": clock.now().isoformat(), "ahead_seconds": round(clock.ahead.total_seconds(), 3)}
    return Response(json.dumps(shown), mimetype="application/json")
