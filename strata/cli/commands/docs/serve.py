"""Serve the documentation on this machine until Ctrl-C, with a search."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated, Any

import typer

from strata.cli.checkout import repository_root
from strata.cli.views.console import err, out
from strata.docs.site import build
from strata.errors import StrataError

EXAMPLES = ("strata docs serve", "strata docs serve --port 8000")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def run(
    port: Annotated[int, typer.Option(help="Port; 0 picks a free one.", min=0, max=65535)] = 0,
) -> None:
    """Build it, and serve it on the loopback address.

    Raises:
        StrataError: a page has a fault, or the port is taken.
    """
    root = repository_root()
    folder = root / ".strata" / "site"
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Quiet, directory=str(folder)))
    except OSError as error:
        raise StrataError(
            f"port {port} cannot be used: {error.strerror}", remedy="leave --port out, or name another"
        ) from None
    with server:
        with err.status("documentation") as status:
            build(root, folder, status.update)
        out.print(f"http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)", soft_wrap=True)
        server.serve_forever()
