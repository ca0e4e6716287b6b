"""`strata trace` and `strata console` as commands: what they print, write and refuse."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strata.cli.app import run
from strata.cli.commands import console, trace
from strata.cli.console_server import record
from strata.errors import StrataError
from strata.platform.session import Running
from strata.trace.models import Run, Trace
from strata.trace.session import Tracer
from tests.endpoints import nowhere
from tests.trace.test_collect import traced

KEY = "orders/a.csv"


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A running platform that knows one object, twice; returns the names of the runs that were traced."""
    found = traced("duplicate", monkeypatch)
    asked: list[str] = []

    def one(_: Tracer, chosen: Run, runs: list[Run]) -> Trace:
        asked.append(chosen.name)
        return found.model_copy(update={"run": chosen, "runs": runs})

    def runs(_: Tracer, key: str) -> list[Run]:
        if key != KEY:
            raise StrataError(f"no object {key}", remedy=f"did you mean {KEY}?")
        return found.runs

    monkeypatch.setattr(trace, "checkout_root", lambda: tmp_path)
    monkeypatch.setattr(trace, "require_running", lambda root: Running(1, "dev", nowhere("1")))
    monkeypatch.setattr(Tracer, "key", lambda _, text: text)
    monkeypatch.setattr(Tracer, "runs", runs)
    monkeypatch.setattr(Tracer, "trace", one)
    return asked


def test_the_newest_run_is_traced(traces: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trace", KEY, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert traces == [document["run"]["name"]]
    assert traces[0].startswith("45c3ad17")


def test_another_run_by_the_beginning_of_its_name(
    traces: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["trace", KEY, "dev", "--run", "9b38", "--json"]) == 0
    assert traces[0].startswith("9b3837eb")


def test_the_list_of_runs_asks_for_no_trace(traces: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trace", KEY, "--list", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2
    assert traces == []


def test_a_file_instead_of_text(
    traces: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "trace.html"
    assert run(["trace", KEY, "--html", str(file)]) == 0
    assert file.read_text().startswith("<!doctype html>")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"written: {file}\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["orders/b.csv"], "no object orders/b.csv (did you mean orders/a.csv?)"),
        ([KEY, "--run", "x"], f"0 runs of {KEY} begin with 'x' (`strata trace {KEY} --list` shows them)"),
        ([KEY, "--html", "/nowhere/t.html"], "folder /nowhere does not exist (create it first)"),
    ],
)
def test_one_error_with_its_remedy(
    traces: list[str], capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(["trace", *arguments]) == 1
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", f"error: {said}\n")


@pytest.mark.parametrize("arguments", [["trace", KEY], ["console"]])
def test_without_a_platform(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    for command in (trace, console):
        monkeypatch.setattr(command, "checkout_root", lambda: tmp_path)
    assert run(arguments) == 1
    assert capsys.readouterr().err == (
        "error: the embedded cloud is not running (start it with `strata up`)\n"
        "see docs/troubleshooting.md#the-platform\n"
    )


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A running platform; returns where it would say that it has a console."""
    monkeypatch.setattr(console, "checkout_root", lambda: tmp_path)
    monkeypatch.setattr(console, "require_running", lambda root: None)
    record(tmp_path).parent.mkdir(parents=True)
    return record(tmp_path)


def test_the_address_of_the_console(
    beside: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    beside.write_text('{"url": "http://127.0.0.1:1/?token=t"}')
    opened: list[Any] = []
    browser = SimpleNamespace(open=lambda url: opened.append(url) or True)
    monkeypatch.setattr(console, "webbrowser", browser)
    assert run(["console"]) == 0
    assert capsys.readouterr().out == "http://127.0.0.1:1/?token=t\n"
    assert opened == []
    assert run(["console", "--open"]) == 0
    assert opened == ["http://127.0.0.1:1/?token=t"]
    monkeypatch.setattr(console, "webbrowser", SimpleNamespace(open=lambda url: False))
    assert run(["console", "--open"]) == 1


def test_a_platform_without_a_console(beside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["console"]) == 1
    assert capsys.readouterr().err == (
        "error: the platform that runs has no console (start it with `strata up`)\n"
    )
