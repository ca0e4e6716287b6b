"""A listening socket on this machine, for the embedded cloud's servers."""

from __future__ import annotations

import socket

from strata.errors import StrataError


def listen(port: int, server: str) -> socket.socket:
    """Listen on 127.0.0.1.

    Bound here and not by the server's library: werkzeug ends the process when the port is taken.

    Args:
        port: the TCP port, 0 for a free one.
        server: what listens, for the error, such as "AWS".

    Raises:
        StrataError: the port is taken or not allowed.
    """
    # With the protocol named, asyncio turns Nagle's delay off: 40 ms a statement.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise StrataError(
            f"port {port} on 127.0.0.1 cannot be used for the embedded {server}: {error.strerror}",
            remedy="end the process that listens there, or choose another port",
        ) from None
    return listening
