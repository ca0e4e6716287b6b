"""What providers ask for while a plan is made: state machines checked, and a Snowflake to be connected to."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

from strata.terraform.toolchain import Toolchain
from strata.terraform.warm_provider import WarmProvider, installed_aws_provider
from strata.testing.terraform import TerraformFolder

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
        # Imported on first use: the parser and what it brings take a second to load.
        from strata.cloud.aws.asl import diagnose

        found = diagnose(body["definition"])
        self._answer(200, {"result": "FAIL" if found else "OK", "diagnostics": found, "truncated": False})

    def _answer(self, status: int, body: object) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: standard error is the test's."""


class PlanServices:
    """Starts what a plan needs when it is first needed; a context that ends it all.

    Args:
        folder: where is kept which AWS provider was installed last; None remembers nothing.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._known = folder / "aws-provider" if folder else None
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

    def foresee(self, toolchain: Toolchain, variables: Mapping[str, str]) -> None:
        """Start the AWS provider that was installed last time: it is ready when `init` is."""
        with self._lock:
            if self._provider is None and self._known and self._known.is_file():
                program = Path(self._known.read_text(encoding="utf-8"))
                if program.is_file():
                    self._start_provider(program, toolchain, variables)

    def attach(self, terraform: TerraformFolder) -> None:
        """Let a folder that was initialised use the AWS provider that runs already, or starts now."""
        program = installed_aws_provider(terraform.path / ".terraform")
        if program is None:
            return
        with self._lock:
            provider = self._provider
            if provider is None or not provider.running or provider.program != program:
                provider = self._start_provider(program, terraform.toolchain, terraform.variables)
                if self._known:
                    self._known.parent.mkdir(parents=True, exist_ok=True)
                    self._known.write_text(str(program), encoding="utf-8")
        terraform.attach(provider.attached(terraform.variables))

    def _start_provider(
        self, program: Path, toolchain: Toolchain, variables: Mapping[str, str]
    ) -> WarmProvider:
        provider = self._provider = WarmProvider(program, toolchain.environment(variables))
        self._stack.callback(provider.stop)
        provider.start()
        return provider

    def _start_aws(self) -> dict[str, str]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _StepFunctions)
        server.daemon_threads = True
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
