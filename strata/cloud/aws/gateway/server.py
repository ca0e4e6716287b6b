"""The AWS server: moto's WSGI app on a loopback port, with Strata's extensions installed."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING

from strata.cloud.aws import moto_compat
from strata.cloud.aws.context import CloudContext, no_roles
from strata.cloud.aws.patches import Patches
from strata.cloud.listen import listen
from strata.errors import StrataError

if TYPE_CHECKING:
    from strata.cloud.aws.gateway.connections import AwsHttpServer
    from strata.cloud.aws.gateway.services import Services

# moto keeps its state in module globals: one server at a time in a process.
_serving = threading.Lock()


class AwsServer:
    """Serves the embedded AWS of one cloud; one at a time in a process, any number one after the other.

    Args:
        context: the cloud.
        leave_out: names of services that stay as moto has them.
    """

    def __init__(self, context: CloudContext, leave_out: Collection[str] = ()) -> None:
        self.context = context
        self._leave_out = leave_out
        self._services: Services | None = None
        self._settings = Patches()
        self._server: AwsHttpServer | None = None
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._holds = False

    def start(self) -> str:
        """Start to serve with empty state; return the URL, which is also put into the context.

        Raises:
            StrataError: the port is taken, or this process serves an embedded AWS already.
        """
        if not _serving.acquire(blocking=False):
            raise StrataError("this process serves an embedded AWS already", remedy="stop that server first")
        self._holds = True
        try:
            self._socket = listen(self.context.aws_port, "AWS")
            self.context.aws_port = self._socket.getsockname()[1]
            self.context.aws_url = f"http://127.0.0.1:{self.context.aws_port}"
            services = self._start_services()
            self.context.assume_role = services.identity.assume_role
            self.context.objects = services.objects
            self._serve(self._socket, services)
        except BaseException:
            self.stop()
            raise
        return self.context.aws_url

    def stop(self) -> None:
        """Stop to serve, stop the services and forget all state; a second call does nothing."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._services is not None:
            self._services.stop()
            self._services = None
        if self._holds:
            if self.context.aws_url:
                self.context.aws_url = ""
                moto_compat.forget_state()
            self.context.assume_role = no_roles
            self.context.objects = None
            self._settings.undo()
            self._holds = False
            _serving.release()

    @property
    def services(self) -> Services:
        """The services, while the server runs."""
        if self._services is None:
            raise StrataError("the embedded AWS does not run", remedy="start it first")
        return self._services

    def _start_services(self) -> Services:
        # Imported here: moto takes half a second, and a command that asks for the version must not pay it.
        from moto.core.config import default_user_config

        from strata.cloud.aws.gateway.services import Services

        logging.getLogger("moto").addHandler(logging.NullHandler())
        self._settings.item(default_user_config, "stepfunctions", {"execute_state_machine": True})
        self._settings.item(default_user_config, "iam", {"load_aws_managed_policies": True})
        # One for all: a new one looks into the folders of four hundred services before it reads the first.
        loader = moto_compat.NEW_LOADER.owner()
        self._settings.attribute(loader, moto_compat.NEW_LOADER.attribute, cache(loader.create_loader))
        moto_compat.forget_state()
        self._services = Services(self.context, self._leave_out)
        self._services.start()
        return self._services

    def _serve(self, listening: socket.socket, services: Services) -> None:
        from strata.cloud.aws.gateway.application import create_application
        from strata.cloud.aws.gateway.connections import AwsHttpServer

        self._server = AwsHttpServer(self.context.aws_port, create_application(services), listening.fileno())
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="aws-server", daemon=True
        )
        self._thread.start()
