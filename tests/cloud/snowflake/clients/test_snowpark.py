"""Snowpark: tables, DataFrames, and what they write."""

from __future__ import annotations

import json
from pathlib import Path

from ..conftest import Lake, Snow, flight
from .conftest import Client


def test_a_session(flights: Snow, lake: Lake, client: Client) -> None:
    lake.put("flight_date=2024-01-01/object=a/1.parquet", [flight("AA", 1), flight("AA", 2), flight("BB", 3)])
    flights.rows("ALTER EXTERNAL TABLE FLIGHTS REFRESH")
    came = json.loads(client("python", str(Path(__file__).with_name("snowpark_session.py"))))
    refused = came.pop("error if there")
    assert "002002 (42710): SQL compilation error:\nObject 'SAVED' already exists." in refused
    assert "not implemented by the embedded Snowflake: PUT" in came.pop("put")
    assert came == {
        "columns": ["VALUE", "CARRIER", "FLIGHT", "ARR_DELAY", "FARE", "SEQUENCER", "FLIGHT_DATE", "OBJECT"],
        "count": 3,
        "filter": [["AA", 2], ["BB", 3]],
        "group": [["AA", 2, "0.20"], ["BB", 1, "0.10"]],
        "window": [[1, 2], [2, 1], [3, 1]],
        "sql": [[2]],
        "frame": [[1, "x"], [2, None]],
        "typed": [[1, "1.50", "ab"]],
        "day": [["2024-01-03"]],
        "union": 4,
        "with column": [[2], [4]],
        "drop": ["A"],
        "variant": [[2]],
        # Written to tables; each of these answers with nothing.
        "save": None,
        "append": None,
        "saved": [[1, "x"], [2, None], [3, "z"]],
        "types": [["A", "LongType()", True], ["B", "StringType()", True]],
        "temporary": None,
        "ignore": None,
        "view": [["View SEEN successfully created."]],
        "of the view": 2,
        "join": [[None], ["x"]],
        # Rows updated and multi-joined; deleted; inserted, updated and deleted.
        "update": [1, 0],
        "delete": [1],
        "merge": [0, 2, 0],
        "after the changes": [[1, "m"], [2, "m"]],
        "truncate": None,
        "drop table": None,
        "large": None,
        "of the large": [[1000, 1999000, "x999"]],
        "one by one": 1999000,
        "range": [[1], [4], [7]],
    }
