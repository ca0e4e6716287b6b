"""Where the embedded cloud listens, and how a child process reaches it."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from strata.checkout.files import write_private

CLOUD_FILE = "cloud.json"


class Endpoints(BaseModel):
    """The facts a client of a running embedded cloud needs.

    `snowflake_password` is random per start; `reattach_providers` is the value of `TF_REATTACH_PROVIDERS`
    (JSON) and empty while no provider serves. `session` holds a role's AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; without it a client is the account's root.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    account_id: str
    region: str
    aws_url: str
    snowflake_host: str
    snowflake_port: int
    snowflake_account: str
    snowflake_user: str
    snowflake_password: str
    reattach_providers: str
    session: dict[str, str] = Field(default_factory=dict, repr=False)

    @classmethod
    def first(cls, output: Iterable[str]) -> Endpoints | None:
        """The endpoints that the cloud's process prints when it listens; None if it ends without them.

        Args:
            output: its lines; whatever a library prints before is passed over.
        """
        for line in output:
            with contextlib.suppress(ValueError):
                return cls.model_validate_json(line)
        return None

    def for_account(self, account_id: str, region: str) -> Endpoints:
        """The same cloud, seen from another of its accounts and regions."""
        return self.model_copy(update={"account_id": account_id, "region": region})

    def environment(self) -> dict[str, str]:
        """Return the variables by which Terraform, boto3 and the Snowflake clients find this cloud.

        The access key id is the account id: LocalStack's convention for choosing an account.
        """
        organization, _, account = self.snowflake_account.rpartition("-")
        return {
            "AWS_ENDPOINT_URL": self.aws_url,
            "AWS_ENDPOINT_URL_S3": self.aws_url,
            "AWS_ENDPOINT_URL_DYNAMODB": self.aws_url,
            "AWS_ACCESS_KEY_ID": self.account_id,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "STRATA_LOCAL": self.aws_url,
            "SNOWFLAKE_HOST": self.snowflake_host,
            "SNOWFLAKE_PORT": str(self.snowflake_port),
            "SNOWFLAKE_PROTOCOL": "http",
            "SNOWFLAKE_USER": self.snowflake_user,
            "SNOWFLAKE_PASSWORD": self.snowflake_password,
            "SNOWFLAKE_ORGANIZATION_NAME": organization,
            "SNOWFLAKE_ACCOUNT_NAME": account,
            "TF_REATTACH_PROVIDERS": self.reattach_providers,
            **self.session,
        }


class CloudFile(BaseModel):
    """What `<directory>/cloud.json` says about the cloud that runs there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int
    endpoints: Endpoints

    def write(self, directory: Path) -> None:
        """Write the file whole or not at all, readable by its owner only: it holds a password."""
        write_private(directory / CLOUD_FILE, self.model_dump_json(indent=2))

    @classmethod
    def read(cls, directory: Path) -> CloudFile | None:
        """Return what the file says if its cloud still answers, else None."""
        try:
            found = cls.model_validate_json((directory / CLOUD_FILE).read_text())
            os.kill(found.pid, 0)
            host, _, port = found.endpoints.aws_url.removeprefix("http://").partition(":")
            with socket.create_connection((host, int(port)), timeout=2):
                return found
        except (OSError, ValueError):
            return None
