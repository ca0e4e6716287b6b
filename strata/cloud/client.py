"""A boto3 client for the embedded cloud, whatever the user's own AWS configuration and environment say."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Imported where it is used, as boto3 is.
    from botocore.config import Config

# botocore: (name in the configuration file, environment variable, default, conversion)
_SESSION_VARIABLES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "ca_bundle": (None, None, None, None),
}

_one_client = threading.Lock()


def embedded_client(service: str, url: str, region: str, credentials: Mapping[str, str]) -> Any:
    """Return a client of the service at the embedded cloud's URL that uses the given AWS_* keys."""
    from botocore.config import Config

    config = Config(
        # No proxy of the environment for a loopback address.
        proxies={},
        s3={"addressing_style": "path"},
        retries={"total_max_attempts": 2},
        # A server of this machine answers or is gone; a busy one may take long.
        read_timeout=None,
    )
    return client_of(service, url, region, credentials, config)


def client_of(service: str, url: str, region: str, credentials: Mapping[str, str], config: Config) -> Any:
    """Return a client as `embedded_client` does, with a configuration of the caller's."""
    # A session may be shared, but not by threads that make clients at once.
    with _one_client:
        return _session().client(
            service,
            endpoint_url=url,
            region_name=region,
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials.get("AWS_SESSION_TOKEN"),
            config=config,
        )


@functools.cache
def _session() -> Any:
    """One for all clients: each session reads the services' models anew, 0.1 s and more for a client."""
    # 0.2 s, which most commands need not spend.
    import boto3
    import botocore.session

    return boto3.session.Session(botocore_session=botocore.session.Session(_SESSION_VARIABLES))
