"""Where a run's objects are, and what is said of wrong arguments, headers and references, without Spark."""

from __future__ import annotations

from dataclasses import replace

import pytest

from glue_jobs import main, odcs, references, source
from glue_jobs.arguments import JobArguments, parse
from glue_jobs.contract import Column, Contract, Join, PartitionDate, ReferenceTable
from glue_jobs.errors import BrokenInvariant, JobError, RefusedObject
from glue_jobs.storage import ObjectLayout, literal

from .documents import column, customs, document, table

ID = "0123456789abcdef" * 4
ARGUMENTS = JobArguments("raw", "flights/a b.csv", "e", "v", "0A", ID, "processed", "flights")
LAYOUT = ObjectLayout(ARGUMENTS)


@pytest.mark.parametrize(
    ("place", "uri"),
    [
        (ARGUMENTS.source, "s3://raw/flights/a b.csv"),
        (LAYOUT.copies, f"s3://processed/work/flights/object={ID}"),
        (LAYOUT.cleaned, f"s3://processed/clean/flights/object={ID}"),
        (LAYOUT.clean, f"s3://processed/clean/flights/object={ID}/sequencer=0A"),
        (LAYOUT.judged, f"s3://processed/clean/flights/object={ID}/sequencer=0A/judged"),
        (LAYOUT.repeated, f"s3://processed/clean/flights/object={ID}/sequencer=0A/repeated"),
        (LAYOUT.duplicates, f"s3://processed/quarantine/duplicates/flights/object={ID}"),
        (LAYOUT.quarantined_rows, f"s3://processed/quarantine/flights/object={ID}"),
        (LAYOUT.quarantined_object, f"s3://processed/quarantine/objects/object={ID}"),
        (LAYOUT.curated, "s3://processed/curated/flights"),
        (LAYOUT.curated_partition("day=2013-01-05"), f"s3://processed/curated/flights/day=2013-01-05/object={ID}"),
        (LAYOUT.report("clean"), f"s3://processed/reports/flights/object={ID}/clean.json"),
        (LAYOUT.reference("airlines"), "s3://raw/reference/airlines.csv"),
    ],
)  # fmt: skip
def test_each_object_has_its_place(place: str, uri: str) -> None:
    assert place == uri


@pytest.mark.parametrize(
    ("uri", "pattern"),
    [
        ("s3://raw/plain-name_1.csv", "s3://raw/plain-name_1.csv"),
        ("a*b?c[d]e{f}g\\h", "a\\*b\\?c\\[d\\]e\\{f\\}g\\\\h"),
    ],
)
def test_a_key_is_no_pattern(uri: str, pattern: str) -> None:
    assert literal(uri) == pattern


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("flights/a.csv", "source.csv"),
        ("flights/a.csv.gz", "source.csv.gz"),
        ("flights/a.b.csv.gz", "source.csv.gz"),
        ("flights/no-end", "source"),
        ("flights.d/no-end", "source"),
        ("flights/_hidden.csv", "source.csv"),
        ("flights/.hidden", "source.hidden"),
        ("flights/a.an-end", "source"),
        ("flights/a.ABCDEFGH", "source.ABCDEFGH"),
        ("flights/a.ABCDEFGHI", "source"),
    ],
)
def test_a_copys_name_says_only_how_it_is_packed(key: str, name: str) -> None:
    assert source._name(key) == name


@pytest.mark.parametrize(
    ("version_id", "named"),
    [("null", {"Bucket": "b", "Key": "k"}), ("v", {"Bucket": "b", "Key": "k", "VersionId": "v"})],
)
def test_the_null_version_has_no_id(version_id: str, named: dict[str, str]) -> None:
    assert source._version("b", "k", version_id) == named


def test_a_report_names_its_version() -> None:
    """The next version's run asks S3 by it whether this one is still there."""
    assert main._version(ARGUMENTS) == {
        "object_id": ID,
        "bucket": "raw",
        "key": "flights/a b.csv",
        "etag": "e",
        "version_id": "v",
        "sequencer": "0A",
    }


