"""The stand-in lives through what the real provider was recorded to live through, and leaves the same behind."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from strata.cloud.snowflake.provider import VERSION
from strata.cloud.snowflake.provider.server import ProviderServer
from strata.terraform.providers import SNOWFLAKE_MIRROR
from strata.terraform.toolchain import ready_toolchain
from tests.snowflake_provider import account, recordings
from tests.snowflake_provider.record import Heard
from tests.snowflake_provider.recorder import Case, Observation, Recorder, cases

pytestmark = [pytest.mark.terraform, pytest.mark.needs("terraform")]

ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def stand_in(folder: Path, reads: list[str], answers: dict[str, Any]) -> Iterator[Recorder]:
    """A recorder of the stand-in; after the first step, the account's answers to `reads` are kept."""
    environ = {name: value for name, value in os.environ.items() if name != SNOWFLAKE_MIRROR}
    toolchain = ready_toolchain(ROOT / ".strata", environ)
    with account.embedded_account(folder) as server:
        provider, heard = ProviderServer(server), Heard()

        def ask() -> dict[str, Any]:
            if reads and not answers:
                with heard.listening():
                    account.rows(server, reads)
                answers.update(heard.take()["reads"])
            return {}

        try:
            environment = toolchain.environment({"TF_REATTACH_PROVIDERS": provider.start()})
            yield Recorder(
                folder / "root",
                toolchain.terraform,
                environment,
                lambda statements: account.rows(server, statements),
                ask,
            )
        finally:
            provider.stop()


def unlisted(case: str, real: Observation, ours: Observation) -> tuple[list[str], list[str]]:
    """The differences of a case that are not listed, and those that are listed and do not occur."""
    listed = {difference: False for difference in recordings.differences() if difference.case == case}
    found = []
    for place, one, other in recordings.compare(real, ours):
        covering = [difference for difference in listed if difference.covers(place, one, other)]
        listed.update(dict.fromkeys(covering, True))
        if not covering:
            found.append(f"{place}: the real one {one!r:.300}, the stand-in {other!r:.300}")
    return found, [difference.path for difference, occurs in listed.items() if not occurs]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_stand_in_does_what_the_real_provider_was_recorded_to_do(case: Case, tmp_path: Path) -> None:
    recorded, statements = recordings.read(VERSION)
    reads = statements["reads"] if case.name == "life" else {}
    answers: dict[str, Any] = {}
    with stand_in(tmp_path, list(reads), answers) as recorder:
        ours = recorder.live(case)
    for seen in ours.values():
        seen.pop("statements", None)
    assert unlisted(case.name, recorded[case.name], ours) == ([], [])
    # What the real provider read to come to its states: the account still answers so.
    assert list(recordings.compare(reads, answers)) == []


def test_a_difference_that_is_not_listed_is_found() -> None:
    real = {"create": {"state": {"a.b": {"id": "x", "comment": ""}}, "errors": ["a.b: one"]}}
    ours = {"create": {"state": {"a.b": {"id": "x", "comment": None}}, "errors": ["a.b: two"]}}
    assert unlisted("life", real, ours)[0] == [
        "create/errors: the real one ['a.b: one'], the stand-in ['a.b: two']",
        "create/state/a.b/comment: the real one '', the stand-in None",
    ]
    # In the refusals only the addresses have to be the same.
    assert unlisted("refusals", real, ours)[0] == [
        "create/state/a.b/comment: the real one '', the stand-in None"
    ]
    ours["create"]["errors"] = ["a.c: two"]
    assert len(unlisted("refusals", real, ours)[0]) == 2


def test_a_recording_is_read_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "RECORDINGS", tmp_path)
    one = {"id": "x", "comment": "", "parameters": [{"a": [{"value": "1"}]}]}
    two = {"id": "x", "comment": "c", "parameters": [{"a": [{"value": "1"}]}]}
    observed = {"case": {"step": {"state": {"a.b": one, "a.c": one}, "again": {"refreshed": {"a.b": two}}}}}
    recordings.write("1.0.0", observed, {"reads": {}, "changes": {}})
    assert recordings.read("1.0.0") == (observed, {"reads": {}, "changes": {}})
    # The second state is kept as what differs from the first.
    assert '"but": {"comment": "c"}' in (tmp_path / "1.0.0.json").read_text("utf-8")
