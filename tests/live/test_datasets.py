"""A data set is one file: everything of it in the live tree follows from its contract."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from glue_jobs import main, odcs, summary
from glue_jobs.arguments import JobArguments, TableArguments
from strata.ci.affected import compare
from strata.live import LiveTree
from strata.live.difference import differences

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = "glue_jobs/contracts"
TRIPS = """
apiVersion: v3.1.0
kind: DataContract
id: trips
name: trips
version: 1.0.0
status: active
schema:
  - name: trips
    properties:
      - name: trip_id
        logicalType: integer
        physicalType: bigint
        required: true
        primaryKey: true
        primaryKeyPosition: 2
      - name: started_at
        logicalType: timestamp
        logicalTypeOptions: {format: "yyyy-MM-dd HH:mm:ss", timezone: false, defaultTimezone: America/New_York}
        required: true
        partitioned: true
        primaryKey: true
        primaryKeyPosition: 1
      - {name: fare, logicalType: number, physicalType: "decimal(10,2)"}
      - {name: shared, logicalType: boolean}
"""
# A date as partition, and joins in another order than their references.
LINES = """
apiVersion: v3.1.0
kind: DataContract
id: line_items
name: line_items
version: 1.0.0
status: active
schema:
  - name: line_items
    properties:
      - name: part
        logicalType: string
        required: true
        primaryKey: true
        relationships:
          - {to: parts.id, customProperties: [{property: adds, value: {part_size: size, a_name: name}}]}
      - name: supplier
        logicalType: integer
        relationships:
          - {to: suppliers.id, customProperties: [{property: adds, value: {nation: nation}}, {property: reason, value: unknown_supplier}]}
          - {to: parts.id}
      - {name: shipped, logicalType: date, required: true, partitioned: true, primaryKey: true}
      - {name: price, logicalType: number, physicalType: double}
  - name: suppliers
    properties:
      - {name: id, logicalType: integer, required: true, primaryKey: true}
      - {name: nation, logicalType: string}
  - name: parts
    properties:
      - {name: id, logicalType: string, required: true, primaryKey: true}
      - {name: name, logicalType: string}
      - {name: size, logicalType: integer, physicalType: bigint}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's live tree with two contracts more."""
    folder = tmp_path_factory.mktemp("datasets")
    for name in ("live", "modules", CONTRACTS):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns(".terra*cache", ".terraform")
        )
    shutil.copy(ROOT / "terragrunt.hcl", folder)
    (folder / ".git").mkdir()
    for name, text in (("trips", TRIPS), ("line_items", LINES)):
        (folder / CONTRACTS / f"{name}.odcs.yaml").write_text(text)
    return folder


def inputs(root: Path, component: str) -> dict[str, Any]:
    tree = LiveTree.load(root, environ={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]})
    return dict(tree.render(f"live/dev/{component}", command="plan").inputs)


def test_a_second_contract_is_a_second_table_everywhere(root: Path) -> None:
    tables = inputs(root, "glue")["tables"]
    assert tables["trips"] == {
        "columns": [
            {"name": "trip_id", "type": "bigint"},
            {"name": "started_at", "type": "timestamp"},
            {"name": "fare", "type": "decimal(10,2)"},
            {"name": "shared", "type": "boolean"},
            {"name": "object_id", "type": "string"},
            {"name": "object_key", "type": "string"},
            {"name": "sequencer", "type": "string"},
            {"name": "source_line", "type": "bigint"},
        ],
        "location": "s3://mock-processed-000000000000/curated/trips/",
        "partition_keys": [{"name": "started_at_date", "type": "date"}, {"name": "object", "type": "string"}],
    }
    external = inputs(root, "snowflake")["external_tables"]
    assert list(external) == ["LAKE.CURATED.FLIGHTS", "LAKE.CURATED.LINE_ITEMS", "LAKE.CURATED.TRIPS"]
    assert external["LAKE.CURATED.TRIPS"] == {
        "path": "trips/",
        "stage": "LAKE.CURATED.PROCESSED",
        "columns": [
            {"name": "TRIP_ID", "type": "NUMBER(38,0)"},
            {"name": "STARTED_AT", "type": "TIMESTAMP_NTZ"},
            {"name": "FARE", "type": "NUMBER(10,2)"},
            {"name": "SHARED", "type": "BOOLEAN"},
            {"name": "OBJECT_ID", "type": "VARCHAR"},
            {"name": "OBJECT_KEY", "type": "VARCHAR"},
            {"name": "SEQUENCER", "type": "VARCHAR"},
            {"name": "SOURCE_LINE", "type": "NUMBER(38,0)"},
            {"name": "STARTED_AT_DATE", "type": "DATE", "partition": "started_at_date"},
            {"name": "OBJECT", "type": "VARCHAR", "partition": "object"},
        ],
        "current": {"key": ["STARTED_AT", "TRIP_ID"], "order_by": ["SEQUENCER", "OBJECT_ID", "SOURCE_LINE"]},
    }
    pattern = inputs(root, "eventbridge")["rules"]["raw-objects"]["pattern"]
    assert pattern["key_prefixes"] == ["flights/", "line_items/", "trips/"]


def test_terraform_and_the_jobs_read_the_same(root: Path) -> None:
    tables = inputs(root, "glue")["tables"]
    external = inputs(root, "snowflake")["external_tables"]
    for name in ("flights", "line_items", "trips"):
        text = (root / CONTRACTS / f"{name}.odcs.yaml").read_text()
        contract = odcs.from_document(yaml.safe_load(text))
        columns = [{"name": column.name, "type": column.type} for column in contract.curated]
        assert tables[name]["columns"] == columns
        assert tables[name]["partition_keys"][0]["name"] == contract.date.name
        found = external[f"LAKE.CURATED.{name.upper()}"]
        assert found["current"]["key"] == [column.upper() for column in contract.key]


