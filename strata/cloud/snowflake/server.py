"""The embedded Snowflake: one account, served over HTTP on a loopback port.

It listens at once, and loads its engine for the first client: half of what the embedded cloud would need to
start (docs/decisions/0153-snowflake-loads-for-its-first-client.md).
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import selectors
import socket
import threading
from typing import TYPE_CHECKING, Any

from strata.checkout.imports import uncollected
from strata.cloud.aws.context import CloudContext
from strata.cloud.listen import listen
from strata.cloud.snowflake.aws_account import channel_arn
from strata.errors import StrataError

if TYPE_CHECKING:
    from strata.cloud.snowflake.catalog import Catalog
    from strata.cloud.snowflake.served_account import ServedAccount
    from strata.cloud.snowflake.storage import AssumeRole
    from strata.cloud.snowflake.unavailable import Unavailable

ACCOUNT = "STRATA-LOCAL"
ADMIN = "STRATA_ADMIN"
# Two threads that import the same packages, which import each other in circles, would get half a module.
IMPORTING = threading.Lock()
_log = logging.getLogger(__name__)


class SnowflakeServer:
    """Serves one empty Snowflake account, in memory.

    Args:
        context: the cloud it belongs to; `snowflake_port` is where to listen, `aws_url` where S3 and STS are.
        assume_role: the embedded STS's function (default: the context's).

    `user` and `password` are those of its administrator, random per start; `account` is
    `<organization>-<account name>`; `host` and `port` are where it listens.
    """

    def __init__(self, context: CloudContext, assume_role: AssumeRole | None = None) -> None:
        self.context = context
        self.host = "127.0.0.1"
        self.port = 0
        self.user = ADMIN
        self.password = ""
        self.account = ACCOUNT
        self._assume_role = assume_role
        self._listening: socket.socket | None = None
        self._wake: socket.socket | None = None
        self._loader: threading.Thread | None = None
        self._served: ServedAccount | None = None
        self._unavailable: Unavailable | None = None

    def start(self) -> None:
        """Listen, and set the environment by which a Lambda reaches this server.

        Raises:
            StrataError: the port is taken.
        """
        self._listening = listen(self.context.snowflake_port, "Snowflake")
        self.port = self.context.snowflake_port = self._listening.getsockname()[1]
        self.password = secrets.token_urlsafe(18)
        self.context.channels.open(channel_arn(self.context.region), self._take)
        self.context.snowflake_environment.update(
            SNOWFLAKE_HOST=self.host,
            SNOWFLAKE_PORT=str(self.port),
            SNOWFLAKE_PROTOCOL="http",
            # The connector sends a workload's identity to Snowflake's domains and these hosts only.
            SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES=self.host,
        )
        self._wake, woken = socket.socketpair()
        # Here, and not in the thread: a server that is stopped at once has no sockets to register.
        selector = selectors.DefaultSelector()
        selector.register(self._listening, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        self._loader = threading.Thread(
            target=self._wait, args=(self._listening, woken, selector), name="snowflake-loader", daemon=True
        )
        self._loader.start()

    def warm_up(self) -> None:
        """Begin to load the engine, which else the first client waits for."""
        # A loader that has begun does not read it any more.
        if self._wake is not None:
            with contextlib.suppress(OSError):
                self._wake.send(b"load")

    def stop(self) -> None:
        """Stop serving and drop the account; a second call does nothing."""
        wake, self._wake = self._wake, None
        if wake is not None:
            wake.close()
        # Not joined: a loader that still imports stops by itself what it has made.
        self._loader = None
        self.context.channels.close(channel_arn(self.context.region))
        self._stop_served()
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        self.context.snowflake_environment.clear()

    def wait_until_loaded(self) -> None:
        """Wait for the engine, which is loaded if it is not.

        Raises:
            StrataError: the server does not run.
        """
        loader = self._loader
        if loader is None:
            raise StrataError("the embedded Snowflake is not running", remedy="start it first")
        self.warm_up()
        loader.join()

    @property
    def catalog(self) -> Catalog:
        """The account's catalogue, while the server runs."""
        self.wait_until_loaded()
        if self._served is None:
            raise StrataError("the embedded Snowflake cannot be loaded", remedy="see the log above")
        return self._served.account.catalog

    def _wait(self, listening: socket.socket, woken: socket.socket, either: selectors.BaseSelector) -> None:
        """Load when a client has connected, which the socket keeps waiting, or when it is asked for."""
        with woken, either:
            either.select()
        if self._wake is not None:
            self._load(listening)

    def _load(self, listening: socket.socket) -> None:
        try:
            with IMPORTING, uncollected():
                # Imported here: duckdb, sqlglot and the connector take a second.
                from strata.cloud.snowflake.served_account import ServedAccount

            served = ServedAccount(
                self.context,
                self.account,
                self.user,
                self.password,
                self._assume_role or self._context_role,
            )
            # Before a client is served: it may create the table that a notification is for.
            self._served = served
            if self._wake is not None:
                served.start(listening)
        except Exception as error:
            # Whatever a package that is damaged or of another version does when it is imported.
            self._stop_served()
            if self._wake is not None:
                _log.exception("the embedded Snowflake cannot be loaded")
                self._refuse(listening, error)
        if self._wake is None:
            self._stop_served()

    def _refuse(self, listening: socket.socket, error: Exception) -> None:
        from strata.cloud.snowflake.unavailable import Unavailable

        self._unavailable = Unavailable(listening, error)

    def _stop_served(self) -> None:
        served, self._served = self._served, None
        if served is not None:
            served.stop()
        unavailable, self._unavailable = self._unavailable, None
        if unavailable is not None:
            unavailable.stop()

    def _take(self, message: str) -> None:
        """Take a notification of a bucket; an account whose engine is not loaded has no tables to refresh."""
        if self._served is not None:
            self._served.notifications.take(message)

    def _context_role(self, role_arn: str, **requested: Any) -> Any:
        # Looked up at each call: the AWS server may start after this one.
        return self.context.assume_role(role_arn, **requested)