def given(**changes: str) -> list[str]:
    return [f"--{name}={value}" for name, value in (vars(ARGUMENTS) | changes).items()]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"object_id": ID[1:]}, "--object_id is not a SHA-256 in hexadecimal: {object_id!r}"),
        ({"object_id": f"{ID}0"}, "--object_id is not a SHA-256 in hexadecimal: {object_id!r}"),
        ({"object_id": ID.upper()}, "--object_id is not a SHA-256 in hexadecimal: {object_id!r}"),
        ({"object_id": f"{ID}\n"}, "--object_id is not a SHA-256 in hexadecimal: {object_id!r}"),
        ({"sequencer": "0G"}, "--sequencer is not hexadecimal: {sequencer!r}"),
        ({"sequencer": "x0A"}, "--sequencer is not hexadecimal: {sequencer!r}"),
        ({"dataset": "1flights"}, "--dataset is not a name: {dataset!r}"),
        ({"dataset": "Flights"}, "--dataset is not a name: {dataset!r}"),
        ({"dataset": "fli-ghts"}, "--dataset is not a name: {dataset!r}"),
        ({"dataset": "flights/"}, "--dataset is not a name: {dataset!r}"),
    ],
)
def test_what_is_no_part_of_a_path_is_refused(changes: dict[str, str], message: str) -> None:
    with pytest.raises(JobError) as caught:
        parse(given(**changes))
    assert str(caught.value) == message.format(**changes)


@pytest.mark.parametrize("changes", [{"sequencer": "09afAF"}, {"dataset": "f"}, {"dataset": "f_1"}])
def test_what_is_a_part_of_a_path_is_taken(changes: dict[str, str]) -> None:
    assert parse(given(**changes)) == replace(ARGUMENTS, **changes)


TRIPS_DATE = {"name": "trip_date", "parts": ["year", "month", "day"], "withinADayOf": "begun"}
LINES = {
    "to": "lines.line",
    "customProperties": customs(adds={"line_colour": "colour"}, reason="unknown_line"),
}
DOCUMENT = document(
    table(
        "trips",
        [
            column("year", "int", required=True, primaryKey=True, primaryKeyPosition=2),
            column("month", "int", required=True),
            column("day", "int", required=True),
            column(
                "line", "string", required=True, primaryKey=True, primaryKeyPosition=1, relationships=[LINES]
            ),
            column("begun", "timestamp", required=True),
            column("note", "string"),
        ],
        nullTokens=["NA"],
        partition=TRIPS_DATE,
    ),
    table(
        "lines",
        [column("line", "string", required=True, primaryKey=True), column("colour", "string")],
        nullTokens=["-"],
    ),
)
TRIPS = Contract(
    dataset="trips",
    version="1.0.0",
    null_tokens=("NA",),
    columns=(
        Column("year", "int", nullable=False),
        Column("month", "int", nullable=False),
        Column("day", "int", nullable=False),
        Column("line", "string", nullable=False),
        Column("begun", "timestamp", nullable=False),
        Column("note", "string"),
    ),
    key=("line", "year"),
    date=PartitionDate("trip_date", None, ("year", "month", "day"), "begun"),
    references=(
        ReferenceTable(
            "lines",
            (Column("line", "string", nullable=False), Column("colour", "string")),
            "line",
            (Join("line", {"line_colour": "colour"}, "unknown_line"),),
            "-",
        ),
    ),
)


