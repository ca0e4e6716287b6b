"""Stop the platform that `strata up` started."""

from __future__ import annotations

from strata.cli.checkout import checkout_root
from strata.cli.session import print_progress
from strata.cli.views.console import out
from strata.platform.session import end_running

EXAMPLES = ("strata down",)


def run() -> None:
    """End the running session, if there is one."""
    out.print("stopped" if end_running(checkout_root(), print_progress) else "not running")
