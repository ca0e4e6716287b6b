"""A trace as a page and on a terminal: complete, without network or script, whatever a key holds."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from strata.cli.views.trace_view import print_runs, print_trace
from strata.trace.models import SparkStage, Trace
from strata.trace.page import render
from tests.trace.test_collect import traced

HOSTILE = "flights/<script>alert(1)</script>\"'&\u202egnp.csv\x1b[31m" + "x" * 300


STAGES = [
    SparkStage(
        id=number,
        name=f"collect at /job/<b>script-{number}</b>.py:{'9' * 60}",
        status="FAILED" if number == 3 else "COMPLETE",
        tasks=4,
        failed_tasks=int(number == 3),
        seconds=None if number == 7 else float(number),
        records_read=1000,
        records_written=number,
    )
    for number in range(8)
]


def with_stages(monkeypatch: pytest.MonkeyPatch) -> Trace:
    trace = traced("clean", monkeypatch)
    first, *rest = trace.jobs
    return trace.model_copy(update={"jobs": [first.model_copy(update={"stages": STAGES}), *rest]})


def test_a_page_lists_the_stages_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    page = render(with_stages(monkeypatch))
    # Of two runs, one has told its stages.
    assert page.count("Spark stages, ") == 1
    assert "Spark stages, 8" in page
    assert page.count("script-") == 8
    assert "&lt;b&gt;script-3&lt;/b&gt;" in page


def test_a_terminal_shows_the_longest_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = printed(with_stages(monkeypatch)).splitlines()
    place = lines.index("  8 Spark stages, the longest:")
    shown = lines[place + 1 : place + 6]
    assert [line.split()[:3] for line in shown] == [
        ["complete", "6.0", "s"],
        ["complete", "5.0", "s"],
        ["complete", "4.0", "s"],
        ["failed", "3.0", "s"],
        ["complete", "2.0", "s"],
    ]
    assert {len(line) for line in shown} == {80}
    assert all(line.endswith("…") for line in shown)
    assert "Spark stages" not in printed(traced("clean", monkeypatch))


def hostile(monkeypatch: pytest.MonkeyPatch) -> Trace:
    trace = traced("clean", monkeypatch)
    run = trace.run.model_copy(update={"key": HOSTILE})
    lines = [trace.quarantined[0].model_copy(update={"row": "</pre><img src=x onerror=alert(1)>"})]
    return trace.model_copy(
        update={"run": run, "runs": [run], "event": {"key": HOSTILE}, "quarantined": lines}
    )


def printed(trace: Trace, width: int = 80) -> str:
    stream = io.StringIO()
    print_trace(Console(file=stream, width=width), trace)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["clean", "refused", "duplicate"])
def test_a_page_needs_nothing_else(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    page = render(traced(name, monkeypatch))
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<link|<img|@import|https?://|url\(", page)
    assert page.count('<g class="node') >= 11
    # A click on a visited state leads to what it did.
    for place in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{place}"' in page


def test_a_page_of_a_failure_has_reason_and_command(monkeypatch: pytest.MonkeyPatch) -> None:
    page = render(traced("refused", monkeypatch))
    assert "<h2>Clean failed</h2>" in page
    assert "other_columns: not the contract&#39;s header" in page
    assert "strata put FILE --key &#39;flights/wrong header &lt;b&gt;x&lt;/b&gt;.csv&#39;" in page
    assert "<b>x</b>" not in page


def test_a_page_shows_hostile_text_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    page = render(hostile(monkeypatch))
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_terminal_is_not_driven_by_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    said = printed(hostile(monkeypatch))
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "flights/<script>alert(1)</script>\"'&\ufffdgnp.csv\ufffd[31mxxx" in said


def test_a_terminal_shows_all_stations(monkeypatch: pytest.MonkeyPatch) -> None:
    said = printed(traced("clean", monkeypatch))
    for text in (
        "rule strata-raw-objects-dev matches",
        "SUCCEEDED, this run's, in strata-claims-dev",
        "read 44 = clean 39 + quarantined 1 + duplicate 4",
        "refreshed by 1 statements: 1 files",
        "LAKE.CURATED.FLIGHTS: shows 39 rows of this object now",
        "rows_read 44, rows_clean 39",
    ):
        assert text in said
    assert "$ strata" not in said
    assert "$ strata put FILE" in printed(traced("refused", monkeypatch))


def test_input_and_output_of_each_state_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = traced("clean", monkeypatch)
    stream = io.StringIO()
    print_trace(Console(file=stream, width=80), trace, full=True)
    said = stream.getvalue()
    assert said.count("\n    input  {") == said.count("\n    output {") == len(trace.states)
    assert '"run_id": "jr_' in said
    assert "    input" not in printed(trace)


def test_a_list_of_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    print_runs(Console(file=stream, width=200), traced("duplicate", monkeypatch).runs)
    newest, oldest = stream.getvalue().splitlines()
    assert newest.split()[2] == oldest.split()[2] == "SUCCEEDED"
    assert newest > oldest
