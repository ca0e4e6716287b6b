"""Why an execution failed, and what to do next."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from strata.platform.pipeline import Execution
from strata.trace.models import Failure, StateRun

_REPROCESS = "strata reprocess --prefix {key}"
_PUT = "strata put FILE --key {key}"


@dataclass(frozen=True)
class _Kind:
    """A kind of failure: what its text matches, what to do, and the command."""

    pattern: str
    remedy: str
    command: str


# The first that matches the error or the reason.
_KINDS = (
    _Kind(
        r"RefusedObject",
        "correct the file so that it keeps its contract, and put it again under its key",
        _PUT,
    ),
    _Kind(
        r"the reference file \S+ is not there",
        "put the reference file, then process the object again",
        _REPROCESS,
    ),
    _Kind(
        r"the reference file",
        "correct the reference file and put it, then process the object again",
        _REPROCESS,
    ),
    _Kind(
        r"AccessDenied|not authorized|AccessDeniedException",
        "give the role the permission in live/_components/iam.hcl, apply, then process the object again",
        _REPROCESS,
    ),
    _Kind(r"CloudStopped", "the embedded cloud was stopped meanwhile: process the object again", _REPROCESS),
    _Kind(
        r"BrokenInvariant|ReconciliationError", "rows do not add up: report it with this trace", _REPROCESS
    ),
    _Kind(r"Timeout|TIMED_OUT|timed out", "give the task more time, or the job more workers", _REPROCESS),
)
_OTHER = _Kind("", "correct the cause, then process the object again", _REPROCESS)


def explain(status: str, error: str, cause: str, visits: Sequence[StateRun], key: str) -> Failure | None:
    """Explain the end of an execution; None if it did not fail.

    Args:
        status: Step Functions' own word.
        error, cause: the execution's.
        visits: the states.
        key: the object's.
    """
    if status in ("RUNNING", "SUCCEEDED", "PENDING_REDRIVE"):
        return None
    # The first state that failed; those after it only record that.
    guilty = next((one for one in visits if one.status in ("caught", "failed") and one.error), None)
    error = error or (guilty.error if guilty else "") or status
    reason = Execution("", status, "", 0, (), error, cause or (guilty.cause if guilty else "")).reason
    reason = reason.removeprefix(f"{error}: ").strip() or _cause_text(cause)
    kind = next((one for one in _KINDS if re.search(one.pattern, f"{error} {reason}")), _OTHER)
    return Failure(
        state=guilty.name if guilty else (visits[-1].name if visits else ""),
        error=error,
        reason=reason,
        remedy=kind.remedy,
        command=kind.command.format(key=shlex.quote(key)) if key else "",
    )


def _cause_text(cause: str) -> str:
    try:
        return json.dumps(json.loads(cause))[:600]
    except ValueError:
        return cause[:600]
