"""List the faults of the running cloud, with the calls they have seen and struck."""

from __future__ import annotations

from strata.cli.checkout import checkout_root
from strata.cli.options import Json
from strata.cli.views.console import out, print_json, table
from strata.platform.session import require_running

EXAMPLES = ("strata faults list", "strata faults list --json")


def run(json_: Json = False) -> None:
    """Print them.

    Raises:
        StrataError: the cloud is not running.
    """
    from strata.faults import Faults

    found = Faults(require_running(checkout_root()).endpoints.aws_url).listed()
    if json_:
        print_json(found)
        return
    columns = ["name", "operation", "effect", "error", "resource", "calls", "struck", "times"]
    rows = [[one[name] for name in columns[:-1]] + [one["times"] or "always"] for one in found]
    out.print(table(None, columns, rows) if rows else "no faults")
