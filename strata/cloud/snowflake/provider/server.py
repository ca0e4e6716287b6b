"""The long-running provider process that Terraform attaches to."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc

from strata.cloud.snowflake.provider.servicer import Servicer
from strata.cloud.snowflake.server import SnowflakeServer
from strata.errors import StrataError

ADDRESS = "registry.terraform.io/snowflakedb/snowflake"
# A connected Terraform holds one worker for as long as it runs, and sends up to ten requests at a time.
_WORKERS = 128


class ProviderServer:
    """Serves the stand-in for snowflakedb/snowflake on a loopback port, against one embedded Snowflake.

    Args:
        snowflake: the embedded server, which must have started.
    """

    def __init__(self, snowflake: SnowflakeServer) -> None:
        self._snowflake = snowflake
        self._servicer = Servicer(self._login)
        self._server: grpc.Server | None = None
        self._decoy: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start serving, and return the value of TF_REATTACH_PROVIDERS.

        Raises:
            StrataError: no port is available.
        """
        pool = ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="snowflake-provider")
        self._server = grpc.server(pool, options=[("grpc.max_receive_message_length", 64 * 1024 * 1024)])
        for handler in self._servicer.handlers():
            self._server.add_generic_rpc_handlers((handler,))
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

    def stop(self) -> None:
        """Stop serving; a second call does nothing."""
        if self._server is not None:
            self._server.stop(grace=0).wait()
            self._server = None
        self._servicer.close()
        if self._decoy is not None:
            if self._decoy.stdin is not None:
                self._decoy.stdin.close()
            self._decoy.wait()
            self._decoy = None

    def _login(self) -> dict[str, object]:
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
