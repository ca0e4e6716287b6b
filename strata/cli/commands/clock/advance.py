"""Move the running cloud's clock forward, and do on the way what comes due.

DURATION is one or more numbers with a unit, the longest first: d, h, m or s. Schedules, Wait states, delays
before a retry, deliveries, retentions and alarms come due, each at its own time. Jobs and functions keep this
machine's time. The clock does not go back; a new cloud starts with this machine's time."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

import typer

from strata.cli.checkout import checkout_root
from strata.cli.options import Json
from strata.cli.views.clock import print_time
from strata.errors import StrataError
from strata.platform.session import require_running

EXAMPLES = ("strata clock advance 2h", "strata clock advance 1d12h", "strata clock advance 90s --json")
_DURATION = re.compile(r"(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,8})m)?(?:(\d{1,9})s)?")


def run(
    duration: Annotated[str, typer.Argument(metavar="DURATION", help="How far, such as 2h or 1d12h.")],
    json_: Json = False,
) -> None:
    """Move it, and print the new time.

    Raises:
        StrataError: the duration is not one, or the cloud is not running.
    """
    from strata.cloud.clock_client import CloudClock

    by = parse(duration)
    print_time(CloudClock(require_running(checkout_root()).endpoints.aws_url).advance(by), json_)


def parse(duration: str) -> timedelta:
    """Read a duration such as `1d12h`.

    Raises:
        StrataError: it is not one.
    """
    found = _DURATION.fullmatch(duration)
    if not duration or found is None:
        raise StrataError(f"`{duration}` is not a duration", remedy="write it as 2h, 90m, 45s or 1d12h")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
