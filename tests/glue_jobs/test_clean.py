"""Rows in, rows out: what `clean` makes of single lines."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from glue_jobs import clean, odcs, verdicts

pytestmark = pytest.mark.spark

NAMES = [
    "year",
    "month",
    "day",
    "dep_time",
    "sched_dep_time",
    "dep_delay",
    "arr_time",
    "sched_arr_time",
    "arr_delay",
    "carrier",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "air_time",
    "distance",
    "hour",
    "minute",
    "time_hour",
]
GOOD = dict(
    zip(
        NAMES,
        [
            "2013",
            "1",
            "1",
            "517",
            "515",
            "2",
            "830",
            "819",
            "11",
            "UA",
            "{}",
            "N14228",
            "EWR",
            "IAH",
            "227",
            "1400",
            "5",
            "15",
            "2013-01-01T10:00:00Z",
        ],
        strict=True,
    )
)


def line(**changes: str | None) -> str:
    """A good line with some fields changed; None leaves a field out."""
    return ",".join(value for value in (GOOD | changes).values() if value is not None)


@dataclass(frozen=True)
class Quarantined:
    line: str
    reason: str
    detail: str


# {} becomes a flight number of the case's own, so that no case is another's duplicate.
QUARANTINED = {
    "day 32": Quarantined(line(day="32"), "bad_date", "flight_date: '2013-1-32' is not a date"),
    "30 February": Quarantined(
        line(month="2", day="30"), "bad_date", "flight_date: '2013-2-30' is not a date"
    ),
    "year of two digits": Quarantined(line(year="13"), "bad_date", "flight_date: '13-1-1' is not a date"),
    "no time": Quarantined(
        line(time_hour="yesterday"), "bad_date", "time_hour: 'yesterday' is not of type timestamp"
    ),
    "a time that only Spark 2 reads": Quarantined(
        line(time_hour="2013-1-1T10:00:00Z"),
        "bad_date",
        "time_hour: '2013-1-1T10:00:00Z' is not of type timestamp",
    ),
    "date and time disagree": Quarantined(
        line(day="4"), "bad_date", "flight_date: '2013-01-04' is more than a day from time_hour"
    ),
    "text in a number": Quarantined(
        line(dep_delay="late"), "not_a_number", "dep_delay: 'late' is not of type int"
    ),
    "fraction in a whole number": Quarantined(
        line(distance="2.7"), "not_a_number", "distance: '2.7' is not of type int"
    ),
    "number too large": Quarantined(
        line(distance="99999999999"), "not_a_number", "distance: '99999999999' is not of type int"
    ),
    "number with a space": Quarantined(
        line(air_time="22 7"), "not_a_number", "air_time: '22 7' is not of type int"
    ),
    "two faults, the left one counts": Quarantined(
        line(dep_delay="late", time_hour="x"), "not_a_number", "dep_delay: 'late' is not of type int"
    ),
    "empty where a value must be": Quarantined(line(carrier=""), "missing_value", "carrier is empty"),
    "NA where a value must be": Quarantined(line(distance="NA"), "missing_value", "distance is empty"),
    "column missing at the end": Quarantined(
        line(time_hour=None), "missing_column", "18 columns instead of 19"
    ),
    "column missing at the start": Quarantined(line(year=None), "missing_column", "18 columns instead of 19"),
    "blank line between others": Quarantined("", "missing_column", "1 columns instead of 19"),
    "column too many": Quarantined(line() + ",x", "extra_column", "20 columns instead of 19"),
    "30,000 columns": Quarantined("," * 29_999, "extra_column", "30000 columns instead of 19"),
    "semicolons": Quarantined(
        line().replace(",", ";"), "wrong_delimiter", "separated by ';' instead of a comma"
    ),
    "tabs": Quarantined(
        line().replace(",", "\t"), "wrong_delimiter", "separated by a tab instead of a comma"
    ),
    "bars": Quarantined(line().replace(",", "|"), "wrong_delimiter", "separated by '|' instead of a comma"),
    "unknown carrier": Quarantined(line(carrier="ZZ"), "unknown_carrier", "carrier: 'ZZ' is not in airlines"),
    "carrier in lower case": Quarantined(
        line(carrier="ua"), "unknown_carrier", "carrier: 'ua' is not in airlines"
    ),
    "quote without its pair": Quarantined(line(tailnum='"N1'), "bad_quoting", "the quotes do not pair up"),
    "quotes within a field": Quarantined(line(tailnum='N"1"'), "bad_quoting", "the quotes do not pair up"),
    "quotes that hide 30,000 commas": Quarantined(
        line(tailnum='N"' + "," * 30_000 + '"'), "bad_quoting", "the quotes do not pair up"
    ),
    "30,000 quotes": Quarantined(line(tailnum='"' * 30_001), "bad_quoting", "the quotes do not pair up"),
    "not UTF-8": Quarantined(line(origin="EW\ufffd"), "bad_encoding", "the line is not UTF-8"),
}

# Changed fields -> the values that the row must have.
CLEAN: dict[str, tuple[str, dict[str, Any]]] = {
    "as published": (line(), {"year": 2013, "carrier": "UA", "tailnum": "N14228", "dep_delay": 2}),
    "NA is null": (
        line(dep_time="NA", arr_delay="NA", tailnum="NA"),
        {"dep_time": None, "arr_delay": None, "tailnum": None, "air_time": 227},
    ),
    "empty is null": (line(dep_time="", tailnum=""), {"dep_time": None, "tailnum": None}),
    "signs": (line(dep_delay="-12", arr_delay="+3"), {"dep_delay": -12, "arr_delay": 3}),
    "comma within quotes": (line(tailnum='"N1,2"'), {"tailnum": "N1,2"}),
    "quotes within quotes": (line(tailnum='"a ""b"", c"'), {"tailnum": 'a "b", c'}),
    "many quotes within quotes": (line(tailnum='"' * 30_002), {"tailnum": '"' * 15_000}),
    "every field quoted": (
        ",".join(f'"{value}"' for value in GOOD.values()),
        {"year": 2013, "carrier": "UA", "distance": 1400},
    ),
    "letters beyond ASCII": (line(tailnum="Ñ✈"), {"tailnum": "Ñ✈"}),
    "a zone other than UTC": (
        line(time_hour="2013-01-01T05:00:00-05"),
        {"time_hour": datetime.datetime(2013, 1, 1, 10)},
    ),
    "evening in New York is tomorrow in UTC": (
        line(time_hour="2013-01-02T02:00:00Z"),
        {"flight_date": datetime.date(2013, 1, 1)},
    ),
    "unknown destination and plane": (line(dest="XXX", tailnum="XXX"), {"dest": "XXX"}),
}


@dataclass(frozen=True)
class Judged:
    rows: dict[int, Row]
    quarantined: dict[int, Row]
    repeats: dict[int, Row]


def judge(spark: SparkSession, lines: dict[int, str]) -> Judged:
    agreed = odcs.load("flights")
    frame = spark.createDataFrame(list(lines.items()), "source_line bigint, line string").repartition(2)
    airlines = spark.createDataFrame(
        [("UA", "United"), ("B6", "JetBlue"), ("B6", "twice")], "carrier string, name string"
    )
    placed = frame.selectExpr("0L AS _block", "source_line AS _position", "line")
    judged = clean.transform(agreed, clean.CleanInputs(placed, {"airlines": airlines})).localCheckpoint()
    numbered = verdicts.Numbers({}).of(judged)
    repeats = verdicts.repeated(agreed, numbered)
    # Collecting would show the driver's zone; the number of microseconds has none.
    rows = numbered.collect()
    return Judged(
        rows={row["source_line"]: row for row in rows},
        quarantined={row["source_line"]: row for row in verdicts.faulty_rows(numbered, repeats).collect()},
        repeats={} if repeats is None else {row["source_line"]: row for row in repeats.collect()},
    )


@pytest.fixture(scope="module")
def cases(spark: SparkSession) -> Judged:
    """All cases in one pass, by the line number that is their place below."""
    lines = [case.line for case in QUARANTINED.values()] + [text for text, _ in CLEAN.values()]
    return judge(
        spark, {number: text.replace("{}", str(number)) for number, text in enumerate(lines, start=2)}
    )


@pytest.mark.parametrize("name", QUARANTINED)
def test_a_broken_line_is_quarantined_with_its_reason(cases: Judged, name: str) -> None:
    case = QUARANTINED[name]
    number = list(QUARANTINED).index(name) + 2
    row = cases.quarantined[number]
    assert (row["reason"], row["detail"]) == (case.reason, case.detail)
    assert row["row"] == case.line.replace("{}", str(number))
    assert cases.rows[number]["_reason"] == case.reason


@pytest.mark.parametrize("name", CLEAN)
def test_a_good_line_becomes_a_typed_row(cases: Judged, name: str) -> None:
    number = list(CLEAN).index(name) + 2 + len(QUARANTINED)
    row = cases.rows[number]
    assert row["_reason"] is None, cases.quarantined.get(number)
    expected = CLEAN[name][1]
    assert {column: row[column] for column in expected} == expected
    assert number not in cases.quarantined


@pytest.mark.parametrize(
    ("day", "reason"), [("30", "bad_date"), ("31", None), ("1", None), ("2", None), ("3", "bad_date")]
)
def test_a_date_is_at_most_a_day_from_the_time(spark: SparkSession, day: str, reason: str | None) -> None:
    year, month = ("2012", "12") if day in ("30", "31") else ("2013", "1")
    judged = judge(
        spark, {2: line(year=year, month=month, day=day, flight="1", time_hour="2013-01-01T12:00:00Z")}
    )
    assert judged.rows[2]["_reason"] == reason, judged.quarantined.get(2)


def test_every_line_has_one_verdict(cases: Judged) -> None:
    assert sorted(cases.rows) == list(range(2, 2 + len(QUARANTINED) + len(CLEAN)))
    assert {case.reason for case in QUARANTINED.values()} == set(clean.reasons(odcs.load("flights")))


def test_the_first_line_of_a_key_stays(spark: SparkSession) -> None:
    judged = judge(
        spark,
        {
            # The first of the key is broken, so that the second is the one to keep.
            2: line(flight="7", distance="far"),
            3: line(flight="7", distance="100"),
            4: line(flight="7", distance="200"),
            5: line(flight="8"),
            6: line(flight="7"),
            7: line(flight="8", carrier="B6"),
            8: line(flight="8", time_hour="2013-01-01T11:00:00Z"),
            # Equal broken lines are two lines in the quarantine.
            9: line(flight="7", distance="far"),
        },
    )
    assert {number: (row["_reason"], row["_detail"]) for number, row in judged.repeats.items()} == {
        4: ("duplicate", "line 3 has the same key and another distance"),
        6: ("duplicate", "line 3 has the same key and another distance"),
    }
    assert sorted(judged.quarantined) == [2, 9]
