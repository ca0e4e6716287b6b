"""An embedded cloud for tests, in a process of its own: moto stays as it comes in the tests' own process."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from strata.cloud.endpoints import Endpoints
from strata.cloud.snapshot import PATH
from strata.errors import StrataError

# No proxy of the environment stands before a loopback address.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextlib.contextmanager
def embedded_cloud(folder: Path) -> Iterator[Endpoints]:
    """Serve an embedded cloud while the context lasts; of Spark it warms nothing.

    Args:
        folder: where it keeps its files, made if missing.

    Raises:
        StrataError: it does not start.
    """
    home, log = folder / "home", folder / "log"
    home.mkdir(parents=True)
    kept = {name: os.environ[name] for name in ("PATH", "JAVA_HOME", "LANG") if name in os.environ}
    with log.open("w") as errors:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "strata.cloud",
                "--directory",
                str(folder / "run"),
                "--warm-processes",
                "0",
            ],
            env={**kept, "HOME": str(home), "SNOWFLAKE_HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout is not None
        endpoints = Endpoints.first(process.stdout)
        if endpoints is None:
            raise StrataError(f"the embedded cloud did not start: {log.read_text().strip()}")
        yield endpoints
    finally:
        # The end of its input ends it.
        process.communicate()


@contextlib.contextmanager
def restored(cloud: Endpoints) -> Iterator[None]:
    """Undo, at the end, all that was done to a cloud's AWS and Snowflake meanwhile.

    Raises:
        StrataError: it holds what cannot be put back: a running execution, a table of Snowflake.
    """
    services = (cloud.aws_url, f"http://{cloud.snowflake_host}:{cloud.snowflake_port}")
    for service in services:
        _ask("POST", service)
    try:
        yield
    finally:
        for service in services:
            _ask("DELETE", service)


def _ask(method: str, service: str) -> None:
    try:
        _opener.open(urllib.request.Request(f"{service}{PATH}", method=method)).close()
    except urllib.error.HTTPError as error:
        raise StrataError(error.read().decode()) from None
