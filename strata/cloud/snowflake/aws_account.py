"""Snowflake's own AWS account, which reads the buckets of its customers and is told of their objects."""

from __future__ import annotations

_ACCOUNT = "210987654321"
# The IAM user of this Snowflake account in it.
USER_ARN = f"arn:aws:iam::{_ACCOUNT}:user/strata-embedded-snowflake"


def channel_arn(region: str) -> str:
    """Return the queue that notifications of a region's buckets go to."""
    return f"arn:aws:sqs:{region}:{_ACCOUNT}:sf-snowpipe-AIDAEMBEDDEDSNOWFLAKE-strataEmbeddedSnowflak"