@pytest.mark.parametrize(
    ("datasets", "names"),
    [
        ('"all"', ["flights", "line_items", "trips"]),
        ('["trips", "flights"]', ["flights", "trips"]),
        ("[]", []),
    ],
)
def test_an_environment_has_the_data_sets_of_its_list(root: Path, datasets: str, names: list[str]) -> None:
    env = root / "live/dev/env.hcl"
    text = env.read_text()
    try:
        env.write_text(text.replace('datasets = "all"', f"datasets = {datasets}"))
        assert list(inputs(root, "glue")["tables"]) == ["daily_summary", *names]
    finally:
        env.write_text(text)


def test_a_generation_is_of_a_contract_and_of_the_jobs(root: Path, tmp_path: Path) -> None:
    def generations() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            inputs(folder, "glue")["jobs"]["clean"]["arguments"]["--generations"]
        )
        return found

    folder = tmp_path / "changing"
    shutil.copytree(root, folder)
    (folder / "glue_jobs/clean.py").write_text("RULES = 1")
    before = generations()
    assert {name: one["references"] for name, one in before.items()} == {
        "flights": ["airlines", "airports", "planes"],
        "line_items": ["suppliers", "parts"],
        "trips": [],
    }
    assert generations() == before
    (folder / CONTRACTS / "trips.odcs.yaml").write_text(TRIPS.replace("10,2", "12,2"))
    contract = generations()
    assert [name for name in before if contract[name] != before[name]] == ["trips"]
    (folder / "glue_jobs/clean.py").write_text("RULES = 2")
    code = generations()
    assert [name for name in before if code[name] == contract[name]] == []


def test_a_scheduled_job_is_one_entry_and_a_script(root: Path) -> None:
    """Plan, script and state machine name the same jobs with the same arguments, and the summary's columns are the job's."""
    jobs = inputs(root, "glue")["jobs"]
    scripts = sorted(path.name for path in (ROOT / "glue_jobs/scripts").glob("*.py"))
    assert sorted(job["script"] for job in jobs.values()) == [f"glue/{name}" for name in scripts]
    assert {job["script"][5:-3] for job in jobs.values()} == {*main.JOBS, *main.TABLE_JOBS}
    assert {name for name in jobs if name.replace("-", "_") in main.TABLE_JOBS} == {"daily-summary"}
    schedules = inputs(root, "eventbridge")["schedules"]
    assert json.loads(schedules["daily-summary"]["input"]) == {
        "job": "daily-summary",
        "datasets": ["flights", "line_items", "trips"],
    }
    columns = [{"name": column.name, "type": column.type} for column in summary.SUMMARY]
    assert inputs(root, "glue")["tables"]["daily_summary"]["columns"] == columns
    for template, known in (("pipeline", JobArguments), ("jobs", TableArguments)):
        text = (ROOT / f"modules/pipeline/templates/{template}.asl.json").read_text()
        given = re.findall(r'"Arguments": \{("--[^}]*(?:\}[^}]*)*?)\}\n', text)
        assert given
        for arguments in given:
            assert set(re.findall(r'"--(\w+)(?:\.\$)?":', arguments)) == {
                field.name for field in fields(known)
            }


def test_a_new_contract_affects_three_units(root: Path, tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(root, before)
    (before / CONTRACTS / "trips.odcs.yaml").unlink()
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    found = compare(LiveTree.load(before, environ=environ), LiveTree.load(root, environ=environ), "dev")
    assert sorted(found.reasons) == ["live/dev/eventbridge", "live/dev/glue", "live/dev/snowflake"]


def test_a_promise_of_new_rows_is_watched(root: Path, tmp_path: Path) -> None:
    assert inputs(root, "observability")["datasets"] == {}
    folder = tmp_path / "fresh"
    shutil.copytree(root, folder)
    level = "slaProperties: [{property: latency, value: 2, unit: d}, {property: freshness, value: %s}]\n"
    for name, text, value in (("trips", TRIPS, "2, unit: days"), ("line_items", LINES, "6, unit: h")):
        promised = text.replace("status: active\n", f"status: active\n{level % value}")
        (folder / CONTRACTS / f"{name}.odcs.yaml").write_text(promised)
        contract = odcs.from_document(yaml.safe_load(promised))
        assert inputs(folder, "observability")["datasets"][name] == {
            "freshness_hours": contract.freshness_hours
        }
    assert sorted(inputs(folder, "observability")["datasets"]) == ["line_items", "trips"]


def test_environments_may_have_other_data_sets(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "two"
    shutil.copytree(root, folder)
    shutil.copytree(folder / "live/dev", folder / "live/staging")
    env = folder / "live/staging/env.hcl"
    env.write_text(env.read_text().replace('datasets = "all"', 'datasets = ["trips"]'))
    tree = LiveTree.load(folder, environ={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]})
    found = differences(tree, "dev", "staging")
    assert any("external_tables" in difference.path for difference in found)
    assert [difference for difference in found if not difference.reason] == []


def test_no_component_knows_a_data_set() -> None:
    texts = [
        *(ROOT / "live").rglob("*.hcl"),
        *(ROOT / "modules").rglob("*.tf"),
        *(ROOT / "modules").rglob("*.json"),
    ]
    naming = [
        path.relative_to(ROOT).as_posix()
        for path in texts
        if ".terra" not in str(path) and "flights" in path.read_text().split("EOT")[0]
    ]
    assert naming == []
