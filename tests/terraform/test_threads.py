"""What the units of a run share, asked for by two of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.terraform import provider_pool, state, unit_run
from strata.terraform.events import UnitEvent
from strata.terraform.process import ProcessGroup
from strata.terraform.provider_pool import ProviderPool
from strata.terraform.runs import RunContext, StoredStates
from strata.terraform.state import StateBackend
from strata.terraform.unit_run import run_init
from tests.endpoints import nowhere
from tests.overlap import Overlap, at_once


class Tree:
    def remote_states(self, units: Sequence[str]) -> dict[str, dict[str, Any]]:
        return {unit: {"key": unit} for unit in units}


class Backend:
    def __init__(self) -> None:
        self.place = Overlap()

    def read_all(self, places: dict[str, Any]) -> dict[str, Any]:
        self.place.visit()
        return {unit: place["key"].upper() for unit, place in places.items()}


def context(backend: Any = None, on_event: Any = None) -> RunContext:
    nothing: Any = None
    tree: Any = Tree()
    return RunContext(tree, nothing, nothing, backend, Path(), on_event, 0.0)


def test_states_are_read_once_for_all_units() -> None:
    backend = Backend()
    units: Any = {"live/dev/a": None, "live/dev/b": None}
    stored = StoredStates(context(backend), units)
    assert at_once(*(partial(stored.of, unit) for unit in (*units, "live/dev/c"))) == [
        "LIVE/DEV/A",
        "LIVE/DEV/B",
        None,
    ]
    assert backend.place.visits == 1


def test_a_listener_is_called_for_one_event_at_a_time() -> None:
    place, events = Overlap(), []

    def listen(event: UnitEvent) -> None:
        events.append(event)
        place.visit()

    run = context(on_event=listen)
    at_once(
        partial(run.emit, "live/dev/a", "init", 0, 1.5), partial(run.emit, "live/dev/b", "plan", 2, 0.5, "x")
    )
    assert (place.visits, place.most) == (2, 1)
    assert sorted(events, key=lambda event: event.unit) == [
        UnitEvent("live/dev/a", "init", 0, 1.5, ""),
        UnitEvent("live/dev/b", "plan", 2, 0.5, "x"),
    ]


def test_a_client_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Overlap()

    def make(service: str, url: str, region: str, environment: Any) -> str:
        place.visit()
        return f"{service} {place.visits}"

    monkeypatch.setattr(state, "embedded_client", make)
    backend = StateBackend(nowhere("111122223333"))
    assert at_once(*[partial(backend._client, "s3")] * 2) == ["s3 1", "s3 1"]
    assert backend._client("dynamodb") == "dynamodb 2"


def test_two_units_do_not_get_one_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Overlap()

    class Running:
        def __init__(self, program: Path, environment: Any, schemas: Any) -> None:
            self.program = program

        @property
        def running(self) -> bool:
            place.visit()
            return True

    monkeypatch.setattr(provider_pool, "RunningProvider", Running)
    toolchain: Any = SimpleNamespace(environment=dict, schemas=None)
    pool = ProviderPool(toolchain, {})
    first = pool._take(Path("provider"))
    pool._idle.append(first)
    one, two = at_once(*[partial(pool._take, Path("provider"))] * 2)
    assert one is not two
    assert first in (one, two)


@pytest.mark.parametrize(("parallel", "most"), [(True, 2), (False, 1)])
def test_a_plugin_cache_of_the_users_own_is_filled_by_one_init_at_a_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, parallel: bool, most: int
) -> None:
    place = Overlap()
    config = tmp_path / "cli.tfrc"
    config.write_text("")
    toolchain: Any = SimpleNamespace(
        terraform=Path("terraform"),
        terraform_version="1.11.4",
        cli_config=config,
        platform="linux_amd64",
        parallel_init=parallel,
        snowflake_mirror=None,
        init=lambda place, data_dir, init: init(),
    )
    directory: Any = SimpleNamespace(
        path=tmp_path,
        data_dir=tmp_path,
        init_needed=lambda fingerprint: True,
        has_hashes=lambda platform: True,
        init_begins=lambda has_hashes: None,
        init_done=lambda fingerprint, hand_back: None,
        drop_hashes=lambda: None,
    )
    monkeypatch.setattr(unit_run, "download_aws_provider", lambda toolchain, processes: None)
    at_once(*[partial(run_init, toolchain, ProcessGroup(), directory, place.visit)] * 2)
    assert (place.visits, place.most) == (2, most)
