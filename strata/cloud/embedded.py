"""The embedded cloud as one thing: the AWS server, the Snowflake server and the Snowflake provider."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from strata.cloud import WARM_PROCESSES
from strata.cloud.aws import AwsServer, CloudContext
from strata.cloud.endpoints import CLOUD_FILE, CloudFile, Endpoints
from strata.errors import StrataError

if TYPE_CHECKING:
    from strata.cloud.snowflake import ProviderServer, SnowflakeServer


class EmbeddedCloud:
    """An AWS account and a Snowflake account on loopback ports, while the context lasts.

    Args:
        directory: where the cloud keeps its files, made if missing; `cloud.json` there says where it listens.
        account_id: the AWS account, 12 digits.
        region: the AWS region.
        aws_port, snowflake_port: ports on 127.0.0.1, 0 for free ones.
        any_key: whether an unknown access key is the account's root; it is refused otherwise.
        warm_processes: how many Spark processes are kept warm for Glue once it has a job.
    """

    def __init__(
        self,
        directory: Path,
        *,
        account_id: str,
        region: str,
        aws_port: int = 0,
        snowflake_port: int = 0,
        warm_processes: int = WARM_PROCESSES,
        any_key: bool = False,
    ) -> None:
        self.context = CloudContext(
            account_id=account_id,
            region=region,
            # Children run in folders of their own: a relative path would mean another place there.
            directory=directory.resolve(),
            aws_port=aws_port,
            snowflake_port=snowflake_port,
            warm_processes=warm_processes,
            any_key=any_key,
        )
        self._aws = AwsServer(self.context)
        self._snowflake: SnowflakeServer | None = None
        self._provider: ProviderServer | None = None
        self._reattach = ""
        self._wrote_file = False

    def __enter__(self) -> Endpoints:
        """Start all servers; return where they listen.

        Raises:
            StrataError: a port is taken, or a cloud runs in this directory already.
        """
        directory = self.context.directory
        directory.mkdir(parents=True, exist_ok=True)
        running = CloudFile.read(directory)
        if running is not None:
            raise StrataError(
                f"an embedded cloud runs in {directory} already (process {running.pid})",
                remedy="use that one, or stop it with `strata down`",
            )
        try:
            self._start_snowflake()
            self._aws.start()
            endpoints = self._endpoints()
            # Said first: a signal may come as soon as the file is there.
            self._wrote_file = True
            CloudFile(pid=os.getpid(), endpoints=endpoints).write(directory)
            return endpoints
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def warm_up(self) -> None:
        """Begin to warm up what else the first one waits for: Spark processes for Glue, and Snowflake."""
        self._aws.services.glue.warm_up()
        if self._snowflake is not None and self._provider is not None:
            self._provider.warm_up()
            self._snowflake.warm_up()

    def stop(self) -> None:
        """Stop all servers and remove `cloud.json`; a second call does nothing."""
        if self._wrote_file:
            (self.context.directory / CLOUD_FILE).unlink(missing_ok=True)
            self._wrote_file = False
        if self._provider is not None:
            self._provider.stop()
            self._provider = None
        if self._snowflake is not None:
            self._snowflake.stop()
            self._snowflake = None
        self._aws.stop()

    def _start_snowflake(self) -> None:
        # Imported here: whoever only reads this module's names does not pay for gRPC.
        from strata.cloud.snowflake import ProviderServer, SnowflakeServer

        self._snowflake = SnowflakeServer(self.context)
        self._snowflake.start()
        self._provider = ProviderServer(self._snowflake)
        self._reattach = self._provider.start()

    def _endpoints(self) -> Endpoints:
        assert self._snowflake is not None, "Snowflake has not started"
        return Endpoints(
            account_id=self.context.account_id,
            region=self.context.region,
            aws_url=self.context.aws_url,
            snowflake_host=self._snowflake.host,
            snowflake_port=self._snowflake.port,
            snowflake_account=self._snowflake.account,
            snowflake_user=self._snowflake.user,
            snowflake_password=self._snowflake.password,
            reattach_providers=self._reattach,
        )
