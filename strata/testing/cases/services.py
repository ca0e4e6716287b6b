"""What providers ask for while a plan is made: state machines checked, and a Snowflake to be connected to."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Collection
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

from strata.terraform.toolchain import Toolchain
from strata.terraform.warm_provider import WarmProvider, installed_aws_provider
from strata.testing.cases.definitions import Definitions
from strata.testing.cases.terraform import TerraformFolder

_REATTACH = "TF_REATTACH_PROVIDERS"
_VALIDATE = "AWSStepFunctions.ValidateStateMachineDefinition"


class _StepFunctions(BaseHTTPRequestHandler):
    """ValidateStateMachineDefinition, the one request that the AWS provider makes for a plan."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        target = self.headers.get("X-Amz-Target", "")
        if target != _VALIDATE:
            self._answer(400, {"__type": "UnknownOperationException", "message": f"{target} in a plan"})
            return
        assert isinstance(self.server, _Server)
        found = self.server.definitions.diagnose(body["definition"])
        self._answer(200, {"result": "FAIL" if found else "OK", "diagnostics": found, "truncated": False})

    def _answer(self, status: int, body: object) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: standard error is the test's."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, definitions: Definitions) -> None:
        super().__init__(("127.0.0.1", 0), _StepFunctions)
        self.definitions = definitions


class PlanServices:
    """Starts what a plan needs when it is first needed; a context that ends it all.

    Args:
        toolchain: in whose folder is kept what need not be found again.
    """

    def __init__(self, toolchain: Toolchain) -> None:
        self._definitions = Definitions(toolchain.state_dir / "testing")
        self._stack = ExitStack()
        self._variables: dict[str, dict[str, str]] = {}
        self._provider: WarmProvider | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> PlanServices:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._variables.clear()
        self._provider = None
        self._stack.close()

    def variables(self, providers: Collection[str]) -> dict[str, str]:
        """The environment variables for a plan with these providers.

        Raises:
            StrataError: a server cannot listen.
        """
        found: dict[str, str] = {}
        with self._lock:
            for name, start in (("aws", self._start_aws), ("snowflake", self._start_snowflake)):
                if name in providers:
                    if name not in self._variables:
                        self._variables[name] = start()
                    found |= self._variables[name]
        return found

    def attach(self, terraform: TerraformFolder) -> None:
        """Let a folder that was initialised use the AWS provider that runs already, or starts now."""
        with self._lock:
            if self._provider is None or not self._provider.running:
                program = installed_aws_provider(terraform.path / ".terraform")
                if program is None:
                    return
                environment = terraform.toolchain.environment(terraform.variables)
                self._provider = WarmProvider(program, environment)
                self._stack.callback(self._provider.stop)
                self._provider.start()
        terraform.attach(self._provider.attached(terraform.variables))

    def _start_aws(self) -> dict[str, str]:
        server = _Server(self._definitions)
        self._stack.callback(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._stack.callback(server.shutdown)
        return {"AWS_ENDPOINT_URL_SFN": f"http://127.0.0.1:{server.server_port}"}

    def _start_snowflake(self) -> dict[str, str]:
        from strata.cloud.aws import CloudContext
        from strata.cloud.snowflake import ProviderServer, SnowflakeServer

        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="strata-snowflake-"))
        context = CloudContext(account_id="123456789012", region="eu-west-1", directory=Path(folder))
        snowflake = SnowflakeServer(context)
        snowflake.start()
        self._stack.callback(snowflake.stop)
        provider = ProviderServer(snowflake)
        reattach = provider.start()
        self._stack.callback(provider.stop)
        return {_REATTACH: reattach}
