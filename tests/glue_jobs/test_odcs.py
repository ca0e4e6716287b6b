"""Documents of the Open Data Contract Standard become contracts, or faults at their places."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import jsonschema
import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard

from glue_jobs import odcs
from glue_jobs.contract import Column, PartitionDate
from glue_jobs.errors import JobError
from glue_jobs.rules import Span

from .documents import column, customs, document, table

ADDS = {"to": "lines.line", "customProperties": customs(adds={"line_colour": "colour"})}
GOOD = document(
    table(
        "trips",
        [
            column("id", "bigint", required=True, primaryKey=True),
            column("begun", "timestamp", required=True, partitioned=True),
            column("line", "string", relationships=[ADDS]),
            column("fare", "decimal(10,2)"),
        ],
        nullTokens=["NA", "-"],
    ),
    table("lines", [column("line", "string", required=True, primaryKey=True), column("colour", "string")]),
)


def columns(of: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = of["schema"][0]["properties"]
    return found


def test_every_contract_of_the_repository_keeps_the_standard() -> None:
    schema = json.loads(OpenDataContractStandard.json_schema())
    folder = resources.files("glue_jobs") / "contracts"
    names = [entry.name for entry in folder.iterdir()]
    assert "flights.odcs.yaml" in names
    for name in names:
        text = (folder / name).read_text(encoding="utf-8")
        assert OpenDataContractStandard.from_string(text).id == name.removesuffix(odcs.SUFFIX)
        jsonschema.validate(yaml.safe_load(text), schema)
        odcs.load(name.removesuffix(odcs.SUFFIX))


def test_what_the_tests_write_keeps_the_standard() -> None:
    jsonschema.validate(GOOD, json.loads(OpenDataContractStandard.json_schema()))


def test_the_curated_columns_follow() -> None:
    made = odcs.from_document(GOOD)
    assert [(found.name, found.type) for found in made.curated] == [
        ("id", "bigint"),
        ("begun", "timestamp"),
        ("line", "string"),
        ("fare", "decimal(10,2)"),
        ("line_colour", "string"),
        ("object_id", "string"),
        ("object_key", "string"),
        ("sequencer", "string"),
        ("source_line", "bigint"),
    ]
    assert made.date == PartitionDate("begun_date", of="begun")
    assert made.null_tokens == ("NA", "-")
    assert made.judged_schema == (
        "`_block` bigint, `_position` bigint, "
        "`id` bigint, `begun` timestamp, `line` string, `fare` decimal(10,2), `begun_date` date, "
        "`_reason` string, `_detail` string, `_row` string"
    )


def test_a_date_is_its_own_partition() -> None:
    made = odcs.from_document(
        document(
            table(
                "trips",
                [column("day", "date", required=True, partitioned=True, primaryKey=True), column("n", "int")],
            )
        )
    )
    assert made.date == PartitionDate("day", of="day")
    assert [found.name for found in made.curated][:1] == ["n"]
    assert "`_position` bigint, `day` date, `n` int, `_reason` string" in made.judged_schema


@pytest.mark.parametrize(
    ("described", "made"),
    [
        (column("c", "string"), Column("c", "string")),
        (column("c", "string", required=True), Column("c", "string", nullable=False)),
        (column("c", "string", physicalName="Vendor ID"), Column("c", "string", header="Vendor ID")),
        (
            column("c", "string", logicalTypeOptions={"pattern": "[A-Z]+"}),
            Column("c", "string", pattern="[A-Z]+"),
        ),
        (column("c", "int"), Column("c", "int")),
        (column("c", "int", physicalType="int"), Column("c", "int")),
        (column("c", "bigint"), Column("c", "bigint")),
        (column("c", "double"), Column("c", "double")),
        (column("c", "decimal(38,38)"), Column("c", "decimal(38,38)")),
        (column("c", "boolean"), Column("c", "boolean")),
        (column("c", "date"), Column("c", "date")),
        (
            column("c", "date", logicalTypeOptions={"format": "dd.MM.yyyy"}),
            Column("c", "date", format="dd.MM.yyyy"),
        ),
        (column("c", "timestamp"), Column("c", "timestamp")),
        (
            column("c", "timestamp", logicalTypeOptions={"timezone": False}),
            Column("c", "timestamp", zone="Etc/UTC"),
        ),
        (
            column(
                "c",
                "timestamp",
                logicalTypeOptions={"timezone": False, "defaultTimezone": "America/New_York"},
            ),
            Column("c", "timestamp", zone="America/New_York"),
        ),
        (
            column("c", "timestamp", logicalTypeOptions={"format": "yyyy-MM-dd HH:mm:ss"}),
            Column("c", "timestamp", format="yyyy-MM-dd HH:mm:ss", zone="Etc/UTC"),
        ),
        (
            column(
                "c",
                "timestamp",
                logicalTypeOptions={"format": "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "timezone": True},
            ),
            Column("c", "timestamp", format="yyyy-MM-dd'T'HH:mm:ss.SSSXXX"),
        ),
    ],
)
def test_a_column_has_its_type(described: dict[str, Any], made: Column) -> None:
    changed = copy.deepcopy(GOOD)
    columns(changed).append(described)
    assert odcs.from_document(changed).columns[-1] == made


Change = Callable[[dict[str, Any]], object]
FAULTS: dict[str, tuple[Change, str, str]] = {
    "no standard": (lambda d: d.update(apiVersion="v2.2.2"), "apiVersion", "v2.2.2 is not v3.1.0 or newer"),
    "no kind": (lambda d: d.pop("kind"), "kind", "it is not a DataContract"),
    "no name": (lambda d: d.pop("name"), "name", "None is not the name of a data set"),
    "a name of SQL": (lambda d: d.update(name="x; DROP"), "name", "'x; DROP' is not the name of a data set"),
    "no version": (lambda d: d.update(version="1"), "version", "'1' is not a version"),
    "no schema": (lambda d: d.pop("schema"), "schema", "it describes no table"),
    "a schema that is not a list": (lambda d: d.update(schema={"a": 1}), "schema", "`schema` is not a list"),
    "another first table": (lambda d: d["schema"][0].update(name="x"), "schema.0.name", "the first table is 'x', the data set 'trips'"),
    "no columns": (lambda d: d["schema"][0].pop("properties"), "schema.0.properties", "the table has no columns"),
    "a column twice": (lambda d: columns(d).append(column("id", "int")), "schema.0.properties.4.name", "the column id occurs twice"),
    "a column in capitals": (lambda d: columns(d)[3].update(name="Fare"), "schema.0.properties.3.name", "'Fare' is not a column's name"),
    "a column of the platform": (lambda d: columns(d)[3].update(name="object"), "schema.0.properties.3.name", "'object' is the platform's own"),
    "a column that Snowflake refuses": (lambda d: columns(d)[3].update(name="select"), "schema.0.properties.3.name", "'select' is a reserved word of Snowflake"),
    "an added column that Snowflake refuses": (lambda d: columns(d)[2]["relationships"][0].update(customProperties=customs(adds={"order": "colour"})), "schema.0.properties.2.relationships.0.customProperties.0.value.order", "'order' is a reserved word of Snowflake"),
    "a partition that Snowflake refuses": (lambda d: (columns(d)[1].pop("partitioned"), d["schema"][0]["customProperties"].extend(customs(partition={"name": "current_date", "parts": ["id", "id", "id"]}))), "schema.0.customProperties.1.value.name", "'current_date' is a reserved word of Snowflake"),
    "an unknown type": (lambda d: columns(d)[3].update(logicalType="money"), "schema.0.properties.3.logicalType", "the column fare has the unknown type 'money'"),
    "no type": (lambda d: columns(d)[3].pop("logicalType"), "schema.0.properties.3", "the column fare has the unknown type None"),
    "a number of no kind": (lambda d: columns(d)[3].pop("physicalType"), "schema.0.properties.3", "the column fare of type number needs a physicalType"),
    "39 digits": (lambda d: columns(d)[3].update(physicalType="decimal(39,2)"), "schema.0.properties.3.physicalType", "the column fare of type number has no physicalType 'decimal(39,2)'"),
    "more places than digits": (lambda d: columns(d)[3].update(physicalType="decimal(2,3)"), "schema.0.properties.3.physicalType", "the column fare of type number has no physicalType 'decimal(2,3)'"),
    "a string that is an int": (lambda d: columns(d)[2].update(physicalType="int"), "schema.0.properties.2.physicalType", "the column line of type string has no physicalType 'int'"),
    "a rule of a reference": (lambda d: d["schema"][1]["properties"][1].update(unique=True), "schema.1", "the reference's column lines.colour has a format, rule or physicalName"),
    "a reference's row count": (lambda d: d["schema"][1].update(quality=[{"metric": "rowCount", "mustBe": 4}]), "schema.1.quality", "the jobs do not check the reference lines"),
    "an option that the jobs do not check": (lambda d: columns(d)[0].update(logicalTypeOptions={"multipleOf": 1}), "schema.0.properties.0.logicalTypeOptions.multipleOf", "the jobs do not check `multipleOf` of integer"),
    "no regular expression": (lambda d: columns(d)[2].update(logicalTypeOptions={"pattern": "(a"}), "schema.0.properties.2.logicalTypeOptions.pattern", "the pattern '(a' is not a regular expression: missing ), unterminated subpattern at position 0"),
    "a month's name": (lambda d: columns(d)[1].update(logicalTypeOptions={"format": "yyyy-MMM-dd HH"}), "schema.0.properties.1.logicalTypeOptions.format", "the format 'yyyy-MMM-dd HH' cannot be read: 'MMM' is not supported; known: yyyy, MM, dd, HH, mm, ss, X, XX, XXX, S to SSSSSSSSS"),
    "a format of a day": (lambda d: columns(d)[1].update(logicalTypeOptions={"format": "yyyy-MM-dd"}), "schema.0.properties.1.logicalTypeOptions.format", "the format 'yyyy-MM-dd' lacks HH"),
    "a format with SQL": (lambda d: columns(d)[1].update(logicalTypeOptions={"format": "yyyy)"}), "schema.0.properties.1.logicalTypeOptions.format", "the format 'yyyy)' cannot be read: it may hold letters, texts between single quotes, blanks and the marks -/.:,_"),
    "two ideas of a zone": (lambda d: columns(d)[1].update(logicalTypeOptions={"format": "yyyy-MM-dd HH", "timezone": True}), "schema.0.properties.1.logicalTypeOptions.timezone", "timezone is true, but the format 'yyyy-MM-dd HH' has none"),
    "a zone of nowhere": (lambda d: columns(d)[1].update(logicalTypeOptions={"timezone": False, "defaultTimezone": "Mars/A"}), "schema.0.properties.1.logicalTypeOptions.defaultTimezone", "'Mars/A' is not a time zone"),
    "a zone too many": (lambda d: columns(d)[1].update(logicalTypeOptions={"defaultTimezone": "Etc/UTC"}), "schema.0.properties.1.logicalTypeOptions.defaultTimezone", "each value has its own zone"),
    "no key": (lambda d: columns(d)[0].pop("primaryKey"), "schema.0", "the table trips has no key"),
    "a key that may be missing": (lambda d: columns(d)[0].pop("required"), "schema.0.properties.0", "id is part of the key and may be missing"),
    "no partition": (lambda d: columns(d)[1].pop("partitioned"), "schema.0", "the table trips has 0 columns to partition by"),
    "two partitions": (lambda d: columns(d)[0].update(partitioned=True), "schema.0", "the table trips has 2 columns to partition by"),
    "a partition that may be missing": (lambda d: columns(d)[1].pop("required"), "schema.0.properties.1", "begun is partitioned by and may be missing"),
    "a partition of text": (lambda d: (columns(d)[1].pop("partitioned"), columns(d)[2].update(partitioned=True, required=True)), "schema.0.properties.2", "line is partitioned by and has no date"),
    "a partition of what is not there": (lambda d: (columns(d)[1].pop("partitioned"), d["schema"][0]["customProperties"].extend(customs(partition={"name": "p", "parts": ["id", "id", "ids"]}))), "schema.0.customProperties.1.value", "a part of the partition is 'ids', not a column"),
    "a partition of parts that may be missing": (lambda d: (columns(d)[1].pop("partitioned"), columns(d).append(column("n", "int")), d["schema"][0]["customProperties"].extend(customs(partition={"name": "p", "parts": ["id", "id", "n"]}))), "schema.0.customProperties.1.value", "a part of the partition is n, which may be missing"),
    "a partition of two kinds": (lambda d: d["schema"][0]["customProperties"].extend(customs(partition={"name": "p", "parts": ["id", "id", "id"]})), "schema.0.customProperties.1.value", "begun is partitioned by as well"),
    "a partition that is a column": (lambda d: (columns(d)[1].pop("partitioned"), d["schema"][0]["customProperties"].extend(customs(partition={"name": "fare", "parts": ["id", "id", "id"]}))), "schema.0.customProperties.1.value.name", "'fare' is not the name of a new column"),
    "a custom property misspelt": (lambda d: d["schema"][0]["customProperties"][0].update(property="nullToken"), "schema.0.customProperties.0.property", "the custom property 'nullToken' is unknown here"),
    "null as a token": (lambda d: d["schema"][0]["customProperties"][0].update(value=[None]), "schema.0", "nullTokens is not a list of texts"),
    "a key that is not a column": (lambda d: columns(d)[2]["relationships"][0].update(to="lines.id"), "schema.0.properties.2.relationships.0.to", "'lines.id' is not a reference's key"),
    "a reference that is not there": (lambda d: columns(d)[2]["relationships"][0].update(to="stops.id"), "schema.0.properties.2.relationships.0.to", "'stops.id' is not a reference's key"),
    "a column that the reference lacks": (lambda d: columns(d)[2]["relationships"][0].update(customProperties=customs(adds={"x": "color"})), "schema.0.properties.2.relationships.0.customProperties.0.value.x", "lines has no column 'color'"),
    "an added column twice": (lambda d: columns(d)[2]["relationships"][0].update(customProperties=customs(adds={"fare": "colour"})), "schema.0", "two curated columns are called fare"),
    "a reason of the job": (lambda d: columns(d)[2]["relationships"][0].update(customProperties=customs(reason="bad_date")), "schema.0.properties.2.relationships.0.customProperties.0.value", "'bad_date' is not a reason"),
    "a circle": (lambda d: d["schema"][1]["properties"][1].update(relationships=[{"to": "trips.id"}]), "schema.1.properties.1.relationships.0", "references go in a circle: trips → lines → trips"),
    "two references of one name": (lambda d: d["schema"].append(copy.deepcopy(d["schema"][1])), "schema.2.name", "'lines' is not the name of another reference"),
    "a reference of two keys": (lambda d: d["schema"][1]["properties"][1].update(primaryKey=True, required=True), "schema.1", "the key of the reference lines has 2 columns"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_has_its_place(name: str) -> None:
    change, place, message = FAULTS[name]
    changed = copy.deepcopy(GOOD)
    change(changed)
    with pytest.raises(odcs.ContractError) as caught:
        odcs.from_document(changed)
    (fault,) = caught.value.faults
    assert (".".join(map(str, fault.path)), fault.message) == (place, message)
    assert fault.remedy


@pytest.mark.parametrize(
    "text", [None, [], "flights", {"dataset": "x"}, {"schema": [1]}, {"schema": [{"properties": 1}]}]
)
def test_whatever_a_document_is_the_error_is_one(text: object) -> None:
    with pytest.raises(JobError, match=r"^the data contract cannot be used: "):
        odcs.from_document(text)


def test_another_tools_property_is_left_alone() -> None:
    changed = copy.deepcopy(GOOD)
    changed["customProperties"] = [{"property": "x", "value": 1, "vendor": "other"}]
    assert odcs.from_document(changed) == odcs.from_document(GOOD)


@pytest.mark.parametrize(
    ("thresholds", "rows"),
    [
        ([{"mustBe": 5}], Span(5, 5)),
        ([{"mustBeGreaterThan": 0}], Span(1)),
        ([{"mustBeGreaterThan": 1.5}], Span(2)),
        ([{"mustBeGreaterOrEqualTo": 1.5}], Span(2)),
        ([{"mustBeLessThan": 10}], Span(0, 9)),
        ([{"mustBeLessThan": 9.5}], Span(0, 9)),
        ([{"mustBeLessOrEqualTo": 9.5}], Span(0, 9)),
        ([{"mustBeBetween": [1, 9]}], Span(1, 9)),
        ([{"mustBeGreaterThan": 3}, {"mustBeLessThan": 6}], Span(4, 5)),
        ([{"mustBeLessThan": 6}, {"mustBeLessThan": 9}], Span(0, 5)),
    ],
)
def test_row_counts_are_ends(thresholds: list[dict[str, Any]], rows: Span) -> None:
    changed = copy.deepcopy(GOOD)
    changed["schema"][0]["quality"] = [{"metric": "rowCount", **threshold} for threshold in thresholds]
    jsonschema.validate(changed, json.loads(OpenDataContractStandard.json_schema()))
    assert odcs.from_document(changed).rows == rows


def test_rules_of_other_engines_are_left_alone() -> None:
    changed = copy.deepcopy(GOOD)
    rules = [{"type": "text", "description": "Fares are fair."}]
    rules.append({"type": "custom", "engine": "soda", "implementation": "checks: []"})
    changed["schema"][0]["quality"] = rules
    columns(changed)[3]["quality"] = rules
    assert odcs.from_document(changed) == odcs.from_document(GOOD)


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        *((word, True) for word in ("all", "start", "sample", "case", "true", "current_user", "constraint")),
        *((word, True) for word in ("increment", "qualify", "minus", "regexp", "window", "values")),
        # Snowflake refuses these as names of tables, or in SHOW.
        *((word, False) for word in ("left", "join", "using", "account", "schema", "view", "issue")),
        # Not listed, though they are words of SQL.
        *((word, False) for word in ("date", "number", "value", "limit", "asc", "selected", "select_")),
    ],
)
def test_reserved_words_of_snowflake(name: str, refused: bool) -> None:
    changed = copy.deepcopy(GOOD)
    columns(changed)[3].update(name=name)
    if not refused:
        assert name in odcs.from_document(changed).names
        return
    with pytest.raises(odcs.ContractError, match=f"'{name}' is a reserved word of Snowflake"):
        odcs.from_document(changed)


def test_a_references_column_may_have_any_name() -> None:
    changed = copy.deepcopy(GOOD)
    changed["schema"][1]["properties"].append(column("order", "string"))
    odcs.from_document(changed)
