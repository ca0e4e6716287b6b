"""One fault: where it strikes, what it does, and at which calls."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from strata.errors import StrataError, did_you_mean
from strata.faults import operations

DELIVERY = "events:Delivery"
JOB_RUN = "glue:JobRun"
INVOCATION = "lambda:Invocation"
CONNECTION = "snowflake:Connection"

# What can be done to an operation of an API, and to the four things that are not one.
API_EFFECTS = ("fail", "throttle", "delay")
EFFECTS: dict[str, tuple[str, ...]] = {
    DELIVERY: ("drop", "duplicate", "delay", "reorder"),
    JOB_RUN: ("stop", "kill"),
    INVOCATION: ("timeout",),
    CONNECTION: ("unreachable",),
}
_ERROR = "InternalServerError"
_TIMED = ("delay", "reorder", "stop", "kill", "timeout")
_SECONDS = {"delay": 1.0, "reorder": 5.0}


class Fault(BaseModel):
    """A fault, as it is asked for; made by `new_fault`, which checks it.

    Attributes:
        operation: `service:Operation`, or one of EFFECTS.
        effect: what happens.
        error: the error code of `fail` and `throttle`.
        status: their HTTP status.
        seconds: how long `delay` lasts and `reorder` waits for another event, and after how many seconds a
            run or an invocation is ended.
        call: the first call that it strikes, counted from 1 among those that match `resource`.
        times: how often it strikes; None for always, as an outage of Snowflake does.
        probability: of each of these calls.
        seed: of the chance.
        resource: text that must stand in the call: a key, a table, a job, a rule.
        name: what `list` and `clear` call it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    operation: str
    effect: str
    error: str = ""
    status: int = 0
    seconds: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    call: int = Field(default=1, ge=1)
    times: int | None = Field(default=1, ge=1)
    probability: float = Field(default=1.0, gt=0, le=1)
    seed: int = 0
    resource: str = ""
    name: str = ""

    @model_validator(mode="after")
    def _completed(self) -> Fault:
        """Check names and fill in what follows from them."""
        service, _, name = self.operation.partition(":")
        allowed = EFFECTS.get(self.operation)
        if allowed is None:
            operations.require(self.operation, EFFECTS)
            allowed = API_EFFECTS
        if self.effect not in allowed:
            raise StrataError(
                f"{self.operation} has no effect `{self.effect}`", remedy=did_you_mean(self.effect, allowed)
            )
        fails = self.effect in ("fail", "throttle")
        if self.effect == "throttle" and self.error not in ("", operations.throttling(service)):
            raise StrataError("throttle has an error code of its own", remedy="use fail with --error")
        if not fails and (self.error or self.status):
            raise StrataError(f"{self.effect} has no error code", remedy="leave out --error and --status")
        if self.seconds and self.effect not in _TIMED:
            raise StrataError(f"{self.effect} takes no seconds", remedy="leave out --seconds")
        filled: dict[str, Any] = {}
        if self.operation == CONNECTION:
            # An outage, which no client ends by trying again.
            filled["times"] = None
        if fails:
            code = operations.throttling(service) if self.effect == "throttle" else self.error or _ERROR
            filled["error"] = code
            filled["status"] = self.status or operations.status(service, name, code)
        elif not self.seconds:
            filled["seconds"] = _SECONDS.get(self.effect, 0.0)
        for field, value in filled.items():
            # Frozen for everyone else.
            object.__setattr__(self, field, value)
        return self
