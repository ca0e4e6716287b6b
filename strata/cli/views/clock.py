"""The time of the running cloud, as commands print it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strata.cli.views.console import out, print_json

if TYPE_CHECKING:
    from strata.cloud.clock_client import CloudTime


def print_time(time: CloudTime, json_: bool) -> None:
    """Print a time, and how far it is ahead."""
    if json_:
        print_json({"now": time.now.isoformat(), "ahead_seconds": time.ahead.total_seconds()})
        return
    ahead = f"{time.ahead} ahead of this machine" if time.ahead else "as this machine"
    out.print(f"{time.now:%Y-%m-%d %H:%M:%S} UTC, {ahead}", markup=False, soft_wrap=True)