def test_a_contract_is_its_document() -> None:
    made = odcs.from_document(DOCUMENT)
    assert made == TRIPS
    assert made.names == ["year", "month", "day", "line", "begun", "note"]
    assert made.dated_names == ["year", "month", "day", "line", "begun", "note", "trip_date"]


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        ("year,month,day,line", "not the contract's header: 2 missing (begun, note)"),
        ("year,day,line,x", "not the contract's header: 3 missing (month, begun, note); 1 unknown (x)"),
        ("", "not the contract's header: 6 missing (year, month, day, line, begun, note)"),
        ("year,month,day,line,begun,note," + ",".join(f"column_{n}" for n in range(90)), "not the contract's header: 90 unknown (" + ", ".join(f"column_{n}" for n in range(90))[:120] + ")"),
        ("year,month,day,line,begun,note,year", "the header's columns are out of order or repeated: 'year,month,day,line,begun,note,year'"),
    ],
)  # fmt: skip
def test_a_header_is_compared_with_the_contract(header: str, detail: str) -> None:
    with pytest.raises(RefusedObject) as caught:
        TRIPS.check_header(header)
    assert (caught.value.reason, caught.value.detail) == ("other_columns", detail)
    assert str(caught.value) == f"other_columns: {detail}"


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("year;month;day;line;begun;note", "';'"),
        ("year|month|day|line|begun|note", "'|'"),
        ("year\tmonth", "a tab"),
    ],
)
def test_another_delimiter_is_named(header: str, delimiter: str) -> None:
    with pytest.raises(RefusedObject) as caught:
        TRIPS.check_header(header)
    assert (caught.value.reason, caught.value.detail) == (
        "other_delimiter",
        f"the columns are separated by {delimiter}, the contract says a comma",
    )


def test_another_delimiter_is_named_though_a_title_holds_the_contracts_own() -> None:
    columns = (Column("id", "int"), Column("fare", "double", header="fare, all"), Column("note", "string"))
    contract = replace(TRIPS, columns=columns)
    with pytest.raises(RefusedObject) as caught:
        contract.check_header("id;fare, all;note")
    assert caught.value.detail == "the columns are separated by ';', the contract says a comma"
    # One column less is another header.
    with pytest.raises(RefusedObject) as caught:
        contract.check_header("id;fare, all")
    assert caught.value.reason == "other_columns"


@pytest.mark.parametrize(("length", "shown"), [(120, "\x00" + "x" * 119), (121, "\x00" + "x" * 119 + "…")])
def test_of_a_strange_line_the_beginning_is_shown(length: int, shown: str) -> None:
    with pytest.raises(RefusedObject) as caught:
        TRIPS.check_header("\x00" + "x" * (length - 1))
    assert (caught.value.reason, caught.value.detail) == ("not_csv", f"the first line is not text: {shown!r}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("line,colour\nA,blue\nC,blue\n", None),
        ("line,colour\r\nA,blue\r\n", None),
        ('line,colour\n"A",blue\n', None),
        ("line,colour\nA\n\n", None),
        ("line,colour\n", None),
        (None, "the reference file s3://x is not there"),
        ("", "the reference file s3://x has the columns , not line,colour"),
        ("colour,line\n", "the reference file s3://x has the columns colour,line, not line,colour"),
        ("line,colour,x\n", "the reference file s3://x has the columns line,colour,x, not line,colour"),
        ("line,colour\nA,blue\nC,red\nA,green\n", "the reference file s3://x holds the line 'A' 2 times"),
        ('line,colour\nA,blue\n"A",red\nA,red\n', "the reference file s3://x holds the line 'A' 3 times"),
    ],
)
def test_a_reference_has_its_columns_and_each_key_once(text: str | None, message: str | None) -> None:
    if message is None:
        references._check("s3://x", text, TRIPS.references[0])
        return
    with pytest.raises(JobError) as caught:
        references._check("s3://x", text, TRIPS.references[0])
    assert str(caught.value) == message


def test_a_reference_is_looked_up_by_its_own_key() -> None:
    by_colour = replace(TRIPS.references[0], key="colour")
    references._check("s3://x", "line,colour\nA,blue\nA,red\n", by_colour)
    with pytest.raises(JobError, match="holds the colour 'blue' 2 times"):
        references._check("s3://x", "line,colour\nA,blue\nC,blue\n", by_colour)


def test_rows_that_go_astray_are_counted() -> None:
    main._equal("rows read", 3, "rows told", 3)
    with pytest.raises(BrokenInvariant) as caught:
        main._equal("rows read", 3, "rows told", 2)
    assert str(caught.value) == "rows read (3) are not rows told (2)"
