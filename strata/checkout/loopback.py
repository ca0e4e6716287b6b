"""Requests to servers of this machine."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from strata.errors import StrataError

# No proxy of the environment stands before a loopback address.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask_cloud(url: str, method: str = "GET", content: bytes | None = None) -> Any:
    """Ask the running embedded cloud for something of its own; return the document that it answers.

    Raises:
        StrataError: it refuses, or does not answer.
    """
    request = urllib.request.Request(url, method=method, data=content)
    request.add_header("Content-Type", "application/json")
    return json.loads(send(request))


def send(request: urllib.request.Request) -> bytes:
    """Send a request to the running embedded cloud; return what it answers.

    Raises:
        StrataError: it refuses, or does not answer.
    """
    try:
        with opener.open(request) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        raise StrataError(error.read().decode()) from None
    except OSError as error:
        raise StrataError(
            f"the embedded cloud does not answer: {error}", remedy="restart it with `strata up`"
        ) from None
