"""Requests that only this machine may send: they change the cloud itself, past its policies."""

from __future__ import annotations

from werkzeug.wrappers import Request

_LOOPBACK = ("127.0.0.1", "::1")


def is_local(request: Request) -> bool:
    """Whether a request comes from this machine, and asks for it by a loopback name."""
    # A page of the web reaches a loopback port through the browser, under a name of its own.
    host = request.host.rpartition(":")[0] or request.host
    return request.remote_addr in _LOOPBACK and host in ("localhost", *_LOOPBACK)
