"""What plans ask for is started once, whoever asks first."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.errors import StrataError
from strata.testing.cases.services import PlanServices
from tests.overlap import Overlap, at_once


@pytest.fixture
def services(tmp_path: Path) -> PlanServices:
    toolchain: Any = SimpleNamespace(state_dir=tmp_path)
    return PlanServices(toolchain)


STARTS: dict[str, tuple[str, Callable[[PlanServices], object]]] = {
    "an endpoint": ("_endpoint", lambda services: services.seal(SimpleNamespace(attach=lambda _: None))),  # type: ignore[arg-type]
    "AWS": ("_start_aws", lambda services: services.variables(["aws"])),
    "Snowflake": ("_start_snowflake", lambda services: services.variables(["snowflake"])),
}


@pytest.mark.parametrize("case", STARTS)
def test_one_thread_at_a_time_starts_what_is_needed(
    services: PlanServices, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    name, ask = STARTS[case]
    within = []

    def start() -> Any:
        within.append(services._lock.locked())
        return "" if name == "_endpoint" else {"A": "b"}

    monkeypatch.setattr(services, name, start)
    ask(services)
    assert within == [True]


def test_a_provider_that_ended_is_started_again(
    services: PlanServices, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started = []

    def start(program: Path, environment: dict[str, str]) -> Any:
        methods = {"start": lambda: None, "stop": lambda: None, "attached": lambda variables: {}}
        started.append(SimpleNamespace(running=True, **methods))
        return started[-1]

    monkeypatch.setattr("strata.testing.cases.services.installed_aws_provider", lambda folder: tmp_path)
    monkeypatch.setattr("strata.testing.cases.services.WarmProvider", start)
    terraform: Any = SimpleNamespace(
        path=tmp_path,
        variables={},
        toolchain=SimpleNamespace(environment=lambda variables: {}),
        attach=lambda variables: None,
    )
    services.attach(terraform)
    services.attach(terraform)
    assert len(started) == 1
    started[0].running = False
    services.attach(terraform)
    assert len(started) == 2
    # What is begun after the end starts its own.
    with services:
        pass
    services.attach(terraform)
    assert len(started) == 3


def test_a_provider_is_started_once_for_plans_side_by_side(
    services: PlanServices, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place, given = Overlap(), []

    def make(program: Path, environment: dict[str, str]) -> Any:
        place.visit()
        methods = {
            "start": lambda: None,
            "stop": lambda: None,
            "attached": lambda variables: {**variables, "B": "c"},
        }
        return SimpleNamespace(running=True, **methods)

    monkeypatch.setattr("strata.testing.cases.services.installed_aws_provider", lambda folder: tmp_path)
    monkeypatch.setattr("strata.testing.cases.services.WarmProvider", make)
    terraform: Any = SimpleNamespace(
        path=tmp_path,
        variables={"A": "b"},
        toolchain=SimpleNamespace(environment=lambda variables: variables),
        attach=given.append,
    )
    at_once(*[partial(services.attach, terraform)] * 2)
    assert place.visits == 1
    assert given == [{"A": "b", "B": "c"}] * 2


def test_the_embedded_cloud_is_started_once_and_ends_with_the_plans(
    services: PlanServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, ended, asked = Overlap(), [], []

    @contextlib.contextmanager
    def cloud(folder: Path, *, any_key: bool) -> Iterator[Any]:
        asked.append((folder.is_dir(), any_key))
        place.visit()
        yield SimpleNamespace(aws_url=f"http://127.0.0.1:{place.visits}")
        ended.append(folder)

    monkeypatch.setattr("strata.testing.cases.services.embedded_cloud", cloud)
    with services:
        assert at_once(*[services._cloud_url] * 2) == ["http://127.0.0.1:1"] * 2
    # A module's own provider may name any key.
    assert (place.visits, asked) == (1, [(True, True)])
    assert not ended[0].exists()
    with services:
        assert services._cloud_url() == "http://127.0.0.1:2"


def test_two_plans_share_what_one_has_started(
    services: PlanServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    def start(name: str, variables: dict[str, str]) -> Callable[[], dict[str, str]]:
        def note() -> dict[str, str]:
            started.append(name)
            return variables

        return note

    monkeypatch.setattr(services, "_start_aws", start("aws", {"A": "b"}))
    monkeypatch.setattr(services, "_start_snowflake", start("snowflake", {"S": "f"}))
    found: list[dict[str, str]] = []
    threads = [
        threading.Thread(target=lambda: found.append(services.variables(["snowflake", "aws", "null"])))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [{"A": "b", "S": "f"}] * 4
    assert started == ["aws", "snowflake"]
    assert services.variables(["null"]) == {}


class _Cloud(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = json.dumps([self.command, self.path, self.headers.get("X-Own"), body.decode()]).encode()
        self.send_response(418)
        self.send_header("X-Answer", "1")
        self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said)

    do_DELETE = do_HEAD = do_POST = do_PUT = do_GET

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def asking(services: PlanServices, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Asks the endpoint of plans, behind which that cloud stands."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Cloud)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setattr(services, "_cloud_url", lambda: f"http://127.0.0.1:{server.server_port}")
    with services:
        address = services._endpoint().removeprefix("http://")

        def ask(method: str, path: str, body: str | None = None, **headers: str) -> Any:
            connection = HTTPConnection(address, timeout=10)
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            found = (answer.status, answer.reason, answer.headers, answer.read().decode())
            connection.close()
            return found

        yield ask
    server.shutdown()
    server.server_close()


def test_what_data_sources_ask_goes_to_the_embedded_cloud(asking: Callable[..., Any]) -> None:
    for method in ("GET", "POST", "PUT", "DELETE", "HEAD"):
        status, _, headers, body = asking(method, "/x?y=z", "asked", **{"X-Own": "2"})
        said = json.dumps([method, "/x?y=z", "2", "asked"])
        assert (status, headers["X-Answer"]) == (418, "1")
        assert body == ("" if method == "HEAD" else said)
        # Once each: what is of one connection is this one's own. HEAD tells the length of what GET would get.
        assert headers.get_all("Content-Length") == [str(len(said))]
        assert headers["Connection"] is None
        assert len(headers.get_all("Date")) == len(headers.get_all("Server")) == 1


def test_definitions_are_judged_here(
    asking: Callable[..., Any], services: PlanServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = {"X-Amz-Target": "AWSStepFunctions.ValidateStateMachineDefinition"}
    faults = {"good": [], "bad": [{"code": "X"}]}
    monkeypatch.setattr(services._definitions, "diagnose", faults.__getitem__)
    for name, result in (("good", "OK"), ("bad", "FAIL")):
        status, _, headers, body = asking("POST", "/", json.dumps({"definition": name}), **target)
        assert (status, headers["Content-Type"]) == (200, "application/x-amz-json-1.0")
        assert json.loads(body) == {"result": result, "diagnostics": faults[name], "truncated": False}
    assert asking("POST", "/", "{}", **{"X-Amz-Target": "AWSStepFunctions.ListStateMachines"})[0] == 418


def test_nothing_else_is_asked(asking: Callable[..., Any]) -> None:
    refusal = "nothing leaves this machine; say in override_data what the data source answers"
    status, reason, _, _ = asking("CONNECT", "example.org:443")
    assert (status, reason) == (403, refusal)
    status, _, headers, body = asking("GET", "http://example.org/")
    assert (status, headers["Content-Type"], body) == (403, "text/plain", refusal)


def test_a_cloud_that_is_not_installed_is_the_answer(services: PlanServices) -> None:
    def missing() -> str:
        raise StrataError("the embedded cloud is not installed")

    services._cloud_url = missing  # type: ignore[method-assign]
    with services:
        connection = HTTPConnection(services._endpoint().removeprefix("http://"), timeout=10)
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert (answer.status, answer.read().decode()) == (501, "the embedded cloud is not installed")
        connection.close()


def test_the_variables_of_a_plan_lead_to_the_endpoint_and_nowhere_else(services: PlanServices) -> None:
    with services:
        found = services.variables(["aws"])
        assert found == {
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": services._endpoint(),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "2",
        }
