"""Aggregates of whole numbers in files are those of the same numbers in a table, with the same types."""

from __future__ import annotations

import pytest

from strata.cloud.snowflake import dispatch

from .console import Console, records
from .memory_bucket import Bucket

BIG = 2**63 - 1
TABLES = """
CREATE EXTERNAL TABLE W (
  K VARCHAR AS (VALUE:k::VARCHAR), A INT AS (VALUE:a::INT), BIG NUMBER AS (VALUE:big::NUMBER(38,0)),
  MIXED INT AS (VALUE:mixed::INT), FEW NUMBER(3,0) AS (VALUE:a::INT), PRICE NUMBER AS (VALUE:price::NUMBER(5,2)),
  TEXT INT AS (VALUE:text::INT), NONE INT AS (VALUE:none::INT), LONG VARCHAR AS (VALUE:a::INT)
) LOCATION = @S/t/ REFRESH_ON_CREATE = FALSE AUTO_REFRESH = FALSE;
ALTER EXTERNAL TABLE W REFRESH;
CREATE TABLE OWN AS SELECT * EXCLUDE (VALUE) FROM W
"""


@pytest.fixture
def files(table: Console, bucket: Bucket) -> Console:
    bucket.bodies.clear()
    bucket.put("1", [{"k": "x", "a": 1, "big": BIG, "mixed": 5, "price": 1.26, "text": "7"}])
    bucket.put("2", [{"k": "x", "a": -4, "big": BIG, "mixed": "06", "price": 2.5, "text": "08"}])
    bucket.put("3", [{"k": "y", "a": 3, "big": BIG - 1, "mixed": 2, "price": 3.0, "text": "1"}])
    table.script(TABLES)
    return table


@pytest.mark.parametrize(
    "query",
    [
        "SELECT MAX(A), MIN(A), SUM(A), COUNT(A), COUNT(*) FROM {t}",
        "SELECT K, MAX(A), SUM(BIG) FROM {t} GROUP BY K ORDER BY K",
        "SELECT K, MAX(A) AS A FROM {t} GROUP BY K ORDER BY A",
        "SELECT A, MAX(A) FROM {t} GROUP BY A ORDER BY A",
        "SELECT SUM(DISTINCT A), COUNT(DISTINCT A) FROM {t}",
        "SELECT MAX(BIG), SUM(BIG) FROM {t}",
        "SELECT MAX(BIG) * 1000000000000000 AS N, SUM(BIG) + MAX(A) AS M FROM {t}",
        "SELECT N * 1000000000000000 AS N FROM (SELECT MAX(BIG) AS N FROM {t})",
        "SELECT * FROM (SELECT MAX(BIG) AS N FROM {t})",
        "WITH Q AS (SELECT MAX(BIG) AS N FROM {t} X) SELECT N * N AS N FROM Q WHERE N < 0",
        "SELECT MAX(BIG) || '!' AS N, MAX(-BIG) AS M FROM {t}",
        "SELECT MAX(MIXED), SUM(MIXED), MAX(TEXT), SUM(TEXT), MAX(NONE), SUM(NONE) FROM {t}",
        "SELECT MAX(FEW), SUM(FEW), MAX(PRICE), SUM(PRICE), MAX(LONG) FROM {t}",
        "SELECT AVG(A), MEDIAN(A) FROM {t}",
        "SELECT A, MAX(BIG) OVER (PARTITION BY K) AS N, SUM(BIG) OVER (ORDER BY A) AS M FROM {t} ORDER BY A",
        "SELECT MAX(BIG) FROM {t} WHERE A > 0 HAVING MAX(BIG) > 5 ORDER BY SUM(BIG)",
        "SELECT MAX(X.BIG), SUM(Y.BIG) FROM {t} X JOIN {t} Y ON X.K = Y.K",
        "SELECT MAX(BIG) FROM {t} UNION ALL SELECT SUM(A) FROM {t} ORDER BY 1",
        "SELECT K, (SELECT MAX(BIG) FROM {t} Y WHERE Y.K = X.K) AS N FROM {t} X ORDER BY K, N",
        "SELECT MAX(BIG) - MIN(BIG) AS N FROM {t}",
    ],
)
def test_an_aggregate_is_that_of_a_table(files: Console, query: str) -> None:
    found = [dispatch.execute(files.session(), query.format(t=name)) for name in ("W", "OWN")]
    assert records(found[0]) == records(found[1])
    described, expected = (rows.data()["rowtype"] for rows in found)
    assert described == expected
    again = dispatch.execute(files.session(), query.format(t="W"))
    assert (records(again), again.data()["rowtype"]) == (records(found[1]), expected)


def test_integers_stay_integers_in_the_engine(files: Console) -> None:
    session = files.session()
    files.run("SELECT MAX(A), SUM(A) FROM W")
    (plan,) = (plan for (sql, *_), plan in session.plans.items() if sql.startswith("SELECT MAX(A)"))
    (query,) = plan._queries.values()
    assert query.sql.count("DECIMAL(38, 0)") == 2
