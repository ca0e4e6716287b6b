"""The embedded Snowflake: one account, served over HTTP on a loopback port."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from typing import Any

import uvicorn

from strata.cloud.aws.context import CloudContext
from strata.cloud.listen import listen
from strata.cloud.snowflake import access_control
from strata.cloud.snowflake.api import Api
from strata.cloud.snowflake.catalog import Catalog, GrantDetail, User, Warehouse
from strata.cloud.snowflake.connection import cut_off_by
from strata.cloud.snowflake.engine import Engine
from strata.cloud.snowflake.notifications import NotificationReader
from strata.cloud.snowflake.properties import default_properties
from strata.cloud.snowflake.session import SnowflakeAccount
from strata.cloud.snowflake.statements.accounts import hash_password
from strata.cloud.snowflake.storage import AssumeRole, StageStorage, channel_arn
from strata.errors import StrataError

ORGANIZATION = "STRATA"
ADMIN = "STRATA_ADMIN"


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
        self.account = f"{ORGANIZATION}-LOCAL"
        self._assume_role = assume_role
        self._shared: SnowflakeAccount | None = None
        self._notifications: NotificationReader | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start serving, and set the environment by which a Lambda reaches this server.

        Raises:
            StrataError: the port is taken, or the server does not start.
        """
        listening = listen(self.context.snowflake_port, "Snowflake")
        self.port = self.context.snowflake_port = listening.getsockname()[1]
        self.password = secrets.token_urlsafe(18)
        self._shared = self._new_account(self._assume_role or self._context_role)
        self._notifications = NotificationReader(self._shared)
        self.context.channels.open(channel_arn(self.context.region), self._notifications.take)
        api = Api(self._shared, lambda: self.context.aws_url, self.context.issuer, ADMIN)
        config = uvicorn.Config(
            api.application(),
            http=cut_off_by(self.context.faults),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_keep_alive=60,
        )
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="snowflake-server", daemon=True
        )
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                self.stop()
                raise StrataError("the embedded Snowflake did not start", remedy="see the log above")
            time.sleep(0.005)
        self.context.snowflake_environment.update(
            SNOWFLAKE_HOST=self.host,
            SNOWFLAKE_PORT=str(self.port),
            SNOWFLAKE_PROTOCOL="http",
            # The connector sends a workload's identity to Snowflake's domains and these hosts only.
            SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES=self.host,
        )

    def stop(self) -> None:
        """Stop serving and drop the account; a second call does nothing."""
        if self._server is not None:
            self._server.should_exit = True
            self._server.force_exit = True
        if self._thread is not None:
            self._thread.join(timeout=10)
        self._server = self._thread = None
        if self._notifications is not None:
            self.context.channels.close(channel_arn(self.context.region))
            self._notifications.stop()
            self._notifications = None
        if self._shared is not None:
            self._shared.storage.close()
            self._shared.engine.close()
            self._shared = None
        self.context.snowflake_environment.clear()

    @property
    def catalog(self) -> Catalog:
        """The account's catalogue, while the server runs."""
        if self._shared is None:
            raise StrataError("the embedded Snowflake is not running", remedy="start it first")
        return self._shared.catalog

    def _context_role(self, role_arn: str, **requested: Any) -> Any:
        # Looked up at each call: the AWS server may start after this one.
        return self.context.assume_role(role_arn, **requested)

    def _new_account(self, assume_role: AssumeRole) -> SnowflakeAccount:
        name = self.account.partition("-")[2]
        catalog = Catalog(account=name, organization=ORGANIZATION, region=self.context.region)
        access_control.seed(catalog)
        admin = User(name=ADMIN, owner="ACCOUNTADMIN", options=default_properties("USER"))
        admin.password = hash_password(self.password)
        admin.options |= {
            "LOGIN_NAME": ADMIN,
            "DISPLAY_NAME": ADMIN,
            "DEFAULT_ROLE": "ACCOUNTADMIN",
            "DEFAULT_WAREHOUSE": "COMPUTE_WH",
        }
        catalog.users[ADMIN] = admin
        catalog.role_grants["ACCOUNTADMIN", "USER", ADMIN] = GrantDetail("")
        # A new Snowflake account comes with this warehouse.
        warehouse = Warehouse(
            name="COMPUTE_WH", owner="ACCOUNTADMIN", options=default_properties("WAREHOUSE")
        )
        catalog.warehouses["COMPUTE_WH"] = warehouse
        return SnowflakeAccount(
            catalog=catalog, engine=Engine(), storage=StageStorage(self.context, assume_role)
        )
