"""A boto3 client for the embedded cloud, whatever the user's own AWS configuration and environment say."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

# botocore: (name in the configuration file, environment variable, default, conversion)
_SESSION_VARIABLES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "ca_bundle": (None, None, None, None),
}


def embedded_client(service: str, url: str, region: str, credentials: Mapping[str, str]) -> Any:
    """Return a client of the service at the embedded cloud's URL that uses the given AWS_* keys."""
    # 0.2 s, which most commands need not spend.
    import boto3
    import botocore.session
    from botocore.config import Config

    session = boto3.session.Session(botocore_session=botocore.session.Session(_SESSION_VARIABLES))
    return session.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=credentials.get("AWS_SESSION_TOKEN"),
        config=Config(
            # No proxy of the environment for a loopback address.
            proxies={},
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 2},
            # A server of this machine answers or is gone; a busy one may take long.
            read_timeout=None,
        ),
    )
