"""snowflake-sqlalchemy and pandas: reflection, an ORM's round trip, frames."""

from __future__ import annotations

import json
from pathlib import Path

from ..conftest import Lake, Snow, flight
from .conftest import Client


def test_a_session(flights: Snow, lake: Lake, client: Client) -> None:
    lake.put("flight_date=2024-01-01/object=a/1.parquet", [flight("AA", 1), flight("AA", 2)])
    flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")
    flights.rows("CREATE VIEW SEEN AS SELECT CARRIER FROM FLIGHTS")
    came = json.loads(client("python", str(Path(__file__).with_name("session.py"))))
    assert came == {
        "people": [[2, "Rob", 1]],
        "tables": ["people"],
        "views": ["seen"],
        "has": [True, True, False],
        "columns of people": [
            ["id", "DECIMAL(38, 0)", False],
            ["name", "VARCHAR(30)", False],
            ["boss_id", "DECIMAL(38, 0)", True],
        ],
        "columns of flights": [
            ["value", "VARIANT", True],
            ["carrier", "VARCHAR(16777216)", True],
            ["flight", "DECIMAL(38, 0)", True],
            ["arr_delay", "FLOAT", True],
            ["fare", "DECIMAL(10, 2)", True],
            ["sequencer", "VARCHAR(16777216)", True],
            ["flight_date", "DATE", True],
            ["object", "VARCHAR(16777216)", True],
        ],
        "primary key": ["id"],
        "unique": [["name"]],
        "foreign keys": [[["boss_id"], "people", ["id"]]],
        "frame": [[1, "x"], [2, "y"]],
        "flights": [["AA", 2]],
        "bound": [[1, "x"]],
    }
