"""Endpoints of a cloud that does not run, for tests that need one by name only."""

from __future__ import annotations

from strata.cloud.endpoints import Endpoints


def nowhere(account_id: str, region: str = "eu-west-1", aws_url: str = "http://127.0.0.1:1") -> Endpoints:
    """An account of a cloud whose ports nobody listens on."""
    return Endpoints(
        account_id=account_id,
        region=region,
        aws_url=aws_url,
        snowflake_host="127.0.0.1",
        snowflake_port=2,
        snowflake_account="ORG-ACCOUNT",
        snowflake_user="USER",
        snowflake_password="secret",
        reattach_providers="{}",
    )
