"""A job whose numbers do not agree stops before its report says that it has finished; what dead runs left goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from glue_jobs import main, source, verdicts
from glue_jobs.errors import BrokenInvariant
from glue_jobs.verdicts import Counts

from .conftest import Buckets
from .test_main import KEY, flight, text

pytestmark = pytest.mark.spark


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({None: 1, "not_a_number": 1}, "rows read (3) are not clean + quarantined + duplicate (2)"),
        ({None: 1, "not_a_number": 2}, "lines quarantined (1) are not lines found faulty (2)"),
        (
            {None: 2, "not_heard_of": 1},
            "lines quarantined (1) are not lines with a reason of the contract (0)",
        ),
    ],
)
def test_lines_that_are_not_accounted_for_stop_clean(
    buckets: Buckets, monkeypatch: pytest.MonkeyPatch, found: Mapping[str | None, int], message: str
) -> None:
    number = verdicts.number

    def miscounted(*arguments: Any) -> Any:
        numbers, counts = number(*arguments)
        return numbers, Counts(found, counts.dates)

    buckets.put(KEY, text(flight(1), flight(2), flight(3, distance="far")))
    monkeypatch.setattr(verdicts, "number", miscounted)
    with pytest.raises(BrokenInvariant) as caught:
        buckets.run("clean", KEY)
    assert str(caught.value) == message
    assert buckets.files("reports") == {}


def test_rows_that_are_lost_between_the_jobs_stop_curate(buckets: Buckets) -> None:
    buckets.put(KEY, text(flight(1), flight(2, day=2)))
    buckets.run("clean", KEY)
    report = buckets.processed / f"reports/flights/object={buckets.object_id(KEY)}/clean.json"
    sound, days = json.loads(report.read_text()), "['2013-01-01', '2013-01-02']"
    for told, message in (
        ({"rows_clean": 3}, "rows curated (2) are not rows clean (3)"),
        ({"dates": ["2013-01-01"]}, f"dates curated ({days}) are not dates clean (['2013-01-01'])"),
    ):
        report.write_text(json.dumps(sound | told))
        with pytest.raises(BrokenInvariant) as caught:
            buckets.run("curate", KEY)
        assert str(caught.value) == message
        assert not report.with_name("curate.json").exists()
        assert buckets.files("curated") == buckets.files("work") == {}


def test_a_removal_sweeps_what_killed_runs_left(buckets: Buckets, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[str] = []
    monkeypatch.setattr(source, "sweep", lambda arguments: swept.append(arguments.source))
    main.run("remove", buckets._words("remove", KEY, "02", "marker", "deleted"))
    assert swept == [f"s3://{buckets.raw_name}/{KEY}"]


def test_what_a_job_has_done_is_printed(
    buckets: Buckets, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = {"rows_read": 3, "rows_clean": 2, "seconds": 1.5, "reasons": {}}
    monkeypatch.setitem(main.JOBS, "clean", lambda arguments, agreed: report)
    monkeypatch.setattr("sys.argv", ["clean.py", *buckets._words("clean", KEY, "02", "v1", "e1")])
    assert main.run("clean") == report
    assert capsys.readouterr().out == (
        f"clean s3://{buckets.raw_name}/{KEY} (version v1, ETag e1): rows_read 3, rows_clean 2\n"
    )
