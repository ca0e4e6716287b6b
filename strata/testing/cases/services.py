"""What providers ask for while a plan is made: state machines, data sources, a Snowflake to be connected to.

Nothing that a provider asks leaves the machine: what is not for AWS goes to a proxy that refuses.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from http import HTTPStatus
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from strata.errors import StrataError
from strata.terraform.toolchain import Toolchain
from strata.terraform.warm_provider import WarmProvider, installed_aws_provider
from strata.testing.cases.definitions import Definitions
from strata.testing.cases.providers import DEFAULTS
from strata.testing.cases.terraform import TerraformFolder
from strata.testing.cloud import embedded_cloud

_REATTACH = "TF_REATTACH_PROVIDERS"
# Of one connection, not of the answer.
_OF_ONE_HOP = frozenset({"connection", "date", "server", "transfer-encoding"})
_VALIDATE = "AWSStepFunctions.ValidateStateMachineDefinition"
# Go shows the phrase of a proxy's status line, and nothing else of its answer.
_REFUSAL = "nothing leaves this machine; say in override_data what the data source answers"


class _Endpoint(BaseHTTPRequestHandler):
    """Every service of AWS.

    Answers ValidateStateMachineDefinition, which the provider asks for each state machine of a plan. The
    rest, which data sources ask, goes to an embedded cloud that starts with the first such request.
    """

    def do_CONNECT(self) -> None:
        self.send_response(HTTPStatus.FORBIDDEN, _REFUSAL)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("X-Amz-Target", "") != _VALIDATE:
            self._forward(body)
            return
        assert isinstance(self.server, _Server)
        found = self.server.definitions.diagnose(json.loads(body)["definition"])
        answer = {"result": "FAIL" if found else "OK", "diagnostics": found, "truncated": False}
        self._answer(
            HTTPStatus.OK, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(answer).encode()
        )

    def do_GET(self) -> None:
        self._forward(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    do_DELETE = do_HEAD = do_PUT = do_GET

    def _forward(self, body: bytes) -> None:
        if not self.path.startswith("/"):
            # Of a proxy, clients without TLS ask the whole address.
            self._answer(HTTPStatus.FORBIDDEN, {"Content-Type": "text/plain"}, _REFUSAL.encode())
            return
        assert isinstance(self.server, _Server)
        try:
            address = urlsplit(self.server.cloud()).netloc
        except StrataError as error:
            self._answer(HTTPStatus.NOT_IMPLEMENTED, {"Content-Type": "text/plain"}, str(error).encode())
            return
        connection = HTTPConnection(address)
        with contextlib.closing(connection):
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            kept = {name: value for name, value in headers.items() if name not in _OF_ONE_HOP}
            self._answer(answer.status, kept, answer.read())

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        # An answer to HEAD has the length of what GET would get.
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: standard error is the test's."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, definitions: Definitions, cloud: Callable[[], str]) -> None:
        super().__init__(("127.0.0.1", 0), _Endpoint)
        self.definitions = definitions
        self.cloud = cloud


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
        self._cloud = ""
        self._cloud_lock = threading.Lock()
        self._url = ""

    def __enter__(self) -> PlanServices:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._variables.clear()
        self._provider = None
        self._cloud = ""
        self._url = ""
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

    def seal(self, terraform: TerraformFolder) -> None:
        """Let nothing that a folder's providers ask leave the machine; `init` may have downloaded some.

        Raises:
            StrataError: a server cannot listen.
        """
        with self._lock:
            url = self._endpoint()
        # Over the caller's own settings, which `init` may need; programs other than Go's read the small ones.
        proxies = {"http_proxy": url, "https_proxy": url, "no_proxy": "127.0.0.1,localhost"}
        terraform.attach({**proxies, **{name.upper(): value for name, value in proxies.items()}})

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

    def _endpoint(self) -> str:
        if not self._url:
            server = _Server(self._definitions, self._cloud_url)
            self._stack.callback(server.server_close)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self._stack.callback(server.shutdown)
            self._url = f"http://127.0.0.1:{server.server_port}"
        return self._url

    def _start_aws(self) -> dict[str, str]:
        # Also where a profile or an instance's role would be looked for: a plan needs neither. A module's own
        # configuration may name no region and no credentials.
        return {
            "AWS_REGION": str(DEFAULTS["hashicorp/aws"]["region"]),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": self._endpoint(),
            "AWS_EC2_METADATA_DISABLED": "true",
            # The provider's own 25 take minutes, and what is refused once is refused again.
            "AWS_MAX_ATTEMPTS": "2",
        }

    def _cloud_url(self) -> str:
        """The embedded AWS, started with the first request."""
        with self._cloud_lock:
            if not self._cloud:
                folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="strata-cloud-"))
                # A module's own provider may name whatever keys.
                cloud = embedded_cloud(Path(folder), any_key=True)
                self._cloud = self._stack.enter_context(cloud).aws_url
        return self._cloud

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
