"""The console as a server: its address, its record, its end."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import httpx
import pytest

from strata.console.server import ConsoleServer, recorded_url
from strata.errors import StrataError
from tests.console.recorded import Recorded


def test_it_listens_here_only_and_leaves_nothing(source: Recorded, tmp_path: Path) -> None:
    record = tmp_path / "console.json"
    with ConsoleServer(source, record) as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert recorded_url(record) == server.url
        assert record.stat().st_mode & 0o077 == 0
        with httpx.Client(follow_redirects=True) as browser:
            assert browser.get(server.url).status_code == 200
        port = int(server.url.split(":")[2].partition("/")[0])
    assert recorded_url(record) is None
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_an_open_page_does_not_hold_it_up(
    source: Recorded, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with ConsoleServer(source) as server, httpx.Client(follow_redirects=True) as browser:
        browser.get(server.url)
        with browser.stream("GET", f"{server.url.partition('/?')[0]}/api/dev/changes") as news:
            lines = news.iter_lines()
            assert next(lines) == "event: changed"
            began = time.monotonic()
            server.__exit__()
            assert time.monotonic() - began < 2
    assert (capfd.readouterr().err, caplog.records) == ("", [])


def test_each_start_has_a_token_of_its_own(source: Recorded) -> None:
    with ConsoleServer(source) as one, ConsoleServer(source) as other:
        tokens = {server.url.partition("token=")[2] for server in (one, other)}
    assert len(tokens) == 2
    assert min(map(len, tokens)) >= 32


def test_a_port_that_is_taken(source: Recorded) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StrataError, match=f"the console cannot listen on port {port}: "):
            ConsoleServer(source, port=port)


@pytest.mark.parametrize("text", ["", "{}", "[]", json.dumps({"url": None})[:-3]])
def test_a_record_that_says_nothing(tmp_path: Path, text: str) -> None:
    record = tmp_path / "console.json"
    record.write_text(text)
    assert recorded_url(record) is None
