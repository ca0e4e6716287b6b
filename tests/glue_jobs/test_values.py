"""No value of a line takes the file along: it is kept, and every reader can read it, or it has its reason."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset as ds
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from glue_jobs import odcs
from glue_jobs.contract import Contract
from tests.varied import VARIED

from .conftest import Buckets
from .documents import column, document, table

pytestmark = pytest.mark.spark

KEY = "flights/x.csv"
TYPES = ("string", "int", "bigint", "double", "date", "timestamp")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_contract(columns: Mapping[str, tuple[str, bool]]) -> Contract:
    """A contract without references: line number, date, time, and then columns (name: type, nullable)."""
    fixed = {"n": "int", "year": "int", "month": "int", "day": "int", "moment": "timestamp"}
    described = [column(name, kind, required=True) for name, kind in fixed.items()]
    described[0]["primaryKey"] = True
    described += [column(name, kind, not nullable) for name, (kind, nullable) in columns.items()]
    date = {"name": "flight_date", "parts": ["year", "month", "day"], "withinADayOf": "moment"}
    return odcs.from_document(document(table("flights", described, nullTokens=["NA"], partition=date)))


@dataclass(frozen=True)
class Result:
    """What both jobs made of a file: rows by line number, as each reader sees them."""

    report: dict[str, Any]
    arrow: dict[int, dict[str, Any]]
    duckdb: dict[int, dict[str, Any]]
    spark: dict[int, dict[str, Any]]
    quarantined: dict[int, dict[str, Any]]


def run_jobs(spark: SparkSession, buckets: Buckets, agreed: Contract, lines: Sequence[bytes]) -> Result:
    content = b"\n".join([",".join(agreed.names).encode(), *lines]) + b"\n"
    buckets.put(KEY, content)
    buckets.contract = agreed
    report, curated = buckets.run_both(KEY)
    assert curated["rows_curated"] == report["rows_clean"]
    folder = buckets.processed / "curated" / "flights"
    arrow: list[dict[str, Any]] = []
    duck: list[dict[str, Any]] = []
    frame: list[dict[str, Any]] = []
    if report["rows_clean"]:
        arrow = ds.dataset(folder, format="parquet").to_table().to_pylist()
        # A moment as a number of microseconds: as a date it would be in the zone of the machine.
        shown = [
            f"epoch_us({column.name}) AS {column.name}" if column.type == "timestamp" else column.name
            for column in agreed.curated
        ]
        names = [column.name for column in agreed.curated]
        with duckdb.connect() as connection:
            read = connection.execute(f"SELECT {', '.join(shown)} FROM read_parquet('{folder}/**/*.parquet')")
            duck = [dict(zip(names, row, strict=True)) for row in read.fetchall()]
        micros = [text.replace("epoch_us", "unix_micros") for text in shown]
        path = f"s3://{buckets.processed_name}/curated/flights"
        frame = [row.asDict() for row in spark.read.parquet(path).selectExpr(*micros).collect()]
    broken = [
        json.loads(line)
        for data in buckets.files("quarantine/flights").values()
        for line in data.split(b"\n")
        if line
    ]
    arrow_rows, duck_rows, spark_rows, broken_rows = (
        {row["source_line"]: row for row in rows} for rows in (arrow, duck, frame, broken)
    )
    return Result(report, arrow_rows, duck_rows, spark_rows, broken_rows)


@contextmanager
def ansi_mode(spark: SparkSession, on: bool) -> Iterator[None]:
    """Let Spark be strict, or not, about values that it cannot convert."""
    spark.conf.set("spark.sql.ansi.enabled", str(on).lower())
    try:
        yield
    finally:
        spark.conf.unset("spark.sql.ansi.enabled")


@dataclass(frozen=True)
class Refused:
    reason: str
    detail: str | None = None


NO_NUMBER, NO_DATE, MISSING = Refused("not_a_number"), Refused("bad_date"), Refused("missing_value")
QUOTES, ENCODING = Refused("bad_quoting"), Refused("bad_encoding")
LONG = "9" * 400
MEGABYTES = "x" * 3_000_000
INT, BIGINT = 2**31, 2**63

# A column (its type, and whether a value must be), the field as it is in the file, and what becomes of it.
VALUES: list[tuple[str, str | bytes, Any]] = [
    ("int", str(INT - 1), INT - 1),
    ("int", str(-INT), -INT),
    ("int", str(INT), NO_NUMBER),
    ("int", str(-INT - 1), NO_NUMBER),
    ("int", "-0", 0),
    ("int", "+7", 7),
    ("int", "0" * 60 + "7", 7),
    ("int", LONG, Refused("not_a_number", f"int: '{LONG[:120]}…' is not of type int")),
    ("int", "2.0", NO_NUMBER),
    ("int", "1e3", NO_NUMBER),
    ("int", "0x1f", NO_NUMBER),
    ("int", "1_000", NO_NUMBER),
    ("int", '"1,000"', NO_NUMBER),
    ("int", "+", NO_NUMBER),
    ("int", " 7", NO_NUMBER),
    ("int", "7\t", NO_NUMBER),
    ("int", '"7\r"', NO_NUMBER),
    ("int", "7\u2028", NO_NUMBER),
    ("int", "\u0663", NO_NUMBER),
    ("int", "\ufeff7", NO_NUMBER),
    ("int", "7\0", NO_NUMBER),
    ("int", " ", NO_NUMBER),
    ("int", "", None),
    ("int", '""', None),
    ("int", "NA", None),
    ("int_must", '""', MISSING),
    ("int_must", " ", MISSING),
    ("int_must", "NA", MISSING),
    ("bigint", str(BIGINT - 1), BIGINT - 1),
    ("bigint", str(-BIGINT), -BIGINT),
    ("bigint", str(BIGINT), NO_NUMBER),
    ("bigint", LONG, NO_NUMBER),
    ("bigint", '""', None),
    ("bigint_must", '""', MISSING),
    ("double", "1.5", 1.5),
    ("double", ".5", 0.5),
    ("double", "5.", 5.0),
    ("double", "-1.5E+3", -1500.0),
    ("double", "1.7976931348623157e308", 1.7976931348623157e308),
    ("double", "1e400", NO_NUMBER),
    ("double", "-1e400", NO_NUMBER),
    ("double", LONG, NO_NUMBER),
    ("double", "5e-324", 5e-324),
    ("double", "1e-400", 0.0),
    ("double", "-0.0", -0.0),
    ("double", "0." + LONG, 1.0),
    ("double", "NaN", NO_NUMBER),
    ("double", "Infinity", NO_NUMBER),
    ("double", "-Inf", NO_NUMBER),
    ("double", "0x1p3", NO_NUMBER),
    ("double", "1.5d", NO_NUMBER),
    ("double", "1.5f", NO_NUMBER),
    ("double", "1.5 ", NO_NUMBER),
    ("double", "1e", NO_NUMBER),
    ("double", ".", NO_NUMBER),
    ("double", '"1,5"', NO_NUMBER),
    ("double", "\u0661.5", NO_NUMBER),
    ("double", '""', None),
    ("double_must", '""', MISSING),
    ("date", "2013-01-01", date(2013, 1, 1)),
    ("date", "1582-10-10", date(1582, 10, 10)),
    ("date", "0001-01-01", date(1, 1, 1)),
    ("date", "9999-12-31", date(9999, 12, 31)),
    ("date", "1900-02-29", NO_DATE),
    ("date", "2000-02-29", date(2000, 2, 29)),
    ("date", "2013-02-30", Refused("bad_date", "date: '2013-02-30' is not of type date")),
    ("date", "2013", NO_DATE),
    ("date", "2013-01", NO_DATE),
    ("date", "2013-1-1", NO_DATE),
    ("date", "2013-01-01 abc", NO_DATE),
    ("date", "2013-01-01T10:00:00Z", NO_DATE),
    ("date", " 2013-01-01", NO_DATE),
    ("date", "20130101", NO_DATE),
    ("date", "01/02/2013", NO_DATE),
    ("date", "0000-01-01", NO_DATE),
    ("date", "10000-01-01", NO_DATE),
    ("date", "99999-01-01", NO_DATE),
    ("date", "+99999-01-01", NO_DATE),
    ("date", "-0044-03-15", NO_DATE),
    ("date", "today", NO_DATE),
    ("date", "epoch", NO_DATE),
    ("date", '""', None),
    ("date_must", '""', MISSING),
    ("timestamp", "1899-12-30T00:00:00Z", datetime(1899, 12, 30, tzinfo=UTC)),
    ("timestamp", "1582-10-10T00:00:00Z", datetime(1582, 10, 10, tzinfo=UTC)),
    ("timestamp", "2013-01-01T10:00:00+00:00", datetime(2013, 1, 1, 10, tzinfo=UTC)),
    ("timestamp", "2013-01-01T05:00:00-05:00", datetime(2013, 1, 1, 10, tzinfo=UTC)),
    ("timestamp", "2013-01-01T05:00:00-05", datetime(2013, 1, 1, 10, tzinfo=UTC)),
    ("timestamp", "2013-01-01T15:30:00+0530", datetime(2013, 1, 1, 10, tzinfo=UTC)),
    ("timestamp", "2013-01-01T10:00:00.5Z", datetime(2013, 1, 1, 10, 0, 0, 500_000, tzinfo=UTC)),
    ("timestamp", "2013-01-01T10:00:00.123456+00:00", datetime(2013, 1, 1, 10, 0, 0, 123_456, tzinfo=UTC)),
    ("timestamp", "2013-01-01T10:00:00.123456789Z", datetime(2013, 1, 1, 10, 0, 0, 123_456, tzinfo=UTC)),
    ("timestamp", "2013-03-10T02:30:00-05:00", datetime(2013, 3, 10, 7, 30, tzinfo=UTC)),
    ("timestamp", "0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ("timestamp", "9999-12-31T23:59:59.999999Z", datetime.max.replace(tzinfo=UTC)),
    ("timestamp", "0001-01-01T00:00:00+01:00", NO_DATE),
    ("timestamp", "9999-12-31T23:59:59-01:00", NO_DATE),
    ("timestamp", "0000-06-01T00:00:00Z", NO_DATE),
    ("timestamp", "292278-01-01T00:00:00Z", NO_DATE),
    ("timestamp", "-0044-03-15T00:00:00Z", NO_DATE),
    ("timestamp", "2016-12-31T23:59:60Z", NO_DATE),
    ("timestamp", "2013-01-01T24:00:00Z", NO_DATE),
    ("timestamp", "2013-02-30T10:00:00Z", NO_DATE),
    ("timestamp", "2013-01-01T10:00:00", NO_DATE),
    ("timestamp", "2013-01-01T10:00:00.Z", NO_DATE),
    ("timestamp", "2013-01-01T10:00:00.1234567891Z", NO_DATE),
    ("timestamp", "2013-01-01T10:00:00+19:00", NO_DATE),
    ("timestamp", "2013-01-01T10:00:00ZZ", NO_DATE),
    ("timestamp", "2013-01-01T10:00:00Z ", NO_DATE),
    ("timestamp", "2013-01-01T10:00:00 Europe/Berlin", NO_DATE),
    ("timestamp", "2013-01-01 10:00:00", NO_DATE),
    ("timestamp", "2013-01-01", NO_DATE),
    ("timestamp", "1357034400", NO_DATE),
    ("timestamp", "now", NO_DATE),
    ("timestamp", '""', None),
    ("timestamp_must", '""', MISSING),
    ("string", "", None),
    ("string", "NA", None),
    ("string", '""', ""),
    ("string", " ", " "),
    ("string", "null", "null"),
    ("string", "\0", "\0"),
    ("string", "a\0b", "a\0b"),
    ("string", "\x01\x1b\x7f", "\x01\x1b\x7f"),
    ("string", '"a\rb"', "a\rb"),
    ("string", "\ufeffa", "\ufeffa"),
    ("string", "\u2028\u0085", "\u2028\u0085"),
    ("string", "😀\U0010ffff\ufffe", "😀\U0010ffff\ufffe"),
    # The parser takes it for the end of the file, and would go on with the next line as a part of this one.
    ("string", "\uffff", Refused("bad_encoding", "the line holds U+FFFF, not a character")),
    ("string", '"\uffff"', ENCODING),
    ("string", "# no comment", "# no comment"),
    ("string", "a\\", "a\\"),
    ("string", "'; DROP TABLE x; --", "'; DROP TABLE x; --"),
    ("string", '"{""a"":1}"', '{"a":1}'),
    ("string", "${a} %s {0}", "${a} %s {0}"),
    ("string", MEGABYTES, MEGABYTES),
    ("string", f'"{MEGABYTES},"', f"{MEGABYTES},"),
    ("string", 'a"b', QUOTES),
    ("string", b"\xff\xfe", ENCODING),
    ("string", b"\xed\xa0\x80", ENCODING),
    ("string", b"\xc0\x80", ENCODING),
    ("string_must", "a", "a"),
    ("string_must", "", MISSING),
    ("string_must", '""', MISSING),
    ("string_must", " \t", MISSING),
    ("string_must", "\u00a0\u3000", MISSING),
    ("int", MEGABYTES, NO_NUMBER),
    ("double", "9" * 1_000_000, NO_NUMBER),
    ("timestamp", MEGABYTES, NO_DATE),
]
COLUMNS = {f"{kind}{end}": (kind, end == "") for kind in TYPES for end in ("", "_must")}
DEFAULTS = {
    "string": "a",
    "int": "1",
    "bigint": "1",
    "double": "1",
    "date": "2013-01-01",
    "timestamp": "2013-01-01T00:00:00Z",
}


def data_line(number: int, column: str, field: str | bytes) -> bytes:
    """A good line but for one field."""
    fields: dict[str, str | bytes] = {
        "n": str(number),
        "year": "2013",
        "month": "1",
        "day": "1",
        "moment": "2013-01-01T00:00:00Z",
        **{name: DEFAULTS[kind] for name, (kind, _) in COLUMNS.items()},
    }
    fields[column] = field
    return b",".join(value.encode() if isinstance(value, str) else value for value in fields.values())


@pytest.fixture(scope="module")
def judged(
    spark: SparkSession, new_buckets: Callable[[Path], Buckets], tmp_path_factory: pytest.TempPathFactory
) -> Result:
    """All values in one file, each in a line of its own."""
    lines = [data_line(number, column, field) for number, (column, field, _) in enumerate(VALUES)]
    buckets = new_buckets(tmp_path_factory.mktemp("values"))
    return run_jobs(spark, buckets, new_contract(COLUMNS), lines)


@pytest.mark.parametrize(
    "number", range(len(VALUES)), ids=[f"{column} {str(field)[:40]!r}" for column, field, _ in VALUES]
)
def test_a_value_is_kept_or_has_its_reason(judged: Result, number: int) -> None:
    column, field, expected = VALUES[number]
    source_line = number + 2
    if isinstance(expected, Refused):
        row = judged.quarantined[source_line]
        assert row["reason"] == expected.reason
        assert expected.detail in (None, row["detail"])
        assert len(row["detail"]) < 250
        if isinstance(field, str):
            assert row["row"] == data_line(number, column, field).decode()
        return
    assert judged.quarantined.get(source_line) is None
    micros = (expected - EPOCH) // timedelta(microseconds=1) if isinstance(expected, datetime) else expected
    found = (
        judged.arrow[source_line][column],
        judged.duckdb[source_line][column],
        judged.spark[source_line][column],
    )
    assert [repr(value) for value in found[1:]] == [repr(micros)] * 2
    assert found[0] == expected
    assert repr(found[0]).startswith("-") == repr(expected).startswith("-")


def test_a_line_ends_with_what_it_holds(
    spark: SparkSession, new_buckets: Callable[[Path], Buckets], tmp_path: Path
) -> None:
    """The parser takes U+0000 away before the last quote of a text."""
    texts = ["\0", "a\0", "\0\0", "a\0 ", "a"]
    lines = [f'{number},2013,1,1,2013-01-01T00:00:00Z,"{text}"'.encode() for number, text in enumerate(texts)]
    result = run_jobs(spark, new_buckets(tmp_path), new_contract({"last": ("string", False)}), lines)
    assert [row["last"] for _, row in sorted(result.spark.items())] == texts


def test_each_line_is_accounted_for(judged: Result) -> None:
    refused = sum(isinstance(expected, Refused) for _, _, expected in VALUES)
    report = judged.report
    assert (report["rows_read"], report["rows_quarantined"], report["rows_duplicate"]) == (
        len(VALUES),
        refused,
        0,
    )


def test_the_date_that_rows_are_partitioned_by(
    spark: SparkSession, new_buckets: Callable[[Path], Buckets], tmp_path: Path
) -> None:
    # year, month, day, and the date that comes of them; `moment` agrees with the year that is written.
    cases = {
        "1000,1,1": "1000-01-01",
        "1582,10,10": "1582-10-10",
        "1899,12,30": "1899-12-30",
        "9999,12,31": "9999-12-31",
        "2013,007,+04": "2013-07-04",
        "0999,1,1": None,
        "10000,1,1": None,
        "-2013,1,1": None,
        "2147483647,1,1": None,
        "2013,-1,1": None,
        "2013,1,0": None,
        "2013,1,2147483647": None,
        "1900,2,29": None,
    }
    lines = [
        f"{number},{parts},{(expected or '2013-01-01')}T00:00:00Z".encode()
        for number, (parts, expected) in enumerate(cases.items())
    ]
    result = run_jobs(spark, new_buckets(tmp_path), new_contract({}), lines)
    good = sorted(expected for expected in cases.values() if expected is not None)
    assert result.report["dates"] == good
    assert result.report["reasons"] == {"bad_date": len(cases) - len(good)}
    folders = {path.name for path in (tmp_path / "processed" / "curated" / "flights").iterdir()}
    assert folders == {f"flight_date={day}" for day in good}


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def exported(text: str) -> st.SearchStrategy[str]:
    """A field as an exporter may write it: in quotes where it must be, or always."""
    always = quoted(text)
    return st.just(always) if set(text) & set('",\r') or text == "" else st.sampled_from([text, always])


ZONES = st.integers(-18 * 60, 18 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\n\ufffd\uffff"), max_size=30)
GOOD: dict[str, st.SearchStrategy[tuple[str, Any]]] = {
    "string": TEXTS.filter(lambda text: text.strip() and text != "NA").map(lambda text: (text, text)),
    "int": st.integers(-INT, INT - 1).map(lambda number: (str(number), number)),
    "bigint": st.integers(-BIGINT, BIGINT - 1).map(lambda number: (f"{number:+d}", number)),
    "double": st.floats(allow_nan=False, allow_infinity=False).map(lambda number: (repr(number), number)),
    "date": st.dates().map(lambda day: (day.isoformat(), day)),
    "timestamp": st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=ZONES).map(
        lambda moment: (moment.isoformat(), (moment - EPOCH) // timedelta(microseconds=1))
    ),
}
WILD = st.one_of(
    TEXTS.map(str.encode),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=20),
    st.sampled_from([field if isinstance(field, bytes) else field.encode() for _, field, _ in VALUES]),
    st.from_regex(r"[+-]?[0-9]{1,6}-[0-9]{1,2}-[0-9]{1,2}([T ][0-9:.]{0,12})?[Z+-]?", fullmatch=True).map(
        str.encode
    ),
    st.from_regex(r"[+-]?[0-9]{0,40}[.]?[0-9]{0,40}([eE][+-]?[0-9]{1,4})?[dfL]?", fullmatch=True).map(
        str.encode
    ),
).map(lambda field: field.replace(b"\n", b""))


# year, month and day of a line, and whether they make a date
PARTS = [
    ("2013,12,31", True), ("2013,1,1", True), ("2012,2,29", True), ("1000,1,1", True), ("9999,12,31", True),
    ("2013,13,1", False), ("2013,0,1", False), ("2013,-1,1", False), ("2013,20130101,1", False),
    ("2013,2,29", False), ("2013,2,30", False), ("2013,4,31", False), ("2013,1,32", False), ("2013,1,0", False),
    ("2013,1,-1", False), ("2013,1,2147483647", False), ("999,1,1", False), ("10000,1,1", False),
]  # fmt: skip


@pytest.mark.parametrize("ansi", [False, True])
def test_parts_make_a_date_or_quarantine_their_line(
    spark: SparkSession, buckets: Buckets, ansi: bool
) -> None:
    lines = []
    for number, (parts, good) in enumerate(PARTS):
        year, month, day = parts.split(",") if good else ("2013", "1", "1")
        lines.append(f"{number},{parts},{year}-{month:0>2}-{day:0>2}T12:00:00Z".encode())
    with ansi_mode(spark, ansi):
        result = run_jobs(spark, buckets, new_contract({}), lines)
    assert sorted(result.arrow) == [line for line, (_, good) in enumerate(PARTS, 2) if good]
    assert {line: row["reason"] for line, row in result.quarantined.items()} == {
        line: "bad_date" for line, (_, good) in enumerate(PARTS, 2) if not good
    }


@st.composite
def files(draw: st.DrawFn) -> tuple[Contract, list[bytes], dict[int, dict[str, Any]]]:
    """A contract, the lines of a file, and the values of those lines that are good."""
    kinds = draw(st.lists(st.tuples(st.sampled_from(TYPES), st.booleans()), min_size=1, max_size=8))
    columns = {f"c{number}": kind for number, kind in enumerate(kinds)}
    lines, good = [], {}
    for number in range(draw(st.integers(1, 40))):
        day = draw(st.dates(date(1000, 1, 1)))
        values: dict[str, Any] = {"n": number, "year": day.year, "month": day.month, "day": day.day}
        # First the number: no quote or comma of a wild value makes this line another's duplicate.
        fields = [str(value).encode() for value in values.values()] + [f"{day}T12:00:00Z".encode()]
        for name, (kind, nullable) in columns.items():
            text, values[name] = draw(GOOD[kind])
            field = draw(exported(text))
            if nullable and draw(st.integers(0, 9)) == 0:
                field, values[name] = draw(st.sampled_from(["", "NA"])), None
            fields.append(field.encode())
        if draw(st.booleans()):
            for place in draw(st.sets(st.integers(1, len(fields) - 1), min_size=1, max_size=3)):
                fields[place] = draw(WILD)
        else:
            good[number + 2] = values
        lines.append(b",".join(fields))
    return new_contract(columns), lines, good


@settings(VARIED, max_examples=max(2, VARIED.max_examples // 3))
@given(file=files(), ansi=st.booleans())
def test_whatever_a_line_holds_the_others_are_clean(
    spark: SparkSession,
    new_buckets: Callable[[Path], Buckets],
    tmp_path_factory: pytest.TempPathFactory,
    file: tuple[Contract, list[bytes], dict[int, dict[str, Any]]],
    ansi: bool,
) -> None:
    agreed, lines, good = file
    with ansi_mode(spark, ansi):
        result = run_jobs(spark, new_buckets(tmp_path_factory.mktemp("wild")), agreed, lines)
    report = result.report
    assert report["rows_read"] == len(lines)
    assert report["rows_read"] == report["rows_clean"] + report["rows_quarantined"] + report["rows_duplicate"]
    assert report["rows_clean"] == len(result.arrow) == len(result.duckdb) == len(result.spark)
    assert sorted([*result.arrow, *result.quarantined]) == list(range(2, len(lines) + 2))
    for rows in (result.duckdb, result.spark):
        assert {
            line: {name: rows[line][name] for name in good[line]} for line in good if line in rows
        } == good
    for row in result.arrow.values():
        assert all(math.isfinite(value) for value in row.values() if isinstance(value, float))
    assert all(row["reason"] and row["detail"] for row in result.quarantined.values())
