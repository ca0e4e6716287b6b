"""The example project of dbt: connected, built, tested and documented over the external table."""

from __future__ import annotations

import json
from pathlib import Path

from ..conftest import Lake, Snow, flight
from .conftest import Client

# One process for all commands: dbt takes seconds to start.
COMMANDS = """
import sys
from dbt.cli.main import dbtRunner
runner = dbtRunner()
for words in ("debug", "build", "build", "docs generate"):
    if not runner.invoke(words.split()).success:
        sys.exit(f"dbt {words} failed")
"""


def test_the_example_project(flights: Snow, lake: Lake, client: Client, root: Path, tmp_path: Path) -> None:
    lake.put(
        "flight_date=2024-01-01/object=a/1.parquet",
        [flight("AA", 1, 20.0), flight("AA", 2, 0.0), flight("BB", 3, None)],
    )
    lake.put("flight_date=2024-01-02/object=b/2.parquet", [flight("AA", 4, 16.0), flight("BB", 5, 15.0)])
    flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")
    project = root / "docs" / "examples" / "dbt"
    client(
        "python",
        "-c",
        COMMANDS,
        folder=project,
        DBT_PROFILES_DIR=str(project),
        DBT_TARGET_PATH=str(tmp_path / "target"),
        DBT_LOG_PATH=str(tmp_path / "logs"),
        DBT_SEND_ANONYMOUS_USAGE_STATS="false",
    )
    mart = flights.rows(
        "SELECT CARRIER, FIRST_DAY::VARCHAR, LAST_DAY::VARCHAR, FLIGHTS, LATE_FLIGHTS, LATE_SHARE::VARCHAR "
        "FROM STRATA_DEV.MART.MART_CARRIERS ORDER BY CARRIER"
    )
    assert mart == [
        ("AA", "2024-01-01", "2024-01-02", 3, 2, "0.6667"),
        ("BB", "2024-01-01", "2024-01-02", 2, 0, "0.0000"),
    ]
    results = json.loads((tmp_path / "target" / "run_results.json").read_text())
    assert {result["status"] for result in results["results"]} <= {"success", "pass"}
    catalog = json.loads((tmp_path / "target" / "catalog.json").read_text())
    table = catalog["nodes"]["model.strata_flights.mart_carriers"]
    assert [(name, column["type"]) for name, column in table["columns"].items()] == [
        ("CARRIER", "TEXT"),
        ("FIRST_DAY", "DATE"),
        ("LAST_DAY", "DATE"),
        ("FLIGHTS", "NUMBER"),
        ("LATE_FLIGHTS", "NUMBER"),
        ("LATE_SHARE", "NUMBER"),
    ]
    assert table["stats"]["row_count"]["value"] == 2
    source = catalog["sources"]["source.strata_flights.curated.FLIGHTS"]
    assert source["metadata"]["type"] == "EXTERNAL TABLE"
    assert list(source["columns"])[:2] == ["VALUE", "CARRIER"]
