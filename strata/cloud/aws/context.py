"""What the parts of one embedded cloud share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class CloudContext:
    """One embedded cloud: its account, its folder, and where its servers listen.

    A port of 0 means a free one. `aws_url` is empty until the AWS server listens; `snowflake_environment`
    (SNOWFLAKE_HOST, SNOWFLAKE_PORT, SNOWFLAKE_PROTOCOL, for Lambdas) is empty until Snowflake does.
    `warm_processes` Spark processes are kept warm for Glue; a run that finds none starts its own.
    """

    account_id: str
    region: str
    directory: Path
    aws_port: int = 0
    snowflake_port: int = 0
    aws_url: str = ""
    snowflake_environment: dict[str, str] = field(default_factory=dict)
    warm_processes: int = 4
