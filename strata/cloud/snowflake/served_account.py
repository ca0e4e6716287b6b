"""A Snowflake account with its engine, served over HTTP: `SnowflakeServer` loads it for its first client."""

from __future__ import annotations

import logging
import socket
import threading
import time

import uvicorn

from strata.cloud.aws.context import CloudContext
from strata.cloud.snowflake import access_control
from strata.cloud.snowflake.api import Api
from strata.cloud.snowflake.catalog import Catalog, GrantDetail, User, Warehouse
from strata.cloud.snowflake.connection import cut_off_by
from strata.cloud.snowflake.engine import Engine
from strata.cloud.snowflake.notifications import NotificationReader
from strata.cloud.snowflake.properties import default_properties
from strata.cloud.snowflake.session import SnowflakeAccount
from strata.cloud.snowflake.statements.accounts import hash_password
from strata.cloud.snowflake.storage import AssumeRole, StageStorage


class ServedAccount:
    """An empty account, until `stop`; `start` serves it.

    Args:
        context: the cloud it belongs to.
        name: `<organization>-<account name>`.
        administrator, password: its first user.
        assume_role: the embedded STS's function.
    """

    def __init__(
        self, context: CloudContext, name: str, administrator: str, password: str, assume_role: AssumeRole
    ) -> None:
        self.account = new_account(context, name, administrator, password, assume_role)
        self.notifications = NotificationReader(self.account)
        self._api = api = Api(self.account, lambda: context.aws_url, context.issuer, administrator)
        config = uvicorn.Config(
            api.application(),
            http=cut_off_by(context.faults),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_keep_alive=60,
        )
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    def start(self, listening: socket.socket) -> None:
        """Serve the clients of a socket, with those that have connected before.

        Raises:
            RuntimeError: the server does not start.
        """
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="snowflake-server", daemon=True
        )
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("its HTTP server did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop serving and drop the account."""
        self._server.should_exit = True
        self._server.force_exit = True
        if self._thread is not None:
            self._thread.join(timeout=10)
        self._api.close()
        self.notifications.stop()
        self.account.storage.close()
        self.account.engine.close()


def new_account(
    context: CloudContext, name: str, administrator: str, password: str, assume_role: AssumeRole
) -> SnowflakeAccount:
    """Return an empty account; the arguments are those of `ServedAccount`."""
    organization, _, own = name.partition("-")
    catalog = Catalog(account=own, organization=organization, region=context.region)
    access_control.seed(catalog)
    admin = User(name=administrator, owner="ACCOUNTADMIN", options=default_properties("USER"))
    admin.password = hash_password(password)
    admin.options |= {
        "LOGIN_NAME": administrator,
        "DISPLAY_NAME": administrator,
        "DEFAULT_ROLE": "ACCOUNTADMIN",
        "DEFAULT_WAREHOUSE": "COMPUTE_WH",
    }
    catalog.users[administrator] = admin
    catalog.role_grants["ACCOUNTADMIN", "USER", administrator] = GrantDetail("")
    # A new Snowflake account comes with this warehouse.
    warehouse = Warehouse(name="COMPUTE_WH", owner="ACCOUNTADMIN", options=default_properties("WAREHOUSE"))
    catalog.warehouses["COMPUTE_WH"] = warehouse
    return SnowflakeAccount(catalog=catalog, engine=Engine(), storage=StageStorage(context, assume_role))
