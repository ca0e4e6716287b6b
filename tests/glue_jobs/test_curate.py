"""Rows in, rows out: what `curate` adds to clean rows."""

from __future__ import annotations

import datetime

import pytest
from pyspark.sql import SparkSession

from glue_jobs import curate, odcs
from glue_jobs.contract import Column, ddl

pytestmark = pytest.mark.spark

NOON = datetime.datetime(2013, 1, 1, 12)
DAY = datetime.date(2013, 1, 1)


def row(line: int, carrier: str, tailnum: str | None, origin: str, dest: str) -> tuple[object, ...]:
    numbers = (2013, 1, 1, 517, 515, 2, 830, 819, 11)
    return (*numbers, carrier, line, tailnum, origin, dest, 227, 1400, 5, 15, NOON, DAY, line)


def test_joins_keep_every_row_and_leave_nulls(spark: SparkSession) -> None:
    agreed = odcs.load("flights")
    rows = [
        row(2, "UA", "N1", "EWR", "IAH"),
        row(3, "UA", "N2", "EWR", "EWR"),
        row(4, "UA", None, "JFK", "BQN"),
        row(5, "UA", "gone", "IAH", "IAH"),
    ]
    tables = {
        "airlines": [("UA", "United Air Lines Inc.")],
        "airports": [
            ("EWR", "Newark Liberty Intl"),
            ("IAH", "George Bush Intercontinental"),
            (None, "nowhere"),
        ],
        "planes": [
            ("N1", 1999, "BOEING", "737-824"),
            ("N2", None, "AIRBUS", "A320"),
            (None, 1, "null", "null"),
        ],
    }
    schemas = {
        "airlines": "carrier string, name string",
        "airports": "faa string, name string",
        "planes": "tailnum string, year int, manufacturer string, model string",
    }
    inputs = curate.CurateInputs(
        clean=spark.createDataFrame(
            rows, ddl([*agreed.columns, Column("flight_date", "date"), Column("source_line", "bigint")])
        ),
        references={name: spark.createDataFrame(table, schemas[name]) for name, table in tables.items()},
        origin=curate.ObjectOrigin("f" * 64, "flights/a.csv", "0A"),
    )
    curated = curate.transform(agreed, inputs).curated
    joined = (
        "source_line", "airline_name", "origin_name", "dest_name", "plane_manufacturer", "plane_model", "plane_year"
    )  # fmt: skip
    united, newark, houston = "United Air Lines Inc.", "Newark Liberty Intl", "George Bush Intercontinental"
    assert sorted(tuple(row) for row in curated.select(*joined).collect()) == [
        (2, united, newark, houston, "BOEING", "737-824", 1999),
        (3, united, newark, newark, "AIRBUS", "A320", None),
        (4, united, None, None, None, None, None),
        (5, united, houston, houston, None, None, None),
    ]
    assert curated.columns == [*(column.name for column in agreed.curated), "flight_date", "object"]
    whole = curated.where("source_line = 2").first()
    assert whole is not None
    assert (whole["object_id"], whole["object_key"], whole["sequencer"]) == ("f" * 64, "flights/a.csv", "0A")
    assert (whole["object"], whole["flight_date"], whole["distance"]) == ("f" * 64, DAY, 1400)
