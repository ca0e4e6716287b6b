"""The long-running provider process that Terraform attaches to."""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import grpc

from strata.checkout.imports import uncollected
from strata.cloud.snowflake.server import IMPORTING, SnowflakeServer
from strata.errors import StrataError

if TYPE_CHECKING:
    from strata.cloud.snowflake.provider.servicer import Servicer

ADDRESS = "registry.terraform.io/snowflakedb/snowflake"
# A connected Terraform holds one worker for as long as it runs, and sends up to ten requests at a time.
_WORKERS = 128
# go-plugin's only call whose answer is a stream.
_STREAM = "/plugin.GRPCStdio/StreamStdio"
_log = logging.getLogger(__name__)


class ProviderServer:
    """Serves the stand-in for snowflakedb/snowflake on a loopback port, against one embedded Snowflake.

    What answers is loaded for the first request.

    Args:
        snowflake: the embedded server, which must have started.
    """

    def __init__(self, snowflake: SnowflakeServer) -> None:
        self._snowflake = snowflake
        self._loading = _Loading(self._login)
        self._server: grpc.Server | None = None
        self._decoy: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start serving, and return the value of TF_REATTACH_PROVIDERS.

        Raises:
            StrataError: no port is available.
        """
        pool = ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="snowflake-provider")
        self._server = grpc.server(pool, options=[("grpc.max_receive_message_length", 64 * 1024 * 1024)])
        self._server.add_generic_rpc_handlers((self._loading,))
        try:
            port = self._server.add_insecure_port("127.0.0.1:0")
        except RuntimeError as error:
            raise StrataError(f"the Snowflake provider cannot listen on 127.0.0.1: {error}") from None
        self._server.start()
        # Terraform kills this process if the address does not answer, so it is one without a purpose.
        # It ends with this process, which closes its standard input.
        self._decoy = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return json.dumps(
            {
                ADDRESS: {
                    "Protocol": "grpc",
                    "ProtocolVersion": 6,
                    "Pid": self._decoy.pid,
                    "Test": True,
                    "Addr": {"Network": "tcp", "String": f"127.0.0.1:{port}"},
                }
            }
        )

    def warm_up(self) -> None:
        """Begin to load what answers, which else the first request waits for."""
        threading.Thread(target=self._loading.warm_up, name="snowflake-provider-loader", daemon=True).start()

    def stop(self) -> None:
        """Stop serving; a second call does nothing."""
        if self._server is not None:
            self._server.stop(grace=0).wait()
            self._server = None
        self._loading.close()
        if self._decoy is not None:
            if self._decoy.stdin is not None:
                self._decoy.stdin.close()
            self._decoy.wait()
            self._decoy = None

    def _login(self) -> dict[str, object]:
        # Before the time of the login begins: on a busy machine the engine may take longer to load.
        self._snowflake.wait_until_loaded()
        return {
            "account": self._snowflake.account,
            "user": self._snowflake.user,
            "password": self._snowflake.password,
            "host": self._snowflake.host,
            "port": self._snowflake.port,
            "protocol": "http",
            "application": "terraform-provider-snowflake",
            "login_timeout": 10,
        }


class _Loading(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Answers with a servicer, which is loaded for the first call.

    Args:
        login: what `Servicer` logs in with.
    """

    def __init__(self, login: Callable[[], Mapping[str, Any]]) -> None:
        self._login = login
        self._servicer: Servicer | None = None
        self._handlers: Sequence[grpc.GenericRpcHandler] = ()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """Return what answers a call."""
        if self._handlers:
            return self._find(details)
        # One of the server's workers loads, because the server itself serves nothing until this returns.
        if details.method == _STREAM:
            return grpc.unary_stream_rpc_method_handler(partial(self._stream, details))
        return grpc.unary_unary_rpc_method_handler(partial(self._answer, details))

    def warm_up(self) -> None:
        """Load the servicer; the first call is told of what fails here."""
        with contextlib.suppress(Exception):
            self._load()

    def close(self) -> None:
        if self._servicer is not None:
            self._servicer.close()

    def _load(self) -> None:
        with IMPORTING, uncollected():
            if self._servicer is None:
                # Imported here: sqlglot and the connector take half a second.
                from strata.cloud.snowflake.provider.servicer import Servicer

                self._servicer = Servicer(self._login)
                self._handlers = self._servicer.handlers()

    def _find(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        found = (handler.service(details) for handler in self._handlers)
        return next((handler for handler in found if handler is not None), None)

    def _loaded(
        self, details: grpc.HandlerCallDetails, context: grpc.ServicerContext
    ) -> grpc.RpcMethodHandler:
        try:
            self._load()
        except Exception as error:
            _log.exception("the stand-in for the Snowflake provider cannot be loaded")
            reason = f"the stand-in for the Snowflake provider cannot be loaded: {error}"
            context.abort(grpc.StatusCode.INTERNAL, reason)
        found = self._find(details)
        if found is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"no method {details.method}")
        return found

    def _answer(
        self, details: grpc.HandlerCallDetails, request: bytes, context: grpc.ServicerContext
    ) -> bytes:
        found = self._loaded(details, context)
        read, write = found.request_deserializer or bytes, found.response_serializer or bytes
        answer: bytes = write(found.unary_unary(read(request), context))
        return answer

    def _stream(
        self, details: grpc.HandlerCallDetails, request: bytes, context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        yield from self._loaded(details, context).unary_stream(request, context)
