"""The AWS server: moto's WSGI app on a loopback port, with Strata's extensions installed."""

from __future__ import annotations

import importlib
import logging
import socket
import threading
from types import ModuleType
from typing import TYPE_CHECKING

from strata.cloud.aws.context import CloudContext
from strata.cloud.listen import listen
from strata.errors import StrataError

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer

# One module per service, each patching moto in one visible way; in the order they are installed.
_EXTENSIONS = (
    "iam.identity",
    "iam.sts",
    "s3.events",
    "s3.access",
    "dynamodb.conditional_writes",
    "events.api",
    "stepfunctions.api",
    "glue.api",
    "lambda_.api",
)
# moto keeps its state in module globals: one server at a time in a process.
_serving = threading.Lock()


class AwsServer:
    """Serves the embedded AWS of one cloud; one at a time in a process, any number one after the other."""

    def __init__(self, context: CloudContext) -> None:
        self.context = context
        self._server: BaseWSGIServer | None = None
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._installed: list[ModuleType] = []
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
            self._install()
            self._serve(self._socket)
        except BaseException:
            self.stop()
            raise
        return self.context.aws_url

    def stop(self) -> None:
        """Stop to serve, undo the extensions and forget all state; a second call does nothing."""
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
        while self._installed:
            self._installed.pop().uninstall()
        if self._holds:
            if self.context.aws_url:
                self.context.aws_url = ""
                _reset_state()
            self._holds = False
            _serving.release()

    def _install(self) -> None:
        # Imported here: moto takes a second, and a command that only asks for the version must not pay it.
        from moto.core.config import default_user_config

        logging.getLogger("moto").addHandler(logging.NullHandler())
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        default_user_config["iam"] = {"load_aws_managed_policies": True}
        _reset_state()
        for name in _EXTENSIONS:
            module = importlib.import_module(f"strata.cloud.aws.{name}")
            module.install(self.context)
            self._installed.append(module)

    def _serve(self, listening: socket.socket) -> None:
        from werkzeug.serving import make_server

        from strata.cloud.aws.gateway.application import QuietRequestHandler, create_application

        self._server = make_server(
            "127.0.0.1",
            self.context.aws_port,
            create_application(),
            threaded=True,
            request_handler=QuietRequestHandler,
            fd=listening.fileno(),
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="aws-server", daemon=True
        )
        self._thread.start()


def _reset_state() -> None:
    from moto.core.base_backend import BackendDict
    from moto.core.model_instances import reset_model_data
    from moto.s3.models import s3_backends

    from strata.cloud.aws import recorded_calls as calls

    calls.forget()
    # Not BackendDict.reset(), which builds every backend anew before it forgets it (IAM: a second for AWS's
    # own policies). Only S3 holds more than memory: files of large objects.
    for account in s3_backends.values():
        account.reset()
    for backends in BackendDict._instances:  # type: ignore[misc]
        backends.clear()
    BackendDict._instances.clear()  # type: ignore[misc]
    reset_model_data()
