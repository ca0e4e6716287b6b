"""Show the running cloud's time, and how far it is ahead of this machine."""

from __future__ import annotations

from strata.cli.checkout import checkout_root
from strata.cli.options import Json
from strata.cli.views.clock import print_time
from strata.platform.session import require_running

EXAMPLES = ("strata clock show", "strata clock show --json")


def run(json_: Json = False) -> None:
    """Print it.

    Raises:
        StrataError: the cloud is not running.
    """
    from strata.cloud.clock_client import CloudClock

    print_time(CloudClock(require_running(checkout_root()).endpoints.aws_url).show(), json_)
