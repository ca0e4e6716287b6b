"""What the sessions of roles asked for, and what was decided: what `strata prove` holds policies against."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

from werkzeug.wrappers import Response

from strata.iam import Request

PATH = "/_strata/decisions"
# A run of the platform asks for some hundred different things; keys of objects make more of them.
_MOST = 20_000


class RecordedDecisions:
    """The different requests of role sessions since the start, or since they were last forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str, str | None, bool], dict[str, Any]] = {}

    def note(
        self,
        role_arn: str,
        asked: Request,
        *,
        allowed: bool,
        boundary: str | None,
        resource_policy: str | None = None,
        account_id: str = "",
        session_policies: Sequence[str] = (),
    ) -> None:
        """Remember one decision; the first of its kind stays."""
        key = (role_arn, asked.action, asked.resource, allowed)
        if key in self._known or len(self._known) >= _MOST:
            return
        principal = asked.principal
        with self._lock:
            self._known[key] = {
                "role": role_arn,
                "action": asked.action,
                "resource": asked.resource,
                "allowed": allowed,
                "context": {name: asked.context[name] for name in asked.context},
                "principal": None if principal is None else [principal.account_id, list(principal.arns)],
                "boundary": boundary,
                "resource_policy": resource_policy,
                "account_id": account_id,
                "session_policies": list(session_policies),
            }

    def forget(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._known.clear()

    def answer(self, method: str) -> Response:
        """The answer to `GET`, a decision a line, and to `DELETE`, which forgets them."""
        if method == "DELETE":
            self.forget()
            return Response(status=204)
        with self._lock:
            found = list(self._known.values())
        return Response("\n".join(json.dumps(one) for one in found), content_type="application/jsonl")


# Decisions are made in functions of modules, which know no service; a process has one embedded AWS.
RECORDED = RecordedDecisions()
