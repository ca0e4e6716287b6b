"""Shows and moves the clock of a running embedded cloud."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from strata.checkout.loopback import ask_cloud

PATH = "/_strata/clock"


@dataclass(frozen=True)
class CloudTime:
    """What the clock of a cloud shows, and how much later that is than this machine's time."""

    now: datetime
    ahead: timedelta


class CloudClock:
    """The clock of one running cloud.

    Args:
        aws_url: where its AWS listens.
    """

    def __init__(self, aws_url: str) -> None:
        self._url = f"{aws_url}{PATH}"

    def show(self) -> CloudTime:
        """Return the cloud's time.

        Raises:
            StrataError: the cloud does not answer.
        """
        return self._ask("GET")

    def advance(self, by: timedelta | None = None, *, seconds: float = 0.0) -> CloudTime:
        """Move the clock forward, and let happen what comes due on the way; return the new time.

        Args:
            by: how far.
            seconds: how far beyond that.

        Raises:
            StrataError: the time is negative or too long, or the cloud does not answer.
        """
        total = (by or timedelta(0)).total_seconds() + seconds
        return self._ask("POST", json.dumps({"seconds": total}).encode())

    def _ask(self, method: str, content: bytes | None = None) -> CloudTime:
        shown = ask_cloud(self._url, method, content)
        return CloudTime(datetime.fromisoformat(shown["now"]), timedelta(seconds=shown["ahead_seconds"]))
