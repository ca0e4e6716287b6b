"""Print the address of the console, a web page over the running platform.

`strata up` serves it on this machine only. The address holds a token: whoever has it may look and query."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from strata.cli.checkout import checkout_root
from strata.cli.console_server import record
from strata.cli.options import Json
from strata.cli.views.console import out, print_json
from strata.errors import StrataError
from strata.platform.session import require_running

EXAMPLES = ("strata console", "strata console --open")


def run(
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    json_: Json = False,
) -> None:
    """Print the address, or open it.

    Raises:
        StrataError: no platform runs, or it has no console.
    """
    # Imported here: a web server, whose record this only reads.
    from strata.console.server import recorded_url

    root = checkout_root()
    require_running(root)
    url = recorded_url(record(root))
    if url is None:
        raise StrataError("the platform that runs has no console", remedy="start it with `strata up`")
    if json_:
        print_json({"url": url})
    else:
        out.print(url, soft_wrap=True)
    if open_ and not webbrowser.open(url):
        raise StrataError("no browser was found", remedy="open the address yourself")
