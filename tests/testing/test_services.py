"""What plans ask for is started once, whoever asks first."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

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
