"""What the parts of one embedded cloud share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.cloud import WARM_PROCESSES
from strata.cloud.aws.run_ends import RunEnds
from strata.cloud.aws.sqs.channels import Channels
from strata.cloud.clock import Clock

if TYPE_CHECKING:
    from strata.cloud.github.issuer import Issuer
    from strata.faults import FaultRegistry


def _new_issuer() -> Issuer:
    # Imported here: it brings cryptography, which a cloud needs and its importer does not.
    from strata.cloud.github.issuer import Issuer

    return Issuer()


def _new_faults() -> FaultRegistry:
    # Imported here: set-up finds Java through this package before any other package is installed.
    from strata.faults import FaultRegistry

    return FaultRegistry()


def no_roles(role_arn: str, **asked: Any) -> Any:
    raise LookupError(f"no embedded AWS runs that has the role {role_arn}")


@dataclass
class CloudContext:
    """One embedded cloud: its account, its folder, and where its servers listen.

    A port of 0 means a free one. `aws_url` is empty until the AWS server listens; `snowflake_environment`
    (SNOWFLAKE_HOST, SNOWFLAKE_PORT, SNOWFLAKE_PROTOCOL, for Lambdas) is empty until Snowflake does.
    `assume_role` is `Identity.assume_role` of the AWS server while it listens, and `objects` its
    `StoredObjects`; `channels` are queues outside the account; `issuer` signs for GitHub. `faults` are those
    that were asked for.
    `clock` is the cloud's time, which can be moved forward; `glue_ends` are the ends of its Glue runs.
    `any_key` takes an access key that it has not given for the account's root; it is refused otherwise.
    `warm_processes` Spark processes are kept warm for Glue; a run that finds none starts its own.
    """

    account_id: str
    region: str
    directory: Path
    aws_port: int = 0
    snowflake_port: int = 0
    aws_url: str = ""
    snowflake_environment: dict[str, str] = field(default_factory=dict)
    warm_processes: int = WARM_PROCESSES
    assume_role: Callable[..., Any] = no_roles
    objects: Any = None
    channels: Channels = field(default_factory=Channels)
    clock: Clock = field(default_factory=Clock)
    glue_ends: RunEnds = field(default_factory=RunEnds)
    any_key: bool = False
    issuer: Issuer = field(default_factory=_new_issuer)
    faults: FaultRegistry = field(default_factory=_new_faults)
