"""Documents of the Open Data Contract Standard become contracts, or faults at their places."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard

from glue_jobs import odcs
from glue_jobs.contract import Column, Contract, Join, PartitionDate
from glue_jobs.errors import JobError
from glue_jobs.rules import Bound, Span

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


def changed(change: Callable[[dict[str, Any]], object]) -> Contract:
    """The contract of the good document after a change."""
    document = copy.deepcopy(GOOD)
    change(document)
    return odcs.from_document(document)


@pytest.mark.parametrize("standard", ["v3.1.0", "v3.1.12", "v3.2.0", "v3.10.0", "v3.99.1"])
def test_every_standard_from_3_1_on_is_read(standard: str) -> None:
    assert changed(lambda d: d.update(apiVersion=standard)).dataset == "trips"


def test_a_contract_has_its_documents_name_and_version() -> None:
    name = "x" * 63
    made = changed(lambda d: (d.update(name=name, version="10.20.30"), d["schema"][0].update(name=name)))
    assert (made.dataset, made.version) == (name, "10.20.30")


def test_a_key_is_in_the_order_of_its_positions_then_in_the_columns() -> None:
    def change(d: dict[str, Any]) -> None:
        columns(d).extend(
            [
                column("last", "int", required=True, primaryKey=True),
                column("second", "int", required=True, primaryKey=True, primaryKeyPosition=2),
                column("first", "int", required=True, primaryKey=True, primaryKeyPosition=1),
            ]
        )

    assert changed(change).key == ("first", "second", "id", "last")


@pytest.mark.parametrize("near", [None, "begun"])
def test_a_partition_of_three_columns(near: str | None) -> None:
    parts: dict[str, Any] = {"name": "day", "parts": ["y", "m", "d"]} | (
        {"withinADayOf": near} if near else {}
    )

    def change(d: dict[str, Any]) -> None:
        columns(d)[1].pop("partitioned")
        columns(d).extend(
            [
                column(name, kind, required=True)
                for name, kind in (("y", "int"), ("m", "bigint"), ("d", "int"))
            ]
        )
        d["schema"][0]["customProperties"].extend(customs(partition=parts))

    made = changed(change)
    assert made.date == PartitionDate("day", parts=("y", "m", "d"), within_a_day_of=near)
    assert made.dated_names == ["id", "begun", "line", "fare", "y", "m", "d", "day"]


@pytest.mark.parametrize(
    ("described", "made"),
    [
        ({"logicalTypeOptions": {"minimum": 3, "maximum": 3}}, {"least": Bound(3), "most": Bound(3)}),
        (
            {"logicalTypeOptions": {"exclusiveMinimum": 3, "exclusiveMaximum": 4}},
            {"least": Bound(3, exclusive=True), "most": Bound(4, exclusive=True)},
        ),
        ({"logicalTypeOptions": {"minimum": 0}}, {"least": Bound(0)}),
        ({"logicalTypeOptions": {"exclusiveMaximum": 0}}, {"most": Bound(0, exclusive=True)}),
        ({"enum": [1, {"value": 2}]}, {"allowed": (1, 2)}),
        ({"enum": []}, {}),
        ({"unique": True}, {"unique": True}),
        (
            {
                "quality": [
                    {"metric": "duplicateValues", "mustBe": 0, "unit": "rows", "name": "n", "tags": []}
                ]
            },
            {"unique": True},
        ),
        (
            {"quality": [{"metric": "invalidValues", "arguments": {"validValues": [1]}, "mustBe": 0}]},
            {"allowed": (1,)},
        ),
    ],
)
def test_a_number_has_its_rules(described: dict[str, Any], made: dict[str, Any]) -> None:
    found = changed(lambda d: columns(d).append(column("n", "int", **described))).columns[-1]
    assert found == Column("n", "int", **made)
    assert found.has_rules is bool(made)


@pytest.mark.parametrize(
    ("options", "made"),
    [
        ({"minLength": 0}, {"length": Span(0)}),
        ({"minLength": 2}, {"length": Span(2)}),
        ({"maxLength": 2}, {"length": Span(0, 2)}),
        ({"minLength": 2, "maxLength": 2}, {"length": Span(2, 2)}),
        ({"pattern": "a|b"}, {"pattern": "a|b"}),
    ],
)
def test_a_text_has_its_rules(options: dict[str, Any], made: dict[str, Any]) -> None:
    found = changed(lambda d: columns(d).append(column("t", "string", logicalTypeOptions=options)))
    assert found.columns[-1] == Column("t", "string", **made)
    assert found.columns[-1].has_rules


@pytest.mark.parametrize("kind", ["string", "int", "bigint", "date", "decimal(3,1)"])
def test_types_whose_values_can_be_listed(kind: str) -> None:
    listed = {"string": "a", "date": "2026-01-31"}.get(kind, 7)
    found = changed(lambda d: columns(d).append(column("c", kind, enum=[listed]))).columns[-1]
    assert len(found.allowed) == 1


def test_columns_are_unique_alone_or_together() -> None:
    together = {"metric": "duplicateValues", "arguments": {"properties": ["line", "fare"]}, "mustBe": 0}
    made = changed(lambda d: (d["schema"][0].update(quality=[together]), columns(d)[3].update(unique=True)))
    assert made.unique_columns == [("fare",), ("line", "fare")]


def test_references_are_joined_with_what_they_add_and_refuse() -> None:
    custom = customs(adds={"b": "colour", "a": "line"}, reason="unknown_line")

    def change(d: dict[str, Any]) -> None:
        columns(d)[2]["relationships"] = [{"to": "lines.line", "customProperties": custom}]
        columns(d).append(column("next_line", "string", relationships=[{"to": "lines.line"}]))
        d["schema"][1].update(customProperties=customs(nullTokens=["-"]))
        d["schema"].append(table("colours", [column("name", "string", required=True, primaryKey=True)]))
        # A reference may say what it refers to; the jobs join nothing there.
        d["schema"][1]["properties"][1].update(relationships=[{"to": "colours.name"}])

    lines, colours = changed(change).references
    assert (lines.name, lines.key, lines.null_token) == ("lines", "line", "-")
    assert lines.columns == (Column("line", "string", nullable=False), Column("colour", "string"))
    assert lines.joins == (
        Join("line", {"a": "line", "b": "colour"}, "unknown_line"),
        Join("next_line", {}),
    )
    assert list(lines.joins[0].adds) == ["a", "b"]
    assert (colours.name, colours.key, colours.null_token, colours.joins) == ("colours", "name", "", ())


def test_two_ways_to_one_table_are_not_a_circle() -> None:
    def change(d: dict[str, Any]) -> None:
        d["schema"].append(table("stops", [column("id", "string", required=True, primaryKey=True)]))
        d["schema"][1]["properties"][1].update(relationships=[{"to": "stops.id"}])
        columns(d).append(column("stop", "string", relationships=[{"to": "stops.id"}]))

    assert [found.name for found in changed(change).references] == ["lines", "stops"]


@pytest.mark.parametrize(
    ("value", "unit", "hours"),
    [(1, "h", 1), (168, "hours", 168), (1, "hour", 1), (1, "d", 24), (1, "day", 24), (7, "days", 168)],
)
def test_freshness_is_in_hours(value: int, unit: str, hours: int) -> None:
    level = {
        "property": "freshness",
        "value": value,
        "unit": unit,
        "element": "trips",
        "driver": "operational",
    }
    assert changed(lambda d: d.update(slaProperties=[level])).freshness_hours == hours


@pytest.mark.parametrize(
    ("value", "unit"),
    [(0, "h"), (169, "h"), (0, "d"), (8, "d"), (-1, "h"), (True, "h"), ("1", "h"), (1.0, "h")],
)
def test_freshness_is_whole_hours_of_a_week(value: object, unit: str) -> None:
    with pytest.raises(odcs.ContractError) as caught:
        changed(lambda d: d.update(slaProperties=[{"property": "freshness", "value": value, "unit": unit}]))
    (fault,) = caught.value.faults
    assert fault.path == ("slaProperties", 0, "value")
    assert fault.message == f"freshness is {value!r} {unit}, not 1 to 168 hours"


def test_promises_to_readers_are_left_alone() -> None:
    names = (
        "availability endOfLife endOfSupport errorRate frequency generalAvailability latency retention "
        "throughput timeOfAvailability timeToDetect timeToNotify timeToRepair"
    )
    levels = [{"property": name, "value": 1, "unit": "y"} for name in names.split()]
    assert changed(lambda d: d.update(slaProperties=levels)).freshness_hours is None


def test_a_contract_that_is_not_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts/trips.odcs.yaml").write_text("schema: [")
    (tmp_path / "contracts/rides.odcs.yaml").write_text("")
    (tmp_path / "contracts/trips.yaml").write_text("")
    monkeypatch.setattr(odcs.resources, "files", lambda package: tmp_path)
    with pytest.raises(JobError, match=r"^the data contract trips\.odcs\.yaml is not YAML: while parsing"):
        odcs.load("trips")
    with pytest.raises(JobError, match=r"'cars' does not exist; known: rides, trips$"):
        odcs.load("cars")
